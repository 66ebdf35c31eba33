//! What a person sees: messages on stdout, notices on stderr; or both on the terminal, above the line being typed.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use common::command_line::stdout_takes_sequences;
use common::text::harmless;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::draft::Draft;
use super::input_line::{InputLine, first_row};

/// From now on the terminal tells what is pasted from what is typed; and no longer.
const BRACKETED_PASTE: (&str, &str) = ("\x1b[?2004h", "\x1b[?2004l");
const CLEAR: &str = "\x1b[H\x1b[2J";
const ERASE_ROW: &str = "\r\x1b[K";
/// How long to wait before trying again to write to a terminal or a pipe that takes nothing for the moment.
const FULL_PAUSE: Duration = Duration::from_millis(5);

/// Lines to be shown, in order.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<(Kind, String)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Message,
    Notice,
}

impl Lines {
    /// Where whole lines of messages may be appended.
    pub(super) fn messages(&mut self) -> &mut String {
        self.of(Kind::Message)
    }

    /// Appends a sentence of the program's own.
    pub(super) fn notice(&mut self, sentence: &str) {
        let notices = self.of(Kind::Notice);
        for part in ["* ", &harmless(sentence), "\n"] {
            notices.push_str(part);
        }
    }

    fn of(&mut self, kind: Kind) -> &mut String {
        if self.0.last().is_none_or(|(last, _)| *last != kind) {
            self.0.push((kind, String::new()));
        }
        let last = self.0.len() - 1;
        &mut self.0[last].1
    }
}

/// Where everything is shown, for any thread.
#[derive(Clone, Debug)]
pub(super) struct Screen(Arc<Mutex<State>>);

#[derive(Debug)]
enum State {
    /// Outputs that are only written to; below them on stderr, if that is a terminal, what is under way.
    Plain(String),
    /// A terminal with a line being typed, on stdin and stdout.
    Typing(InputLine),
    /// The same while nothing more may be typed.
    Waiting,
}

impl Screen {
    /// One where nothing is typed, or nothing that this program echoes.
    pub(super) fn plain() -> Self {
        Screen(Arc::new(Mutex::new(State::Plain(String::new()))))
    }

    /// One with a line being typed.
    ///
    /// # Errors
    /// The terminal cannot do that.
    pub(super) fn with_input_line() -> io::Result<Self> {
        if !stdout_takes_sequences() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let size = crossterm::terminal::size()?;
        enable_raw_mode()?;
        let screen = Screen(Arc::new(Mutex::new(State::Typing(InputLine::new(size)))));
        write_out(io::stdout(), BRACKETED_PASTE.0)?;
        screen.redraw()?;
        Ok(screen)
    }

    /// Shows lines, and returns when they are shown.
    ///
    /// # Errors
    /// They cannot be.
    pub(super) fn show(&self, lines: &Lines) -> io::Result<()> {
        let mut state = self.lock();
        if let State::Plain(status) = &*state {
            let (erase, draw) = (if status.is_empty() { "" } else { ERASE_ROW }, status);
            // Whoever closed stderr does not want to know.
            let _ = write_out(io::stderr(), erase);
            lines.0.iter().try_for_each(|(kind, text)| match kind {
                Kind::Message => write_out(io::stdout(), text),
                Kind::Notice => write_out(io::stderr(), text).or(Ok(())),
            })?;
            let _ = write_out(io::stderr(), draw);
            return Ok(());
        }
        let mut out = String::new();
        state.erase(&mut out);
        for (_, text) in &lines.0 {
            // Nobody but us ends lines on this terminal any more.
            out.push_str(&text.replace('\n', "\r\n"));
        }
        state.draw(&mut out);
        write_out(io::stdout(), &out)
    }

    /// Shows a sentence of the program's own.
    pub(super) fn notice(&self, sentence: &str) {
        let mut lines = Lines::default();
        lines.notice(sentence);
        // What has to be seen fails elsewhere too.
        let _ = self.show(&lines);
    }

    /// Shows what is under way, in one row below everything else that is drawn again each time, where there is a
    /// terminal; nothing if it is empty.
    pub(super) fn set_status(&self, text: &str) {
        let mut state = self.lock();
        match &mut *state {
            State::Plain(status) if io::stderr().is_terminal() => {
                let columns = crossterm::terminal::size().map_or(80, |(columns, _)| columns.into());
                let erase = if status.is_empty() { "" } else { ERASE_ROW };
                first_row(text, columns).clone_into(status);
                let _ = write_out(io::stderr(), &format!("{erase}{status}"));
            }
            State::Typing(line) => {
                text.clone_into(&mut line.status);
                drop(state);
                let _ = self.redraw();
            }
            State::Plain(_) | State::Waiting => {}
        }
    }

