//! The client in the terminal. Where both ends of it are one, a person types on an input line below what arrives;
//! otherwise what arrives is lines on stdout, notices go to stderr, and the input is typed or piped lines.

mod archive;
mod commands;
mod draft;
pub mod errand;
mod files;
mod input_line;
mod lines;
mod piped;
mod screen;
mod signals;
mod typed;
mod wire;

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use chrono::{DateTime, Local};
use common::address::Pseudo;
use common::discovery::port;
use common::endpoint::Endpoint;
use common::text::capitalised;
use common::transcript::{Emphasis, MessageStart};

use crate::QUIT_WORD;
use crate::discovery::find;
use crate::event::{End, Event, Front, Message, cause};
use crate::link::Link;
use crate::options::parse_pseudo;
use crate::store::{Remembered, Store};
use crate::undelivered;
use archive::{Archive, is_worth_keeping};
use files::{Files, is_waiting};
use piped::Unsent;
use screen::{Lines, Screen};
use signals::Signals;
use typed::Desk;

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
        } else if io::stdout().is_terminal() && can_be_drawn_on() {
            Source::Keys
        } else {
            Source::TypedLines
        }
    }
}

/// Whether the terminal does more than lines, and is one whose end we hear of: where it is not this session's own
/// (`setsid`), no signal comes, and crossterm would try to read from it for ever.
fn can_be_drawn_on() -> bool {
    let is_own = !cfg!(unix) || File::open("/dev/tty").is_ok();
    is_own && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A discussion in the terminal, from the login to the end; only heard with `listen`. A missing server is looked for, a
/// missing pseudo asked for. It is kept on disk if `keep` says so, or else if a person sees it. False if something of the
/// input could not be sent, or was not delivered when the other one left, as was said then.
///
/// # Errors
/// Why it never came to a discussion, or could not go on.
pub fn run(
    server: Option<Endpoint>,
    pseudo: Option<Pseudo>,
    listen: bool,
    keep: Option<bool>,
) -> anyhow::Result<bool> {
    let pseudo = pseudo.map_or_else(ask_pseudo, Ok)?;
    let server = server.map_or_else(|| find(port()), Ok)?;
    let mut source = Source::choose(listen);
    let screen = match source {
        Source::Keys => Screen::with_input_line().unwrap_or_else(|error| {
            log::info!("Saisie : {error}");
            source = Source::TypedLines;
            Screen::plain()
        }),
        _ => Screen::plain(),
    };
    let keeps = keep.unwrap_or_else(|| is_worth_keeping(listen));
    let kept = keeps.then(|| Archive::open(&pseudo, &screen)).flatten();
    screen.notice(&format!("Connexion à {server}…{}", hint(source)));
    let all_well = discuss(server, &pseudo, kept, source, &screen);
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

fn discuss(
    server: Endpoint,
    pseudo: &Pseudo,
    kept: Option<(Archive, (Store, Remembered))>,
    source: Source,
    screen: &Screen,
) -> anyhow::Result<bool> {
    let (archive, kept) = kept.unzip();
    let mut front = Conversation::new(screen.clone());
    front.takes_commands = matches!(source, Source::Keys | Source::TypedLines);
    let files = front.files.clone();
    let (link, reception) = Link::open(server, pseudo, kept, Some(PATIENCE), front)?;
    let signals = Signals::listen(&link)?;
    let unsent = Arc::new(Unsent::default());
    let input_over = read_input(source, &link, archive, files, screen, &unsent)?;
    let Ok(ending) = reception.join() else { bail!("la réception s'est interrompue") };
    if source == Source::Pipe {
        wait_for_last_input(&input_over, &unsent);
    }
    let all_sent = unsent.report(screen);
    if !screen.stop_typing().is_empty() {
        screen.notice("Ce que vous étiez en train d'écrire n'est pas parti.");
    }
    // Without a `recu` in the end, some of them may have arrived all the same.
    undelivered::describe(&ending.lost).lines().for_each(|line| screen.notice(line));
    signals.obey(screen);
    Ok(match &ending.how {
        End::Left { told } => all_sent && *told,
        End::LeftByPeer(_) => all_sent && ending.lost.is_empty(),
        End::Cut(_) | End::Failed(_) => false,
    })
}

/// Starts the thread « saisie »; the channel closes when it ends. It is not joined: nothing interrupts the reading but
/// the end of the program.
fn read_input(
    source: Source,
    link: &Link,
    archive: Option<Archive>,
    files: Files,
    screen: &Screen,
    unsent: &Arc<Unsent>,
) -> anyhow::Result<Receiver<()>> {
    let (link, screen, unsent) = (link.clone(), screen.clone(), Arc::clone(unsent));
    let (reading, input_over) = mpsc::channel();
    let read = move || {
        let read = match source {
            Source::Keys => typed::from_keys(&Desk { link: &link, screen: &screen, archive, files }),
            Source::TypedLines => typed::from_lines(&Desk { link: &link, screen: &screen, archive, files }),
            Source::Pipe => {
                piped::send(&link, &screen, &unsent);
                Ok(())
            }
            Source::Nothing => Ok(()),
        };
        if let Err(error) = read {
            screen.notice(&format!("L'entrée ne peut pas être lue : {}.", cause(&error)));
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
fn wait_for_last_input(input_over: &Receiver<()>, unsent: &Unsent) {
    let start = Instant::now();
    let mut counted = 0;
    while input_over.recv_timeout(LAST_INPUT) == Err(RecvTimeoutError::Timeout) {
        let before = std::mem::replace(&mut counted, unsent.behind_quit());
        if counted == before || start.elapsed() >= MAX_LAST_INPUT {
            return;
        }
    }
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
            Err(error) => Screen::plain().notice(&format!("{}.", capitalised(&error.to_string()))),
        }
    }
}

/// The front: makes lines of events.
struct Conversation {
    screen: Screen,
    files: Files,
    /// Somebody types.
    takes_commands: bool,
    /// How the last message began, and what says so: in a transfer many begin alike.
    start: MessageStart,
    start_of: Option<(Arc<str>, DateTime<Local>)>,
}

impl Conversation {
    fn new(screen: Screen) -> Self {
        let files = Files::default();
        Conversation { screen, files, takes_commands: false, start: MessageStart::default(), start_of: None }
    }

    fn push(&mut self, lines: &mut Lines, Message { from, date, text }: Message) {
        let is_same = |(name, at): &(Arc<str>, DateTime<Local>)| *at == date && *name == from;
        if !self.start_of.as_ref().is_some_and(is_same) {
            self.start.set(&date.format("%Y-%m-%d %H:%M:%S").to_string(), &from, Emphasis::on_stdout());
            self.start_of = Some((from, date));
        }
        self.start.push(lines.messages(), &text);
    }
}

impl Front for Conversation {
    fn show(&mut self, events: Vec<Event>) -> io::Result<()> {
        let mut lines = Lines::default();
        for event in events {
            match event {
                Event::Message(message) => self.push(&mut lines, message),
                Event::Delivered(_) => {}
                Event::File(file) => {
                    let asks = self.takes_commands && is_waiting(&file);
                    self.files.show(file, &mut lines, &self.screen);
                    if asks {
                        lines.notice("/accepter le reçoit dans le dossier courant, /refuser le refuse");
                    }
                }
                event => {
                    if let Event::Lost(_) | Event::ConnectionLost = event {
                        self.files.forget_progress(&self.screen);
                    }
                    lines.notice(&event.to_string());
                }
            }
        }
        self.screen.show(&lines)
    }
}
