//! The window (FLTK), and the client's second front.
//!
//! [`run`] is the way in. `messenger` is one window and what leads from the form to the discussion and back; `login` is
//! the form (with `found`, the servers that answer), `chat` the discussion's page with its parts (`display`,
//! `entry_field`, `status`, `invitation`, `find`, `question`, `wire_panel`), `front` the bridge from the link's threads to
//! the window's, `demo` what the demonstration has more. `hosting` is the relay inside this program, `files` what is
//! offered and dropped, `settings` what is remembered, `stage` all windows' size and place, `urgency` the call for a look,
//! `clipboard` what outlives the program. What a window is built of: `button`, `framed_input`, `hook`, `menu`, `note`,
//! `paint`, `text`, `theme`.

mod button;
mod chat;
#[cfg(all(unix, not(target_os = "macos")))]
mod clipboard;
#[cfg(test)]
mod contrast;
mod demo;
pub mod display;
mod entry_field;
mod files;
mod find;
mod found;
mod framed_input;
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
mod stage;
mod status;
mod text;
pub mod theme;
mod urgency;
mod wire_panel;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use client::options::Command;
use common::address::Pseudo;
use common::discovery;
use common::endpoint::Endpoint;
use common::frame::DEFAULT_PORT;
use common::text::capitalised;
use fltk::app::{self, App};
use fltk::dialog;

use demo::{Demo, Seat};
use front::Batch;
use hosting::Hosting;
use messenger::{Messenger, Shared};
use settings::Settings;
use stage::Stage;

/// How long leaving may take once no window is left. The link has limits of its own; this one is for a network that
/// lets it wait for each of them.
const LEAVING_TIMEOUT: Duration = Duration::from_secs(6);

/// What a command line asks for that needs a window. Always true: the windows were closed.
///
/// # Errors
/// There is no display to open a window on, or a relay inside the program cannot listen.
pub fn run(command: Command) -> anyhow::Result<bool> {
    let done = match command {
        Command::Host { port, discreet, pseudo, keep } => host(port, discreet, pseudo, keep),
        Command::Demo { keep } => demo(keep),
        Command::Window { server, pseudo, keep } => join(server.as_ref(), pseudo, keep),
        // These need none.
        Command::Terminal { .. }
        | Command::Files { .. }
        | Command::History { .. }
        | Command::Help
        | Command::Version => Ok(()),
    };
    if let Err(error) = &done
        && cfg!(windows)
    {
        // No terminal shows there what a program with a window writes.
        dialog::alert_default(&capitalised(&format!("{error:#}.")));
    }
    done.map(|()| true)
}

/// A discussion in a window. What is missing is asked for in a form.
fn join(server: Option<&Endpoint>, pseudo: Option<Pseudo>, keep: Option<bool>) -> anyhow::Result<()> {
    let shared = prepare(true, keep, None, 1)?;
    talk(&shared, server, server, pseudo);
    Ok(())
}

/// The demonstration: a relay inside the program and two windows side by side, « alice » and « bob ».
fn demo(keep: bool) -> anyhow::Result<()> {
    let demo = Demo::start()?;
    // What is typed into a demonstration is not worth remembering.
    let shared = prepare(false, Some(keep), None, 2)?;
    let mut messengers = Vec::new();
    for seat in Seat::BOTH {
        let (server, pseudo) = (demo.endpoint(seat), seat.name().parse()?);
        let messenger = Messenger::new(&shared);
        messenger.take_part_in(&demo, seat);
        messenger.fill(Some(&server), Some(&pseudo));
        messenger.show();
        messenger.join_at_once(&server, pseudo);
        messengers.push(messenger);
    }
    run_until_closed(&messengers);
    Ok(())
}

/// This machine is the server and one of the two clients; its window shows what to type on the other machine.
fn host(port: Option<u16>, discreet: bool, pseudo: Option<Pseudo>, keep: Option<bool>) -> anyhow::Result<()> {
    let found_at = (!discreet).then(discovery::port);
    let hosting = Hosting::start(&Endpoint::everywhere(port.unwrap_or(DEFAULT_PORT)), found_at)?;
    let server = hosting.own_endpoint();
    let shared = prepare(true, keep, Some(hosting), 1)?;
    talk(&shared, None, Some(&server), pseudo);
    Ok(())
}

/// One window, until it is closed; `filled_in` stands in its form. It joins at once if nothing is missing.
fn talk(
    shared: &Rc<Shared>,
    filled_in: Option<&Endpoint>,
    server: Option<&Endpoint>,
    pseudo: Option<Pseudo>,
) {
    let messenger = Messenger::new(shared);
    messenger.fill(filled_in, pseudo.as_ref());
    messenger.show();
    if let (Some(server), Some(pseudo)) = (server, pseudo) {
        messenger.join_at_once(server, pseudo);
    }
    run_until_closed(&[messenger]);
    drop(shared.hosting.take());
}

/// Connects to the display and dresses the program, for so many windows.
fn prepare(
    remember: bool,
    keep: Option<bool>,
    hosting: Option<Hosting>,
    count: i32,
) -> anyhow::Result<Rc<Shared>> {
    let display = check_display()?;
    app::keyboard_screen_scaling(false);
    let _app = App::default();
    let settings = Settings::load();
    let theme = settings::theme_of_this_run().unwrap_or(settings.theme);
    theme.apply(false);
    let stage = Stage::new(count, settings.zoom);
    // FLTK has a connection of its own now. Before, with none left, the server might have started anew in between.
    drop(display);
    let (settings, theme) = (RefCell::new(settings), Cell::new(theme));
    let hosting = RefCell::new(hosting);
    Ok(Rc::new(Shared { settings, remember, keep, theme, stage, hosting }))
}

/// FLTK ends the program where there is no X server; this says what to do instead. The connection that it takes to look
/// is returned.
#[cfg(all(unix, not(target_os = "macos")))]
fn check_display() -> anyhow::Result<impl Sized> {
    let error = match x11rb::connect(None) {
        Ok((connection, _)) => return Ok(connection),
        Err(error) => error,
    };
    log::info!("Serveur X : {error}");
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
fn check_display() -> anyhow::Result<impl Sized> {
    Ok(())
}

/// Returns when all windows are closed and their discussions left.
fn run_until_closed(messengers: &[Messenger]) {
    #[cfg(all(unix, not(target_os = "macos")))]
    let window = messengers.first().map_or(0, Messenger::x_window);
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
    #[cfg(all(unix, not(target_os = "macos")))]
    clipboard::hand_over(window);
    let deadline = Instant::now() + LEAVING_TIMEOUT;
    while messengers.iter().any(Messenger::has_discussion) && Instant::now() < deadline {
        // Interrupted by a signal: looks again.
        let _ = app::wait_for(0.05);
    }
}
