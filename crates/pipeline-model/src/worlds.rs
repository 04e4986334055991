//! Findings of a pipeline that is another one in each world of its template: every finding of every world, once, and
//! with the conditions it depends on where it does.

use spec_report::{Diagnostic, Report};

use crate::read::Declaration;

/// What a check finds in the worlds of a declaration.
pub(crate) fn findings(declaration: &Declaration, check: impl Fn(&Declaration) -> Report) -> Report {
    let mut report = check(declaration);
    if declaration.others.is_empty() {
        return report;
    }
    let worlds: Vec<&Declaration> = declaration.worlds().collect();
    let mut found: Vec<(Diagnostic, usize)> = report.into_vec().into_iter().map(|diagnostic| (diagnostic, 0)).collect();
    for (index, world) in worlds.iter().enumerate().skip(1) {
        found.extend(check(world).into_vec().into_iter().map(|diagnostic| (diagnostic, index)));
    }
    found.sort();
    report = Report::new();
    for same in found.chunk_by(|(a, _), (b, _)| a == b) {
        let mut diagnostic = same[0].0.clone();
        let seen: Vec<usize> = same.iter().map(|(_, world)| *world).collect();
        if seen.len() < worlds.len() {
            let world = conditions(&worlds, &seen);
            diagnostic.help = Some(match diagnostic.help.take() {
                Some(help) => format!("{help}; this is so where {world}"),
                None => format!("this is so where {world}"),
            });
        }
        report.push(diagnostic);
    }
    report
}

/// The conditions that are the same in all these worlds and another in some other world; those of the first if there
/// are none.
fn conditions(worlds: &[&Declaration], seen: &[usize]) -> String {
    let first = &worlds[seen[0]].assumed;
    let same = |name: &str, holds: &bool| seen.iter().all(|at| worlds[*at].assumed.get(name) == Some(holds));
    let differs = |name: &str, holds: &bool| worlds.iter().any(|world| world.assumed.get(name) != Some(holds));
    let mut named: Vec<_> = first.iter().filter(|(name, holds)| same(name, holds) && differs(name, holds)).collect();
    if named.is_empty() {
        named = first.iter().collect();
    }
    let words = named.iter().map(|(name, holds)| format!("condition `{name}` is {holds}"));
    words.collect::<Vec<_>>().join(" and ")
}
