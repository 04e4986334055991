//! A source directory, a clock, and builds in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_call::{ManualClock, SequenceIds};
use buildspec::Buildspec;
use buildspec::run::{BuildResult, Cancel, Error, Event, EventKind, Executor, HostShell, Request, Runner};
use spec_report::Source;
use tempfile::TempDir;

pub(crate) struct Lab {
    directory: TempDir,
    pub(crate) clock: ManualClock,
    pub(crate) executor: Arc<dyn Executor>,
}

/// A build that is over.
pub(crate) struct Ran {
    pub(crate) result: BuildResult,
    pub(crate) events: Vec<Event>,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        fs::create_dir(directory.path().join("source")).unwrap();
        let shell = HostShell::new(directory.path().join("scratch")).with_grace(Duration::from_millis(300));
        Self { clock: ManualClock::at_epoch_secs(1_700_000_000), executor: Arc::new(shell), directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.path("source").canonicalize().unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.source().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.source().join(name)).unwrap_or_default()
    }

    /// A request with the variables that every image has.
    pub(crate) fn request<'a>(&self, spec: &'a Buildspec) -> Request<'a> {
        let home = self.directory.path().to_string_lossy().into_owned();
        Request::new(spec, self.source(), self.path("artifacts"), "shop").with_base_env(vec![
            ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("HOME".to_owned(), home),
        ])
    }

    pub(crate) fn runner(&self) -> Runner {
        Runner::new(Arc::clone(&self.executor), Arc::new(self.clock.clone()), Arc::new(SequenceIds::new(1)))
    }

    pub(crate) fn run(&self, text: &str) -> Ran {
        let spec = spec(text);
        self.run_with(&self.request(&spec)).unwrap()
    }

    pub(crate) fn run_with(&self, request: &Request<'_>) -> Result<Ran, Error> {
        let mut events = Vec::new();
        let result = self.runner().run(request, &Cancel::new(), &mut |event| events.push(event))?;
        self.nothing_is_left();
        Ok(Ran { result, events })
    }

    /// The session's own files are gone.
    pub(crate) fn nothing_is_left(&self) {
        let scratch = self.path("scratch");
        let left = fs::read_dir(&scratch).map(|entries| entries.count()).unwrap_or_default();
        assert_eq!(left, 0, "files are left in {}", scratch.display());
    }
}

impl Ran {
    /// The lines of output.
    pub(crate) fn output(&self) -> Vec<&str> {
        let line = |event: &'_ Event| matches!(event.kind, EventKind::Output { .. });
        self.events
            .iter()
            .filter(|event| line(event))
            .map(|event| match &event.kind {
                EventKind::Output { line, .. } => line.as_str(),
                _ => "",
            })
            .collect()
    }

    pub(crate) fn notes(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::Note { message } => Some(message.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Everything that anyone could see of the build.
    pub(crate) fn everything(&self) -> String {
        let events: Vec<String> = self.events.iter().map(|event| format!("{event}\n{event:?}")).collect();
        format!("{}\n{:?}\n{}", events.join("\n"), self.result, serde_json::to_string(&self.result).unwrap())
    }

    /// Phases with their states, `COMPLETED` included.
    pub(crate) fn phases(&self) -> Vec<String> {
        self.result
            .phases
            .iter()
            .map(|phase| match &phase.phase_status {
                Some(status) => format!("{} {status}", phase.phase_type),
                None => phase.phase_type.to_string(),
            })
            .collect()
    }
}

pub(crate) fn spec(text: &str) -> Buildspec {
    let parsed = buildspec::read(Source::new("buildspec.yml", text));
    assert!(!parsed.report.has_errors(), "{:?}", parsed.report);
    parsed.value.unwrap()
}

/// A buildspec whose `build` has these commands.
pub(crate) fn build_of(commands: &[&str]) -> String {
    build_in("0.2", "sh", commands)
}

pub(crate) fn build_in(version: &str, shell: &str, commands: &[&str]) -> String {
    let items: String = commands
        .iter()
        .map(|command| {
            format!("      - |-\n{}", command.lines().map(|line| format!("        {line}\n")).collect::<String>())
        })
        .collect();
    format!("version: {version}\nenv:\n  shell: {shell}\nphases:\n  build:\n    commands:\n{items}")
}

/// Whether a process runs; one that is dead and not collected does not.
pub(crate) fn is_running(pid: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}
