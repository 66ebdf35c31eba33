//! What a process uses of the system, as Linux tells it.

use std::fs;
use std::time::{Duration, Instant};

use crate::PATIENCE;

/// A look at a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Its threads.
    pub threads: usize,
    /// Its open files and sockets.
    pub descriptors: usize,
    /// Its memory, in KiB.
    pub resident: usize,
    /// The most memory it ever had, in KiB.
    pub peak: usize,
    /// The processor time it has used.
    pub busy: Duration,
}

impl Usage {
    /// Of the process with that number, now.
    pub fn of(process: u32) -> Usage {
        let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
        let field = |name: &str| -> usize {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a field of status");
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        Usage {
            threads: field("Threads:"),
            descriptors: fs::read_dir(format!("/proc/{process}/fd")).unwrap().count(),
            resident: field("VmRSS:"),
            peak: field("VmHWM:"),
            busy: busy(process),
        }
    }

    /// Waits until it has so few threads and descriptors; nothing tells when.
    #[track_caller]
    pub fn wait_for(process: u32, threads: usize, descriptors: usize) -> Usage {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let usage = Usage::of(process);
            if usage.threads <= threads && usage.descriptors <= descriptors {
                return usage;
            }
            assert!(Instant::now() < deadline, "still more than {threads} or {descriptors}: {usage:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// User and system time: fields 14 and 15 of `stat`, in hundredths of a second on every Linux.
fn busy(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').expect("the name in parentheses");
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}
