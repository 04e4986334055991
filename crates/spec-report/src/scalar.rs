//! What a scalar's text means, by the three schemas that matter.
//!
//! The tree keeps text; this module answers how some consumer would type it.
//!
//! | text | YAML 1.1 | YAML 1.2 core | JSON |
//! |---|---|---|---|
//! | `yes` `on` `No` `OFF` | boolean | string | string |
//! | `y` `n` | string (as in PyYAML and Psych; the 1.1 type repository says boolean) | string | string |
//! | `012` | 10 (octal) | 12 | string |
//! | `0o12` | string | 10 | string |
//! | `1_000` | 1000 | string | string |
//! | `1:30` | 90 (base 60) | string | string |
//! | `0b101` | 5 | string | string |
//! | `1e3` | string (1.1 wants a dot and a signed exponent) | 1000.0 | 1000.0 |
//! | `.5` `.inf` `.nan` | float | float | string |
//! | `2001-01-01` | string; see [`is_timestamp`] | string | string |
//! | empty, `~`, `null`, `NULL` | null | null | `null` only |
//!
//! Quoted and block scalars are strings. A tag of the core schema decides over the text where the
//! text allows it (`!!str 12` is a string, `!!int "12"` a number); any other tag makes a string.

use crate::{Node, Style, Value};

/// A set of rules for typing plain scalars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Schema {
    /// YAML 1.1: what PyYAML, Psych, SnakeYAML and older Go programs read.
    #[default]
    Yaml11,
    /// YAML 1.2, core schema.
    Yaml12,
    /// JSON: `true`, `false`, `null` and numbers.
    Json,
}

/// A scalar with a type.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Typed<'a> {
    /// Nothing, and an alias without a target.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer; those beyond 128 bits are floats.
    Int(i128),
    /// A floating point number.
    Float(f64),
    /// Text.
    Str(&'a str),
    /// Not a scalar: a list or a mapping.
    Collection,
}

impl Node {
    /// The node's value by a schema, aliases followed.
    #[must_use]
    pub fn typed(&self, schema: Schema) -> Typed<'_> {
        let node = self.resolved();
        let scalar = match &node.value {
            Value::Scalar(scalar) => scalar,
            Value::Alias(_) => return Typed::Null,
            Value::Seq(_) | Value::Map(_) => return Typed::Collection,
        };
        let text = scalar.text.as_str();
        let tag = node.tag.as_ref().map(|tag| core_tag(&tag.text));
        match tag {
            None if scalar.style == Style::Plain => plain(text, schema),
            // An explicit core tag types also quoted text; text that does not fit stays a string.
            Some(Some("null")) => Typed::Null,
            Some(Some("bool")) => match plain(text, schema) {
                typed @ Typed::Bool(_) => typed,
                _ => Typed::Str(text),
            },
            Some(Some("int")) => match plain(text, schema) {
                typed @ Typed::Int(_) => typed,
                _ => Typed::Str(text),
            },
            Some(Some("float")) => match plain(text, schema) {
                Typed::Int(value) => Typed::Float(value as f64),
                typed @ Typed::Float(_) => typed,
                _ => Typed::Str(text),
            },
            _ => Typed::Str(text),
        }
    }

    /// Whether the node is null by a schema.
    #[must_use]
    pub fn is_null(&self, schema: Schema) -> bool {
        self.typed(schema) == Typed::Null
    }
}

/// The name of a core schema tag: `int` for `!!int` and `!<tag:yaml.org,2002:int>`.
fn core_tag(tag: &str) -> Option<&str> {
    tag.strip_prefix("!!").or_else(|| tag.strip_prefix("!<tag:yaml.org,2002:")?.strip_suffix('>'))
}

/// Types the text of a plain scalar.
pub(crate) fn plain(text: &str, schema: Schema) -> Typed<'_> {
    let typed = match schema {
        Schema::Yaml11 => null(text).or_else(|| bool11(text)).or_else(|| number11(text)),
        Schema::Yaml12 => null(text).or_else(|| bool12(text)).or_else(|| number12(text)),
        Schema::Json => json(text),
    };
    typed.unwrap_or(Typed::Str(text))
}

