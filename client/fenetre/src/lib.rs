//! The window (FLTK), and the client's second front.
//!
//! [`run`] is the way in. `messenger` is one window and what leads from the form to the
//! discussion and back; `login` is the form (with `found`, the servers
//! that answer), `chat` the discussion's page with its parts (`display`, `entry_field`,
//! `status`, `invitation`), `front` the bridge from the link's threads to the window's.

mod button;
mod chat;
#[cfg(test)]
mod contrast;
pub mod display;
mod entry_field;
mod found;
mod front;
mod hook;
mod hosting;
mod invitation;
mod login;
mod menu;
mod messenger;
mod note;
mod paint;
mod question;
mod settings;
mod status;
mod text;
pub mod theme;
mod urgency;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use client::options::Command;
use common::address::Pseudo;
use common::endpoint::Endpoint;
use common::frame::DEFAULT_PORT;
use fltk::app::{self, App};

use front::Batch;
use hosting::{Hosting, Invitation};
use messenger::{Messenger, Shared};
use paint::Area;
use settings::Settings;

/// How large a window is at first.
const SIZE: (i32, i32) = (480, 640);
/// Between the two windows of the demonstration.
const GAP: i32 = 24;
/// How long leaving may take once no window is left. The link has limits of its own; this one is for a network that
/// lets it wait for each of them.
const LEAVING_TIMEOUT: Duration = Duration::from_secs(6);

/// What a command line asks for that needs a window. Always true: the windows were closed.
///
/// # Errors
/// There is no display to open a window on, or a relay inside the program cannot listen.
pub fn run(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Host { port, pseudo, .. } => host(port, pseudo)?,
        Command::Demo { .. } => demo()?,
        Command::Window { server, pseudo, .. } => join(server, pseudo)?,
        // These need none.
        Command::Terminal { .. }
        | Command::Files { .. }
        | Command::History { .. }
        | Command::Help
        | Command::Version => {}
    }
    Ok(true)
}

/// A discussion in a window. What is missing is asked for in a form.
fn join(server: Option<Endpoint>, pseudo: Option<Pseudo>) -> anyhow::Result<()> {
    let shared = prepare(true, None)?;
    let messenger = Messenger::new(&shared, in_the_middle(1)[0]);
    messenger.fill(server.as_ref(), pseudo.as_ref());
    messenger.show();
    if let (Some(server), Some(pseudo)) = (server, pseudo) {
        messenger.join_at_once(&server, pseudo);
    }
    run_until_closed(&[messenger]);
    Ok(())
}

/// The demonstration: a relay inside the program and two windows side by side, « alice » and « bob ».
fn demo() -> anyhow::Result<()> {
    let hosting = Hosting::start(&Endpoint { host: "127.0.0.1".to_owned(), port: 0 })?;
    let server = hosting.own_endpoint();
    // What is typed into a demonstration is not worth remembering.
    let shared = prepare(false, None)?;
    let mut messengers = Vec::new();
    for (place, name) in in_the_middle(2).into_iter().zip(["alice", "bob"]) {
        let pseudo: Pseudo = name.parse()?;
        let messenger = Messenger::new(&shared, place);
        messenger.fill(Some(&server), Some(&pseudo));
        messenger.show();
        messenger.join_at_once(&server, pseudo);
        messengers.push(messenger);
    }
    run_until_closed(&messengers);
    Ok(())
}

/// This machine is the server and one of the two clients; its window shows what to type on the other machine.
fn host(port: Option<u16>, pseudo: Option<Pseudo>) -> anyhow::Result<()> {
    let hosting = Hosting::start(&Endpoint::everywhere(port.unwrap_or(DEFAULT_PORT)))?;
    let server = hosting.own_endpoint();
    let shared = prepare(true, Some(hosting.invitation()))?;
    let messenger = Messenger::new(&shared, in_the_middle(1)[0]);
    messenger.fill(None, pseudo.as_ref());
    messenger.show();
    if let Some(pseudo) = pseudo {
        messenger.join_at_once(&server, pseudo);
    }
    run_until_closed(&[messenger]);
    Ok(())
}

/// Connects to the display and dresses the program.
fn prepare(remember: bool, invitation: Option<Invitation>) -> anyhow::Result<Rc<Shared>> {
    check_display()?;
    let _app = App::default();
    let settings = Settings::load();
    let theme = settings::theme_of_this_run().unwrap_or(settings.theme);
    theme.apply();
    let (settings, theme) = (RefCell::new(settings), Cell::new(theme));
    Ok(Rc::new(Shared { settings, remember, theme, invitation }))
}

/// FLTK ends the program where there is no X server; this says what to do instead.
#[cfg(all(unix, not(target_os = "macos")))]
fn check_display() -> anyhow::Result<()> {
    let Err(error) = x11rb::connect(None) else { return Ok(()) };
    log::info!("serveur X : {error}");
    match std::env::var("DISPLAY") {
        Ok(display) if !display.is_empty() => anyhow::bail!(
            "l'écran « {} » (DISPLAY) ne répond pas : corrigez DISPLAY, ou ajoutez --terminal",
            common::text::harmless(&display)
        ),
        _ => anyhow::bail!(
            "il n'y a pas d'écran où ouvrir une fenêtre (DISPLAY est vide) : ajoutez --terminal"
        ),
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn check_display() -> anyhow::Result<()> {
    Ok(())
}

/// Places for `count` windows side by side, in the middle of the screen.
fn in_the_middle(count: i32) -> Vec<Area> {
    let screen = app::Screen::work_area_mouse();
    let w = SIZE.0.min((screen.w - (count - 1) * GAP) / count);
    let h = SIZE.1.min(screen.h);
    let left = screen.x + (screen.w - count * w - (count - 1) * GAP) / 2;
    (0..count).map(|i| Area { x: left + i * (w + GAP), y: screen.y + (screen.h - h) / 2, w, h }).collect()
}

/// Returns when all windows are closed and their discussions left.
fn run_until_closed(messengers: &[Messenger]) {
    let windows = messengers.to_vec();
    // A check is called before each wait, also while a menu is open or something is being dragged.
    app::add_check(move |_| {
        let batches: Vec<Batch> = windows.iter().flat_map(Messenger::show_what_arrived).collect();
        if !batches.is_empty() {
            // What is acknowledged shall have been drawn.
            app::flush();
            batches.iter().for_each(Batch::shown);
        }
    });
    // Not until FLTK has no window left: it may be showing a tooltip.
    while messengers.iter().any(Messenger::is_open) {
        app::wait();
    }
    let deadline = Instant::now() + LEAVING_TIMEOUT;
    while messengers.iter().any(Messenger::has_discussion) && Instant::now() < deadline {
        // Interrupted by a signal: looks again.
        let _ = app::wait_for(0.05);
    }
}
