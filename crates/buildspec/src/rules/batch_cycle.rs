//! Builds that wait for each other.

use spec_report::{Findings, Node, declare_rule};

use super::batch::tasks;
use super::subject::Subject;
use std::collections::BTreeMap;

declare_rule! {
    /// None of these builds can ever begin.
    pub(crate) static BATCH_CYCLE = {
        id: "buildspec/batch-cycle",
        severity: Error,
        summary: "builds of a batch depend on each other in a circle",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let tasks = tasks(subject);
    let names: Vec<&str> =
        tasks.iter().map(|task| task.identifier.and_then(Node::as_str).unwrap_or_default()).collect();
    let index: BTreeMap<&str, usize> = names.iter().enumerate().rev().map(|(at, name)| (*name, at)).collect();
    let edges = |at: usize| -> Vec<usize> {
        tasks[at].depend_on.iter().filter_map(|node| index.get(node.as_str()?).copied()).collect()
    };
    // 0 is new, 1 is on the path, 2 is done.
    let mut state = vec![0_u8; tasks.len()];
    for start in 0..tasks.len() {
        if state[start] != 0 {
            continue;
        }
        state[start] = 1;
        let mut path = vec![(start, edges(start))];
        while let Some((at, rest)) = path.last_mut() {
            let at = *at;
            let Some(next) = rest.pop() else {
                state[at] = 2;
                path.pop();
                continue;
            };
            if state[next] == 0 {
                state[next] = 1;
                path.push((next, edges(next)));
            } else if state[next] == 1 {
                let from = path.iter().position(|(on_path, _)| *on_path == next).unwrap_or_default();
                let circle: Vec<&str> = path[from..].iter().map(|(at, _)| names[*at]).chain([names[next]]).collect();
                let span = tasks[next].identifier.map_or(tasks[next].node.span, |identifier| identifier.span);
                let message = format!("these builds wait for each other: `{}`", circle.join("` waits for `"));
                findings.report(&BATCH_CYCLE, &subject.source, span, message);
            }
        }
    }
}
