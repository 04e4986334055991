//! Which build of a batch begins when: decisions only, nothing runs here.

use super::Plan;

/// Where a build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Running,
    Succeeded,
    Failed,
    /// It never begins.
    LeftOut,
}

/// The builds of a plan and where they are.
#[derive(Debug)]
pub(super) struct Schedule<'a> {
    plan: &'a Plan,
    states: Vec<State>,
    /// The indexes of the builds that each one waits for.
    depends: Vec<Vec<usize>>,
    stopped: bool,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let index = |name: &String| plan.tasks.iter().position(|task| task.identifier == *name);
        let depends = plan.tasks.iter().map(|task| task.depend_on.iter().filter_map(index).collect()).collect();
        Self { plan, states: vec![State::Waiting; plan.tasks.len()], depends, stopped: false }
    }

    /// The builds that begin now, at most so many that `limit` run at once.
    pub(super) fn begin(&mut self, limit: usize) -> Vec<usize> {
        self.leave_out();
        let running = self.states.iter().filter(|state| **state == State::Running).count();
        let ready = (0..self.states.len()).filter(|&index| {
            self.states[index] == State::Waiting && self.depends[index].iter().all(|&on| self.is_passed(on))
        });
        let begun: Vec<usize> = ready.take(limit.saturating_sub(running)).collect();
        for &index in &begun {
            self.states[index] = State::Running;
        }
        begun
    }

    /// Takes note of an end. `true` if everything else is to be stopped.
    pub(super) fn finished(&mut self, index: usize, succeeded: bool) -> bool {
        self.states[index] = if succeeded { State::Succeeded } else { State::Failed };
        let fails = !succeeded && !self.plan.tasks[index].ignore_failure;
        if fails && self.plan.fast_fail {
            self.stop();
        }
        self.stopped
    }

    /// Nothing begins any more.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.leave_out();
    }

    pub(super) fn is_over(&self) -> bool {
        !self.states.iter().any(|state| matches!(state, State::Waiting | State::Running))
    }

    /// Whether the batch succeeds with what has happened so far.
    pub(super) fn succeeds(&self) -> bool {
        (0..self.states.len()).all(|index| self.is_passed(index))
    }

    /// A failure that is ignored does not stand in the way of those who wait.
    fn is_passed(&self, index: usize) -> bool {
        match self.states[index] {
            State::Succeeded => true,
            State::Failed => self.plan.tasks[index].ignore_failure,
            _ => false,
        }
    }

    /// Whoever waits for a build that failed or never begins never begins.
    fn leave_out(&mut self) {
        loop {
            let lost = |index: usize| {
                let lost = |&on: &usize| match self.states[on] {
                    State::LeftOut => true,
                    State::Failed => !self.plan.tasks[on].ignore_failure,
                    _ => false,
                };
                self.states[index] == State::Waiting && (self.stopped || self.depends[index].iter().any(lost))
            };
            let found: Vec<usize> = (0..self.states.len()).filter(|&index| lost(index)).collect();
            if found.is_empty() {
                return;
            }
            for index in found {
                self.states[index] = State::LeftOut;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::run::batch::Task;

    fn task(index: usize, on: &[usize], ignore: bool) -> Task {
        Task {
            identifier: format!("t{index}"),
            depend_on: on.iter().map(|on| format!("t{on}")).collect(),
            ignore_failure: ignore,
            ..Task::default()
        }
    }

    proptest! {
        /// Whatever fails, in whatever order builds end: the limit holds, nobody begins before those it waits for, whoever
        /// waits for a failure never begins, and it ends.
        #[test]
        fn every_batch_ends(
            edges in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..3), 1..8),
            failing in prop::collection::vec(any::<bool>(), 8),
            ignored in prop::collection::vec(any::<bool>(), 8),
            order in prop::collection::vec(any::<prop::sample::Index>(), 64),
            limit in 1_usize..4,
            fast_fail in any::<bool>(),
        ) {
            let tasks: Vec<Task> = edges.iter().enumerate().map(|(index, on)| {
                let on: Vec<usize> = on.iter().filter(|_| index > 0).map(|on| on.index(index.max(1))).collect();
                task(index, &on, ignored[index])
            }).collect();
            let plan = Plan { fast_fail, tasks };
            let mut schedule = Schedule::new(&plan);
            let (mut running, mut ended, mut stopped) = (Vec::new(), Vec::new(), false);
            for pick in &order {
                let begun = schedule.begin(limit);
                prop_assert!(!stopped || begun.is_empty());
                for &index in &begun {
                    for on in &schedule.depends[index] {
                        prop_assert!(ended.contains(on) && (!failing[*on] || ignored[*on]));
                    }
                }
                running.extend(begun);
                prop_assert!(running.len() <= limit);
                if running.is_empty() {
                    break;
                }
                let index = running.remove(pick.index(running.len()));
                stopped = schedule.finished(index, !failing[index]);
                ended.push(index);
            }
            prop_assert!(schedule.is_over() && running.is_empty());
            let bad = ended.iter().any(|&index| failing[index] && !ignored[index]);
            prop_assert_eq!(schedule.succeeds(), !bad);
            if !bad {
                prop_assert_eq!(ended.len(), plan.tasks.len());
            }
        }
    }
}