fn null(text: &str) -> Option<Typed<'static>> {
    matches!(text, "" | "~" | "null" | "Null" | "NULL").then_some(Typed::Null)
}

fn bool12(text: &str) -> Option<Typed<'static>> {
    match text {
        "true" | "True" | "TRUE" => Some(Typed::Bool(true)),
        "false" | "False" | "FALSE" => Some(Typed::Bool(false)),
        _ => None,
    }
}

fn bool11(text: &str) -> Option<Typed<'static>> {
    match text {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(Typed::Bool(true)),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(Typed::Bool(false)),
        _ => bool12(text),
    }
}

fn json(text: &str) -> Option<Typed<'static>> {
    match text {
        "null" => Some(Typed::Null),
        "true" => Some(Typed::Bool(true)),
        "false" => Some(Typed::Bool(false)),
        _ if is_json_number(text) => {
            let integral = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
            let int = if integral { text.parse().ok().map(Typed::Int) } else { None };
            int.or_else(|| text.parse().ok().map(Typed::Float))
        }
        _ => None,
    }
}

/// The grammar of RFC 8259 section 6.
pub(crate) fn is_json_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// An integer in a base; falls back to a float when 128 bits are too few.
fn radix(negative: bool, body: &str, base: u32) -> Option<Typed<'static>> {
    if body.is_empty() || !body.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    if let Ok(value) = i128::from_str_radix(body, base) {
        return Some(Typed::Int(if negative { -value } else { value }));
    }
    let value = match base {
        10 => body.parse().ok()?,
        _ => body
            .chars()
            .filter_map(|c| c.to_digit(base))
            .fold(0.0_f64, |sum, digit| sum.mul_add(f64::from(base), f64::from(digit))),
    };
    Some(Typed::Float(if negative { -value } else { value }))
}

fn number12(text: &str) -> Option<Typed<'static>> {
    if let Some(body) = text.strip_prefix("0o") {
        return radix(false, body, 8);
    }
    if let Some(body) = text.strip_prefix("0x") {
        return radix(false, body, 16);
    }
    let (negative, body) = split_sign(text);
    if digits(body) {
        return radix(negative, body, 10);
    }
    special_float(text).or_else(|| {
        let (mantissa, exponent) = match body.find(['e', 'E']) {
            Some(at) => (&body[..at], Some(&body[at + 1..])),
            None => (body, None),
        };
        let fits = match mantissa.split_once('.') {
            Some(("", fraction)) => digits(fraction),
            Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
            None => digits(mantissa),
        } && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
        if fits { text.parse().ok().map(Typed::Float) } else { None }
    })
}

fn special_float(text: &str) -> Option<Typed<'static>> {
    let (negative, body) = split_sign(text);
    match body {
        ".inf" | ".Inf" | ".INF" => Some(Typed::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY })),
        ".nan" | ".NaN" | ".NAN" if body.len() == text.len() => Some(Typed::Float(f64::NAN)),
        _ => None,
    }
}

/// Integers and floats of the YAML 1.1 type repository, with the two corrections that its
/// implementations share: a float needs a digit, and underscores do not begin a number.
fn number11(text: &str) -> Option<Typed<'static>> {
    let (negative, body) = split_sign(text);
    if !body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Some(special) = special_float(text) {
        return Some(special);
    }
    if body.contains(':') {
        return sexagesimal(negative, body);
    }
    let plain: String = body.chars().filter(|&c| c != '_').collect();
    if let Some(bits) = plain.strip_prefix("0b") {
        return radix(negative, bits, 2);
    }
    if let Some(nibbles) = plain.strip_prefix("0x") {
        return radix(negative, nibbles, 16);
    }
    if digits(&plain) {
        let octal = plain.len() > 1 && plain.starts_with('0');
        return radix(negative, &plain, if octal { 8 } else { 10 });
    }
    let (mantissa, exponent) = match plain.find(['e', 'E']) {
        Some(at) => (&plain[..at], Some(&plain[at + 1..])),
        None => (plain.as_str(), None),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    let fits = (whole.is_empty() || digits(whole))
        && (fraction.is_empty() || digits(fraction))
        && !(whole.is_empty() && fraction.is_empty())
        && !(body.starts_with("._"))
        && exponent.is_none_or(|e| e.strip_prefix(['+', '-']).is_some_and(digits));
    if !fits {
        return None;
    }
    let value: f64 = plain.parse().ok()?;
    Some(Typed::Float(if negative { -value } else { value }))
}

