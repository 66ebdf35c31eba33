//! Sizes, speeds and times as French people read them.

/// A number of bytes: « 512 octets », « 1,4 Mo ».
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["ko", "Mo", "Go", "To", "Po", "Eo"];
    if bytes < 1000 {
        return if bytes < 2 { format!("{bytes} octet") } else { format!("{bytes} octets") };
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.5 would be shown as 1000.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = if value < 99.95 { 1 } else { 0 };
    format!("{value:.digits$} {}", UNITS[unit]).replace('.', ",").replace(",0 ", " ")
}

/// How long the rest takes at that many bytes in a second: « 45 s », « 3 min », « 2 h 10 »; nothing if nothing comes.
pub fn time_left(bytes: u64, speed: u64) -> Option<String> {
    let seconds = bytes.checked_div(speed)? + 1;
    Some(match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {:02}", seconds / 3600, seconds / 60 % 60),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 octet"),
            (1, "1 octet"),
            (999, "999 octets"),
            (1000, "1 ko"),
            (1449, "1,4 ko"),
            (99_949, "99,9 ko"),
            (99_950, "100 ko"),
            (999_499, "999 ko"),
            (999_500, "1 Mo"),
            (1 << 30, "1,1 Go"),
            (u64::MAX, "18,4 Eo"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn the_time_left_is_never_none_at_all() {
        assert_eq!(time_left(100, 0), None);
        assert_eq!(time_left(0, 10).as_deref(), Some("1 s"));
        assert_eq!(time_left(450, 10).as_deref(), Some("46 s"));
        assert_eq!(time_left(1_000, 10).as_deref(), Some("2 min"));
        assert_eq!(time_left(78_000, 10).as_deref(), Some("2 h 10"));
    }
}
