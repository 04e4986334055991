//! New buildspecs, written from what a program knows.

use spec_report::emit::{self, Map, Value};

use crate::model::PhaseName;

/// A buildspec to be written.
///
/// What it writes is version 0.2 in block style, with comments nowhere and quotes where some reader of YAML would take a
/// text for something else. An empty part is left out.
///
/// ```
/// use buildspec::Compose;
/// use buildspec::model::PhaseName;
///
/// let text = Compose::new()
///     .with_variable("STAGE", "test")
///     .with_runtime("python", "3.10")
///     .with_command(PhaseName::Build, "make all")
///     .with_artifact_files(["dist/**/*"])
///     .to_yaml();
/// assert_eq!(
///     text,
///     "version: 0.2
/// env:
///   variables:
///     STAGE: test
/// phases:
///   install:
///     runtime-versions:
///       python: \"3.10\"
///   build:
///     commands:
///       - make all
/// artifacts:
///   files:
///     - dist/**/*
/// "
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compose {
    shell: Option<String>,
    variables: Vec<(String, String)>,
    parameter_store: Vec<(String, String)>,
    secrets_manager: Vec<(String, String)>,
    exported_variables: Vec<String>,
    runtimes: Vec<(String, String)>,
    phases: [Written; 4],
    reports: Vec<(String, String, Vec<String>)>,
    artifact_files: Vec<String>,
    base_directory: Option<String>,
    cache_paths: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Written {
    on_failure: Option<String>,
    commands: Vec<String>,
    finally: Vec<String>,
}

impl Compose {
    /// A buildspec without anything. CodeBuild wants at least one phase.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the shell, such as `bash`.
    #[must_use]
    pub fn with_shell(mut self, shell: impl Into<String>) -> Self {
        self.shell = Some(shell.into());
        self
    }

    /// Sets a variable to a value, which is not expanded.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        put(&mut self.variables, name.into(), value.into());
        self
    }

    /// Sets a variable to a parameter of the Systems Manager Parameter Store.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, parameter: impl Into<String>) -> Self {
        put(&mut self.parameter_store, name.into(), parameter.into());
        self
    }

    /// Sets a variable to a secret: `id:json-key:version-stage:version-id`, of which the first part is enough.
    #[must_use]
    pub fn with_secret(mut self, name: impl Into<String>, reference: impl Into<String>) -> Self {
        put(&mut self.secrets_manager, name.into(), reference.into());
        self
    }

    /// Hands a variable on when the build is over.
    #[must_use]
    pub fn with_exported(mut self, name: impl Into<String>) -> Self {
        self.exported_variables.push(name.into());
        self
    }

    /// Sets the version of a runtime.
    #[must_use]
    pub fn with_runtime(mut self, runtime: impl Into<String>, version: impl Into<String>) -> Self {
        put(&mut self.runtimes, runtime.into(), version.into());
        self
    }

    /// Adds a command to a phase.
    #[must_use]
    pub fn with_command(mut self, phase: PhaseName, command: impl Into<String>) -> Self {
        self.phases[phase as usize].commands.push(command.into());
        self
    }

    /// Adds a command that runs at the end of a phase, however that went.
    #[must_use]
    pub fn with_finally(mut self, phase: PhaseName, command: impl Into<String>) -> Self {
        self.phases[phase as usize].finally.push(command.into());
        self
    }

    /// Sets what follows when a phase fails, such as `ABORT` or `RETRY-2`.
    #[must_use]
    pub fn with_on_failure(mut self, phase: PhaseName, policy: impl Into<String>) -> Self {
        self.phases[phase as usize].on_failure = Some(policy.into());
        self
    }

    /// Adds a report group with its format, such as `JUNITXML`, and the patterns of its files.
    #[must_use]
    pub fn with_report(
        mut self,
        name: impl Into<String>,
        format: impl Into<String>,
        files: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.reports.push((name.into(), format.into(), files.into_iter().map(Into::into).collect()));
        self
    }

    /// Sets what is kept of the build.
    #[must_use]
    pub fn with_artifact_files(mut self, files: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.artifact_files = files.into_iter().map(Into::into).collect();
        self
    }

    /// Sets where artifacts are looked for.
    #[must_use]
    pub fn with_base_directory(mut self, directory: impl Into<String>) -> Self {
        self.base_directory = Some(directory.into());
        self
    }

    /// Sets what is kept between builds.
    #[must_use]
    pub fn with_cache_paths(mut self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.cache_paths = paths.into_iter().map(Into::into).collect();
        self
    }

    /// The text of the file.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut file = Map::new().with("version", Value::plain("0.2"));
        let env = [
            ("shell", self.shell.clone().map(Value::from)),
            ("variables", pairs(&self.variables)),
            ("parameter-store", pairs(&self.parameter_store)),
            ("secrets-manager", pairs(&self.secrets_manager)),
            ("exported-variables", list(&self.exported_variables)),
        ];
        put_map(&mut file, "env", env);
        let mut phases = Map::new();
        for (name, phase) in PhaseName::ALL.iter().zip(&self.phases) {
            let runtimes = if *name == PhaseName::Install { pairs(&self.runtimes) } else { None };
            let entries = [
                ("on-failure", phase.on_failure.clone().map(Value::from)),
                ("runtime-versions", runtimes),
                ("commands", list(&phase.commands)),
                ("finally", list(&phase.finally)),
            ];
            put_map(&mut phases, name.as_str(), entries);
        }
        if !phases.is_empty() {
            file.push("phases", phases);
        }
        let mut reports = Map::new();
        for (name, format, files) in &self.reports {
            put_map(&mut reports, name, [("files", list(files)), ("file-format", Some(format.as_str().into()))]);
        }
        if !reports.is_empty() {
            file.push("reports", reports);
        }
        let directory = self.base_directory.clone().map(Value::from);
        put_map(&mut file, "artifacts", [("files", list(&self.artifact_files)), ("base-directory", directory)]);
        put_map(&mut file, "cache", [("paths", list(&self.cache_paths))]);
        emit::yaml(&file.into())
    }
}

/// The last value of a name counts.
fn put(pairs: &mut Vec<(String, String)>, name: String, value: String) {
    match pairs.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => pairs.push((name, value)),
    }
}

fn put_map<const N: usize>(into: &mut Map, key: &str, entries: [(&str, Option<Value>); N]) {
    let map: Map = entries.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    if !map.is_empty() {
        into.push(key, map);
    }
}

fn pairs(pairs: &[(String, String)]) -> Option<Value> {
    (!pairs.is_empty())
        .then(|| pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Map>().into())
}

fn list(items: &[String]) -> Option<Value> {
    (!items.is_empty()).then(|| items.to_vec().into())
}
