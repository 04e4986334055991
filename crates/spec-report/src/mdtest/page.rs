//! Reading a rule page: its title, its sections, its fences and the markers in them.

use crate::{Rule, Severity};

/// A page as far as the tests look at it.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) title: String,
    /// The first line of text below the title, and its line number.
    pub(super) summary: (usize, String),
    /// Names and lines of the `##` headings.
    pub(super) sections: Vec<(usize, String)>,
    pub(super) fences: Vec<Fence>,
    pub(super) problems: Vec<(usize, String)>,
}

/// A fenced block.
#[derive(Debug)]
pub(super) struct Fence {
    pub(super) section: String,
    /// The line of the opening fence.
    pub(super) line: usize,
    pub(super) info: String,
    pub(super) text: String,
}

/// A diagnostic that a page promises.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Expected {
    /// The line in the text without markers.
    pub(super) line: usize,
    pub(super) severity: Severity,
    pub(super) rule: String,
}

/// A fence's text as the check gets it, and what is expected of it.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) file: String,
    pub(super) text: String,
    /// With the line of the page that says so.
    pub(super) expected: Vec<(usize, Expected)>,
    pub(super) also: Vec<String>,
    /// For each line of `text` its line in the page.
    pub(super) page_lines: Vec<usize>,
    pub(super) problems: Vec<(usize, String)>,
}

impl Page {
    pub(super) fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut section = String::new();
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        while let Some((number, line)) = lines.next() {
            if let Some(fence) = fence_of(line) {
                let info = line[fence.len()..].trim().to_owned();
                let mut text = String::new();
                let mut closed = false;
                for (_, line) in lines.by_ref() {
                    let end = line.trim_end();
                    if end.starts_with(fence) && end.chars().all(|c| fence.starts_with(c)) {
                        closed = true;
                        break;
                    }
                    text.push_str(line);
                    text.push('\n');
                }
                if !closed {
                    page.problems.push((number, "this fence is not closed".to_owned()));
                }
                page.fences.push(Fence { section: section.clone(), line: number, info, text });
            } else if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
                let message = "an indented fence is not run: begin it at the left margin";
                page.problems.push((number, message.to_owned()));
            } else if let Some(name) = line.strip_prefix("## ") {
                name.trim().clone_into(&mut section);
                page.sections.push((number, section.clone()));
            } else if let Some(title) = line.strip_prefix("# ") {
                if page.title.is_empty() {
                    title.trim().clone_into(&mut page.title);
                } else {
                    page.problems.push((number, "a page has one title only".to_owned()));
                }
            } else if page.summary.0 == 0 && section.is_empty() && !line.trim().is_empty() {
                page.summary = (number, line.trim().to_owned());
            }
        }
        page
    }

    pub(super) fn in_section<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Fence> {
        self.fences.iter().filter(move |fence| fence.section == name)
    }

    pub(super) fn section(&self, name: &str) -> Option<usize> {
        self.sections.iter().find(|(_, section)| section == name).map(|(line, _)| *line)
    }
}

/// The backquotes or tildes that open a fence.
fn fence_of(line: &str) -> Option<&str> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = line.trim_start_matches(mark);
    let fence = &line[..line.len() - rest.len()];
    (fence.len() >= 3 && !(mark == '`' && rest.contains('`'))).then_some(fence)
}

impl Example {
    pub(super) fn new(fence: &Fence, page: &Rule) -> Self {
        let mut example = Self {
            file: String::new(),
            text: String::new(),
            expected: Vec::new(),
            also: Vec::new(),
            page_lines: Vec::new(),
            problems: Vec::new(),
        };
        let language = example.read_info(fence, page);
        if example.file.is_empty() {
            let extension = if language == "yaml" { "yml" } else { language };
            example.file = format!("{}.{extension}", page.namespace());
        }
        let commented = !matches!(language, "json");
        for (index, line) in fence.text.lines().enumerate() {
            let page_line = fence.line + 1 + index;
            let (kept, markers) = if commented { split_markers(line) } else { (line, "") };
            let number = example.page_lines.len() + 1;
            match read_markers(markers, page) {
                Ok(found) => example.expected.extend(
                    found.into_iter().map(|(severity, rule)| (page_line, Expected { line: number, severity, rule })),
                ),
                Err(message) => example.problems.push((page_line, message)),
            }
            // A marker alone on its line means the next line, which then has this line's number.
            if markers.is_empty() || !kept.trim().is_empty() {
                example.text.push_str(kept);
                example.text.push('\n');
                example.page_lines.push(page_line);
            }
        }
        example
    }

