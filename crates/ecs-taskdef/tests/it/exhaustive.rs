//! Every short run of looks at a small world: the two witnesses in every state, in every order, contradictions and old
//! answers included.

use ecs_taskdef::client::{CircuitBreaker, Rollout, RolloutState, RolloutStatus, ServiceDeployment, ServiceSnapshot};
use ecs_taskdef::deploy::follow::{Before, Ending, Follow, Verdict, step};

const OLD: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1";
const NEW: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2";
const OTHER: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:3";

/// Which deployment is in front: ours, the one from before, a rollback, or somebody's.
const FRONTS: [(&str, &str); 4] = [("new", NEW), ("old", OLD), ("back", OLD), ("rival", OTHER)];
const STATES: [Option<RolloutState>; 4] =
    [None, Some(RolloutState::InProgress), Some(RolloutState::Completed), Some(RolloutState::Failed)];
/// How ours looks where it is not in front.
const BEHIND: [Option<Option<RolloutState>>; 3] =
    [None, Some(Some(RolloutState::InProgress)), Some(Some(RolloutState::Failed))];
const RECORDS: [Option<&str>; 7] = [
    None,
    Some("IN_PROGRESS"),
    Some("SUCCESSFUL"),
    Some("STOPPED"),
    Some("ROLLBACK_IN_PROGRESS"),
    Some("ROLLBACK_SUCCESSFUL"),
    Some("ROLLBACK_FAILED"),
];

#[derive(Clone, Debug)]
struct Look {
    front: &'static str,
    state: Option<RolloutState>,
    behind: bool,
    record: Option<&'static str>,
    snapshot: ServiceSnapshot,
    described: Option<ServiceDeployment>,
}

fn looks(records: &[Option<&'static str>]) -> Vec<Look> {
    let mut looks = Vec::new();
    for (front, task_definition) in FRONTS {
        for state in &STATES {
            for behind in &BEHIND {
                if front == "new" && behind.is_some() {
                    continue;
                }
                for record in records {
                    let rollout = |id: &str, status, task_definition: &str, state: &Option<RolloutState>| {
                        let mut rollout = Rollout::new(id, status, task_definition).with_counts(2, 0, 2, 0);
                        rollout.state.clone_from(state);
                        rollout
                    };
                    let mut snapshot = ServiceSnapshot::new("arn", task_definition, 2);
                    snapshot.circuit_breaker = CircuitBreaker { enable: true, rollback: true };
                    snapshot.rollouts = vec![rollout(front, RolloutStatus::Primary, task_definition, state)];
                    if let Some(state) = behind {
                        snapshot.rollouts.push(rollout("new", RolloutStatus::Active, NEW, state));
                    }
                    let described = record.map(|status| ServiceDeployment::new("arn", status));
                    let (state, behind) = (state.clone(), behind.is_some());
                    looks.push(Look { front, state, behind, record: *record, snapshot, described });
                }
            }
        }
    }
    looks
}

fn follow() -> Follow {
    let mut before = ServiceSnapshot::new("arn", OLD, 2);
    before.rollouts = vec![Rollout::new("old", RolloutStatus::Primary, OLD)];
    Follow::new("new", NEW, Before::of(&before))
}

/// Whether a look says by itself that the service goes back.
fn goes_back(look: &Look) -> bool {
    look.record.is_some_and(|status| status.starts_with("ROLLBACK"))
}

/// The claims about one verdict, said without the machine's code.
fn check(path: &[&Look], verdict: &Verdict) {
    let Some((last, earlier)) = path.split_last() else { return };
    match verdict {
        Verdict::Done(Ending::Succeeded) => {
            assert_eq!(last.front, "new", "success of another deployment: {path:?}");
            assert!(matches!(last.state, None | Some(RolloutState::Completed)), "{path:?}");
            assert!(matches!(last.record, None | Some("SUCCESSFUL")), "against the service deployment: {path:?}");
            assert!(!path.iter().any(|look| goes_back(look)), "success after a rollback: {path:?}");
            let displaced = earlier.iter().any(|look| look.front == "back" && look.behind);
            assert!(!displaced, "success after another was in front of ours: {path:?}");
        }
        Verdict::Done(Ending::Superseded { .. }) => {
            assert_eq!(last.front, "rival", "{path:?}");
            assert!(!path.iter().any(|look| goes_back(look)), "{path:?}");
        }
        Verdict::Done(Ending::RolledBack { to, .. }) => {
            assert_eq!(to, OLD);
            assert!(path.iter().any(|look| goes_back(look) || look.front != "new"), "{path:?}");
        }
        Verdict::Done(Ending::Stopped { .. }) => assert_eq!(last.record, Some("STOPPED"), "{path:?}"),
        Verdict::Done(Ending::Failed { .. }) => {
            let says = |look: &&&Look| look.state == Some(RolloutState::Failed) || look.record == Some("STOPPED");
            assert!(path.iter().any(|look| says(&look)), "{path:?}");
        }
        _ => {}
    }
}

/// How many looks are enough for any end to be believed.
const ENOUGH: usize = 8;

fn every_run(looks: &[Look], length: usize, path: &mut Vec<Look>, follow: &Follow, count: &mut usize) {
    for look in looks {
        let mut next = follow.clone();
        let verdict = step(&mut next, &look.snapshot, look.described.as_ref());
        path.push(look.clone());
        check(&path.iter().collect::<Vec<_>>(), &verdict);
        *count += 1;
        if matches!(verdict, Verdict::Waiting(_)) {
            if path.len() < length {
                every_run(looks, length, path, &next, count);
            }
            ends(looks, &next, path);
        }
        path.pop();
    }
}

/// Whatever was seen before: a world that stays as it is at an end is believed soon.
fn ends(looks: &[Look], follow: &Follow, path: &[Look]) {
    let final_worlds = looks.iter().filter(|look| match look.record {
        Some("ROLLBACK_SUCCESSFUL") => look.front == "back" && look.state == Some(RolloutState::Completed),
        Some("SUCCESSFUL") => look.front == "new" && look.state == Some(RolloutState::Completed),
        None => (look.front == "back" || look.front == "new") && look.state == Some(RolloutState::Completed),
        _ => false,
    });
    for world in final_worlds {
        let mut follow = follow.clone();
        let went_back = follow.rolling_back_to().is_some();
        let mut verdict = Verdict::Waiting(ecs_taskdef::deploy::follow::Waiting::Rolling);
        for _ in 0..ENOUGH {
            verdict = step(&mut follow, &world.snapshot, world.described.as_ref());
            if matches!(verdict, Verdict::Done(_)) {
                break;
            }
        }
        match (world.front, went_back) {
            ("back", _) => {
                assert!(
                    matches!(verdict, Verdict::Done(Ending::RolledBack { .. })),
                    "{world:?} after {path:?}: {verdict:?}"
                );
            }
            ("new", false) => assert_eq!(verdict, Verdict::Done(Ending::Succeeded), "{world:?} after {path:?}"),
            // A service that was seen going back and shows ours again: never a success.
            _ => assert_ne!(verdict, Verdict::Done(Ending::Succeeded), "{world:?} after {path:?}"),
        }
    }
}

#[test]
fn every_run_of_two_looks_with_both_witnesses() {
    let mut count = 0;
    every_run(&looks(&RECORDS), 2, &mut Vec::new(), &follow(), &mut count);
    assert!(count > 20_000, "{count} runs");
}

#[test]
fn every_run_of_four_looks_at_the_service_alone() {
    let mut count = 0;
    every_run(&looks(&[None]), 4, &mut Vec::new(), &follow(), &mut count);
    assert!(count > 50_000, "{count} runs");
}
