//! Checks buildspecs, AppSpecs, task definitions and pipelines, and says what is wrong with file, line and column.
//!
//!     cargo run -p examples --example lint -- examples/shop
//!     cargo run -p examples --example lint -- --format sarif . > findings.sarif
//!
//! `--format json` writes one object a line, `{"file","kind","rule","severity","line","column","message","fix"}`, and
//! nothing else on standard output.
//!
//! Exit code: 0 when there are no errors, 1 when there are, 2 when the check itself could not be done.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use pipeline_runner::preflight::{self, Checked};
use spec_report::render::{self, Color, TextOptions};
use spec_report::{Diagnostic, Encoding, Levels, Report, Safety, Severity, apply_fixes};

/// Checks the files of a delivery on AWS before AWS sees them.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Files and directories; directories are searched for files of known kinds
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write JSON: the same as `--format json`
    #[arg(long)]
    json: bool,
    /// Levels of rules, such as `allow=buildspec/x,deny=appspec/*`
    #[arg(long, default_value = "")]
    levels: String,
    /// Apply the fixes that are safe, then check again
    #[arg(long)]
    fix: bool,
    /// Only count: one line a rule
    #[arg(long)]
    summary: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Concise,
    Json,
    Sarif,
    Github,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let levels = Levels::parse(&arguments.levels)?;
    let mut checked = check(&arguments.paths, &levels)?;
    if arguments.fix {
        let fixed = fix(&checked)?;
        eprintln!("{fixed} fixes applied");
        checked = check(&arguments.paths, &levels)?;
    }
    let mut report = Report::new();
    for file in &checked {
        report.merge(file.report.clone());
    }
    if arguments.summary {
        count(&checked);
    } else {
        print!("{}", rendered(arguments, &checked));
    }
    if matches!(arguments.format, Format::Text | Format::Concise) && !arguments.json {
        eprintln!("{} files: {}", checked.len(), render::summary(&report));
    }
    Ok(if report.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn check(paths: &[PathBuf], levels: &Levels) -> anyhow::Result<Vec<Checked>> {
    let mut checked = Vec::new();
    for path in paths {
        if path.is_dir() {
            checked.extend(preflight::check_directory(path, levels)?);
        } else {
            let found = preflight::check_file(path, levels)?;
            checked.push(found.with_context(|| format!("{} is of no kind that is checked here", path.display()))?);
        }
    }
    Ok(checked)
}

fn fix(checked: &[Checked]) -> anyhow::Result<usize> {
    let mut applied = 0;
    for file in checked {
        let Some(source) = file.report.iter().next().map(|found| found.primary.source.clone()) else { continue };
        let fixed = apply_fixes(&source, file.report.iter(), Safety::Safe);
        let mark = match source.encoding() {
            Encoding::Utf8 => "",
            Encoding::Utf8Bom => "\u{feff}",
            // Writing UTF-8 in place of what was there is more than a fix should do.
            _ => continue,
        };
        if fixed.applied > 0 {
            std::fs::write(&file.path, format!("{mark}{}", fixed.text))
                .with_context(|| file.path.display().to_string())?;
            applied += fixed.applied;
        }
    }
    Ok(applied)
}

fn rendered(arguments: &Arguments, checked: &[Checked]) -> String {
    let mut report = Report::new();
    for file in checked {
        report.merge(file.report.clone());
    }
    let report = &report;
    match if arguments.json { Format::Json } else { arguments.format } {
        Format::Text => {
            let color = if std::io::stdout().is_terminal() { Color::Always } else { Color::Never };
            render::text_with(report, &TextOptions::default().with_color(color))
        }
        Format::Concise => render::concise(report),
        Format::Json => checked.iter().flat_map(json_lines).collect(),
        Format::Sarif => render::sarif(report, "longshore", env!("CARGO_PKG_VERSION")),
        Format::Github => render::github(report),
    }
}

fn json_lines(file: &Checked) -> Vec<String> {
    let line = |found: &Diagnostic| {
        let place = found.primary.source.position(found.primary.span.start);
        let object = serde_json::json!({
            "file": file.path,
            "kind": file.kind.to_string(),
            "rule": found.rule.id,
            "severity": found.severity,
            "line": place.line,
            "column": place.column,
            "message": found.message,
            "fix": found.fix.is_some(),
        });
        format!("{object}\n")
    };
    file.report.iter().map(line).collect()
}

fn count(checked: &[Checked]) {
    let mut rules: BTreeMap<(Severity, &str), (usize, usize)> = BTreeMap::new();
    for file in checked {
        let mut seen = Vec::new();
        for found in file.report.iter() {
            let (findings, files) = rules.entry((found.severity, found.rule.id)).or_default();
            *findings += 1;
            if !seen.contains(&found.rule.id) {
                *files += 1;
                seen.push(found.rule.id);
            }
        }
    }
    for ((severity, rule), (findings, files)) in rules {
        println!("{severity:8} {rule:50} {findings:5} findings in {files:4} files");
    }
}
