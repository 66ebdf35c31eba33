//! What a process uses of the system, as Linux tells it.

use std::fs;
use std::path::Path;
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
        let status = format!("/proc/{process}/status");
        Usage {
            threads: field(&status, "Threads:"),
            descriptors: fs::read_dir(format!("/proc/{process}/fd")).expect("it runs").count(),
            resident: field(&status, "VmRSS:"),
            peak: peak_of(process),
            busy: busy_of(process),
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

/// The most memory that a process ever had, in KiB; 0 once it has ended.
pub fn peak_of(process: u32) -> usize {
    field(format!("/proc/{process}/status"), "VmHWM:")
}

/// The processor time that a process has used: fields 14 and 15 of `stat`, in hundredths of a second on every Linux.
pub fn busy_of(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').expect("the name in parentheses");
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}

/// How often the threads of a process have been woken after waiting for something.
pub fn wakeups_of(process: u32) -> usize {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("it runs");
    threads.map(|thread| field(thread.unwrap().path().join("status"), "voluntary_ctxt_switches:")).sum()
}

/// A number in a `status` file; 0 where it is missing, as after the end.
fn field(status: impl AsRef<Path>, name: &str) -> usize {
    let status = fs::read_to_string(status).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |line| line.split_whitespace().next().unwrap().parse().unwrap())
}
