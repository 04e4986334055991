//! The state machine alone: a table of states, and what must never happen whatever the service shows.

use ecs_taskdef::client::{CircuitBreaker, Rollout, RolloutState, RolloutStatus, ServiceSnapshot};
use ecs_taskdef::deploy::follow::{Before, Ending, Follow, Verdict, Waiting, step};
use proptest::prelude::*;

const OLD: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1";
const NEW: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2";
const OTHER: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:3";

fn primary(id: &str, td: &str, state: RolloutState, reason: &str) -> Rollout {
    Rollout::new(id, RolloutStatus::Primary, td).with_counts(2, 0, 2, 0).with_state(state, reason)
}

fn active(id: &str, td: &str) -> Rollout {
    Rollout::new(id, RolloutStatus::Active, td).with_counts(2, 0, 2, 0).with_state(RolloutState::Completed, "")
}

fn service(rollouts: Vec<Rollout>) -> ServiceSnapshot {
    let mut snapshot = ServiceSnapshot::new("arn", NEW, 2);
    snapshot.rollouts = rollouts;
    snapshot
}

fn follow() -> Follow {
    Follow::new("new", NEW, Before::of(&service(vec![primary("old", OLD, RolloutState::Completed, "")])))
}

fn rolling() -> ServiceSnapshot {
    service(vec![primary("new", NEW, RolloutState::InProgress, ""), active("old", OLD)])
}

#[test]
fn one_look() {
    use RolloutState::{Completed, Failed, InProgress};
    let back = "ECS deployment circuit breaker: rolling back to deploymentId old.";
    let rolled_back = |reason: &str, complete| {
        Verdict::Done(Ending::RolledBack { to: OLD.to_owned(), reason: reason.to_owned(), complete })
    };
    for (name, snapshot, verdict) in [
        ("rolling", rolling(), Verdict::Waiting(Waiting::Rolling)),
        ("completed", service(vec![primary("new", NEW, Completed, "")]), Verdict::Done(Ending::Succeeded)),
        (
            "failed",
            service(vec![primary("new", NEW, Failed, "broken"), active("old", OLD)]),
            Verdict::Done(Ending::Failed { reason: "broken".to_owned() }),
        ),
        ("old answer", service(vec![primary("old", OLD, Completed, "")]), Verdict::Waiting(Waiting::NotVisible)),
        (
            "on the way back",
            service(vec![primary("back", OLD, InProgress, back), active("new", NEW)]),
            Verdict::Waiting(Waiting::RollingBack),
        ),
        ("back", service(vec![primary("back", OLD, Completed, back)]), rolled_back(back, true)),
        (
            "not even back",
            service(vec![primary("back", OLD, Failed, "no")]),
            Verdict::Done(Ending::RollbackFailed { to: OLD.to_owned(), reason: "no".to_owned() }),
        ),
        ("somebody went back", service(vec![primary("x", OLD, Completed, "")]), rolled_back("", true)),
        (
            "superseded",
            service(vec![primary("x", OTHER, InProgress, ""), active("new", NEW)]),
            Verdict::Done(Ending::Superseded { by: "x".to_owned(), task_definition: OTHER.to_owned() }),
        ),
        (
            "superseded by the same",
            service(vec![primary("x", NEW, Completed, "")]),
            Verdict::Done(Ending::Superseded { by: "x".to_owned(), task_definition: NEW.to_owned() }),
        ),
        ("no deployments", service(vec![]), Verdict::Waiting(Waiting::NotVisible)),
    ] {
        let mut follow = follow();
        assert_eq!(step(&mut follow, &rolling(), None), Verdict::Waiting(Waiting::Rolling));
        assert_eq!(step(&mut follow, &snapshot, None), verdict, "{name}");
    }
}

#[test]
fn a_rollback_before_the_first_look_needs_a_second_one() {
    let mut follow = follow();
    let back = service(vec![primary("back", OLD, RolloutState::Completed, "")]);
    assert_eq!(step(&mut follow, &back, None), Verdict::Waiting(Waiting::NotVisible));
    assert_eq!(step(&mut follow, &back, None), Verdict::Waiting(Waiting::NotVisible));
    assert!(matches!(step(&mut follow, &back, None), Verdict::Done(Ending::RolledBack { .. })));
}

