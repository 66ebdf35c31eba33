//! One connection's thread: the login, then reading, checking and passing on.

use std::io;
use std::str::Utf8Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::address::Address;
use common::frame::{Body, Content, Frame, FrameError, Refusal, Relayed, Route, finish_line};
use common::lines::{LineBuffer, LineTooLong};
use common::text::Text;

use crate::connection::{Connection, LINGER};
use crate::room::{Opposite, Participant, Room};

/// How long a connection may take to log in.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(10);
/// A participant who has sent a `ping` once and then no line for this long is gone.
const SILENCE: Duration = Duration::from_secs(20);
/// Answers to one's own connection are sent when this many bytes have gathered, however many lines ask for one.
const MAX_ANSWERS_BYTES: usize = 16 * 1024;

/// How a connection's thread ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// It ended the discussion.
    Quit,
    Other,
}

/// Serves one connection from its first line to its end.
pub(crate) fn serve(connection: &Arc<Connection>, room: &Room) -> Departure {
    let mut lines = LineBuffer::new();
    let participant = match log_in(connection, room, &mut lines) {
        Ok(participant) => participant,
        Err(refused) => {
            refused.tell(connection);
            return Departure::Other;
        }
    };
    let departure = Conversation::new(&participant, room, lines).run();
    participant.set_done();
    departure
}

/// Why a connection is closed, with the sentence for a person. `None`: it went away by itself, or the relay ends.
struct Refused(Option<(Refusal, String)>);

impl Refused {
    fn because(code: Refusal, sentence: impl Into<String>) -> Self {
        Refused(Some((code, sentence.into())))
    }

    /// Says so, and closes in such a way that the sentence arrives.
    fn tell(&self, connection: &Connection) {
        let Some((code, sentence)) = &self.0 else { return };
        log::info!("connexion {} refusée : {}", connection.id, code.code());
        let mut line = Vec::new();
        Frame::refus(*code, sentence).write(&mut line);
        connection.writer().finish(&line);
        connection.linger(Instant::now() + LINGER);
    }
}

impl From<LineTooLong> for Refused {
    fn from(_: LineTooLong) -> Self {
        Refused::because(Refusal::TrameTropLongue, "Une ligne ne doit pas dépasser 65 536 octets.")
    }
}

impl From<Utf8Error> for Refused {
    fn from(_: Utf8Error) -> Self {
        Refused::because(Refusal::Utf8, "Cette ligne n'est pas du texte en UTF-8.")
    }
}

fn log_in(
    connection: &Arc<Connection>,
    room: &Room,
    lines: &mut LineBuffer,
) -> Result<Arc<Participant>, Refused> {
    let deadline = Instant::now() + LOGIN_TIMEOUT;
    let line = loop {
        // Looked at twice, because a line that is there cannot be kept across the next read.
        if lines.has_line()? {
            break lines.next_line().unwrap_or(Ok(&[]))?;
        }
        read_before(connection, lines, deadline)?;
    };
    let address = match Frame::parse(std::str::from_utf8(line)?) {
        Ok(Frame::Login { address, .. }) => address.into_owned(),
        Err(FrameError::Version) if line.starts_with(b"login ") => {
            return Err(Refused::because(
                Refusal::Version,
                "Ce serveur parle la version 2 du protocole : « login 2 … ».",
            ));
        }
        Err(FrameError::Address(error)) if line.starts_with(b"login ") => {
            return Err(Refused::because(Refusal::PseudoInvalide, format!("Adresse refusée : {error}.")));
        }
        _ => return Err(login_expected()),
    };
    let participant = Participant::new(address, Arc::clone(connection));
    room.enter(&participant).map_err(|why| match why {
        None => Refused(None),
        Some(code @ Refusal::PseudoPris) => {
            Refused::because(code, "Ce pseudo est déjà pris : choisissez-en un autre.")
        }
        Some(code) => {
            Refused::because(code, "Deux personnes discutent déjà sur ce serveur : réessayez plus tard.")
        }
    })?;
    Ok(participant)
}

fn login_expected() -> Refused {
    Refused::because(Refusal::LoginAttendu, "Présentez-vous d'abord : « login 2 PSEUDO/SESSION ».")
}

