//! One connection's thread: the login, then reading, checking and passing on.

use std::borrow::Cow;
use std::io;
use std::str::Utf8Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use common::frame::{Body, Content, Frame, FrameError, Glimpse, Refusal, Relayed, Route};
use common::lines::{LineBuffer, LineTooLong, has_cr, split_line};

use crate::connection::Connection;
use crate::door::Door;
use crate::room::{Opposite, Participant, Room};

/// Answers to one's own connection are sent when this many bytes have gathered, however many lines ask for one.
const MAX_ANSWERS_BYTES: usize = 4 * 1024;

/// Serves one connection from its first line to its end.
pub(crate) fn serve(connection: &Arc<Connection>, door: &Door, room: &Room) {
    door.make_room();
    let mut lines = LineBuffer::new();
    let served = log_in(connection, door, room, &mut lines)
        .and_then(|participant| Conversation::new(&participant, room).run(&mut lines));
    if let Err(Closing::Refused(code, sentence)) = served {
        log::info!("Connexion {} refusée : {}", connection.id, code.code());
        connection.queue_last(&Frame::refus(code, &sentence).to_line());
        connection.flush();
        door.refuse(connection.id);
        let farewell = room.limits().farewell;
        let _ = connection.linger(farewell, farewell);
    }
    connection.abort();
}

/// Why a connection is closed before its discussion is over.
enum Closing {
    /// It went away by itself, or somebody else has told it why.
    Gone,
    /// With a sentence for a person.
    Refused(Refusal, Cow<'static, str>),
}

impl From<(Refusal, String)> for Closing {
    fn from((code, sentence): (Refusal, String)) -> Self {
        Closing::Refused(code, sentence.into())
    }
}

impl From<LineTooLong> for Closing {
    fn from(_: LineTooLong) -> Self {
        Closing::Refused(Refusal::TrameTropLongue, "Une ligne ne doit pas dépasser 65 536 octets.".into())
    }
}

impl From<Utf8Error> for Closing {
    fn from(_: Utf8Error) -> Self {
        Closing::Refused(Refusal::Utf8, "Cette ligne n'est pas du texte en UTF-8.".into())
    }
}

fn log_in(
    connection: &Arc<Connection>,
    door: &Door,
    room: &Room,
    lines: &mut LineBuffer,
) -> Result<Arc<Participant>, Closing> {
    let deadline = Instant::now() + room.limits().login;
    let line = loop {
        // Looked at twice, because a line that is there cannot be kept across the next read.
        if lines.has_line()? {
            break lines.next_line().unwrap_or(Ok(&[]))?;
        }
        read_before(connection, lines, deadline)?;
    };
    let (address, key) = match Frame::parse(std::str::from_utf8(line)?) {
        Ok(Frame::Login { address, key }) => (address.into_owned(), key),
        Err(FrameError::Version) if line.starts_with(b"login ") => {
            let sentence = "Ce serveur parle la version 2 du protocole, et votre programme une autre : \
                            installez la même version de la messagerie des deux côtés.";
            return Err(Closing::Refused(Refusal::Version, sentence.into()));
        }
        Err(error @ (FrameError::Address(_) | FrameError::Key)) if line.starts_with(b"login ") => {
            return Err(Closing::Refused(Refusal::PseudoInvalide, format!("Refusé ; {error}.").into()));
        }
        _ => return Err(login_expected()),
    };
    if !door.enter(connection.id) {
        let farewell = room.limits().farewell;
        let _ = connection.linger(farewell, farewell);
        return Err(Closing::Gone);
    }
    let participant = Participant::new(address, key, Arc::clone(connection));
    room.enter(&participant)?;
    Ok(participant)
}

fn login_expected() -> Closing {
    Closing::Refused(Refusal::LoginAttendu, "Présentez-vous d'abord : « login 2 PSEUDO/SESSION ».".into())
}

fn read_before(connection: &Connection, lines: &mut LineBuffer, deadline: Instant) -> Result<(), Closing> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(login_expected());
    }
    let read = connection.set_read_timeout(Some(left)).and_then(|()| connection.read(lines));
    match read {
        Ok(1..) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(login_expected()),
        Ok(0) | Err(_) => Err(Closing::Gone),
    }
}

/// What is to be done with a line that is not passed on.
enum Aside {
    /// It is right, but for someone who is not there.
    Drop,
    Pong,
    Quit,
    /// With a sentence for a person.
    Refuse(Refusal, Cow<'static, str>),
    /// It is not even text.
    Close(Closing),
}

/// A participant's part of the discussion, as seen by the thread that reads from him.
struct Conversation<'a> {
    me: &'a Participant,
    room: &'a Room,
    /// Who sat opposite when the last lines were handled.
    peer: Option<Peer>,
    /// The texts of messages that were passed on, a line each, for the display, and how many they are.
    texts: String,
    text_count: usize,
    /// Lines for this connection itself.
    answers: Vec<u8>,
    last_seen: Instant,
}

