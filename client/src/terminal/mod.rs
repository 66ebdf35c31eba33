//! The client in the terminal. Where both ends of it are one, a person types on an input line below what arrives;
//! otherwise what arrives is lines on stdout, notices go to stderr, and the input is typed or piped lines.

mod commands;
mod draft;
mod input_line;
mod lines;
mod piped;
mod screen;
mod typed;

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use chrono::{DateTime, Local};
use common::address::Pseudo;
use common::delivery;
use common::endpoint::Endpoint;
use common::frame::{DEFAULT_PORT, Msg};
use common::transcript::MessageStart;

use crate::QUIT_WORD;
use crate::event::{Ending, Event, Front};
use crate::link::Link;
use crate::options::parse_pseudo;
use crate::undelivered;
use piped::Tally;
use screen::{Lines, Screen};

/// How long to wait for a server that is not up yet.
const PATIENCE: Duration = Duration::from_secs(60);

/// At the end, how long the input may bring nothing until no more of it is waited for, and how long it may go on.
const LAST_INPUT: Duration = Duration::from_millis(200);
const MAX_LAST_INPUT: Duration = Duration::from_secs(2);

/// Where what is to be sent comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// Keys, on a terminal where we draw the line being typed.
    Keys,
    /// Lines from a terminal in its own line mode: it can do no more, or what arrives goes elsewhere.
    TypedLines,
    /// A file or a pipe.
    Pipe,
    /// Nothing is to be sent.
    Nothing,
}

impl Source {
    fn choose(listen: bool) -> Source {
        if listen {
            Source::Nothing
        } else if !io::stdin().is_terminal() {
            Source::Pipe
        } else if io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb") {
            Source::Keys
        } else {
            Source::TypedLines
        }
    }
}

/// A discussion in the terminal, from the login to the end; only heard with `listen`. Without a server it is this
/// machine; a missing pseudo is asked for. False if something of the input could not be sent, or was not delivered
/// when the other one left, as was said then.
///
/// # Errors
/// Why it never came to a discussion, or could not go on.
pub fn run(server: Option<Endpoint>, pseudo: Option<Pseudo>, listen: bool) -> anyhow::Result<bool> {
    let server = server.unwrap_or(Endpoint { host: "localhost".to_owned(), port: DEFAULT_PORT });
    let pseudo = pseudo.map_or_else(ask_pseudo, Ok)?;
    let mut source = Source::choose(listen);
    let screen = match source {
        Source::Keys => Screen::with_input_line().unwrap_or_else(|error| {
            log::info!("saisie : {error}");
            source = Source::TypedLines;
            Screen::plain()
        }),
        _ => Screen::plain(),
    };
    screen.notice(&format!("Connexion à {server}…{}", hint(source)));
    let all_well = discuss(server, &pseudo, source, &screen);
    screen.close();
    all_well
}

fn hint(source: Source) -> String {
    match source {
        Source::Keys | Source::TypedLines => {
            format!(" (« {QUIT_WORD} » quitte la discussion, /aide montre le reste)")
        }
        Source::Pipe => String::new(),
        Source::Nothing => " (écoute seule : rien ne sera envoyé)".to_owned(),
    }
}

fn discuss(server: Endpoint, pseudo: &Pseudo, source: Source, screen: &Screen) -> anyhow::Result<bool> {
    let (link, reception) = Link::open(server, pseudo, Some(PATIENCE), Conversation::new(screen.clone()))?;
    let tally = Arc::new(Tally::default());
    let input_over = read_input(source, &link, screen, &tally)?;
    let Ok(ending) = reception.join() else { bail!("la réception s'est interrompue") };
    if source == Source::Pipe {
        wait_for_last_input(&input_over, &tally);
    }
    let all_sent = tally.report(screen);
    if !screen.stop_typing().is_empty() {
        screen.notice("ce que vous étiez en train d'écrire n'est pas parti");
    }
    // Without a `recu` in the end, some of them may have arrived all the same.
    let all_delivered = name_undelivered(&link, screen);
    match ending {
        Ending::Left => Ok(all_sent),
        Ending::LeftByPeer(_) => Ok(all_sent && all_delivered),
        Ending::Failed(failure) => Err(failure.into()),
    }
}

