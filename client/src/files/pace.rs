//! How much of a file is asked for at a time: [`Pace`].

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What is asked for first.
pub(crate) const FIRST_BYTES: u64 = 4096;
/// The most that is asked for and not yet there, and that one answer may be.
pub(crate) const MAX_BYTES: u64 = 1 << 20;
/// How long what was asked for may take to pass through the narrowest place on the way: a message written meanwhile
/// waits behind it.
const QUEUE: Duration = Duration::from_millis(200);

/// Grows while answers come quickly. It learns two things from them: how long the first bytes take at best, and how
/// many come in a second; what is under way between two computers is the one times the other, and the rest waits
/// somewhere in a queue.
#[derive(Debug)]
pub(crate) struct Pace {
    window: u64,
    quickest: Option<Duration>,
    /// What was asked for and is not all there.
    asks: VecDeque<Ask>,
    /// When the last of the others had come.
    answered: Option<Instant>,
}

#[derive(Debug)]
struct Ask {
    start: u64,
    end: u64,
    at: Instant,
    has_begun: bool,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Pace { window: FIRST_BYTES, quickest: None, asks: VecDeque::new(), answered: None }
    }

    /// How many bytes may be asked for and not yet there.
    pub(crate) fn window(&self) -> u64 {
        self.window
    }

    /// The bytes from `start` to `end` are asked for now.
    pub(crate) fn ask(&mut self, start: u64, end: u64, now: Instant) {
        self.asks.push_back(Ask { start, end, at: now, has_begun: false });
    }

    /// What was asked for will not come.
    pub(crate) fn forget_asks(&mut self) {
        self.asks.clear();
    }

    /// The bytes up to `position` are there.
    pub(crate) fn arrived(&mut self, position: u64, now: Instant) {
        while let Some(ask) = self.asks.front_mut() {
            if position > ask.start && !ask.has_begun {
                ask.has_begun = true;
                let took = now.saturating_duration_since(ask.at);
                self.quickest = Some(self.quickest.map_or(took, |quickest| quickest.min(took)));
            }
            if position < ask.end {
                return;
            }
            let since = self.answered.map_or(ask.at, |answered| answered.max(ask.at));
            let seconds = now.saturating_duration_since(since).as_secs_f64();
            let patience = (self.quickest.unwrap_or_default() + QUEUE).as_secs_f64();
            // Infinite if no time has passed.
            let allowed = (ask.end - ask.start) as f64 / seconds * patience;
            self.window = (allowed as u64).min(2 * self.window).clamp(FIRST_BYTES, MAX_BYTES);
            self.answered = Some(now);
            self.asks.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks and gets in turns over a link with this delay and speed; the window in the end.
    fn after(rounds: u32, delay: Duration, bytes_per_second: f64) -> u64 {
        let mut pace = Pace::new();
        let mut now = Instant::now();
        let mut position = 0;
        for _ in 0..rounds {
            let end = position + pace.window();
            pace.ask(position, end, now);
            let transfer = Duration::from_secs_f64((end - position) as f64 / bytes_per_second);
            pace.arrived(position + 1, now + delay);
            pace.arrived(end, now + delay + transfer);
            now += delay + transfer;
            position = end;
        }
        pace.window()
    }

    #[test]
    fn it_grows_to_the_most_on_a_quick_link() {
        assert_eq!(after(1, Duration::ZERO, f64::INFINITY), 2 * FIRST_BYTES);
        assert_eq!(after(20, Duration::ZERO, f64::INFINITY), MAX_BYTES);
        assert_eq!(after(20, Duration::from_micros(300), 200e6), MAX_BYTES);
    }

    #[test]
    fn on_a_slow_link_a_message_waits_for_a_moment_only() {
        let window = after(50, Duration::from_millis(1), 750_000.0);
        assert!((100_000..200_000).contains(&window), "{window}");
        assert_eq!(after(50, Duration::from_millis(1), 1_000.0), FIRST_BYTES);
    }

    #[test]
    fn a_long_way_is_no_reason_to_ask_for_little() {
        assert_eq!(after(50, Duration::from_millis(600), 50e6), MAX_BYTES);
    }
}
