//! Times as people write them, and axes with round numbers.

use std::time::Duration;

/// `0:05`, `12:30`, `1:05:00`.
pub(super) fn clock(at: Duration) -> String {
    let all = at.as_secs();
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// `5 s`, `12 min 30 s`, `1 h 5 min`.
pub(super) fn words(duration: Duration) -> String {
    let all = duration.as_secs();
    let parts = [(all / 3600, "h"), (all / 60 % 60, "min"), (all % 60, "s")];
    let words: Vec<_> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number} {unit}")).collect();
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

/// What a tick of a time axis may stand for, in seconds.
const STEPS: [u64; 20] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800];

/// The distance of the ticks of an axis of this length, so that there are at most `most` of them.
pub(super) fn tick(length: Duration, most: u64) -> u64 {
    let seconds = length.as_secs().max(1);
    let fits = |step: &&u64| seconds.div_ceil(**step) <= most;
    STEPS.iter().find(fits).copied().unwrap_or_else(|| seconds.div_ceil(most))
}

/// The label of a tick: in the unit of the distance between ticks.
pub(super) fn label(seconds: u64, step: u64) -> String {
    match step {
        0..60 => clock(Duration::from_secs(seconds)),
        60..3600 if seconds < 7200 => format!("{} min", seconds / 60),
        60..3600 => format!("{}:{:02} h", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_write_them() {
        let of = Duration::from_secs;
        assert_eq!([clock(of(5)), clock(of(754)), clock(of(3905))], ["0:05", "12:34", "1:05:05"]);
        assert_eq!([words(of(0)), words(of(90)), words(of(7200))], ["0 s", "1 min 30 s", "2 h"]);
    }

    #[test]
    fn axes_have_at_most_so_many_ticks() {
        for (seconds, step) in [(0, 1), (7, 1), (9, 2), (60, 10), (575, 120), (3600, 600), (180_000, 43_200)] {
            assert_eq!(tick(Duration::from_secs(seconds), 8), step, "{seconds}");
        }
        assert_eq!(
            [label(90, 30), label(600, 300), label(9000, 1800), label(86_400, 43_200)],
            ["1:30", "10 min", "2:30 h", "24 h"]
        );
    }
}
