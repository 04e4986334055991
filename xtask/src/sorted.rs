//! Lists in source files that are kept sorted: reading them, and putting an entry in its place.
//!
//! Rules, action types and providers are registered by plain `mod` lines and a static slice, which anyone can read and
//! search. The price is that two lists want to be kept; this pays it.

use anyhow::Context as _;

/// The modules that a `mod.rs` declares, in the order of the file; inline modules and `#[cfg(test)]` ones left out.
pub(crate) fn modules(text: &str) -> Vec<&str> {
    let mut modules = Vec::new();
    let mut for_tests = false;
    for line in text.lines() {
        if let Some(module) = module_of(line)
            && !for_tests
        {
            modules.push(module);
        }
        for_tests = line.trim() == "#[cfg(test)]";
    }
    modules
}

/// The module that this line declares in a file of its own.
fn module_of(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
    rest.strip_prefix("mod ")?.strip_suffix(';')
}

/// `text` with `mod name;` in its sorted place.
pub(crate) fn with_module(text: &str, name: &str) -> anyhow::Result<String> {
    let line = format!("mod {name};\n");
    let mut at = 0;
    let mut place = None;
    for existing in text.split_inclusive('\n') {
        if let Some(module) = module_of(existing.trim_end()) {
            anyhow::ensure!(module != name, "the module `{name}` is declared already");
            let after = at + existing.len();
            place = Some(match place {
                Some((_, true)) if module < name => (after, true),
                Some(found) => found,
                None if module < name => (after, true),
                None => (at, false),
            });
        }
        at += existing.len();
    }
    // A list that is still empty begins behind the file's own documentation.
    let (at, blank) = match place {
        Some((at, _)) => (at, ""),
        None => (end_of_header(text), "\n"),
    };
    Ok(format!("{}{blank}{line}{}", &text[..at], &text[at..]))
}

fn end_of_header(text: &str) -> usize {
    let header = |line: &&str| line.starts_with("//!") || line.starts_with("#![");
    text.split_inclusive('\n').take_while(header).map(str::len).sum()
}

/// The static slice called `name`: where the text between its brackets is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice<'a> {
    before: &'a str,
    /// The type of an element, as declared.
    pub(crate) element: &'a str,
    body: &'a str,
    after: &'a str,
}

impl<'a> Slice<'a> {
    /// Finds `static name: &[element] = &[ … ];`.
    pub(crate) fn find(text: &'a str, name: &str) -> anyhow::Result<Self> {
        let absent = || format!("there is no `static {name}: &[…] = &[…];`");
        let declared = text.find(&format!("static {name}: &[")).with_context(absent)?;
        let element_at = declared + format!("static {name}: &[").len();
        let open = "] = &[";
        let element_end = element_at + text[element_at..].find(open).with_context(absent)?;
        let begin = element_end + open.len();
        let end = begin + closing(&text[begin..]).with_context(absent)?;
        Ok(Self {
            before: &text[..begin],
            element: &text[element_at..element_end],
            body: &text[begin..end],
            after: &text[end..],
        })
    }

    /// The entries, without the commas between them.
    pub(crate) fn entries(&self) -> Vec<&'a str> {
        let (mut entries, mut depth, mut start) = (Vec::new(), 0_i32, 0);
        for (at, c) in self.body.char_indices() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    entries.push(&self.body[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
        }
        entries.push(&self.body[start..]);
        entries.into_iter().map(str::trim).filter(|entry| !entry.is_empty()).collect()
    }

    /// The whole file with `entry` added before the first entry that `later` says comes after it.
    pub(crate) fn with_entry(&self, entry: &str, later: impl Fn(&str) -> bool) -> String {
        let mut entries = self.entries();
        let at = entries.iter().position(|existing| later(existing)).unwrap_or(entries.len());
        entries.insert(at, entry);
        let body: String = entries.iter().map(|entry| format!("    {entry},\n")).collect();
        format!("{}\n{body}{}", self.before, self.after)
    }
}

