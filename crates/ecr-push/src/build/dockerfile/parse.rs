//! From the text of a Dockerfile to its instructions: continuation lines, comments, parser directives, flags.

use super::Problem;

/// One instruction, joined to a single line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instruction {
    /// Where it begins, counted from one.
    pub(super) line: usize,
    /// In upper case.
    pub(super) keyword: String,
    /// `--name` and `--name=value` before the arguments.
    pub(super) flags: Vec<(String, Option<String>)>,
    /// Everything else, without space around it.
    pub(super) arguments: String,
}

/// The instructions of a file, and the character that escapes in it.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) instructions: Vec<Instruction>,
    pub(super) escape: char,
}

/// A problem, its line and the instruction in whose place it stands.
pub(super) type Located = (usize, String, Problem);

pub(super) fn parse(text: &str) -> Result<Parsed, Located> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    let escape = escape(&lines)?;
    let mut instructions = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(&lines) {
        let trimmed = line.trim_start();
        // Comments and empty lines are dropped even between the lines of one instruction.
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (start, mut joined) = open.take().unwrap_or((number, String::new()));
        let body = line.trim_end();
        match body.strip_suffix(escape) {
            Some(body) => {
                joined.push_str(body);
                open = Some((start, joined));
            }
            None => {
                joined.push_str(body);
                instructions.push(instruction(start, &joined)?);
            }
        }
    }
    // An escape at the end of the file continues with nothing.
    if let Some((start, joined)) = open
        && !joined.trim().is_empty()
    {
        instructions.push(instruction(start, &joined)?);
    }
    Ok(Parsed { instructions, escape })
}

/// The parser directive `# escape=`, which may only stand at the top, among other directives.
fn escape(lines: &[&str]) -> Result<char, Located> {
    for (number, line) in (1..).zip(lines) {
        let Some(directive) = line.trim_start().strip_prefix('#') else { break };
        let Some((name, value)) = directive.split_once('=') else { break };
        match (name.trim().to_ascii_lowercase().as_str(), value.trim()) {
            ("escape", "\\") => return Ok('\\'),
            ("escape", "`") => return Ok('`'),
            ("escape", other) => {
                let problem = Problem::new(format!("`{other}` cannot escape"), "use `\\` or a backtick");
                return Err((number, "escape".to_owned(), problem));
            }
            ("syntax" | "check", _) => {}
            _ => break,
        }
    }
    Ok('\\')
}

fn instruction(line: usize, text: &str) -> Result<Instruction, Located> {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let keyword = word.to_ascii_uppercase();
    let mut rest = rest.trim_start();
    let mut flags = Vec::new();
    // `--` alone ends the flags, as in a shell.
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, after) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        rest = after.trim_start();
        if flag.is_empty() {
            break;
        }
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (flag, None),
        };
        flags.push((name.to_owned(), value));
    }
    if rest.is_empty() {
        let problem = Problem::new("it has no argument", "write what it applies to, or remove it");
        return Err((line, keyword, problem));
    }
    Ok(Instruction { line, keyword, flags, arguments: rest.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(usize, String, String)> {
        let parsed = parse(text).unwrap();
        parsed.instructions.into_iter().map(|i| (i.line, i.keyword, i.arguments)).collect()
    }

    fn one(line: usize, keyword: &str, arguments: &str) -> (usize, String, String) {
        (line, keyword.to_owned(), arguments.to_owned())
    }

    #[test]
    fn lines_are_joined_and_counted() {
        let text = "# a comment\r\n\r\nfrom scratch\r\nENV a=1 \\\r\n  # inner\r\n\r\n  b=2\nCMD x \\";
        assert_eq!(lines(text), [one(3, "FROM", "scratch"), one(4, "ENV", "a=1   b=2"), one(8, "CMD", "x")]);
        assert_eq!(lines("\u{feff}# escape=`\nENV a=\\ `\n b=1"), [one(2, "ENV", "a=\\  b=1")]);
        assert_eq!(lines("# note\n# escape=`\nENV a=`"), [one(3, "ENV", "a=`")]);
        assert_eq!(lines(""), []);
    }

    #[test]
    fn flags_stand_before_the_arguments() {
        let parsed = parse("COPY --chmod=755 --link a --b c").unwrap();
        let [copy] = parsed.instructions.as_slice() else { panic!("one instruction") };
        assert_eq!(copy.flags, [("chmod".to_owned(), Some("755".to_owned())), ("link".to_owned(), None)]);
        assert_eq!(copy.arguments, "a --b c");
    }

    #[test]
    fn what_cannot_be_read() {
        assert_eq!(parse("FROM scratch\n  USER \\\n").unwrap_err().0, 2);
        assert_eq!(parse("# escape=x\n").unwrap_err().1, "escape");
    }
}
