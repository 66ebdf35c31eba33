//! How long things may take: [`Limits`].

use std::time::Duration;

/// The protocol's limits of time. Tests shorten them; the programs never do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the start of a connection to the end of its first line.
    pub login: Duration,
    /// Without a byte from a participant who has sent a `ping`, he is lost.
    pub silence: Duration,
    /// Without a byte to him, he is sent a `pong`.
    pub quiet: Duration,
    /// The seat of a lost connection is kept for its pseudo.
    pub kept_seat: Duration,
    /// A write to whoever never sent a `ping`.
    pub write_by_hand: Duration,
    /// After the last line, without a byte from whoever never sent a `ping`, or was refused.
    pub farewell: Duration,
    /// After the end, the whole time in which it is told to those who have not heard of it.
    pub telling: Duration,
    /// After the end, the program waits so long for one who seems to have heard of it: if his connection was cut instead,
    /// he is back by then.
    pub way_back: Duration,
    /// Since the last sign of life of one who has not heard of the end, the program waits for him.
    pub last_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            login: Duration::from_secs(10),
            silence: Duration::from_secs(20),
            quiet: Duration::from_secs(5),
            kept_seat: Duration::from_secs(30),
            write_by_hand: Duration::from_secs(10),
            farewell: Duration::from_secs(2),
            telling: Duration::from_secs(600),
            way_back: Duration::from_secs(1),
            last_wait: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// How often it is looked whether one of them has passed for somebody.
    pub(crate) fn pause(&self) -> Duration {
        self.farewell.min(self.quiet) / 4
    }
}
