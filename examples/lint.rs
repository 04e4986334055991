//! Checks buildspecs, AppSpecs, task definitions and pipelines, and says what is wrong with file, line and column.
//!
//!     cargo run -p examples --example lint -- examples/shop
//!     cargo run -p examples --example lint -- --format sarif . > findings.sarif
//!     cargo run -p examples --example lint -- --image aws/codebuild/standard:7.0 --fix buildspec.yml
//!
//! `--format json` writes one object a line, `{"file","kind","rule","severity","line","column","message","fix"}`, and
//! nothing else on standard output.
//!
//! Exit code: 0 when there are no errors, 1 when there are, 2 when the check itself could not be done.
#![allow(clippy::print_stderr, reason = "a program prints")]

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::{Parser, ValueEnum};
use examples::findings;
use pipeline_runner::preflight::{Checked, Checker};
use spec_report::render::{self, Color, TextOptions};
use spec_report::{Encoding, Levels, Report, Safety, apply_fixes};

/// Fixes that wait for one another are rare, and those that wait for each other would go on for ever.
const MOST_ROUNDS: usize = 10;

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
    /// The image that builds run in, such as `aws/codebuild/standard:7.0`: its runtimes are known then
    #[arg(long)]
    image: Option<String>,
    /// Only count: one line a rule
    #[arg(long)]
    summary: bool,
    /// Also tell which file took the longest to check
    #[arg(long)]
    slowest: bool,
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
    let mut checker = Checker::default().with_levels(Levels::parse(&arguments.levels)?);
    if let Some(image) = &arguments.image {
        checker = checker.with_image(image);
        ensure!(checker.is_image_known(), "nothing is known about the runtimes of the image `{image}`");
    }
    let mut checked = check(&arguments.paths, &checker)?;
    if arguments.fix {
        let mut applied = 0;
        // A fix that touches another one has to wait for the next round.
        for _ in 0..MOST_ROUNDS {
            let fixed = fix(&checked)?;
            if fixed == 0 {
                break;
            }
            applied += fixed;
            checked = check(&arguments.paths, &checker)?;
        }
        eprintln!("{applied} fixes applied");
    }
    let mut report = Report::new();
    for file in &checked {
        report.merge(file.report.clone());
    }
    let mut out = if arguments.summary { findings::count(&checked) } else { rendered(arguments, &checked, &report) };
    if arguments.slowest {
        out += &slowest(&checked, &checker)?;
    }
    std::io::stdout().write_all(out.as_bytes()).context("cannot write the findings")?;
    if matches!(arguments.format, Format::Text | Format::Concise) && !arguments.json {
        eprintln!("{} files: {}", checked.len(), render::summary(&report));
    }
    Ok(if report.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn check(paths: &[PathBuf], checker: &Checker) -> anyhow::Result<Vec<Checked>> {
    let mut checked = Vec::new();
    for path in paths {
        if path.is_dir() {
            checked.extend(checker.directory(path)?);
        } else {
            let found = checker.file(path)?;
            checked.push(found.with_context(|| format!("{} is of no kind that is checked here", path.display()))?);
        }
    }
    Ok(checked)
}

/// Checks the files once more, one after the other, and tells which took the longest, of five times the shortest.
#[allow(clippy::disallowed_methods, reason = "a program that measures looks at the clock")]
fn slowest(checked: &[Checked], checker: &Checker) -> anyhow::Result<String> {
    let mut longest = (Duration::ZERO, PathBuf::new());
    for file in checked {
        let bytes = std::fs::read(&file.path).with_context(|| file.path.display().to_string())?;
        let once = |_| {
            let begun = Instant::now();
            std::hint::black_box(checker.bytes(file.kind, "file", &bytes));
            begun.elapsed()
        };
        let took = (0..5).map(once).min().unwrap_or_default();
        if took > longest.0 {
            longest = (took, file.path.clone());
        }
    }
    Ok(format!("slowest: {:.3} ms {}\n", longest.0.as_secs_f64() * 1e3, longest.1.display()))
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

fn rendered(arguments: &Arguments, checked: &[Checked], report: &Report) -> String {
    match if arguments.json { Format::Json } else { arguments.format } {
        Format::Text => {
            let color = if std::io::stdout().is_terminal() { Color::Always } else { Color::Never };
            render::text_with(report, &TextOptions::default().with_color(color))
        }
        Format::Concise => render::concise(report),
        Format::Json => checked.iter().map(findings::json_lines).collect(),
        Format::Sarif => render::sarif(report, "longshore", env!("CARGO_PKG_VERSION")),
        Format::Github => render::github(report),
    }
}
