//! Which layers are under way at a time: the largest first, bounded by their number and by the memory they hold.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

/// What a layer takes beside its bytes, which is some round trips, in bytes that could be sent meanwhile.
const ROUND_TRIPS: u64 = 4 << 20;

/// How many layers at a time, at most `most`: the fewest with which a push ends as early as with `most`, if no connection
/// slows another down. Where they do share a line or the processors of a registry, each one more would take from the
/// largest layer, which would then be sent alone in the end. `sizes` are in the order of the plan.
pub(super) fn lanes(sizes: &[u64], most: usize) -> usize {
    let most = most.clamp(1, sizes.len().max(1));
    let earliest = end(sizes, most);
    (1..most).find(|fewer| end(sizes, *fewer) <= earliest).unwrap_or(most)
}

/// When the last of `lanes` is done, each layer going into the one that is free first.
fn end(sizes: &[u64], lanes: usize) -> u64 {
    let mut free = BinaryHeap::from(vec![Reverse(0_u64); lanes]);
    let mut end = 0;
    for size in sizes {
        let Some(Reverse(begin)) = free.pop() else { continue };
        let done = begin.saturating_add(*size).saturating_add(ROUND_TRIPS);
        end = end.max(done);
        free.push(Reverse(done));
    }
    end
}

/// Layers that wait and those under way.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    /// In the order of the plan, each with the bytes it will hold.
    waiting: VecDeque<(u64, T)>,
    running: usize,
    held: u64,
    most: usize,
    budget: u64,
}

impl<T> Schedule<T> {
    pub(super) fn new(waiting: impl IntoIterator<Item = (u64, T)>, most: usize, budget: u64) -> Self {
        Self { waiting: waiting.into_iter().collect(), running: 0, held: 0, most: most.max(1), budget }
    }

    /// The next layer that may begin, and what to give back when it is done. The largest waits for nobody, but a smaller
    /// one that still fits goes before one that does not.
    pub(super) fn next(&mut self) -> Option<(u64, T)> {
        if self.running >= self.most {
            return None;
        }
        let room = self.budget.saturating_sub(self.held);
        let fits = |(bytes, _): &(u64, T)| self.running == 0 || *bytes <= room;
        let at = self.waiting.iter().position(fits)?;
        let (bytes, next) = self.waiting.remove(at)?;
        self.running += 1;
        self.held += bytes;
        Some((bytes, next))
    }

    pub(super) const fn done(&mut self, bytes: u64) {
        self.running -= 1;
        self.held -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn no_more_than_end_it_earlier() {
        for (mebibytes, most, expected) in [
            (&[188, 132, 120, 87, 59, 33, 0][..], 6, 4),
            (&[100, 100, 100, 100, 100, 100, 100], 6, 4),
            (&[100, 100, 100, 100, 100, 100], 6, 6),
            (&[100, 50, 46], 6, 2),
            (&[100, 1, 1, 1], 6, 2),
            (&[1, 0, 0, 0, 0, 0, 0, 0], 6, 5),
            // One that is mounted comes by its size and sends nothing.
            (&[0, 20, 20, 20, 20, 20, 20], 6, 6),
            (&[100], 6, 1),
            (&[], 6, 1),
            (&[3, 2], 0, 1),
        ] {
            let sizes: Vec<u64> = mebibytes.iter().map(|size| size * MIB).collect();
            assert_eq!(lanes(&sizes, most), expected, "{mebibytes:?}");
        }
    }

    proptest! {
        #[test]
        fn fewer_end_no_later(mut sizes in proptest::collection::vec(0..300 * MIB, 0..20), most in 0_usize..12) {
            sizes.sort_unstable_by_key(|size| Reverse(*size));
            let chosen = lanes(&sizes, most);
            prop_assert!((1..=most.max(1)).contains(&chosen));
            prop_assert!(end(&sizes, chosen) <= end(&sizes, most.max(1)));
            prop_assert!((1..chosen).all(|fewer| end(&sizes, fewer) > end(&sizes, chosen)));
        }
    }

    #[test]
    fn count_and_bytes_bound_it() {
        let mut schedule = Schedule::new([(50, 'a'), (40, 'b'), (30, 'c'), (1, 'd'), (1, 'e')], 3, 90);
        let begun: Vec<_> = std::iter::from_fn(|| schedule.next()).map(|(_, name)| name).collect();
        assert_eq!(begun, ['a', 'b'], "90 bytes are held");
        schedule.done(40);
        let begun: Vec<_> = std::iter::from_fn(|| schedule.next()).map(|(_, name)| name).collect();
        assert_eq!(begun, ['c', 'd'], "three run");
        schedule.done(1);
        assert_eq!(schedule.next(), Some((1, 'e')));
        assert_eq!(schedule.next(), None);
    }

    #[test]
    fn one_is_always_under_way() {
        let mut schedule = Schedule::new([(50, 'a'), (40, 'b')], 0, 10);
        assert_eq!((schedule.next(), schedule.next()), (Some((50, 'a')), None));
        schedule.done(50);
        assert_eq!((schedule.next(), schedule.next()), (Some((40, 'b')), None));
    }
}
