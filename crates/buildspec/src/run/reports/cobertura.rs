//! `COBERTURAXML`: `coverage/packages/package/classes/class/lines/line`.

use std::io::BufRead;

use super::found::{FileCoverage, Found, Unreadable};
use super::xml::{Item, walk};
use super::{Format, ReportKind};

pub(super) static FORMAT: Format = Format { name: "COBERTURAXML", kind: ReportKind::CodeCoverage, read };

fn read(input: &mut dyn BufRead, found: &mut Found) -> Result<(), Unreadable> {
    let mut class: Option<FileCoverage> = None;
    walk(input, &mut |path, item| {
        let name = path.last().map_or("", String::as_str);
        match (name, item) {
            ("class", Item::Open(element)) => class = Some(FileCoverage::new(element.text("filename"))),
            ("class", Item::Close) => {
                if let Some(class) = class.take() {
                    found.covered(&class);
                }
            }
            // The lines of a method are told once more among those of its class.
            ("line", Item::Open(element)) if !path.iter().any(|name| name == "method") => {
                let Some(class) = class.as_mut() else { return };
                class.line(element.count("hits") > 0);
                if element.get("branch").is_some_and(|word| word.eq_ignore_ascii_case("true"))
                    && let Some((covered, all)) = condition(element.text("condition-coverage"))
                {
                    class.branches(covered, all.saturating_sub(covered));
                }
            }
            _ => {}
        }
    })
}

/// `50% (1/2)`
fn condition(text: &str) -> Option<(u64, u64)> {
    let (covered, all) = text.split_once('(')?.1.split_once(')')?.0.split_once('/')?;
    Some((covered.trim().parse().ok()?, all.trim().parse().ok()?))
}
