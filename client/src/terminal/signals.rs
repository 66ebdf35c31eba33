//! Being told to end by the system: `kill`, Ctrl-C where no keys are read, a terminal that is closed.

use super::screen::Screen;
use crate::link::Link;

/// From now on, whoever tells this program to end cuts the discussion short: the terminal is given back, and nothing
/// incomplete is left. Told again, it ends at once.
///
/// A terminal that is closed ends only whoever draws on it: `nohup` lets a transfer go on.
#[derive(Debug, Default)]
pub(super) struct Signals {
    #[cfg(unix)]
    first: std::sync::Arc<std::sync::OnceLock<i32>>,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on; also to the end of the terminal, if this program `draws` on it.
    ///
    /// # Errors
    /// The system does not let it.
    pub(super) fn listen(link: &Link, draws: bool) -> anyhow::Result<Signals> {
        use anyhow::Context;

        use crate::event::cause;
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

        let wanted = [SIGTERM, SIGINT].into_iter().chain(draws.then_some(SIGHUP));
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

#[cfg(unix)]
fn end_by(signal: i32) {
    // It does not return for these signals.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

/// Elsewhere the system gives the terminal back by itself.
#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen(_: &Link, _: bool) -> anyhow::Result<Signals> {
        Ok(Signals::default())
    }

    pub(super) fn obey(&self, _: &Screen) {}
}
