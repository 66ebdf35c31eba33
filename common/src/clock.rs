//! The time of day.

use std::time::SystemTime;

use chrono::{DateTime, Local};

/// The present moment in the machine's time zone; also when its clock is set before 1970, where `Local::now` panics.
pub fn now() -> DateTime<Local> {
    SystemTime::now().into()
}
