//! The grammar of `permissions[].context.range`: `s0[-s3][:c0[.c7][,c13]…]`.

use crate::agent;

/// An SELinux range.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Range {
    /// The lower sensitivity.
    pub low: u32,
    /// The upper sensitivity.
    pub high: u32,
    /// The categories in order.
    pub categories: Vec<u16>,
}

const LAST_CATEGORY: u16 = 1023;

/// Reads a range as agent v1 does.
///
/// # Errors
/// The agent's words.
pub fn parse_range(text: &str) -> Result<Range, String> {
    if text.is_empty() {
        return Err(format!("invalid range part {text}"));
    }
    let (sensitivities, categories) = pair(text, ':')?;
    let (low, high) = pair(sensitivities, '-')?;
    let low = sensitivity(low)?;
    let high = high.map_or(Ok(low), sensitivity)?;
    if high < low {
        return Err(agent::selinux_order(text));
    }
    let categories = categories.map_or(Ok(Vec::new()), category_list)?;
    Ok(Range { low, high, categories })
}

/// The two sides of the first separator; both must hold something.
fn pair(text: &str, separator: char) -> Result<(&str, Option<&str>), String> {
    match text.split_once(separator) {
        None => Ok((text, None)),
        Some((first, rest)) if first.is_empty() || rest.is_empty() => Err(format!("invalid range part {text}")),
        Some((first, rest)) => Ok((first, Some(rest))),
    }
}

fn number(text: &str, letter: char) -> Option<u32> {
    let digits = text.strip_prefix(letter)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

fn sensitivity(text: &str) -> Result<u32, String> {
    number(text, 's').ok_or_else(|| format!("invalid sensitivity {text}"))
}

fn category(text: &str) -> Result<u16, String> {
    number(text, 'c')
        .and_then(|value| u16::try_from(value).ok())
        .filter(|value| *value <= LAST_CATEGORY)
        .ok_or_else(|| format!("invalid category {text}"))
}

fn category_list(text: &str) -> Result<Vec<u16>, String> {
    // Ruby's `split` drops empty parts at the end, so `c0,` is one category.
    let text = text.trim_end_matches(',');
    let mut categories = Vec::new();
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let (first, last) = pair(part, '.')?;
        let first = category(first)?;
        let last = last.map_or(Ok(first), category)?;
        if last < first {
            return Err(format!("invalid category range {part}"));
        }
        categories.extend(first..=last);
    }
    categories.sort_unstable();
    let count = categories.len();
    categories.dedup();
    if categories.len() < count {
        return Err("duplicate categories".to_owned());
    }
    Ok(categories)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let range = parse_range("s3-s5:c13,c0.c7").unwrap();
        assert_eq!((range.low, range.high), (3, 5));
        assert_eq!(range.categories, [0, 1, 2, 3, 4, 5, 6, 7, 13]);
        assert_eq!(parse_range("s0").unwrap().categories, Vec::<u16>::new());
        assert_eq!(parse_range("s0:c01,").unwrap().categories, [1]);
    }

    #[test]
    fn refusals_in_the_agents_words() {
        let table = [
            ("", "invalid range part "),
            ("s0-", "invalid range part s0-"),
            ("s0:", "invalid range part s0:"),
            (":c0", "invalid range part :c0"),
            ("s0:c0.", "invalid range part c0."),
            ("s0:.c0", "invalid range part .c0"),
            ("s0:,c0", "invalid category "),
            ("s0:c0..c3", "invalid category .c3"),
            ("s0-s", "invalid sensitivity s"),
            ("S0", "invalid sensitivity S0"),
            ("s0 ", "invalid sensitivity s0 "),
            ("s0-s1-s2", "invalid sensitivity s1-s2"),
            ("s0:c0:c1", "invalid category c0:c1"),
            ("s0:c1024", "invalid category c1024"),
            ("s0:c0, c1", "invalid category  c1"),
            ("s0:cc1", "invalid category cc1"),
            ("s0:c2.c1", "invalid category range c2.c1"),
            ("s0:c0.c3,c2", "duplicate categories"),
        ];
        for (text, expected) in table {
            assert_eq!(parse_range(text).unwrap_err(), expected, "{text}");
        }
        assert_eq!(parse_range("s3-s0").unwrap_err(), agent::selinux_order("s3-s0"));
    }
}
