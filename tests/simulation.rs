//! The delivery rules in simulation: nothing lost, nothing twice, nothing out of order, whatever happens to the
//! connections, to the relay and to the clients.
//!
//! The machines under test are real ([`common::delivery::Delivery`], the frames, the line buffer); the relay and
//! the network are models without sockets and without time, so that a run is decided by its seed alone.
//!
//! `SIMULATION_SCHEDULES=1000000` runs so many random schedules instead of the usual number, `SIMULATION_SEED=n`
//! only the one with that seed, step by step. `SIMULATION_ALL_STATES=1` explores all of it at once, three minutes in release.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "simulation/counts.rs"]
mod counts;
#[path = "simulation/explore.rs"]
mod explore;
#[path = "simulation/ledger.rs"]
mod ledger;
#[path = "simulation/relay.rs"]
mod relay;
#[path = "simulation/schedule.rs"]
mod schedule;
#[path = "simulation/world.rs"]
mod world;

use std::panic::catch_unwind;
use std::thread;
use std::time::Instant;

use counts::Counts;
use explore::Budget;

const SCHEDULES: u64 = 100_000;
const THREADS: u64 = 2;

#[test]
fn random_schedules_keep_the_rules() {
    if let Some(seed) = number_from("SIMULATION_SEED") {
        schedule::run(seed, true);
        return;
    }
    let schedules = number_from("SIMULATION_SCHEDULES").unwrap_or(SCHEDULES);
    let begin = Instant::now();
    let threads: Vec<_> =
        (0..THREADS).map(|first| thread::spawn(move || run_seeds(first, schedules, begin))).collect();
    let mut counts = Counts::default();
    for thread in threads {
        counts.add(&thread.join().expect("a schedule failed; its seed is above"));
    }
    println!("{schedules} schedules in {:.1} s:\n{counts}", begin.elapsed().as_secs_f32());
    counts.assert_each_at_least(schedules / 200);
}

/// Every second seed, so that a failing one is among the first that either thread meets.
fn run_seeds(first: u64, schedules: u64, begin: Instant) -> Counts {
    let mut counts = Counts::default();
    for seed in (first..schedules).step_by(THREADS as usize) {
        match catch_unwind(|| schedule::run(seed, false)) {
            Ok(of_one) => counts.add(&of_one),
            Err(_) => panic!(
                "schedule {seed} failed after {} ms; to see it: \
                 SIMULATION_SEED={seed} cargo test -p tests --test simulation random -- --nocapture",
                begin.elapsed().as_millis()
            ),
        }
    }
    counts
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().expect("a number"))
}

#[test]
fn every_state_of_a_short_discussion_keeps_the_rules() {
    // Two messages each way, two cuts and a restart at once take minutes: here each is left out in turn.
    let mut budgets = vec![
        Budget { messages: 2, cuts: 1, relay_restarts: 1 },
        Budget { messages: 1, cuts: 2, relay_restarts: 1 },
    ];
    if std::env::var_os("SIMULATION_ALL_STATES").is_some() {
        budgets.push(Budget { messages: 2, cuts: 2, relay_restarts: 0 });
        budgets.push(Budget { messages: 2, cuts: 2, relay_restarts: 1 });
    }
    let threads: Vec<_> = budgets.into_iter().map(|budget| thread::spawn(move || explore(&budget))).collect();
    for thread in threads {
        thread.join().expect("a rule was broken; the panic is above");
    }
}

fn explore(budget: &Budget) {
    let begin = Instant::now();
    let explored = explore::all(budget);
    println!("{budget:?}: {explored:?} in {:.1} s", begin.elapsed().as_secs_f32());
    assert!(explored.quiet > 0, "nothing was explored to its end");
}
