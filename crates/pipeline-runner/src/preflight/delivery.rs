//! What only several files together show: a pipeline beside the buildspecs, task definitions and AppSpecs of its source.
//!
//! Which buildspec a CodeBuild project uses stands in the project, not in the pipeline. So a finding is made only when no
//! file at hand would do, and none when there is no file of the kind at all. The rules live here and not in
//! `pipeline-model`, since a crate knows only those below it.

use std::collections::BTreeSet;

use buildspec::Buildspec;
use buildspec::model::ArtifactSet;
use buildspec::run::batch;
use pipeline_model::Declaration;
use pipeline_model::graph::{ActionRef, Flow, refs};
use pipeline_model::model::Action;
use pipeline_model::places::join;
use pipeline_model::references::references;
use spec_report::{Diagnostic, Levels, Report, Rule, declare_rule};

use super::{Kind, read_pipeline};

/// The name that ECS actions read unless they say otherwise.
const IMAGE_DEFINITIONS: &str = "imagedefinitions.json";

declare_rule! {
    /// ## What it does
    /// Compares the output artifacts of a CodeBuild action with the artifacts of the buildspecs at hand. One output is the
    /// primary artifact, whatever its name; each of several is the secondary artifact of its name. With `BatchEnabled` an
    /// output is named after a build, or after a build and its secondary artifact: `build1`, `build1_report`.
    ///
    /// ## Why
    /// The build succeeds and the pipeline fails: nobody makes what later actions read.
    pub(super) static ARTIFACT_NOT_BUILT = {
        id: "pipeline-runner/artifact-not-built",
        severity: Warning,
        summary: "no buildspec makes the output artifact",
    }

    /// ## What it does
    /// Compares the file that an ECS action reads (`FileName`, or `imagedefinitions.json`) with the artifacts of the
    /// buildspecs at hand, when a build gives the artifact.
    ///
    /// ## Why
    /// The deployment fails minutes later, because the file is not in the artifact.
    pub(super) static IMAGE_DEFINITIONS_NOT_WRITTEN = {
        id: "pipeline-runner/image-definitions-not-written",
        severity: Warning,
        summary: "no buildspec puts the file of image definitions into its artifacts",
    }

    /// ## What it does
    /// Compares the placeholder of each image of a deployment of CodeDeploy to ECS with the task definitions and AppSpecs
    /// at hand: `<IMAGE1_NAME>` for `Image1ContainerName: IMAGE1_NAME`, and `<TASK_DEFINITION>`.
    ///
    /// ## Why
    /// Only placeholders are replaced: without one the old image is deployed again, or the registration is refused.
    pub(super) static PLACEHOLDER_MISSING = {
        id: "pipeline-runner/placeholder-missing",
        severity: Warning,
        summary: "no file has the placeholder that the deployment replaces",
    }

    /// ## What it does
    /// Compares the container names that the commands of a buildspec write into a file of image definitions with the
    /// containers of the task definitions at hand.
    ///
    /// ## Why
    /// The ECS action fails for a container that the task definition does not have.
    pub(super) static UNKNOWN_CONTAINER = {
        id: "pipeline-runner/unknown-container",
        severity: Warning,
        summary: "the image is for a container that no task definition has",
    }

    /// ## What it does
    /// Compares references to variables of builds, such as `#{Build.IMAGE_TAG}`, with the `exported-variables` of the
    /// buildspecs at hand.
    ///
    /// ## Why
    /// The action that uses the variable fails before it starts.
    pub(super) static VARIABLE_NOT_EXPORTED = {
        id: "pipeline-runner/variable-not-exported",
        severity: Warning,
        summary: "no buildspec exports the variable",
    }
}

/// The rules about several files, sorted by id.
pub const RULES: &[&Rule] = &[
    &ARTIFACT_NOT_BUILT,
    &IMAGE_DEFINITIONS_NOT_WRITTEN,
    &PLACEHOLDER_MISSING,
    &UNKNOWN_CONTAINER,
    &VARIABLE_NOT_EXPORTED,
];

/// Files of one source, by kind.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    pipelines: Vec<Declaration>,
    buildspecs: Vec<(spec_report::Document, Buildspec)>,
    task_definitions: Vec<(String, ecs_taskdef::TaskDefinition)>,
    app_specs: Vec<String>,
}

