//! How fast a file goes, for people: [`Meter`].

use std::time::{Duration, Instant};

/// How often progress is told, at most.
const INTERVAL: Duration = Duration::from_millis(200);
/// How much the last interval weighs against those before it.
const WEIGHT: f64 = 0.2;

/// Measures one file that is under way.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    last: Option<(Instant, u64)>,
    speed: Option<f64>,
}

impl Meter {
    /// The position is reached now. Bytes in a second, when it is time to tell.
    pub(crate) fn tick(&mut self, position: u64, now: Instant) -> Option<u64> {
        let Some((at, before)) = self.last else {
            self.last = Some((now, position));
            return Some(0);
        };
        let passed = now.saturating_duration_since(at);
        if passed < INTERVAL {
            return None;
        }
        let fresh = position.saturating_sub(before) as f64 / passed.as_secs_f64();
        let speed = self.speed.map_or(fresh, |speed| speed + WEIGHT * (fresh - speed));
        *self = Meter { last: Some((now, position)), speed: Some(speed) };
        Some(speed as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_a_few_times_a_second_and_does_not_jump() {
        let start = Instant::now();
        let mut meter = Meter::default();
        let told: Vec<u64> = (0..=100)
            .filter_map(|i| meter.tick(i * 10_000, start + Duration::from_millis(10) * i as u32))
            .collect();
        assert_eq!(told, [0, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000]);
        assert_eq!(meter.tick(1_000_000, start + Duration::from_millis(1300)), Some(800_000));
    }
}
