//! Words of an instruction: quoting, escapes, and variables as `$NAME`, `${NAME:-default}` and `${NAME:+other}`.

use super::Problem;

/// Deeper nesting of `${a:-${b:-…}}` is refused: each level costs stack.
const DEPTH: usize = 16;

/// Splits at white space that is neither quoted nor escaped. Quotes and escapes stay, for [`expand`].
pub(super) fn split(text: &str, escape: char) -> Result<Vec<String>, Problem> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match quote {
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
        word.push(c);
        if c == escape && quote != Some('\'') {
            word.extend(chars.next());
        }
    }
    if let Some(open) = quote {
        return Err(Problem::new(format!("the quote {open} is not closed"), "close it, or escape it"));
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

/// Removes quotes and escapes and puts in the values of variables; one that is not set counts as empty.
pub(super) fn expand(word: &str, escape: char, value: &dyn Fn(&str) -> Option<String>) -> Result<String, Problem> {
    let mut expansion = Expansion { chars: word.chars().collect(), at: 0, escape, value };
    expansion.until(None, DEPTH)
}

/// The strings of the JSON (exec) form, if the arguments have it.
pub(super) fn json(arguments: &str) -> Result<Option<Vec<String>>, Problem> {
    if !arguments.starts_with('[') {
        return Ok(None);
    }
    match serde_json::from_str(arguments) {
        Ok(words) => Ok(Some(words)),
        // Docker would quietly run `/bin/sh -c "['a']"`, which is never what was meant.
        Err(error) if arguments.ends_with(']') => Err(Problem::new(
            format!("it looks like the JSON form, but is not JSON: {error}"),
            "write a list of texts in double quotes, such as [\"/bin/app\", \"--flag\"]",
        )),
        Err(_) => Ok(None),
    }
}

struct Expansion<'a> {
    chars: Vec<char>,
    at: usize,
    escape: char,
    value: &'a dyn Fn(&str) -> Option<String>,
}

impl Expansion<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    /// Reads to the end, or to the unquoted character `end`, which is taken.
    fn until(&mut self, end: Option<char>, depth: usize) -> Result<String, Problem> {
        let mut out = String::new();
        loop {
            match self.next() {
                None if end.is_some() => {
                    return Err(Problem::new("`${` is not closed", "close it with `}`, or write `\\$` for a dollar"));
                }
                None => return Ok(out),
                Some(c) if Some(c) == end => return Ok(out),
                Some('\'') => {
                    while let Some(c) = self.next().filter(|c| *c != '\'') {
                        out.push(c);
                    }
                }
                Some('"') => self.double_quoted(&mut out, depth)?,
                Some('$') => self.variable(&mut out, depth)?,
                Some(c) if c == self.escape => out.extend(self.next()),
                Some(c) => out.push(c),
            }
        }
    }

    fn double_quoted(&mut self, out: &mut String, depth: usize) -> Result<(), Problem> {
        while let Some(c) = self.next() {
            match c {
                '"' => break,
                '$' => self.variable(out, depth)?,
                // Within double quotes, the escape means itself before most characters.
                c if c == self.escape => match self.peek() {
                    Some(next) if next == '"' || next == '$' || next == self.escape => out.extend(self.next()),
                    _ => out.push(c),
                },
                c => out.push(c),
            }
        }
        Ok(())
    }

    fn name(&mut self) -> String {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|c| c == '_' || c.is_ascii_alphabetic() || (self.at > start && c.is_ascii_digit()))
        {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    /// Behind a `$`.
    fn variable(&mut self, out: &mut String, depth: usize) -> Result<(), Problem> {
        if self.peek() != Some('{') {
            let name = self.name();
            if name.is_empty() {
                out.push('$');
            } else {
                out.extend((self.value)(&name));
            }
            return Ok(());
        }
        self.at += 1;
        let name = self.name();
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| Problem::new("variables are nested too deep", "set an intermediate ARG"))?;
        if name.is_empty() {
            return Err(Problem::new("`${` has no name behind it", "write `\\$` for a dollar"));
        }
        let value = (self.value)(&name);
        // With a colon, an empty value counts as none.
        let (value, operator) = match self.next() {
            Some(':') => (value.filter(|value| !value.is_empty()), self.next()),
            other => (value, other),
        };
        match operator {
            Some('}') => out.extend(value),
            Some('-') => {
                let default = self.until(Some('}'), depth)?;
                out.push_str(&value.unwrap_or(default));
            }
            Some('+') => {
                let other = self.until(Some('}'), depth)?;
                out.extend(value.map(|_| other));
            }
            _ => {
                return Err(Problem::new(
                    format!("`${{{name}` is followed by an operator that is not known here"),
                    "`${NAME}`, `${NAME:-default}` and `${NAME:+other}` are",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> Option<String> {
        match name {
            "A" => Some("1".to_owned()),
            "EMPTY" => Some(String::new()),
            "HOME_2" => Some("/root".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn variables_and_quotes() {
        for (word, expected) in [
            ("$A", "1"),
            ("x${A}y$A.", "x1y1."),
            ("$HOME_2/b", "/root/b"),
            ("$NONE|${NONE}|$", "||$"),
            ("${NONE:-d} ${EMPTY:-d} ${EMPTY-d} ${A:-d}", "d d  1"),
            ("${NONE:+d}${EMPTY:+d}${EMPTY+e}${A:+d}", "ed"),
            ("${NONE:-${NONE:-$A}}", "1"),
            ("${NONE:-'}'}", "}"),
            ("'$A'\"$A\"", "$A1"),
            (r"\$A \a", "$A a"),
            (r#""\$A \" \a""#, "$A \" \\a"),
            ("$1 $-", "$1 $-"),
        ] {
            assert_eq!(expand(word, '\\', &value).unwrap(), expected, "{word}");
        }
        for word in ["${", "${A", "${A:", "${A:?x}", "${A#x}", "${}", "${NONE:-x"] {
            assert!(expand(word, '\\', &value).is_err(), "{word}");
        }
        assert!(expand(&"${A:-".repeat(100_000), '\\', &value).is_err());
    }

    #[test]
    fn words() {
        for (text, expected) in [
            ("a  b\tc", vec!["a", "b", "c"]),
            ("a='x y' b=\"x 'y\" c=x\\ y", vec!["a='x y'", "b=\"x 'y\"", "c=x\\ y"]),
            ("'\\' b", vec!["'\\'", "b"]),
            ("  ", vec![]),
        ] {
            assert_eq!(split(text, '\\').unwrap(), expected, "{text}");
        }
        assert!(split("a='b", '\\').is_err());
        assert!(split("\"a\\\"", '\\').is_err());
    }

    #[test]
    fn exec_form() {
        assert_eq!(json(r#"["/bin/a", "b c"]"#).unwrap().unwrap(), ["/bin/a", "b c"]);
        assert_eq!(json("/bin/a b").unwrap(), None);
        assert_eq!(json("[ -f a ] && b").unwrap(), None);
        assert!(json("['/bin/a']").is_err());
        assert!(json("[\"a\", 1]").is_err());
    }
}
