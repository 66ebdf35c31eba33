//! Being told to end by the system: `kill`, Ctrl-C where no keys are read, a terminal that is closed.

use super::screen::Screen;
use crate::link::Link;

/// From now on, whoever tells this program to end cuts the discussion short: the terminal is given back, and nothing
/// incomplete is left. Told again, it ends at once.
///
/// A terminal that is closed is such a word, too, but not under `nohup`: a transfer may go on.
#[derive(Debug, Default)]
pub(super) struct Signals {
    #[cfg(unix)]
    first: std::sync::Arc<std::sync::OnceLock<i32>>,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system does not let it.
    pub(super) fn listen(link: &Link) -> anyhow::Result<Signals> {
        use anyhow::Context;

        use crate::event::cause;
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

        let wanted = [SIGTERM, SIGINT].into_iter().chain((!is_ignored(SIGHUP)).then_some(SIGHUP));
        let mut arriving = signal_hook::iterator::Signals::new(wanted)
            .map_err(|error| anyhow::anyhow!("les signaux du système n'arrivent pas : {}", cause(&error)))?;
        let signals = Signals::default();
        let (link, first) = (link.clone(), std::sync::Arc::clone(&signals.first));
        let listen = move || {
            for signal in arriving.forever() {
                if first.set(signal).is_err() {
                    end_by(signal);
                }
                link.cut_short();
            }
        };
        let thread = std::thread::Builder::new().name("signaux".to_owned());
        thread.spawn(listen).context("le système n'accorde pas de fil d'exécution")?;
        Ok(signals)
    }

    /// When all is said: ends as every program does that was told to, so that a script of several ends with it.
    pub(super) fn obey(&self, screen: &Screen) {
        if let Some(signal) = self.first.get() {
            screen.close();
            end_by(*signal);
        }
    }
}

/// Whether whoever has started this program wants it not to hear of that signal; not known everywhere.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    ignored >> (signal - 1) & 1 == 1
}

#[cfg(unix)]
fn end_by(signal: i32) {
    // It does not return for these signals.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

/// Elsewhere the system gives the terminal back by itself.
#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen(_: &Link) -> anyhow::Result<Signals> {
        Ok(Signals::default())
    }

    pub(super) fn obey(&self, _: &Screen) {}
}
