//! From text to [`Buildspec`], with every leniency that CodeBuild has.
//!
//! CodeBuild takes a scalar where its reference says list (`commands`, `files`), a phase without commands, a phase that
//! has only `finally`, numbers and booleans where text is expected, and keys that it does not know. None of that is an
//! error here either; what is worth a word is said by rules.

use spec_report::{
    Diagnostic, Document, Edit, Field, Fix, Limits, MapCursor, Node, Parsed, Reader, Safety, Schema, Source, Span,
    Style, Value, decode,
};

use crate::model::{
    ArtifactSet, Artifacts, Buildspec, Cache, Env, Phase, PhaseName, Phases, Proxy, ReportGroup, SecondaryArtifacts,
    Text, Variable,
};
use crate::rules;

/// Reads a buildspec. Never fails: what is wrong is in the report, and the value holds what could be understood.
///
/// A name that ends in `.json` is read as strict JSON, anything else as YAML, of which JSON is a part.
#[must_use]
pub fn read(source: Source) -> Parsed<Buildspec> {
    read_with(source, &Limits::default())
}

/// As [`read()`], with limits of the caller.
#[must_use]
pub fn read_with(source: Source, limits: &Limits) -> Parsed<Buildspec> {
    let (document, mut report) = spec_report::read(source, limits, &rules::STRUCTURE);
    let mut reader = Reader::new(&document, &rules::STRUCTURE, Schema::Yaml11);
    let value = document.root().and_then(|root| buildspec(root, &mut reader));
    if document.root().is_none() && document.is_complete() {
        let found = "the file is empty: a buildspec has at least `version` and `phases`";
        reader.report_at(rules::STRUCTURE.missing_key, Span::at(0), found);
    }
    report.merge(reader.finish());
    report.extend(rules::explain(&document, &report));
    Parsed { document, value, report }
}

/// As [`read()`], from the bytes of a file: byte order marks, UTF-16 and invalid UTF-8 are dealt with and reported.
#[must_use]
pub fn read_bytes(name: &str, bytes: &[u8]) -> Parsed<Buildspec> {
    let limits = Limits::default();
    let (source, report) = decode(name, bytes, &limits, &rules::STRUCTURE);
    let mut parsed = read_with(source, &limits);
    parsed.report.merge(report);
    parsed
}

fn buildspec(root: &Node, reader: &mut Reader<'_>) -> Option<Buildspec> {
    let mut map = reader.map(root, "the buildspec")?;
    let version = map.require("version", reader);
    let mut spec = Buildspec {
        head: version.map_or(map.head(), |field| field.key.span),
        version: version.and_then(|field| field.str(reader)),
        run_as: text(&mut map, "run-as", reader),
        ..Buildspec::default()
    };
    if let Some(field) = map.take("env") {
        spec.env = env(&field, reader);
    }
    if spec.is_version_0_1()
        && let Some(field) = map.take("environment_variables")
    {
        env_0_1(&field, &mut spec.env, reader);
    }
    if let Some(mut proxy) = map.take("proxy").and_then(|field| field.map_or_null(reader)) {
        spec.proxy = Proxy {
            upload_artifacts: text(&mut proxy, "upload-artifacts", reader),
            logs: text(&mut proxy, "logs", reader),
        };
        proxy.finish(reader);
    }
    spec.batch = map.take("batch").map(|field| field.value.clone());
    spec.phases = map.take("phases").and_then(|field| phases(&field, reader));
    if let Some(mut groups) = map.take("reports").and_then(|field| field.map_or_null(reader)) {
        spec.reports = groups.rest().iter().filter_map(|field| report_group(field, reader)).collect();
    }
    spec.artifacts = map.take("artifacts").and_then(|field| artifacts(&field, spec.is_version_0_1(), reader));
    spec.cache = map.take("cache").and_then(|field| cache(&field, reader));
    map.finish(reader);
    Some(spec)
}

