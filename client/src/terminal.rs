//! The client in the terminal: what is typed is sent, what arrives is a line on stdout, notices go to stderr.

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, Local};
use common::address::Pseudo;
use common::delivery;
use common::endpoint::Endpoint;
use common::frame::{DEFAULT_PORT, MAX_LINE_BYTES, Msg, Refusal};
use common::text::harmless;
use common::transcript::{Emphasis, MessageStart};

use crate::event::{Ending, Event, Failure, Front};
use crate::link::{Link, SendError};
use crate::options::parse_pseudo;
use crate::undelivered;

/// How long to wait for a server that is not up yet.
const PATIENCE: Duration = Duration::from_secs(60);

/// A discussion in the terminal, from the login to the end. What is missing is asked for, if someone is there to
/// answer. False if something that was typed could not be sent, as was said then.
///
/// # Errors
/// Why it never came to a discussion, or could not go on.
pub fn run(server: Option<Endpoint>, pseudo: Option<Pseudo>) -> anyhow::Result<bool> {
    let server = server.unwrap_or(Endpoint { host: "localhost".to_owned(), port: DEFAULT_PORT });
    let pseudo = pseudo.map_or_else(ask_pseudo, Ok)?;
    notice(&format!("Connexion à {server}… (« quitter » seul sur une ligne quitte la discussion)"));
    let (link, reception) = Link::open(server, &pseudo, Some(PATIENCE), Screen::new())?;
    let typing = link.clone();
    let all_sent = Arc::new(AtomicBool::new(true));
    let failures = Arc::clone(&all_sent);
    // Not joined: nothing interrupts the reading of a terminal but the end of the program.
    thread::Builder::new()
        .name("saisie".to_owned())
        .spawn(move || send_what_is_typed(&typing, &failures))
        .context("le système n'accorde pas de fil d'exécution")?;
    let ending = match reception.join() {
        Ok(ending) => ending,
        Err(_) => bail!("la réception s'est interrompue"),
    };
    // Without a `recu` in the end, some of them may have arrived all the same.
    undelivered::describe(&link.undelivered()).lines().for_each(notice);
    match ending {
        Ending::Left | Ending::LeftByPeer(_) => Ok(all_sent.load(Ordering::SeqCst)),
        Ending::Failed(failure) => Err(failure.into()),
    }
}

fn ask_pseudo() -> anyhow::Result<Pseudo> {
    if !io::stdin().is_terminal() {
        bail!("il manque votre pseudo : client HOTE[:PORT] PSEUDO --terminal");
    }
    loop {
        let _ = write!(io::stderr(), "Votre pseudo : ");
        let mut answer = String::new();
        if io::stdin().read_line(&mut answer)? == 0 {
            bail!("il manque votre pseudo");
        }
        match parse_pseudo(answer.trim()) {
            Ok(pseudo) => return Ok(pseudo),
            Err(error) => notice(&format!("{error}.")),
        }
    }
}

/// The thread « saisie »: reads until the end of input or « quitter », then leaves. `all_sent` becomes false when a line
/// could not be sent.
fn send_what_is_typed(link: &Link, all_sent: &AtomicBool) {
    let stdin = io::stdin();
    let typed = stdin.is_terminal();
    let mut input = BufReader::new(stdin.lock());
    let mut number = 0u64;
    let mut bytes = Vec::new();
    loop {
        number += 1;
        let line = match read_line(&mut input, &mut bytes) {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                notice(&format!("l'entrée ne peut pas être lue : {error}"));
                all_sent.store(false, Ordering::SeqCst);
                break;
            }
        };
        let sent = match line {
            Ok(line) if line.trim() == "quitter" => {
                link.leave();
                return;
            }
            Ok(line) if typed && line.is_empty() => continue,
            Ok(line) if typed => link.send(line).map(drop).map_err(|error| error.to_string()),
            Ok(line) => match link.send_when_there_is_room(line) {
                // Said by the end itself.
                Err(SendError::Over) => return,
                sent => sent.map(drop).map_err(|error| error.to_string()),
            },
            Err(unsendable) => Err(unsendable.to_owned()),
        };
        if let Err(reason) = sent {
            all_sent.store(false, Ordering::SeqCst);
            let which = if typed { String::new() } else { format!("ligne {number} de l'entrée : ") };
            notice(&format!("{which}{reason}"));
        }
    }
    if typed && !link.undelivered().is_empty() {
        notice("En attente de la remise des derniers messages… (Ctrl-C pour y renoncer)");
    }
    link.wait_until_delivered();
    link.leave();
}

/// One line without its ending, or why it cannot be a message; `None` at the end of input.
fn read_line<'a>(
    input: &mut impl BufRead,
    bytes: &'a mut Vec<u8>,
) -> io::Result<Option<Result<&'a str, &'static str>>> {
    bytes.clear();
    // One byte more than could ever be sent is enough to know.
    input.take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.pop_if(|last| *last == b'\n').is_some() {
        bytes.pop_if(|last| *last == b'\r');
    } else if bytes.len() > MAX_LINE_BYTES {
        input.skip_until(b'\n')?;
        return Ok(Some(Err(
            "cette ligne est trop longue (65 000 octets environ au plus) : elle n'est pas partie",
        )));
    }
    Ok(Some(std::str::from_utf8(bytes).map_err(|_| "cette ligne n'est pas en UTF-8 : elle n'est pas partie")))
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

    /// A notice keeps its place among the messages.
    fn notice(&mut self, sentence: &str) {
        let _ = self.show();
        notice(sentence);
    }
}

impl Front for Screen {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Unreachable(Failure::Refused(Refusal::Complet, _)) => self.notice(
                "deux personnes discutent en ce moment sur ce serveur ; \
                 nouvelle tentative jusqu'à ce qu'une place se libère…",
            ),
            Event::Unreachable(failure) => self.notice(&format!("{failure}. Nouvelle tentative…")),
            Event::Connected => self.notice("Connecté. En attente de l'autre participant…"),
            Event::ConnectionLost => self.notice("connexion perdue, nouvelle tentative…"),
            Event::Discussion(delivery::Event::Joined(who)) => {
                self.notice(&format!("{} a rejoint la discussion.", who.pseudo_str()));
            }
            Event::Discussion(delivery::Event::Lost(who)) => self.notice(&format!(
                "la connexion de {} est perdue ; ce que vous écrivez lui sera remis à son retour.",
                who.pseudo_str()
            )),
            Event::Discussion(delivery::Event::Message(msg)) => {
                self.note_start(&msg);
                self.start.push(&mut self.pending, &msg.text);
            }
            Event::Discussion(delivery::Event::Delivered(_) | delivery::Event::Ended(_)) => {}
            Event::Over(Ending::Left) => self.notice("Vous avez quitté la discussion."),
            Event::Over(Ending::LeftByPeer(who)) => {
                self.notice(&format!("le client {who} a quitté la discussion."));
            }
            // The caller says why.
            Event::Over(Ending::Failed(_)) => {}
        }
    }

    fn show(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.out.write_all(self.pending.as_bytes())?;
        self.pending.clear();
        self.out.flush()
    }
}