impl Delivery {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With a file. One that cannot be read as its kind is left out: its own check says why.
    #[must_use]
    pub fn with(mut self, kind: Kind, name: &str, bytes: &[u8]) -> Self {
        let text = || String::from_utf8_lossy(bytes).into_owned();
        match kind {
            Kind::AppSpec => self.app_specs.push(text()),
            Kind::Buildspec => {
                let read = buildspec::read_bytes(name, bytes);
                self.buildspecs.extend(read.value.map(|value| (read.document, value)));
            }
            Kind::Pipeline => self.pipelines.extend(read_pipeline(name, bytes).declarations),
            Kind::TaskDefinition => {
                let read = ecs_taskdef::read_bytes(name, bytes);
                self.task_definitions.extend(read.value.map(|value| (text(), value)));
            }
        }
        self
    }

    /// What does not fit together. Findings are in the pipelines, but for containers, which stand in buildspecs.
    #[must_use]
    pub fn check(&self, levels: &Levels) -> Report {
        let mut report = Report::new();
        for declaration in &self.pipelines {
            for (at, action) in refs(&declaration.pipeline) {
                let found = At { declaration, at, action };
                match action.action_type_id.provider.as_str() {
                    "CodeBuild" => self.artifacts(found, &mut report),
                    "ECS" => self.image_definitions(found, &mut report),
                    "CodeDeployToECS" => self.placeholders(found, &mut report),
                    _ => {}
                }
                self.variables(found, &mut report);
            }
        }
        let deploys = |declaration: &Declaration| {
            declaration.pipeline.actions().any(|(_, action)| action.action_type_id.provider == "ECS")
        };
        if self.pipelines.iter().any(deploys) {
            self.containers(&mut report);
        }
        levels.apply(&mut report);
        report
    }

    fn artifacts(&self, found: At<'_>, report: &mut Report) {
        // A buildspec of its own is not among those at hand.
        if self.buildspecs.is_empty() || found.action.config("BuildspecOverride").is_some() {
            return;
        }
        let outputs = &found.action.output_artifacts;
        let built = Built::of(found, outputs.len());
        for (index, output) in outputs.iter().enumerate() {
            let name = output.name.as_str();
            let unknown = name.contains("${");
            if unknown || self.buildspecs.iter().any(|(_, buildspec)| makes(buildspec, name, built)) {
                continue;
            }
            let message = format!("no buildspec at hand makes the output artifact `{name}`");
            let help = match built {
                Built::Primary => "list its files in the buildspec: `artifacts: {files: [...]}`".to_owned(),
                Built::Secondary => {
                    format!("list its files in the buildspec: `artifacts: {{secondary-artifacts: {{{name}: ...}}}}`")
                }
                Built::Batch => "name it after a build of the batch, or after a build and its secondary artifact: \
                                 `build1`, `build1_report`"
                    .to_owned(),
            };
            let field = join(&join(&join(&found.path(), "outputArtifacts"), index), "name");
            report.push(found.finding(&ARTIFACT_NOT_BUILT, &field, message, help));
        }
    }

    fn image_definitions(&self, found: At<'_>, report: &mut Report) {
        let file = found.known("FileName").unwrap_or(IMAGE_DEFINITIONS);
        let symbolic = found.declaration.places.is_symbolic(&found.config_path("FileName"));
        let pipeline = &found.declaration.pipeline;
        let flow = Flow::new(pipeline);
        let mut inputs = found.action.input_artifacts.iter();
        let built = inputs.any(|input| {
            let giver = flow.producer_for(&input.name, found.at).and_then(|at| at.of(pipeline));
            giver.is_some_and(|action| action.action_type_id.provider == "CodeBuild")
        });
        let written = self.buildspecs.iter().any(|(_, buildspec)| writes(buildspec, file));
        if symbolic || !built || self.buildspecs.is_empty() || written {
            return;
        }
        let message = format!(
            "action `{}` reads `{file}`, and no buildspec at hand puts it into its artifacts",
            found.action.name
        );
        let field = if found.known("FileName").is_some() { found.config_path("FileName") } else { found.name() };
        let help = format!("write it in a command of the build, and list it: `artifacts: {{files: [{file}]}}`");
        report.push(found.finding(&IMAGE_DEFINITIONS_NOT_WRITTEN, &field, message, help));
    }

