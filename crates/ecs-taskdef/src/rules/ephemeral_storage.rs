//! `ecs-taskdef/ephemeral-storage`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds sizes of `ephemeralStorage` below 21 or above 200 GiB.
    pub static EPHEMERAL_STORAGE = {
        id: "ecs-taskdef/ephemeral-storage",
        severity: Error,
        summary: "ephemeral storage is out of its range",
        service: "EphemeralStorage size should be at least 21",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    let Some(storage) = subject.node().and_then(|node| view.entry(node, "ephemeralStorage")) else { return };
    if let Some(size) = view.int(storage, "sizeInGiB").filter(|size| !(21..=200).contains(&size.value)) {
        let message = format!("the ephemeral storage has {} GiB, where 21 to 200 are allowed", size.value);
        let found = out.report(&EPHEMERAL_STORAGE, subject.source(), size.span, message);
        if (0..=20).contains(&size.value) {
            found.set_help("20 GiB are there without asking: leave `ephemeralStorage` away");
        }
    }
}
