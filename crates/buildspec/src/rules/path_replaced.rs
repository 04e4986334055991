//! Variables that the build machine needs.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// The value replaces what the image has, and nothing in it is expanded: with a `PATH` of its own a build may not find
    /// `ls` any more.
    pub(crate) static PATH_REPLACED = {
        id: "buildspec/path-replaced",
        severity: Warning,
        summary: "a variable of the machine is replaced as a whole",
    }
}

const NEEDED: [&str; 3] = ["HOME", "LD_LIBRARY_PATH", "PATH"];

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for variable in &subject.spec.env.variables {
        let name = variable.name.value.as_str();
        if NEEDED.contains(&name) {
            findings
                .report(
                    &PATH_REPLACED,
                    &subject.source,
                    variable.name.span,
                    format!("this replaces the `{name}` of the image"),
                )
                .set_help(format!("add to it by a command: `export {name}=\"${name}:/opt/bin\"`"));
        }
    }
}
