//! A terminal with a program in it: keys go in, what its screen shows comes out.

use std::ffi::OsStr;
use std::fmt;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use tempfile::TempDir;

use crate::PATIENCE;
use crate::program::{DATA_VARIABLE, binary};

/// Columns and rows at first.
const SIZE: (u16, u16) = (80, 24);

/// A terminal as xterm is one: what does not fit any more when it gets narrower is cut off.
pub struct Terminal {
    screen: Arc<(Mutex<vt100::Parser>, Condvar)>,
    keyboard: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    /// Reads what the program writes, until it has ended.
    reader: Option<JoinHandle<()>>,
    /// What the program keeps, unless it was told where.
    _data: TempDir,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Terminal {
    /// Starts `client ADDRESS PSEUDO --terminal` and waits until it takes keys.
    pub fn client(relay: SocketAddr, pseudo: &str) -> Terminal {
        let terminal = Terminal::client_with(relay, pseudo, &[]);
        terminal.wait_for_end(">");
        terminal
    }

    /// Starts it in that folder.
    pub fn client_in(folder: &Path, relay: SocketAddr, pseudo: &str) -> Terminal {
        let mut command = client_command(relay, pseudo);
        command.cwd(folder);
        let terminal = Terminal::start(command);
        terminal.wait_for_end(">");
        terminal
    }

    /// Starts it with these variables.
    pub fn client_with(relay: SocketAddr, pseudo: &str, variables: &[(&str, &str)]) -> Terminal {
        let mut command = client_command(relay, pseudo);
        for (name, value) in variables {
            command.env(name, value);
        }
        Terminal::start(command)
    }

    /// Starts it in a terminal that is not its own, as `setsid` does; the program, and what closes the terminal once it
    /// is dropped.
    pub fn not_its_own(relay: SocketAddr, pseudo: &str) -> (Box<dyn Child + Send + Sync>, impl Drop) {
        let mut command = client_command(relay, pseudo);
        command.args(["--sans-historique"]);
        command.set_controlling_tty(false);
        let pty = native_pty_system().openpty(size(SIZE)).expect("a pseudo-terminal");
        (pty.slave.spawn_command(command).expect("the program starts"), pty.master)
    }

    /// Starts a shell that knows `client` and shows `$ ` when it takes a command.
    pub fn shell() -> Terminal {
        let mut command = in_an_xterm("bash");
        command.args(["--norc", "--noprofile", "-i"]);
        command.env("PS1", "$ ");
        command.env("HISTFILE", "");
        let folder = binary("client").parent().unwrap().to_owned();
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", folder.display()));
        let terminal = Terminal::start(command);
        terminal.wait_for_end("$");
        terminal
    }

    fn start(mut command: CommandBuilder) -> Terminal {
        let data = TempDir::new().expect("a folder");
        if command.get_env(DATA_VARIABLE).is_none() {
            command.env(DATA_VARIABLE, data.path());
        }
        if command.get_cwd().is_none() {
            command.cwd(std::env::temp_dir());
        }
        let pty = native_pty_system().openpty(size(SIZE)).expect("a pseudo-terminal");
        let child = pty.slave.spawn_command(command).expect("the program starts");
        let screen = Arc::new((Mutex::new(vt100::Parser::new(SIZE.1, SIZE.0, 10_000)), Condvar::new()));
        let mut output = pty.master.try_clone_reader().unwrap();
        let shown = Arc::clone(&screen);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 65_536];
            // Its end is an error on some systems.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.0.lock().unwrap().process(&bytes[..count]);
                shown.1.notify_all();
            }
        });
        let keyboard = pty.master.take_writer().unwrap();
        Terminal { screen, keyboard, master: pty.master, child, reader: Some(reader), _data: data }
    }

    /// Presses keys: characters, control characters, escape sequences.
    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Pastes, as a terminal does that tells so.
    pub fn paste(&mut self, text: &str) {
        // Terminals send the end of a line as Enter.
        self.keys(&format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r")));
    }

    /// What the screen shows now: its rows, without the spaces at their ends.
    pub fn text(&self) -> String {
        text_of(self.screen.0.lock().unwrap().screen())
    }

    /// Everything it has shown, also what has left the screen at the top.
    pub fn all_text(&self) -> String {
        let mut parser = self.screen.0.lock().unwrap();
        let rows = usize::from(parser.screen().size().0);
        parser.screen_mut().set_scrollback(usize::MAX);
        let mut above = parser.screen().scrollback();
        let mut text = String::new();
        while above > 0 {
            let page: Vec<String> = rows_of(parser.screen()).into_iter().take(above.min(rows)).collect();
            text += &(page.join("\n") + "\n");
            above = above.saturating_sub(rows);
            parser.screen_mut().set_scrollback(above);
        }
        text + &text_of(parser.screen())
    }

    /// The row and the column of the cursor, from 0.
    pub fn cursor(&self) -> (u16, u16) {
        self.screen.0.lock().unwrap().screen().cursor_position()
    }

    /// Waits until the screen shows this.
    #[track_caller]
    pub fn wait_for(&self, what: &str) {
        self.wait_until(what, |text| text.contains(what));
    }

    /// Waits until the screen ends with these rows, spaces at their ends left out.
    #[track_caller]
    pub fn wait_for_end(&self, rows: &str) {
        self.wait_until(rows, |text| text.ends_with(rows));
    }

    /// Waits until `seen` is content with what the screen shows; `what` says what was awaited.
    #[track_caller]
    pub fn wait_until(&self, what: &str, seen: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut parser = self.screen.0.lock().unwrap();
        while !seen(&text_of(parser.screen())) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let text = text_of(parser.screen());
                drop(parser);
                panic!("« {what} » was never shown; what is shown is:\n{text}");
            }
            parser = self.screen.1.wait_timeout(parser, left).unwrap().0;
        }
    }

    /// Gives it another size, as a person does with the mouse.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.screen.0.lock().unwrap().screen_mut().set_size(rows, columns);
        self.master.resize(size((columns, rows))).unwrap();
    }

    /// Whether the terminal is as a shell expects it: in line mode, with echo, without bracketed paste.
    #[cfg(unix)]
    pub fn is_restored(&self) -> bool {
        let mode = format!("{:?}", self.master.get_termios().unwrap().local_flags);
        mode.contains("ICANON")
            && mode.contains("ECHO |")
            && !self.screen.0.lock().unwrap().screen().bracketed_paste()
    }

    /// Sends the program a signal (`TERM`, `HUP`), as `kill` does.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let id = self.child.process_id().expect("it runs").to_string();
        let status = std::process::Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.expect("kill is there").success());
    }

    /// Waits for the program to end by itself and gives its status.
    #[track_caller]
    pub fn status(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it wrote last is still on its way.
                self.reader.take().map(JoinHandle::join);
                return status.exit_code();
            }
            // No event tells of a child's end without a thread that may not be interrupted; looking is enough.
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it did not end:\n{}", self.text());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program for a terminal of that kind, whatever the tests themselves run in.
fn in_an_xterm(program: impl AsRef<OsStr>) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.env("TERM", "xterm");
    command.env("XTERM_VERSION", "XTerm(379)");
    command.env_remove("TMUX");
    command
}

fn client_command(relay: SocketAddr, pseudo: &str) -> CommandBuilder {
    let mut command = in_an_xterm(binary("client"));
    command.args([&relay.to_string(), pseudo, "--terminal"]);
    command
}

fn size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn rows_of(screen: &vt100::Screen) -> Vec<String> {
    screen.rows(0, screen.size().1).map(|row| row.trim_end().to_owned()).collect()
}

fn text_of(screen: &vt100::Screen) -> String {
    rows_of(screen).join("\n").trim_end().to_owned()
}