/// Starts the thread « saisie »; the channel closes when it ends. It is not joined: nothing interrupts the reading but
/// the end of the program.
fn read_input(
    source: Source,
    link: &Link,
    screen: &Screen,
    tally: &Arc<Tally>,
) -> anyhow::Result<Receiver<()>> {
    let (link, screen, tally) = (link.clone(), screen.clone(), Arc::clone(tally));
    let (reading, input_over) = mpsc::channel();
    let read = move || {
        let read = match source {
            Source::Keys => typed::from_keys(&link, &screen),
            Source::TypedLines => typed::from_lines(&link, &screen),
            Source::Pipe => {
                piped::send(&link, &screen, &tally);
                Ok(())
            }
            Source::Nothing => Ok(()),
        };
        if let Err(error) = read {
            screen.notice(&format!("l'entrée ne peut pas être lue : {error}"));
            link.leave();
        }
        drop(reading);
    };
    thread::Builder::new()
        .name("saisie".to_owned())
        .spawn(read)
        .context("le système n'accorde pas de fil d'exécution")?;
    Ok(input_over)
}

/// When the discussion is over: what is there of the input is looked at before it is said what did not go.
fn wait_for_last_input(input_over: &Receiver<()>, tally: &Tally) {
    let start = Instant::now();
    let mut counted = 0;
    while input_over.recv_timeout(LAST_INPUT) == Err(RecvTimeoutError::Timeout) {
        let before = std::mem::replace(&mut counted, tally.behind_quit());
        if counted == before || start.elapsed() >= MAX_LAST_INPUT {
            return;
        }
    }
}

/// Names what was not delivered; true if there is nothing.
fn name_undelivered(link: &Link, screen: &Screen) -> bool {
    let undelivered = link.undelivered();
    undelivered::describe(&undelivered).lines().for_each(|line| screen.notice(line));
    undelivered.is_empty()
}

/// Ends the program without a word to the other one.
fn cut(link: &Link, screen: &Screen) -> ! {
    screen.stop_typing();
    name_undelivered(link, screen);
    screen.close();
    std::process::exit(1)
}

fn ask_pseudo() -> anyhow::Result<Pseudo> {
    loop {
        let _ = write!(io::stderr(), "Votre pseudo : ");
        let mut answer = Vec::new();
        if io::stdin().lock().read_until(b'\n', &mut answer)? == 0 {
            bail!("il manque votre pseudo");
        }
        match parse_pseudo(String::from_utf8_lossy(&answer).trim()) {
            Ok(pseudo) => return Ok(pseudo),
            Err(error) => Screen::plain().notice(&format!("{error}.")),
        }
    }
}

/// The front: makes lines of events.
struct Conversation {
    screen: Screen,
    /// Lines that wait for [`Front::show`].
    lines: Lines,
    /// How the last message began, and the source and date that say so: in a transfer many share them.
    start: MessageStart,
    start_of: (String, String),
}

impl Conversation {
    fn new(screen: Screen) -> Self {
        Conversation {
            screen,
            lines: Lines::default(),
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
        self.start.set(&stamp, msg.source.pseudo_str(), Screen::emphasis());
    }
}

impl Front for Conversation {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Unreachable(failure) => self.lines.notice(&format!("{failure}. Nouvelle tentative…")),
            Event::TurnedAway(sentence) => self.lines.notice(sentence),
            Event::Connected => self.lines.notice("Connecté. En attente de l'autre participant…"),
            Event::ConnectionLost => self.lines.notice("connexion perdue, nouvelle tentative…"),
            Event::Discussion(delivery::Event::Joined(who)) => {
                self.lines.notice(&format!("{} a rejoint la discussion.", who.pseudo_str()));
            }
            Event::Discussion(delivery::Event::Lost(who)) => self.lines.notice(&format!(
                "{} a perdu la connexion ; ce que vous écrivez lui sera remis à son retour.",
                who.pseudo_str()
            )),
            Event::Discussion(delivery::Event::Message(msg)) => {
                self.note_start(msg);
                self.start.push(self.lines.messages(), &msg.text);
            }
            Event::Discussion(delivery::Event::Delivered(_) | delivery::Event::Ended(_)) => {}
            Event::Over(Ending::Left) => self.lines.notice("Vous avez quitté la discussion."),
            Event::Over(Ending::LeftByPeer(who)) => {
                self.lines.notice(&format!("le client {who} a quitté la discussion."));
            }
            // The caller says why.
            Event::Over(Ending::Failed(_)) => {}
        }
    }

    fn show(&mut self) -> io::Result<()> {
        self.screen.show(&std::mem::take(&mut self.lines))
    }
}
