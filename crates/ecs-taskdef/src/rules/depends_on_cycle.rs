//! `ecs-taskdef/depends-on-cycle`.

use spec_report::{Findings, Span, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds containers that wait for each other in a circle, so that none of them would ever start.
    pub static DEPENDS_ON_CYCLE = {
        id: "ecs-taskdef/depends-on-cycle",
        severity: Error,
        summary: "containers wait for each other in a circle",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    // Each container by the first of its name; edges with the place where they are written.
    let names: Vec<&str> = subject.container_names().collect();
    let index = |name: &str| names.iter().position(|other| *other == name);
    let mut edges: Vec<Vec<(usize, Span)>> = vec![Vec::new(); names.len()];
    for container in &subject.containers {
        let Some(from) = container.name().and_then(index) else { continue };
        for dependency in &container.depends_on {
            let Some(target) = &dependency.container_name else { continue };
            if let Some(to) = index(&target.value) {
                edges[from].push((to, target.span));
            }
        }
    }
    let mut state = vec![State::New; names.len()];
    for start in 0..names.len() {
        if let Some(cycle) = visit(start, &edges, &mut state) {
            let circle: Vec<&str> = cycle.iter().map(|&(node, _)| names[node]).collect();
            let first = circle.first().copied().unwrap_or_default();
            let message = if circle.len() == 1 {
                format!("container `{first}` waits for itself")
            } else {
                format!("containers wait for each other in a circle: `{}` -> `{first}`", circle.join("` -> `"))
            };
            let mut places = cycle.iter().map(|&(_, span)| span);
            if let Some(place) = places.next() {
                let found = out.report(&DEPENDS_ON_CYCLE, subject.source(), place, message);
                for place in places {
                    found.add_label(subject.source(), place, "and this one waits on");
                }
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

/// Walks from `start` without recursion; gives the first circle that it closes, each node with its outgoing edge's place.
fn visit(start: usize, edges: &[Vec<(usize, Span)>], state: &mut [State]) -> Option<Vec<(usize, Span)>> {
    if state[start] != State::New {
        return None;
    }
    let mut circle = None;
    let mut path: Vec<(usize, usize)> = vec![(start, 0)];
    state[start] = State::Open;
    while let Some((node, next)) = path.last_mut() {
        let Some(&(to, _)) = edges[*node].get(*next) else {
            state[*node] = State::Done;
            path.pop();
            continue;
        };
        *next += 1;
        match state[to] {
            State::New => {
                state[to] = State::Open;
                path.push((to, 0));
            }
            State::Open if circle.is_none() => {
                let from = path.iter().position(|&(node, _)| node == to).unwrap_or_default();
                // `next` already points behind the edge that was taken.
                circle = Some(path[from..].iter().map(|&(node, next)| (node, edges[node][next - 1].1)).collect());
            }
            _ => {}
        }
    }
    circle
}
