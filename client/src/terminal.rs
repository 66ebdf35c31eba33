//! The client in the terminal: what is typed is sent, what arrives is a line on stdout, notices go to stderr.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, Local};
use common::address::Pseudo;
use common::delivery;
use common::discovery::port;
use common::endpoint::Endpoint;
use common::frame::Msg;
use common::text::{Text, harmless};
use common::transcript::{Emphasis, MessageStart};

use crate::QUIT_WORD;
use crate::discovery::find;
use crate::event::{Ending, Event, Front};
use crate::input::{self, Input};
use crate::link::{Link, SendError};
use crate::options::parse_pseudo;
use crate::undelivered;

/// How long to wait for a server that is not up yet.
const PATIENCE: Duration = Duration::from_secs(60);

/// When the other one has left, how long what was typed before that may take to be read.
const LAST_INPUT: Duration = Duration::from_millis(200);

/// A discussion in the terminal, from the login to the end. A missing server is looked for; a missing pseudo is asked
/// for, if someone is there to answer. False if something of the input could not be sent, or was not delivered
/// when the other one left, as was said then.
///
/// # Errors
/// Why it never came to a discussion, or could not go on.
pub fn run(server: Option<Endpoint>, pseudo: Option<Pseudo>) -> anyhow::Result<bool> {
    let pseudo = pseudo.map_or_else(ask_pseudo, Ok)?;
    let server = server.map_or_else(|| find(port(), notice), Ok)?;
    notice(&format!("Connexion à {server}… (« {QUIT_WORD} » seul sur une ligne quitte la discussion)"));
    let (link, reception) = Link::open(server, &pseudo, Some(PATIENCE), Screen::new())?;
    let typing = link.clone();
    let all_sent = Arc::new(Mutex::new(true));
    let failures = Arc::clone(&all_sent);
    let (reading, input_over) = channel::<()>();
    // Not joined: nothing interrupts the reading of a terminal but the end of the program.
    thread::Builder::new()
        .name("saisie".to_owned())
        .spawn(move || {
            send_what_is_typed(&typing, &failures);
            drop(reading);
        })
        .context("le système n'accorde pas de fil d'exécution")?;
    let ending = match reception.join() {
        Ok(ending) => ending,
        Err(_) => bail!("la réception s'est interrompue"),
    };
    if matches!(ending, Ending::LeftByPeer(_)) {
        // Nothing is ever sent: the end of the thread ends it.
        let _ = input_over.recv_timeout(LAST_INPUT);
    }
    let all_sent = *lock(&all_sent);
    // Without a `recu` in the end, some of them may have arrived all the same.
    let undelivered = link.undelivered();
    undelivered::describe(&undelivered).lines().for_each(notice);
    match ending {
        Ending::Left => Ok(all_sent),
        Ending::LeftByPeer(_) => Ok(all_sent && undelivered.is_empty()),
        Ending::Failed(failure) => Err(failure.into()),
    }
}

fn ask_pseudo() -> anyhow::Result<Pseudo> {
    if !io::stdin().is_terminal() {
        bail!("il manque votre pseudo : client HOTE[:PORT] PSEUDO --terminal");
    }
    loop {
        let _ = write!(io::stderr(), "Votre pseudo : ");
        let mut answer = Vec::new();
        if io::stdin().lock().read_until(b'\n', &mut answer)? == 0 {
            bail!("il manque votre pseudo");
        }
        match parse_pseudo(String::from_utf8_lossy(&answer).trim()) {
            Ok(pseudo) => return Ok(pseudo),
            Err(error) => notice(&format!("{error}.")),
        }
    }
}

fn lock(all_sent: &Mutex<bool>) -> MutexGuard<'_, bool> {
    all_sent.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread « saisie »: reads until the end of input or « quitter », then leaves. `all_sent` becomes false when a
/// line could not be sent; it is locked while there are lines in hand.
fn send_what_is_typed(link: &Link, all_sent: &Mutex<bool>) {
    let stdin = io::stdin();
    let typed = stdin.is_terminal();
    let mut input = Input::new(stdin.lock());
    let mut sender = Sender { link, typed, line_number: 0 };
    loop {
        let group = input.next_group();
        let mut all_sent = lock(all_sent);
        match group {
            Ok(Some(group)) if sender.send(group, &mut all_sent) => {}
            Ok(Some(_)) => return,
            Ok(None) => break,
            Err(error) => {
                notice(&format!("l'entrée ne peut pas être lue : {error}"));
                *all_sent = false;
                break;
            }
        }
    }
    if typed && !link.undelivered().is_empty() {
        notice("En attente de la remise des derniers messages… (Ctrl-C pour y renoncer)");
    }
    link.wait_until_delivered();
    link.leave();
}

/// Makes messages of lines.
struct Sender<'a> {
    link: &'a Link,
    /// A person types them: an empty line is no message, and who types does not wait for room but is told that
    /// there is none.
    typed: bool,
    line_number: u64,
}

