//! What happened in all schedules, so that no test passes because nothing did.

use std::fmt;

/// Something worth counting.
#[derive(Clone, Copy)]
pub(crate) enum Fact {
    Written,
    Shown,
    Cut,
    RelayRestart,
    ClientRestart,
    ThirdPersonJoined,
    PseudoPris,
    Complet,
    DroppedByRelay,
    Repetition,
    Gap,
}

const NAMES: [&str; 11] = [
    "messages written",
    "messages shown",
    "cuts",
    "relay restarts",
    "client restarts",
    "third persons met",
    "refusals pseudo-pris",
    "refusals complet",
    "lines dropped by the relay",
    "repetitions dropped",
    "gaps dropped",
];

/// How often each [`Fact`] was seen.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts([u64; NAMES.len()]);

impl Counts {
    pub(crate) fn saw(&mut self, fact: Fact) {
        self.0[fact as usize] += 1;
    }

    pub(crate) fn add(&mut self, other: &Counts) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }

    pub(crate) fn assert_each_at_least(&self, least: u64) {
        for (count, name) in self.0.into_iter().zip(NAMES) {
            assert!(count >= least, "only {count} {name}, which proves nothing");
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.into_iter().zip(NAMES).try_for_each(|(count, name)| writeln!(f, "{count:>12} {name}"))
    }
}
