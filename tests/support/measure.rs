//! Figures: medians, ratios, and what the system knows of a process.

use std::fmt;

/// The middle of several measurements and how far they lie apart.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    median: f64,
    half_range: f64,
}

impl Spread {
    /// Of at least one measurement.
    pub fn of(values: &[f64]) -> Spread {
        let sorted = sorted(values);
        let half_range = (sorted[sorted.len() - 1] - sorted[0]) / 2.0;
        Spread { median: sorted[sorted.len() / 2], half_range }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(1);
        write!(f, "{:.digits$} ± {:.digits$}", self.median, self.half_range)
    }
}

/// The median of the ratios of measurements made in turn.
pub fn ratio(values: &[f64], baseline: &[f64]) -> f64 {
    let ratios: Vec<f64> = values.iter().zip(baseline).map(|(value, base)| value / base).collect();
    Spread::of(&ratios).median
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The most resident memory a process ever had, in KiB; 0 once it has ended.
pub fn memory_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| line.trim().trim_end_matches(" kB").parse().expect("a number"))
}

/// The processor time a process has used, in clock ticks.
pub fn cpu_ticks_of(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("the process runs");
    // The name, in brackets, may contain anything; what follows are plain fields.
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    fields[11].parse::<u64>().expect("utime") + fields[12].parse::<u64>().expect("stime")
}

/// How often the threads of a process have been woken after waiting for something.
pub fn wakeups_of(process: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("the process runs");
    let wakeups = threads.map(|thread| {
        let status = std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.map_or(0, |line| line.trim().parse::<u64>().expect("a number"))
    });
    wakeups.sum()
}

/// The resident memory of this program now, in bytes.
pub fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
    1024 * line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
}