impl Sender<'_> {
    /// Sends a group of lines; false if the discussion ended, or ends with a « quitter » among them. `all_sent` becomes
    /// false when a line could not be sent.
    fn send(&mut self, group: &[u8], all_sent: &mut bool) -> bool {
        let mut piped = Vec::new();
        let mut quit = false;
        for line in input::lines(group) {
            self.line_number += 1;
            match line {
                Ok(line) if line.trim() == QUIT_WORD => {
                    quit = true;
                    break;
                }
                Ok("") if self.typed => {}
                Ok(line) if self.typed => {
                    if let Err(error) = self.link.send(line) {
                        self.complain(&error, all_sent);
                    }
                }
                Ok(line) => match Text::from_plain(line) {
                    Ok(text) => piped.push(text),
                    Err(too_long) => self.complain(&SendError::from(too_long), all_sent),
                },
                Err(unreadable) => self.complain(&unreadable, all_sent),
            }
        }
        let over = !self.link.send_all(&piped);
        if over {
            notice("la suite de l'entrée n'est pas partie");
            *all_sent = false;
        } else if quit {
            self.link.leave();
        }
        !over && !quit
    }

    fn complain(&self, reason: &dyn std::error::Error, all_sent: &mut bool) {
        *all_sent = false;
        let which =
            if self.typed { String::new() } else { format!("ligne {} de l'entrée : ", self.line_number) };
        notice(&format!("{which}{reason}"));
    }
}

/// Shows a sentence of the program's own.
fn notice(sentence: &str) {
    // Whoever closed stderr does not want to know.
    let _ = writeln!(io::stderr(), "* {}", harmless(sentence));
}

/// The front that writes to stdout and stderr.
struct Screen {
    out: io::Stdout,
    emphasis: Emphasis,
    /// Message lines that wait for [`Front::show`].
    pending: String,
    /// Notices that wait with them, each with its place among them: how much of `pending` comes before it.
    notices: Vec<(usize, String)>,
    /// How the last message began, and the source and date that say so: in a transfer many share them.
    start: MessageStart,
    start_of: (String, String),
}

impl Screen {
    fn new() -> Self {
        let out = io::stdout();
        let emphasis = if out.is_terminal() { Emphasis::Bold } else { Emphasis::None };
        Screen {
            out,
            emphasis,
            pending: String::new(),
            notices: Vec::new(),
            start: MessageStart::default(),
            start_of: Default::default(),
        }
    }

    fn note_start(&mut self, msg: &Msg<'_>) {
        let (source, date) = &mut self.start_of;
        if source == msg.source.as_str() && date == msg.date {
            return;
        }
        let sent = DateTime::parse_from_rfc3339(msg.date).map(DateTime::<Local>::from);
        source.clear();
        if sent.is_ok() {
            // What cannot be read bears the moment of arrival, another for each message.
            source.push_str(msg.source.as_str());
            msg.date.clone_into(date);
        }
        let stamp = sent.unwrap_or_else(|_| Local::now()).format("%Y-%m-%d %H:%M:%S").to_string();
        self.start.set(&stamp, msg.source.pseudo_str(), self.emphasis);
    }

    fn notice(&mut self, sentence: impl Into<String>) {
        self.notices.push((self.pending.len(), sentence.into()));
    }
}

impl Front for Screen {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Unreachable(failure) => self.notice(format!("{failure}. Nouvelle tentative…")),
            Event::TurnedAway(sentence) => self.notice(sentence),
            Event::Connected => self.notice("Connecté. En attente de l'autre participant…"),
            Event::ConnectionLost => self.notice("connexion perdue, nouvelle tentative…"),
            Event::Discussion(delivery::Event::Joined(who)) => {
                self.notice(format!("{} a rejoint la discussion.", who.pseudo_str()));
            }
            Event::Discussion(delivery::Event::Lost(who)) => self.notice(format!(
                "{} a perdu la connexion ; ce que vous écrivez lui sera remis à son retour.",
                who.pseudo_str()
            )),
            Event::Discussion(delivery::Event::Message(msg)) => {
                self.note_start(msg);
                self.start.push(&mut self.pending, &msg.text);
            }
            Event::Discussion(delivery::Event::Delivered(_) | delivery::Event::Ended(_)) => {}
            Event::Over(Ending::Left) => self.notice("Vous avez quitté la discussion."),
            Event::Over(Ending::LeftByPeer(who)) => {
                self.notice(format!("le client {who} a quitté la discussion."));
            }
            // The caller says why.
            Event::Over(Ending::Failed(_)) => {}
        }
    }

    fn show(&mut self) -> io::Result<()> {
        let mut shown = 0;
        for (place, sentence) in self.notices.drain(..) {
            self.out.write_all(&self.pending.as_bytes()[shown..place])?;
            self.out.flush()?;
            notice(&sentence);
            shown = place;
        }
        self.out.write_all(&self.pending.as_bytes()[shown..])?;
        self.pending.clear();
        self.out.flush()
    }
}
