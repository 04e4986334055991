//! `ecs-taskdef/windows-arm64`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds tasks that ask for Windows and for the architecture `ARM64`.
    pub static WINDOWS_ARM64 = {
        id: "ecs-taskdef/windows-arm64",
        severity: Error,
        summary: "Windows tasks do not run on ARM",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    let Some(platform) = subject.node().and_then(|node| view.entry(node, "runtimePlatform")) else { return };
    let Some(system) = subject.operating_system_family.as_ref().filter(|s| s.value.starts_with("WINDOWS")) else {
        return;
    };
    if let Some(cpu) = view.text(platform, "cpuArchitecture").filter(|cpu| cpu.value == "ARM64") {
        let message = format!("`{}` does not run on `ARM64`", system.value);
        out.report(&WINDOWS_ARM64, subject.source(), cpu.span, message)
            .add_label(subject.source(), system.span, "the operating system")
            .set_help("Windows needs `X86_64`, which is also the default");
    }
}