/// Where the bracket that is open at the beginning of `text` closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return Some(at),
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The module that an entry takes its item from: `deploy_ecs` of `&deploy_ecs::DeployEcs`. Types (`Check::new(…)`) are no
/// modules.
pub(crate) fn module_of_entry(entry: &str) -> &str {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let paths = entry.match_indices("::").map(|(end, _)| {
        let start = entry[..end].rfind(|c| !word(c)).map_or(0, |at| at + 1);
        &entry[start..end]
    });
    paths.into_iter().find(|name| name.starts_with(|c: char| c.is_ascii_lowercase())).unwrap_or(entry)
}

/// The first pair of neighbours that stand in the wrong order.
pub(crate) fn disorder<'a>(names: &[&'a str]) -> Option<(&'a str, &'a str)> {
    names.windows(2).find(|pair| pair[0] >= pair[1]).map(|pair| (pair[0], pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "//! Rules.\n\nmod apple;\npub(crate) mod cherry;\n#[cfg(test)]\nmod tests;\n\nuse x::Check;\n\n\
        pub(crate) static CHECKS: &[Check<Subject>] = &[\n    Check { rule: &apple::A, run: apple::check },\n    \
        Check {\n        rule: &cherry::C,\n        run: cherry::check,\n    },\n];\n\nfn f() {}\n";

    #[test]
    fn finds_modules() {
        assert_eq!(modules(FILE), ["apple", "cherry"]);
    }

    #[test]
    fn adds_modules_in_order() {
        for (name, before) in [("aaa", "mod apple;"), ("banana", "pub(crate) mod cherry;"), ("damson", "#[cfg(test)]")]
        {
            let text = with_module(FILE, name).unwrap();
            assert!(text.contains(&format!("mod {name};\n{before}")), "{text}");
        }
        assert!(with_module(FILE, "apple").is_err());
        assert_eq!(with_module("//! Rules.\n", "a").unwrap(), "//! Rules.\n\nmod a;\n");
        assert_eq!(with_module("//! Rules.\n\nuse x;\n", "a").unwrap(), "//! Rules.\n\nmod a;\n\nuse x;\n");
    }

    #[test]
    fn finds_entries_of_any_form() {
        let slice = Slice::find(FILE, "CHECKS").unwrap();
        assert_eq!(slice.element, "Check<Subject>");
        let modules: Vec<&str> = slice.entries().into_iter().map(module_of_entry).collect();
        assert_eq!(modules, ["apple", "cherry"]);
        assert!(Slice::find(FILE, "BUILTIN").is_err());
    }

    #[test]
    fn adds_entries_in_order() {
        let slice = Slice::find(FILE, "CHECKS").unwrap();
        for name in ["aaa", "banana", "damson"] {
            let entry = format!("Check {{ rule: &{name}::X, run: {name}::check }}");
            let text = slice.with_entry(&entry, |existing| module_of_entry(existing) > name);
            let entries =
                Slice::find(&text, "CHECKS").unwrap().entries().into_iter().map(module_of_entry).collect::<Vec<_>>();
            assert!(entries.contains(&name) && disorder(&entries).is_none(), "{entries:?}");
            assert!(text.ends_with("];\n\nfn f() {}\n"));
        }
        let empty = Slice::find("static X: &[u8] = &[];", "X").unwrap().with_entry("1", |_| false);
        assert_eq!(empty, "static X: &[u8] = &[\n    1,\n];");
    }

    #[test]
    fn modules_of_entries() {
        for (entry, module) in [
            ("&deploy_ecs::DeployEcs", "deploy_ecs"),
            ("deploy_ecs::provider", "deploy_ecs"),
            ("Check::new(&a_b::RULE, a_b::check)", "a_b"),
            ("Check { rule: &a::A, run: a::check }", "a"),
            ("1", "1"),
        ] {
            assert_eq!(module_of_entry(entry), module);
        }
    }

    #[test]
    fn disorder_names_the_pair() {
        assert_eq!(disorder(&["a", "b", "c"]), None);
        assert_eq!(disorder(&["a", "c", "b"]), Some(("c", "b")));
        assert_eq!(disorder(&["a", "a"]), Some(("a", "a")));
    }
}
