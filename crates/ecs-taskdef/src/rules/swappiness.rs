//! `ecs-taskdef/swappiness`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds `swappiness` without `maxSwap`, and outside 0 to 100.
    pub static SWAPPINESS = {
        id: "ecs-taskdef/swappiness",
        severity: Warning,
        summary: "`swappiness` has no effect or is out of its range",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    for (container, node) in subject.container_nodes() {
        let Some(linux) = view.entry(node, "linuxParameters") else { continue };
        let Some(swappiness) = view.int(linux, "swappiness") else { continue };
        if !(0..=100).contains(&swappiness.value) {
            let message = format!(
                "the `swappiness` of {} is {}, where 0 to 100 are allowed",
                container.title(),
                swappiness.value
            );
            out.report(&SWAPPINESS, subject.source(), swappiness.span, message);
        } else if view.entry(linux, "maxSwap").is_none() && !view.cut_off(linux) {
            let message = format!("{} has `swappiness` without `maxSwap`, which is ignored", container.title());
            out.report(&SWAPPINESS, subject.source(), swappiness.span, message)
                .set_help("`maxSwap` says how many MiB the container may swap");
        }
    }
}
