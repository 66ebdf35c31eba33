//! Figures: medians and ratios.

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
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
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
