//! `CLOVERXML`: `coverage/project/package/file/line`; test sources below `testproject` do not count.

use std::io::BufRead;

use super::found::{FileCoverage, Found, Unreadable};
use super::xml::{Item, walk};
use super::{Format, ReportKind};

pub(super) static FORMAT: Format = Format { name: "CLOVERXML", kind: ReportKind::CodeCoverage, read };

fn read(input: &mut dyn BufRead, found: &mut Found) -> Result<(), Unreadable> {
    let mut file: Option<FileCoverage> = None;
    walk(input, &mut |path, item| {
        let name = path.last().map_or("", String::as_str);
        match (name, item) {
            ("file", Item::Open(element)) if !path.iter().any(|name| name == "testproject") => {
                let path = element.get("path").unwrap_or_else(|| element.text("name"));
                file = Some(FileCoverage::new(path));
            }
            ("file", Item::Close) => {
                if let Some(file) = file.take() {
                    found.covered(&file);
                }
            }
            ("line", Item::Open(element)) => {
                let Some(file) = file.as_mut() else { return };
                if element.get("type") == Some("cond") {
                    // A condition has two ways.
                    let taken = [element.count("truecount"), element.count("falsecount")];
                    let covered = taken.iter().filter(|count| **count > 0).count() as u64;
                    file.branches(covered, 2 - covered);
                    file.line(covered > 0);
                } else {
                    file.line(element.count("count") > 0);
                }
            }
            _ => {}
        }
    })
}