struct Peer {
    participant: Arc<Participant>,
    route: Route,
    /// The number of the last message to him that was shown.
    highest_shown: Arc<AtomicU64>,
}

impl<'a> Conversation<'a> {
    fn new(me: &'a Participant, room: &'a Room) -> Self {
        Conversation {
            me,
            room,
            peer: None,
            texts: String::new(),
            text_count: 0,
            answers: Vec::new(),
            last_seen: Instant::now(),
        }
    }

    /// Until the discussion is over and the connection closed, or until it is lost or has to be closed.
    fn run(mut self, lines: &mut LineBuffer) -> Result<(), Closing> {
        let heard = self.talk(lines).map(|()| self.take_leave());
        if heard.is_err() {
            self.room.lose(self.me, self.last_seen);
        }
        self.room.leave(self.me, *heard.as_ref().unwrap_or(&Err(self.last_seen)));
        heard.map(drop)
    }

    /// Until the discussion is over.
    fn talk(&mut self, lines: &mut LineBuffer) -> Result<(), Closing> {
        let connection = &self.me.connection;
        // It still has what was left of the time for the login.
        connection.set_read_timeout(None).map_err(|_| Closing::Gone)?;
        while self.handle_lines(lines)? {
            match connection.read(lines) {
                Ok(1..) => self.last_seen = Instant::now(),
                // Whoever has heard of the end closes.
                Ok(0) if matches!(self.room.opposite(self.me), Opposite::Over) => break,
                Ok(0) => return Err(Closing::Gone),
                Err(error) => {
                    log::info!("Connexion {} : {error}", connection.id);
                    return Err(Closing::Gone);
                }
            }
        }
        Ok(())
    }

    /// Waits until the other side has closed, too.
    fn take_leave(&self) -> Result<(), Instant> {
        let (connection, limits) = (&self.me.connection, self.room.limits());
        if connection.is_cut() {
            connection.linger(limits.farewell, limits.farewell)
        } else if connection.pings() {
            connection.linger(limits.silence, limits.telling)
        } else {
            connection.linger(limits.farewell, limits.telling)
        }
    }

    /// Handles the whole lines that have arrived; false when the discussion is over.
    fn handle_lines(&mut self, lines: &mut LineBuffer) -> Result<bool, Closing> {
        match self.room.opposite(self.me) {
            Opposite::Someone(peer) => self.note_peer(peer),
            Opposite::Nobody => self.peer = None,
            Opposite::Over => return Ok(false),
        }
        while let Some(block) = lines.next_lines() {
            let handled = self.handle_block(&without_cr(block?));
            self.send_answers();
            if !handled? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn note_peer(&mut self, participant: Arc<Participant>) {
        if !self.peer.as_ref().is_some_and(|known| Arc::ptr_eq(&known.participant, &participant)) {
            let route = Route::new(self.me.address.clone(), participant.address.clone());
            let highest_shown = self.room.highest_shown(self.me, &participant);
            self.peer = Some(Peer { participant, route, highest_shown });
        }
    }

    /// Handles whole lines, and passes on in one write what follows one another; false when the discussion is over.
    fn handle_block(&mut self, block: &[u8]) -> Result<bool, Closing> {
        // Checked all at once: line by line, it costs several times as much.
        let sound = std::str::from_utf8(block).ok().filter(|_| !has_cr(block));
        let (mut run, mut at) = (0, 0);
        while at < block.len() {
            let start = at;
            at += split_line(&block[start..]).0.len();
            let glimpse = sound
                .zip(self.peer.as_ref())
                .and_then(|(text, peer)| peer.route.glimpse(&text[start..at - 1]));
            match glimpse.map_or_else(|| self.judge(&block[start..at - 1]), Ok) {
                Ok(glimpse) => self.show(&glimpse),
                Err(aside) => {
                    self.pass_on(&block[run..start]);
                    run = at;
                    if !self.handle_aside(aside)? {
                        return Ok(false);
                    }
                }
            }
        }
        self.pass_on(&block[run..]);
        Ok(true)
    }

    /// False when the discussion is over.
    fn handle_aside(&mut self, aside: Aside) -> Result<bool, Closing> {
        match aside {
            Aside::Drop => {}
            Aside::Pong => {
                if !self.me.connection.pings() {
                    self.me.connection.set_pings();
                    let silence = self.room.limits().silence;
                    self.me.connection.set_read_timeout(Some(silence)).map_err(|_| Closing::Gone)?;
                }
                Frame::Pong.write(&mut self.answers);
            }
            Aside::Quit => {
                self.send_answers();
                self.room.end(self.me);
                return Ok(false);
            }
            Aside::Refuse(code, sentence) => Frame::refus(code, &sentence).write(&mut self.answers),
            Aside::Close(closing) => return Err(closing),
        }
        if self.answers.len() >= MAX_ANSWERS_BYTES {
            self.send_answers();
        }
        Ok(true)
    }

    /// Looks closely at a line.
    fn judge<'l>(&self, line: &'l [u8]) -> Result<Glimpse<'l>, Aside> {
        let line = std::str::from_utf8(line).map_err(|error| Aside::Close(error.into()))?;
        let refuse = |sentence: Cow<'static, str>| Err(Aside::Refuse(Refusal::TrameInvalide, sentence));
        if line.contains('\r') {
            return refuse("Un retour chariot (CR) n'a sa place qu'à la fin d'une ligne.".into());
        }
        match Frame::parse(line) {
            Ok(Frame::Relayed(relayed)) => self.judge_relayed(relayed),
            Ok(Frame::Ping) => Err(Aside::Pong),
            Ok(Frame::Quitter) => Err(Aside::Quit),
            Ok(Frame::Login { .. }) | Err(FrameError::Version | FrameError::Address(_) | FrameError::Key)
                if line.starts_with("login") =>
            {
                Err(Aside::Refuse(Refusal::DejaConnecte, "Vous êtes déjà connecté.".into()))
            }
            Ok(_) => refuse("Seul le serveur envoie cette trame.".into()),
            Err(error) => refuse(format!("Trame incomprise : {error}.").into()),
        }
    }

