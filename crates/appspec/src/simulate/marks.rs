//! Where numbers and lanes of a picture go, so that nothing covers anything else.

use super::timeline::Bar;

/// The width of a digit or dash, and of the room around a label.
const DIGIT: u64 = 7;
const ROOM: u64 = 12;
const GAP: u64 = 3;

/// A number at a place of the axis.
pub(super) struct Mark {
    pub(super) number: usize,
    pub(super) x: u64,
    pub(super) failed: bool,
}

/// One or more numbers that share a label.
pub(super) struct Group {
    pub(super) label: String,
    /// Where on the axis the first of them is.
    pub(super) at: u64,
    pub(super) left: u64,
    pub(super) wide: u64,
    pub(super) failed: bool,
    first: usize,
    last: usize,
    /// Where on the axis the last of them is.
    until: u64,
}

impl Group {
    fn place(&mut self, from: u64, to: u64) {
        let (first, last) = (self.first, self.last);
        self.label = if first == last { first.to_string() } else { format!("{first}–{last}") };
        self.wide = DIGIT * u64::try_from(self.label.chars().count()).unwrap_or_default() + ROOM;
        let middle = self.at.midpoint(self.until);
        self.left = middle.saturating_sub(self.wide / 2).clamp(from.saturating_sub(ROOM), to.saturating_sub(self.wide));
    }
}

/// Joins numbers whose labels would touch, until none do. The marks are in order.
pub(super) fn groups(marks: &[Mark], from: u64, to: u64) -> Vec<Group> {
    let mut done: Vec<Group> = Vec::new();
    for mark in marks {
        let (number, x) = (mark.number, mark.x);
        let mut group = Group {
            label: String::new(),
            at: x,
            left: 0,
            wide: 0,
            failed: mark.failed,
            first: number,
            last: number,
            until: x,
        };
        group.place(from, to);
        while let Some(before) = done.pop_if(|before| before.left + before.wide + GAP > group.left) {
            group.first = before.first;
            group.at = before.at;
            group.failed |= before.failed;
            group.place(from, to);
        }
        done.push(group);
    }
    done
}

/// What one host did.
pub(super) struct Lane<'b> {
    pub(super) target: &'b str,
    pub(super) bars: Vec<&'b Bar>,
}

/// The first `most` hosts, in the order in which they began.
pub(super) fn lanes(bars: &[Bar], most: usize) -> Vec<Lane<'_>> {
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    for bar in bars {
        match lanes.iter().position(|lane| lane.target == bar.target) {
            Some(known) => lanes[known].bars.push(bar),
            None if lanes.len() < most => lanes.push(Lane { target: &bar.target, bars: vec![bar] }),
            None => {}
        }
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_never_touch() {
        let places = [0, 1, 2, 60, 61, 300, 318, 336, 700, 869, 870, 870];
        let marks: Vec<_> =
            places.iter().enumerate().map(|(at, x)| Mark { number: at + 1, x: 72 + x, failed: at == 2 }).collect();
        let groups = groups(&marks, 72, 936);
        for pair in groups.windows(2) {
            assert!(pair[0].left + pair[0].wide < pair[1].left, "{} {}", pair[0].label, pair[1].label);
        }
        assert!(groups.iter().all(|group| group.left + group.wide <= 936));
        let labels: Vec<_> = groups.iter().map(|group| group.label.as_str()).collect();
        assert_eq!(labels.first().zip(labels.last()), Some((&"1–3", &"10–12")));
        assert!(groups[0].failed && !groups[1].failed);
    }
}