fn read_before(connection: &Connection, lines: &mut LineBuffer, deadline: Instant) -> Result<(), Refused> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(login_expected());
    }
    let read = connection.set_read_timeout(Some(left)).and_then(|()| connection.read(lines));
    match read {
        Ok(1..) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(login_expected()),
        Ok(0) | Err(_) => Err(Refused(None)),
    }
}

/// What is to be done with a line.
enum Verdict<'a> {
    /// A message for the one opposite.
    Message(Text<'a>),
    /// An acknowledgement for the one opposite.
    Acknowledgement,
    /// Right, but for someone who is not there.
    Drop,
    Pong,
    Quit,
    Refuse(Refusal, String),
}

/// A participant's part of the discussion, as seen by the thread that reads from him.
struct Conversation<'a> {
    me: &'a Participant,
    room: &'a Room,
    lines: LineBuffer,
    /// Who sat opposite when the last lines were handled, and the route to him.
    peer: Option<(Arc<Participant>, Route)>,
    /// Lines for the one opposite, gathered from one read.
    forwarded: Vec<u8>,
    /// The texts of the messages among them, a line each, for the display, and how many they are.
    texts: String,
    text_count: usize,
    /// Lines for this connection itself.
    answers: Vec<u8>,
    silence: Silence,
}

/// What follows after a look at the lines that have arrived.
enum Next {
    ReadOn,
    Quit,
    /// The other one has ended the discussion.
    Over,
    Close(Refused),
}

impl<'a> Conversation<'a> {
    fn new(me: &'a Participant, room: &'a Room, lines: LineBuffer) -> Self {
        Conversation {
            me,
            room,
            lines,
            peer: None,
            forwarded: Vec::new(),
            texts: String::new(),
            text_count: 0,
            answers: Vec::new(),
            silence: Silence::new(),
        }
    }

    fn run(mut self) -> Departure {
        let refused = loop {
            match self.handle_lines() {
                Next::ReadOn => {}
                Next::Quit => return self.quit(),
                Next::Over => {
                    self.me.connection.linger(Instant::now() + LINGER);
                    return Departure::Other;
                }
                Next::Close(refused) => break refused,
            }
            match self.silence.read(&self.me.connection, &mut self.lines) {
                Ok(true) => {}
                Ok(false) => break Refused(None),
                Err(error) => {
                    log::info!("connexion {} : {error}", self.me.connection.id);
                    break Refused(None);
                }
            }
        };
        self.room.lose(self.me);
        refused.tell(&self.me.connection);
        self.me.connection.abort();
        Departure::Other
    }

    /// Ends the discussion for both, and sees to it that both connections are closed.
    fn quit(&self) -> Departure {
        let opposite = self.room.end(self.me);
        let deadline = Instant::now() + LINGER;
        self.me.connection.linger(deadline);
        match opposite {
            Opposite::Over => return Departure::Other,
            Opposite::Someone(other) => other.close_by(deadline),
            Opposite::Nobody => {}
        }
        Departure::Quit
    }

    /// Handles the whole lines that have arrived, and passes on in one write what is to be passed on.
    fn handle_lines(&mut self) -> Next {
        match self.room.opposite(self.me) {
            Opposite::Someone(peer) => self.note_peer(peer),
            Opposite::Nobody => self.peer = None,
            Opposite::Over => return Next::Over,
        }
        let mut next = Next::ReadOn;
        while let Some(line) = self.lines.next_line() {
            let judged = line
                .map_err(Refused::from)
                .and_then(|line| Ok((line, judge(line, &self.me.address, self.peer.as_ref())?)));
            let (line, verdict) = match judged {
                Ok(judged) => judged,
                Err(refused) => {
                    next = Next::Close(refused);
                    break;
                }
            };
            self.silence.line_arrived();
            match verdict {
                Verdict::Message(text) => {
                    finish_line(&mut self.forwarded, line);
                    self.texts.push_str(text.wire());
                    self.texts.push('\n');
                    self.text_count += 1;
                }
                Verdict::Acknowledgement => finish_line(&mut self.forwarded, line),
                Verdict::Drop => {}
                Verdict::Pong => {
                    self.silence.ping_arrived();
                    Frame::Pong.write(&mut self.answers);
                }
                Verdict::Quit => {
                    next = Next::Quit;
                    break;
                }
                Verdict::Refuse(code, sentence) => Frame::refus(code, &sentence).write(&mut self.answers),
            }
            if self.answers.len() >= MAX_ANSWERS_BYTES {
                self.me.connection.writer().send(&self.answers);
                self.answers.clear();
            }
        }
        self.pass_on();
        next
    }

