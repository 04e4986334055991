//! `JACOCOXML`: `report/…/package/sourcefile/counter`; a group may hold packages, a package may hold no source files.

use std::io::BufRead;

use super::found::{FileCoverage, Found, Unreadable};
use super::xml::{Item, walk};
use super::{Format, ReportKind};

pub(super) static FORMAT: Format = Format { name: "JACOCOXML", kind: ReportKind::CodeCoverage, read };

fn read(input: &mut dyn BufRead, found: &mut Found) -> Result<(), Unreadable> {
    let mut package = String::new();
    let mut file: Option<FileCoverage> = None;
    walk(input, &mut |path, item| {
        let name = path.last().map_or("", String::as_str);
        let parent = path.len().checked_sub(2).and_then(|at| path.get(at)).map_or("", String::as_str);
        match (name, item) {
            ("package", Item::Open(element)) => package = element.text("name").to_owned(),
            ("sourcefile", Item::Open(element)) => {
                let path = format!("{package}/{}", element.text("name"));
                file = Some(FileCoverage::new(path.trim_start_matches('/')));
            }
            ("sourcefile", Item::Close) => {
                if let Some(file) = file.take() {
                    found.covered(&file);
                }
            }
            ("counter", Item::Open(element)) if parent == "sourcefile" => {
                let Some(file) = file.as_mut() else { return };
                let (covered, missed) = (element.count("covered"), element.count("missed"));
                match element.text("type") {
                    "LINE" => {
                        file.lines_covered = file.lines_covered.saturating_add(covered);
                        file.lines_missed = file.lines_missed.saturating_add(missed);
                    }
                    "BRANCH" => file.branches(covered, missed),
                    _ => {}
                }
            }
            _ => {}
        }
    })
}
