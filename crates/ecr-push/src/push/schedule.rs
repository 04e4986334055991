//! Which layers are under way at a time: the largest first, bounded by their number and by the memory they hold.

use std::collections::VecDeque;

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
    use super::*;

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