    fn placeholders(&self, found: At<'_>, report: &mut Report) {
        for number in 1..=4 {
            let key = format!("Image{number}ContainerName");
            let Some(name) = found.known(&key).filter(|_| !self.task_definitions.is_empty()) else { continue };
            let placeholder = format!("<{name}>");
            if !self.task_definitions.iter().any(|(text, _)| text.contains(&placeholder)) {
                let message = format!("no task definition at hand has the placeholder `{placeholder}`");
                let help = format!("write it as the image of the container: `\"image\": \"{placeholder}\"`");
                report.push(found.finding(&PLACEHOLDER_MISSING, &found.config_path(&key), message, help));
            }
        }
        let revision = |text: &&String| text.contains("TaskDefinition");
        let mut services = self.app_specs.iter().filter(revision).peekable();
        if services.peek().is_some() && !services.any(|text| text.contains("<TASK_DEFINITION>")) {
            let message = format!(
                "no AppSpec at hand has the placeholder `<TASK_DEFINITION>`, which action `{}` replaces",
                found.action.name
            );
            let help = "write it where the AppSpec names the task definition: `TaskDefinition: <TASK_DEFINITION>`";
            report.push(found.finding(&PLACEHOLDER_MISSING, &found.name(), message, help.to_owned()));
        }
    }

    fn variables(&self, found: At<'_>, report: &mut Report) {
        if self.buildspecs.is_empty() {
            return;
        }
        let exported: BTreeSet<&str> = self
            .buildspecs
            .iter()
            .flat_map(|(_, buildspec)| &buildspec.env.exported_variables)
            .map(|name| name.value.as_str())
            .collect();
        let pipeline = &found.declaration.pipeline;
        for (key, value) in &found.action.configuration {
            for (namespace, name) in references(value.expose()).filter_map(|reference| reference.parts()) {
                let mut givers = pipeline.actions().map(|(_, action)| action);
                let giver = givers.find(|action| action.namespace.as_deref() == Some(namespace));
                let by_build = giver.is_some_and(|action| action.action_type_id.provider == "CodeBuild");
                if by_build && !exported.contains(name) {
                    let message = format!("no buildspec at hand exports the variable `{name}`");
                    let help = format!("list it in the buildspec: `env: {{exported-variables: [{name}]}}`");
                    report.push(found.finding(&VARIABLE_NOT_EXPORTED, &found.config_path(key), message, help));
                }
            }
        }
    }

    fn containers(&self, report: &mut Report) {
        let known: BTreeSet<&str> = self.task_definitions.iter().flat_map(|(_, task)| task.container_names()).collect();
        if known.is_empty() {
            return;
        }
        for (document, buildspec) in self.buildspecs.iter().filter(|(_, buildspec)| writes_any(buildspec)) {
            for (_, command) in buildspec.commands() {
                for name in container_names(&command.value).into_iter().filter(|name| !known.contains(name)) {
                    let message =
                        format!("the image is for the container `{name}`, which no task definition at hand has");
                    let names: Vec<&str> = known.iter().copied().collect();
                    let mut finding = Diagnostic::new(&UNKNOWN_CONTAINER, document.source(), command.span, message);
                    finding.set_help(format!("the containers are {}", names.join(", ")));
                    report.push(finding);
                }
            }
        }
    }
}

/// An action in its file.
#[derive(Clone, Copy)]
struct At<'d> {
    declaration: &'d Declaration,
    at: ActionRef,
    action: &'d Action,
}

impl At<'_> {
    fn path(&self) -> String {
        join(&join(&join("/stages", self.at.stage), "actions"), self.at.action)
    }

    fn name(&self) -> String {
        join(&self.path(), "name")
    }

    fn config_path(&self, key: &str) -> String {
        join(&join(&self.path(), "configuration"), key)
    }

    /// A setting that neither a deployment nor an execution replaces.
    fn known(&self, key: &str) -> Option<&str> {
        self.action.config(key).filter(|text| !text.contains("${") && !text.contains("#{"))
    }

    fn finding(&self, rule: &'static Rule, path: &str, message: String, help: String) -> Diagnostic {
        let span = self.declaration.places.value(path);
        let mut finding = Diagnostic::new(rule, &self.declaration.source, span, message);
        finding.set_help(help);
        finding
    }
}