    fn judge_relayed<'l>(
        &self,
        Relayed { source, destination, body }: Relayed<'l>,
    ) -> Result<Glimpse<'l>, Aside> {
        let own = &self.me.address;
        if source != *own {
            let sentence = format!("SOURCE doit être votre propre adresse, {own}.");
            return Err(Aside::Refuse(Refusal::SourceUsurpee, sentence.into()));
        }
        let glimpse = match body {
            Body::Entry { number, content: Content::Msg { text, .. } } => Glimpse::Msg { number, text },
            Body::Entry { number, content: Content::Fichier { size, name, .. } } => {
                Glimpse::Fichier { number, size, name }
            }
            Body::Entry { content: Content::Unknown { word: "msg", .. }, .. }
            | Body::Unknown { word: "msg", .. } => {
                let sentence = "« msg SOURCE DESTINATION N DATE TEXTE » : N est un nombre entier à partir de 1, \
                                DATE n'est pas vide, un seul espace sépare les champs.";
                return Err(Aside::Refuse(Refusal::TrameInvalide, sentence.into()));
            }
            _ => Glimpse::Other,
        };
        let is_for_peer = |peer: &Peer| peer.participant.address.as_str() == destination.as_str();
        if self.peer.as_ref().is_some_and(is_for_peer) { Ok(glimpse) } else { Err(Aside::Drop) }
    }

    /// Notes for the display what is new to it.
    fn show(&mut self, glimpse: &Glimpse<'_>) {
        let (Glimpse::Msg { number, .. } | Glimpse::Fichier { number, .. }) = glimpse else { return };
        let Some(peer) = &self.peer else { return };
        if *number <= peer.highest_shown.load(Ordering::Relaxed) {
            return;
        }
        peer.highest_shown.store(*number, Ordering::Relaxed);
        match glimpse {
            Glimpse::Msg { text, .. } => {
                self.texts.push_str(text.wire());
                self.texts.push('\n');
                self.text_count += 1;
            }
            Glimpse::Fichier { size, name, .. } => {
                self.show_texts();
                self.room.display().file(&self.me.pseudo, name, *size);
            }
            Glimpse::Other => {}
        }
    }

    fn pass_on(&mut self, run: &[u8]) {
        if let Some(peer) = &self.peer
            && !run.is_empty()
        {
            peer.participant.connection.pass_on(run, &self.me.connection);
        }
        self.show_texts();
    }

    fn show_texts(&mut self) {
        if self.text_count > 0 {
            self.room.display().messages(&self.me.pseudo, &self.texts, self.text_count);
        }
        self.texts.clear();
        self.text_count = 0;
    }

    fn send_answers(&mut self) {
        if !self.answers.is_empty() {
            self.me.connection.answer(&self.answers);
        }
        self.answers.clear();
    }
}

/// The same lines, ended by LF alone.
fn without_cr(block: &[u8]) -> Cow<'_, [u8]> {
    if !has_cr(block) {
        return Cow::Borrowed(block);
    }
    let lines = block
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r\n").map_or([line, b""], |content| [content, b"\n"]));
    Cow::Owned(lines.flatten().flatten().copied().collect())
}