    /// Changes the text being typed, which is seen with the next [`redraw`](Self::redraw); `None` if none is.
    pub(super) fn edit<T>(&self, change: impl FnOnce(&mut Draft) -> T) -> Option<T> {
        match &mut *self.lock() {
            State::Typing(line) => Some(change(&mut line.draft)),
            State::Plain(_) | State::Waiting => None,
        }
    }

    /// Draws the line being typed again.
    pub(super) fn redraw(&self) -> io::Result<()> {
        self.show(&Lines::default())
    }

    /// Takes the text being typed, which stays behind on the screen.
    pub(super) fn enter(&self) -> io::Result<String> {
        let mut state = self.lock();
        let mut out = String::new();
        state.erase(&mut out);
        let text = state.leave_behind(&mut out);
        state.draw(&mut out);
        write_out(io::stdout(), &out)?;
        Ok(text)
    }

    /// The terminal has this size from now on.
    pub(super) fn resize(&self, size: (u16, u16)) -> io::Result<()> {
        let mut state = self.lock();
        let mut out = String::new();
        if let State::Typing(line) = &mut *state {
            line.set_size(size);
        }
        state.erase(&mut out);
        state.draw(&mut out);
        write_out(io::stdout(), &out)
    }

    /// Leaves nothing on the screen but the line being typed, where this program draws one.
    pub(super) fn clear(&self) -> io::Result<()> {
        let mut out = String::new();
        let mut state = self.lock();
        if let State::Plain(_) = *state {
            return Ok(());
        }
        state.erase(&mut out);
        out.push_str(CLEAR);
        state.draw(&mut out);
        write_out(io::stdout(), &out)
    }

    /// Gives the terminal back while `elsewhere` runs.
    pub(super) fn lend(&self, elsewhere: impl FnOnce()) -> io::Result<()> {
        let mut state = self.lock();
        let mut out = String::new();
        state.erase(&mut out);
        write_out(io::stdout(), &(out + BRACKETED_PASTE.1))?;
        disable_raw_mode()?;
        elsewhere();
        enable_raw_mode()?;
        if let (State::Typing(line), Ok(size)) = (&mut *state, crossterm::terminal::size()) {
            line.set_size(size);
        }
        let mut out = BRACKETED_PASTE.0.to_owned();
        state.draw(&mut out);
        write_out(io::stdout(), &out)
    }

    /// Nothing more may be typed: what was being typed, if anything, stays behind. Gives that.
    pub(super) fn stop_typing(&self) -> String {
        let mut state = self.lock();
        let mut out = String::new();
        state.erase(&mut out);
        let text = state.leave_behind(&mut out);
        if let State::Typing(_) = *state {
            *state = State::Waiting;
        }
        // It is of no use to say why it cannot be shown.
        let _ = write_out(io::stdout(), &out);
        text
    }

    /// Gives the terminal back for good, with nothing waiting to be read by the next program.
    pub(super) fn close(&self) {
        self.stop_typing();
        let mut state = self.lock();
        if let State::Waiting = *state {
            let _ = write_out(io::stdout(), BRACKETED_PASTE.1);
            let _ = disable_raw_mode();
        }
        *state = State::Plain(String::new());
        discard_unread_input();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn erase(&mut self, out: &mut String) {
        if let State::Typing(line) = self {
            line.erase(out);
        }
    }

    fn draw(&mut self, out: &mut String) {
        if let State::Typing(line) = self {
            line.draw(out);
        }
    }

    fn leave_behind(&mut self, out: &mut String) -> String {
        let State::Typing(line) = self else { return String::new() };
        let text = line.draft.take();
        if !text.is_empty() {
            InputLine::leave_behind(&text, out);
        }
        text
    }
}

/// Writes all of it, also where others have made the output one that does not wait.
fn write_out(mut out: impl Write, text: &str) -> io::Result<()> {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match out.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => rest = &rest[count..],
            Err(error) => wait_unless_broken(error)?,
        }
    }
    while let Err(error) = out.flush() {
        wait_unless_broken(error)?;
    }
    Ok(())
}

fn wait_unless_broken(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::Interrupted => Ok(()),
        io::ErrorKind::WouldBlock => {
            std::thread::sleep(FULL_PAUSE);
            Ok(())
        }
        _ => Err(error),
    }
}

/// What was typed and not read would be the next command of the shell.
fn discard_unread_input() {
    #[cfg(unix)]
    if io::stdin().is_terminal() {
        let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
    }
}