/// What an output of a build is.
#[derive(Clone, Copy)]
enum Built {
    /// The primary artifact.
    Primary,
    /// The secondary artifact of its name.
    Secondary,
    /// An artifact of the build of a batch that it is named after.
    Batch,
}

impl Built {
    fn of(found: At<'_>, outputs: usize) -> Self {
        let says = |key| found.action.config(key).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        match (says("BatchEnabled"), says("CombineArtifacts"), outputs) {
            (true, false, _) => Self::Batch,
            (false, _, 2..) => Self::Secondary,
            _ => Self::Primary,
        }
    }
}

/// Whether a buildspec certainly or possibly makes the output of this name.
fn makes(buildspec: &Buildspec, output: &str, built: Built) -> bool {
    let primary = || buildspec.artifacts.as_ref().is_some_and(|artifacts| !artifacts.primary.files.is_empty());
    let secondary = |name: &str| {
        let mut secondary = buildspec.artifacts.iter().flat_map(|artifacts| &artifacts.secondary_artifacts);
        secondary.any(|artifacts| artifacts.identifier.value == name)
    };
    match built {
        Built::Primary => primary(),
        Built::Secondary => secondary(output),
        Built::Batch => {
            let Ok(plan) = batch::plan(buildspec) else { return buildspec.batch.is_some() };
            plan.tasks.iter().any(|task| {
                let Some(rest) = output.strip_prefix(&task.identifier) else { return false };
                // What a build with a buildspec of its own makes is written there.
                let elsewhere = task.buildspec.is_some();
                match rest.strip_prefix('_') {
                    None => rest.is_empty() && (elsewhere || primary()),
                    Some(identifier) => elsewhere || secondary(identifier),
                }
            }) || generated(buildspec)
        }
    }
}

/// Whether CodeBuild names the builds of the batch, in a way that is not documented.
fn generated(buildspec: &Buildspec) -> bool {
    let kind = |name| buildspec.batch.as_ref().is_some_and(|batch| batch.get(name).is_some());
    kind("build-matrix") || kind("build-fanout")
}

/// Whether the artifacts of a buildspec certainly or possibly hold the file at their root.
fn writes(buildspec: &Buildspec, file: &str) -> bool {
    let Some(artifacts) = &buildspec.artifacts else { return false };
    let holds = |set: &ArtifactSet| {
        let flat = set.discard_paths.as_ref().and_then(|text| buildspec::model::yes_no(&text.value)) == Some(true);
        set.files.iter().any(|pattern| {
            let pattern = pattern.value.trim_start_matches("./");
            let last = pattern.rsplit('/').next().unwrap_or(pattern);
            // What the shell or a pattern makes of it is not known here.
            pattern == file || pattern.contains(['*', '$', '?']) || flat && last == file
        })
    };
    holds(&artifacts.primary) || artifacts.secondary_artifacts.iter().any(|one| holds(&one.artifacts))
}

fn writes_any(buildspec: &Buildspec) -> bool {
    buildspec.commands().any(|(_, command)| command.value.contains("imageUri"))
}

/// The names that a command such as `printf '[{"name":"web","imageUri":"%s"}]'` writes; those that it computes are left
/// out.
fn container_names(command: &str) -> Vec<&str> {
    let mut names = Vec::new();
    if !command.contains("imageUri") {
        return names;
    }
    let mut rest = command;
    while let Some(at) = rest.find("name") {
        rest = &rest[at + "name".len()..];
        let value = rest.trim_start_matches(['\\', '"', '\'']).trim_start();
        let Some(value) = value.strip_prefix(':') else { continue };
        let value = value.trim_start().trim_start_matches(['\\', '"', '\'']);
        let end = value.find(['\\', '"', '\'', ',', '}']).unwrap_or(value.len());
        let name = &value[..end];
        let literal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !name.is_empty() && name.chars().all(literal) {
            names.push(name);
        }
        rest = value;
    }
    names
}