    fn note_peer(&mut self, peer: Arc<Participant>) {
        if !self.peer.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, &peer)) {
            let route = Route::new(self.me.address.clone(), peer.address.clone());
            self.peer = Some((peer, route));
        }
    }

    fn pass_on(&mut self) {
        if let Some((peer, _)) = &self.peer
            && !self.forwarded.is_empty()
        {
            peer.connection.writer().send(&self.forwarded);
        }
        if !self.answers.is_empty() {
            self.me.connection.writer().send(&self.answers);
        }
        if !self.texts.is_empty() {
            self.room.display().messages(&self.me.pseudo, &self.texts, self.text_count);
        }
        self.forwarded.clear();
        self.answers.clear();
        self.texts.clear();
        self.text_count = 0;
    }
}

/// What is to be done with `line`, sent by `own`, while `peer` sits opposite.
///
/// # Errors
/// It is not UTF-8.
fn judge<'a>(
    line: &'a [u8],
    own: &Address<'_>,
    peer: Option<&'a (Arc<Participant>, Route)>,
) -> Result<Verdict<'a>, Utf8Error> {
    if let Some(Relayed { body: Body::Entry { content: Content::Msg { text, .. }, .. }, .. }) =
        peer.and_then(|(_, route)| route.parse_msg(line))
    {
        return Ok(Verdict::Message(text));
    }
    let line = std::str::from_utf8(line)?;
    let routed = |source: &Address<'_>, destination: &Address<'_>, verdict| {
        if source != own {
            let sentence = format!("SOURCE doit être votre propre adresse, {own}.");
            Verdict::Refuse(Refusal::SourceUsurpee, sentence)
        } else if peer.is_some_and(|(peer, _)| peer.address == *destination) {
            verdict
        } else {
            Verdict::Drop
        }
    };
    Ok(match Frame::parse(line) {
        Ok(Frame::Relayed(Relayed { source, destination, body })) => match body {
            Body::Entry { content: Content::Msg { text, .. }, .. } => {
                routed(&source, &destination, Verdict::Message(text))
            }
            _ => routed(&source, &destination, Verdict::Acknowledgement),
        },
        Ok(Frame::Ping) => Verdict::Pong,
        Ok(Frame::Quitter) => Verdict::Quit,
        Ok(Frame::Login { .. }) | Err(FrameError::Version | FrameError::Address(_))
            if line.starts_with("login") =>
        {
            Verdict::Refuse(Refusal::DejaConnecte, "Vous êtes déjà connecté.".to_owned())
        }
        Ok(_) => Verdict::Refuse(
            Refusal::TrameInvalide,
            "Seul le serveur envoie cette trame ; un client envoie msg, recu, ping ou quitter.".to_owned(),
        ),
        Err(error) => Verdict::Refuse(Refusal::TrameInvalide, format!("Trame incomprise : {error}.")),
    })
}

/// How long a participant has been silent, and the timeout that follows from it.
struct Silence {
    /// Only who sends pings is expected to go on doing so; a person typing by hand is never cut off.
    pings: bool,
    last_line: Instant,
    /// No line has ended since the last read: the time already passed counts.
    partial: bool,
    /// The timeout the socket has now.
    armed: Option<Duration>,
}

impl Silence {
    fn new() -> Self {
        // The socket still has what was left of the time for the login.
        Silence { pings: false, last_line: Instant::now(), partial: false, armed: Some(LOGIN_TIMEOUT) }
    }

    fn ping_arrived(&mut self) {
        self.pings = true;
    }

    fn line_arrived(&mut self) {
        self.partial = false;
    }

    /// Reads once; false at the end of the stream.
    fn read(&mut self, connection: &Connection, lines: &mut LineBuffer) -> io::Result<bool> {
        if !self.partial && self.pings {
            self.last_line = Instant::now();
        }
        let timeout = match (self.pings, self.partial) {
            (false, _) => None,
            (true, false) => Some(SILENCE),
            (true, true) => Some(SILENCE.saturating_sub(self.last_line.elapsed())),
        };
        if timeout != self.armed {
            connection.set_read_timeout(timeout)?;
            self.armed = timeout;
        }
        self.partial = true;
        connection.read(lines).map(|count| count > 0)
    }
}
