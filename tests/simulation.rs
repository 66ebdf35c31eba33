//! The session in simulation: nothing lost, nothing twice, nothing out of order, leaving that gets through and no live
//! link cut, whatever happens to the connections, to the relay and to the clients.
//!
//! What is under test is real ([`client::session::Session`], which has neither sockets nor a clock); the network
//! (`network`), the relay (`relay`) and the disks (`disk`) are models in virtual time, so that a run is decided by its
//! seed alone (`schedule`). `world` puts them together, `ledger` checks what everybody was shown and told.
//!
//! `SIMULATION_SCHEDULES=1000000` runs so many schedules instead of the usual number, `SIMULATION_SEED=n` only the one
//! with that seed, step by step.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "simulation/disk.rs"]
mod disk;
#[path = "simulation/ledger.rs"]
mod ledger;
#[path = "simulation/network.rs"]
mod network;
#[path = "simulation/relay.rs"]
mod relay;
#[path = "simulation/schedule.rs"]
mod schedule;
#[path = "simulation/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::thread;
use std::time::Instant;

use world::Fact;

const SCHEDULES: u64 = 3_000;
const THREADS: u64 = 2;

/// How often each fact was seen.
type Counts = BTreeMap<Fact, u64>;

#[test]
fn random_schedules_keep_the_promises() {
    if let Some(seed) = number_from("SIMULATION_SEED") {
        schedule::run(seed, true);
        return;
    }
    let schedules = number_from("SIMULATION_SCHEDULES").unwrap_or(SCHEDULES);
    let begin = Instant::now();
    let threads: Vec<_> =
        (0..THREADS).map(|first| thread::spawn(move || run_seeds(first, schedules))).collect();
    let mut counts = Counts::new();
    for thread in threads {
        for (fact, count) in thread.join().expect("a schedule failed; its seed is above") {
            *counts.entry(fact).or_default() += count;
        }
    }
    println!("{schedules} schedules in {:.1} s: {counts:#?}", begin.elapsed().as_secs_f32());
    for fact in Fact::ALL {
        let count = counts.get(&fact).copied().unwrap_or(0);
        assert!(count >= schedules / 1000, "{fact:?} was seen only {count} times");
    }
}

/// Every second seed, so that a failing one is among the first that either thread meets.
fn run_seeds(first: u64, schedules: u64) -> Counts {
    let mut counts = Counts::new();
    for seed in (first..schedules).step_by(THREADS as usize) {
        let seen = catch_unwind(|| schedule::run(seed, false)).unwrap_or_else(|_| {
            panic!("schedule {seed} failed; to see it: SIMULATION_SEED={seed} cargo test --test simulation -- --nocapture")
        });
        for fact in seen {
            *counts.entry(fact).or_default() += 1;
        }
    }
    counts
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().expect("a number"))
}