/// `1:30` is ninety: base 60, only the first group may exceed 59.
fn sexagesimal(negative: bool, body: &str) -> Option<Typed<'static>> {
    let (whole, fraction) = match body.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (body, None),
    };
    let mut groups = whole.split(':');
    let first: String = groups.next()?.chars().filter(|&c| c != '_').collect();
    // `0:30` is text for integers (they begin with 1-9) but a number for floats.
    if !digits(&first) || (fraction.is_none() && first.starts_with('0')) {
        return None;
    }
    let mut total = first.parse::<i128>().ok()?;
    for group in groups {
        let small = match group.as_bytes() {
            [digit] => digit.is_ascii_digit(),
            [tens, digit] => (b'0'..=b'5').contains(tens) && digit.is_ascii_digit(),
            _ => false,
        };
        if !small {
            return None;
        }
        total = total.checked_mul(60)?.checked_add(group.parse().ok()?)?;
    }
    let Some(fraction) = fraction else {
        return Some(Typed::Int(if negative { -total } else { total }));
    };
    let fraction: String = fraction.chars().filter(|&c| c != '_').collect();
    if !fraction.is_empty() && !digits(&fraction) {
        return None;
    }
    let part: f64 = format!("0.{fraction}0").parse().ok()?;
    let value = total as f64 + part;
    Some(Typed::Float(if negative { -value } else { value }))
}

/// Whether YAML 1.1 readers such as Psych and PyYAML make a date or a time of this plain text.
///
/// The schemas here keep such text a string; a rule that warns of re-typing asks this.
#[must_use]
pub fn is_timestamp(text: &str) -> bool {
    let Some((date, rest)) = split_date(text) else {
        return false;
    };
    if rest.is_empty() {
        // A bare date is `yyyy-mm-dd`; one digit for month or day only before a time.
        return date == 10;
    }
    let time = match rest.strip_prefix(['T', 't']) {
        Some(time) => time,
        None => {
            let time = rest.trim_start_matches([' ', '\t']);
            if time.len() == rest.len() {
                return false;
            }
            time
        }
    };
    is_time(time)
}

fn split_date(text: &str) -> Option<(usize, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    for (group, (min, max)) in [(4, 4), (1, 2), (1, 2)].into_iter().enumerate() {
        if group > 0 {
            if bytes.get(at) != Some(&b'-') {
                return None;
            }
            at += 1;
        }
        let length = run(&bytes[at..], max);
        if length < min {
            return None;
        }
        at += length;
    }
    Some((at, &text[at..]))
}

fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let hours = run(bytes, 2);
    if hours == 0 {
        return false;
    }
    let mut at = hours;
    for _ in 0..2 {
        if bytes.get(at) != Some(&b':') || run(bytes.get(at + 1..).unwrap_or_default(), 2) != 2 {
            return false;
        }
        at += 3;
    }
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        at += run(&bytes[at..], usize::MAX);
    }
    let zone = text[at..].trim_start_matches([' ', '\t']);
    match zone.as_bytes() {
        [] => at == text.len(),
        b"Z" => true,
        [b'+' | b'-', offset @ ..] => {
            let hours = run(offset, 2);
            hours > 0
                && match &offset[hours..] {
                    [] => true,
                    [b':', minutes @ ..] => minutes.len() == 2 && run(minutes, 2) == 2,
                    _ => false,
                }
        }
        _ => false,
    }
}

/// Length of the leading run of digits, at most `max`.
fn run(bytes: &[u8], max: usize) -> usize {
    bytes.iter().take(max).take_while(|byte| byte.is_ascii_digit()).count()
}