    fn read_info<'f>(&mut self, fence: &'f Fence, page: &Rule) -> &'f str {
        let mut words = fence.info.split_whitespace();
        let language = words.next().unwrap_or_default();
        if language.is_empty() || language.contains('=') {
            let message = "the fence names no language: write ```yaml or ```json";
            self.problems.push((fence.line, message.to_owned()));
        }
        for word in words {
            let understood = match word.split_once('=') {
                Some(("file", name)) if !name.is_empty() => {
                    name.clone_into(&mut self.file);
                    true
                }
                Some(("also", list)) => read_list(list, page).map(|rules| self.also.extend(rules)).is_some(),
                Some((severity, marks)) => self.read_mark(fence.line, severity, marks, page).is_some(),
                None => false,
            };
            if !understood {
                self.problems.push((
                    fence.line,
                    format!("`{word}` is not understood: write `file=name`, `also=[rule]` or `error=[rule]@line`"),
                ));
            }
        }
        language
    }

    fn read_mark(&mut self, page_line: usize, severity: &str, marks: &str, page: &Rule) -> Option<()> {
        let severity = severity_of(severity)?;
        let (list, line) = marks.rsplit_once('@')?;
        let line = line.parse().ok()?;
        for rule in read_list(list, page)? {
            self.expected.push((page_line, Expected { line, severity, rule }));
        }
        Some(())
    }

    /// The line of the page that shows a line of the text.
    pub(super) fn page_line(&self, line: usize) -> Option<usize> {
        self.page_lines.get(line.checked_sub(1)?).or(self.page_lines.last()).copied()
    }
}

fn severity_of(word: &str) -> Option<Severity> {
    match word {
        "error" => Some(Severity::Error),
        "warning" => Some(Severity::Warning),
        "info" => Some(Severity::Info),
        _ => None,
    }
}

/// `[a,b]` as full rule ids; a short name belongs to the crate of the page.
fn read_list(list: &str, page: &Rule) -> Option<Vec<String>> {
    let names = list.strip_prefix('[')?.strip_suffix(']')?;
    let ids: Vec<String> = names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| match name.contains('/') {
            true => name.to_owned(),
            false => format!("{}/{name}", page.namespace()),
        })
        .collect();
    (!ids.is_empty()).then_some(ids)
}

/// A line without its markers, and the markers.
fn split_markers(line: &str) -> (&str, &str) {
    let starts = ["# error: [", "# warning: [", "# info: ["];
    let at = starts
        .iter()
        .filter_map(|start| line.find(start))
        .filter(|&at| at == 0 || line[..at].ends_with([' ', '\t']))
        .min();
    match at {
        Some(at) => (line[..at].trim_end(), &line[at..]),
        None => (line, ""),
    }
}

fn read_markers(markers: &str, page: &Rule) -> Result<Vec<(Severity, String)>, String> {
    let mut found = Vec::new();
    let mut rest = markers.trim();
    while !rest.is_empty() {
        let marker = (|| {
            let (severity, list) = rest.strip_prefix('#')?.trim_start().split_once(':')?;
            let end = list.find(']')? + 1;
            let rules = read_list(list[..end].trim(), page)?;
            Some((severity_of(severity)?, rules, list[end..].trim_start()))
        })();
        let Some((severity, rules, after)) = marker else {
            return Err(format!("`{rest}` is no marker: write `# error: [rule]` at the end of the line"));
        };
        found.extend(rules.into_iter().map(|rule| (severity, rule)));
        rest = after;
    }
    Ok(found)
}