fn env(field: &Field<'_>, reader: &mut Reader<'_>) -> Env {
    let Some(mut map) = field.map_or_null(reader) else { return Env::default() };
    let env = Env {
        shell: text(&mut map, "shell", reader),
        variables: variables(&mut map, "variables", reader),
        parameter_store: variables(&mut map, "parameter-store", reader),
        secrets_manager: variables(&mut map, "secrets-manager", reader),
        exported_variables: list(&mut map, "exported-variables", reader),
        git_credential_helper: text(&mut map, "git-credential-helper", reader),
    };
    map.finish(reader);
    env
}

/// `environment_variables` of version 0.1, whose `plaintext` became `variables`.
fn env_0_1(field: &Field<'_>, env: &mut Env, reader: &mut Reader<'_>) {
    let Some(mut map) = field.map_or_null(reader) else { return };
    env.variables.extend(variables(&mut map, "plaintext", reader));
    env.parameter_store.extend(variables(&mut map, "parameter-store", reader));
    map.finish(reader);
}

fn phases(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Phases> {
    let mut map = field.map_or_null(reader)?;
    let mut phases = Phases::default();
    for name in PhaseName::ALL {
        if let Some(field) = map.take(name.as_str())
            && let Some(phase) = phase(&field, reader)
        {
            phases.set(name, phase);
        }
    }
    map.finish(reader);
    Some(phases)
}

fn phase(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Phase> {
    let mut map = field.map_or_null(reader)?;
    let phase = Phase {
        key: field.key.span,
        run_as: text(&mut map, "run-as", reader),
        on_failure: text(&mut map, "on-failure", reader),
        runtime_versions: variables(&mut map, "runtime-versions", reader),
        commands: map.take("commands").map(|field| commands(&field, reader)).unwrap_or_default(),
        finally: map.take("finally").map(|field| commands(&field, reader)).unwrap_or_default(),
    };
    for name in PhaseName::ALL.map(PhaseName::as_str) {
        // Asked for only if it is there: it must not be suggested for other unknown keys.
        if let Some(inner) = Some(name).filter(|name| map.contains(name)).and_then(|name| map.take(name)) {
            let message = format!("the phase `{name}` is written inside of `{}` and never runs", field.name());
            reader.report(
                Diagnostic::new(&rules::misplaced_phase::MISPLACED_PHASE, reader.source(), inner.key.span, message)
                    .with_help("indent it like the other phases"),
            );
        }
    }
    map.finish(reader);
    Some(phase)
}

fn commands(field: &Field<'_>, reader: &mut Reader<'_>) -> Vec<Text> {
    match &field.value.resolved().value {
        _ if field.is_null(reader) => Vec::new(),
        Value::Seq(items) => {
            items.iter().enumerate().filter_map(|(index, item)| command(item, index, field, reader)).collect()
        }
        Value::Scalar(_) => field.str(reader).into_iter().collect(),
        _ => {
            reader.wrong_type(field.value, &format!("`{}`", field.name()), "a list of commands");
            Vec::new()
        }
    }
}

fn command(item: &Node, index: usize, field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Text> {
    let what = format!("item {} of `{}`", index + 1, field.name());
    if reader.is_null(item) {
        reader.report(
            Diagnostic::new(
                &rules::null_command::NULL_COMMAND,
                reader.source(),
                item_place(item, field),
                format!("{what} is empty"),
            )
            .with_help("remove the dash, or write a command behind it"),
        );
        return Some(Text::new(String::new(), item.span));
    }
    if let Value::Map(entries) = &item.resolved().value {
        let span = entries.first().map_or(item.span, |entry| entry.key.span);
        let message = format!("{what} is a mapping, for an unquoted `: ` makes its beginning a key");
        let mut diagnostic =
            Diagnostic::new(&rules::command_is_a_mapping::COMMAND_IS_A_MAPPING, reader.source(), span, message)
                .with_help("put the whole command in quotes");
        if let Some(fix) = quoted(item, reader.document()) {
            diagnostic = diagnostic.with_fix(fix);
        }
        reader.report(diagnostic);
        return None;
    }
    reader.str(item, &what)
}

/// An item that was left out has no text to point at; the key above it has.
fn item_place(item: &Node, field: &Field<'_>) -> Span {
    if item.span.is_empty() && item.span.start == 0 { field.key.span } else { item.span }
}

/// The edit that makes one string of a mapping that was meant as a command on one line.
fn quoted(item: &Node, document: &Document) -> Option<Fix> {
    let text = document.source().slice(item.span);
    let plain = |node: &Node| match &node.value {
        Value::Scalar(scalar) => !matches!(scalar.style, Style::Literal | Style::Folded),
        _ => false,
    };
    let Value::Map(entries) = &item.value else { return None };
    let simple = entries.len() == 1 && entries.iter().all(|entry| plain(&entry.key) && plain(&entry.value));
    if !simple || text.contains('\n') || text.starts_with(['{', '"', '\'']) {
        return None;
    }
    Some(Fix {
        title: "quote the command".to_owned(),
        edits: vec![Edit { span: item.span, replacement: format!("'{}'", text.trim_end().replace('\'', "''")) }],
        safety: Safety::Safe,
    })
}

fn report_group(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<ReportGroup> {
    let mut map = field.map(reader)?;
    let mut group = ReportGroup::new(field.spanned_name());
    group.files = match map.require("files", reader) {
        Some(field) => field.str_or_seq(reader),
        None => Vec::new(),
    };
    group.file_format = text(&mut map, "file-format", reader);
    group.base_directory = text(&mut map, "base-directory", reader);
    group.discard_paths = text(&mut map, "discard-paths", reader);
    map.finish(reader);
    Some(group)
}

fn artifacts(field: &Field<'_>, version_0_1: bool, reader: &mut Reader<'_>) -> Option<Artifacts> {
    let mut map = field.map_or_null(reader)?;
    let mut artifacts = Artifacts { primary: artifact_set(&mut map, field, reader), ..Artifacts::default() };
    if version_0_1 {
        // Deprecated, and without effect even there.
        let _ = map.take("type");
    }
    if let Some(mut secondary) = map.take("secondary-artifacts").and_then(|field| field.map_or_null(reader)) {
        for field in secondary.rest() {
            let Some(mut map) = field.map_or_null(reader) else { continue };
            let set = artifact_set(&mut map, &field, reader);
            map.finish(reader);
            artifacts.secondary_artifacts.push(SecondaryArtifacts::new(field.spanned_name(), set));
        }
    }
    map.finish(reader);
    Some(artifacts)
}

fn artifact_set(map: &mut MapCursor<'_>, field: &Field<'_>, reader: &mut Reader<'_>) -> ArtifactSet {
    ArtifactSet {
        files: list(map, "files", reader),
        name: text(map, "name", reader),
        discard_paths: text(map, "discard-paths", reader),
        base_directory: text(map, "base-directory", reader),
        exclude_paths: list(map, "exclude-paths", reader),
        enable_symlinks: text(map, "enable-symlinks", reader),
        s3_prefix: text(map, "s3-prefix", reader),
        key: field.key.span,
    }
}

fn cache(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Cache> {
    let mut map = field.map_or_null(reader)?;
    let cache = Cache {
        paths: list(&mut map, "paths", reader),
        key: text(&mut map, "key", reader),
        fallback_keys: list(&mut map, "fallback-keys", reader),
        action: text(&mut map, "action", reader),
    };
    map.finish(reader);
    Some(cache)
}

/// A scalar; null is as good as absent.
fn text(map: &mut MapCursor<'_>, key: &str, reader: &mut Reader<'_>) -> Option<Text> {
    let field = map.take(key)?;
    if field.is_null(reader) { None } else { field.str(reader) }
}

/// A list of scalars or one scalar; null is as good as absent.
fn list(map: &mut MapCursor<'_>, key: &str, reader: &mut Reader<'_>) -> Vec<Text> {
    match map.take(key) {
        Some(field) if !field.is_null(reader) => field.str_or_seq(reader),
        _ => Vec::new(),
    }
}

/// A mapping of names to scalars; a null value is the empty text, as in CodeBuild.
fn variables(map: &mut MapCursor<'_>, key: &str, reader: &mut Reader<'_>) -> Vec<Variable> {
    let Some(mut map) = map.take(key).and_then(|field| field.map_or_null(reader)) else { return Vec::new() };
    let mut variables = Vec::new();
    for field in map.rest() {
        if let Some(value) = field.str_or_empty(reader) {
            variables.push(Variable::new(field.spanned_name(), value));
        }
    }
    variables
}