#[test]
fn a_failure_with_a_rollback_to_come_is_waited_for() {
    let mut follow = follow();
    let mut failed = service(vec![primary("new", NEW, RolloutState::Failed, "broken"), active("old", OLD)]);
    failed.circuit_breaker = CircuitBreaker { enable: true, rollback: true };
    assert_eq!(step(&mut follow, &failed, None), Verdict::Waiting(Waiting::Rolling));
    let back = service(vec![primary("back", OLD, RolloutState::Completed, "rolling back")]);
    let reason = "broken".to_owned();
    let expected = Verdict::Done(Ending::RolledBack { to: OLD.to_owned(), reason: reason.clone(), complete: true });
    assert_eq!(step(&mut follow.clone(), &back, None), expected);
    let last = (0..3).map(|_| step(&mut follow, &failed, None)).last();
    assert_eq!(last, Some(Verdict::Done(Ending::Failed { reason })), "a rollback that does not come");
}

#[test]
fn services_without_rollout_states_are_done_when_only_ours_runs() {
    let bare = |counts: (u32, u32, u32), others: Vec<Rollout>| {
        let mut rollouts =
            vec![Rollout::new("new", RolloutStatus::Primary, NEW).with_counts(counts.0, counts.1, counts.2, 0)];
        rollouts.extend(others);
        service(rollouts)
    };
    for (snapshot, done) in [
        (bare((2, 0, 2), vec![]), true),
        (bare((0, 0, 0), vec![]), true),
        (bare((2, 1, 1), vec![]), false),
        (bare((2, 0, 2), vec![active("old", OLD)]), false),
    ] {
        assert_eq!(step(&mut follow(), &snapshot, None) == Verdict::Done(Ending::Succeeded), done, "{snapshot:?}");
    }
}

#[test]
fn a_deleted_service_is_stopped() {
    for status in ["DRAINING", "INACTIVE"] {
        let mut snapshot = service(vec![primary("new", NEW, RolloutState::Completed, "")]);
        snapshot.status = status.to_owned();
        assert!(matches!(step(&mut follow(), &snapshot, None), Verdict::Done(Ending::Stopped { .. })), "{status}");
    }
}

#[test]
fn failures_are_counted_across_resets() {
    let mut follow = follow();
    let with_failed = |failed| {
        service(vec![primary("new", NEW, RolloutState::InProgress, "").clone_with(failed), active("old", OLD)])
    };
    let mut verdict = Verdict::Waiting(Waiting::Rolling);
    for failed in [1, 2, 0, 1, 1] {
        verdict = step(&mut follow, &with_failed(failed), None);
    }
    assert_eq!(follow.failures(), 3);
    assert!(matches!(verdict, Verdict::Done(Ending::Failed { .. })), "3 failed and 2 run, of 2: {verdict:?}");
}

trait CloneWith {
    fn clone_with(self, failed: u32) -> Self;
}

impl CloneWith for Rollout {
    fn clone_with(mut self, failed: u32) -> Self {
        self.failed = failed;
        self
    }
}

fn any_rollout() -> impl Strategy<Value = Rollout> {
    (
        prop::sample::select(vec!["old", "new", "back", "x"]),
        prop::sample::select(vec![RolloutStatus::Primary, RolloutStatus::Active, RolloutStatus::Inactive]),
        prop::sample::select(vec![OLD, NEW, OTHER]),
        (0..4_u32, 0..4_u32, 0..4_u32, 0..6_u32),
        prop::option::of(prop::sample::select(vec![
            RolloutState::InProgress,
            RolloutState::Completed,
            RolloutState::Failed,
        ])),
        prop::sample::select(vec!["", "rolling back to old", "in progress"]),
    )
        .prop_map(|(id, status, td, (desired, pending, running, failed), state, reason)| {
            let mut rollout = Rollout::new(id, status, td).with_counts(desired, pending, running, failed);
            rollout.state = state;
            rollout.reason = Some(reason.to_owned());
            rollout
        })
}

proptest! {
    /// Said without the machine's code: success needs our deployment in front, with our task definition, done or steady,
    /// in this very look; and none after the service was seen going back.
    #[test]
    fn success_is_never_false(looks in prop::collection::vec((prop::collection::vec(any_rollout(), 0..4), any::<bool>()), 1..8)) {
        let mut follow = follow();
        for (rollouts, breaker) in looks {
            let mut snapshot = service(rollouts);
            snapshot.circuit_breaker = CircuitBreaker { enable: breaker, rollback: breaker };
            let went_back = follow.rolling_back_to().is_some();
            let verdict = step(&mut follow, &snapshot, None);
            if verdict == Verdict::Done(Ending::Succeeded) {
                let front = snapshot.rollouts.iter().find(|rollout| rollout.status == RolloutStatus::Primary).expect("one");
                prop_assert_eq!(front.id.as_str(), "new");
                prop_assert_eq!(front.task_definition.as_str(), NEW);
                prop_assert!(matches!(front.state, Some(RolloutState::Completed) | None));
                prop_assert!(!went_back);
            }
            if matches!(verdict, Verdict::Done(_)) {
                break;
            }
        }
    }
}
