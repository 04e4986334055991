//! What the agent's YAML reader makes of a value.
//!
//! Agent v1 is Ruby and reads the AppSpec with Psych: `mode: 0755` arrives as the number 493 and is
//! then read as text, `timeout: 1:30` is 5400, `:abc` is a symbol. The model keeps what the agent
//! sees, so this module types scalars as Psych 4 does and turns them to text as Ruby does.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;

use spec_report::{Node, Style, Value};

/// A value as Ruby holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ruby {
    Nil,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(String),
    Symbol(String),
    /// A date or time, which the agent refuses to load.
    Temporal(&'static str),
    Array(Vec<Self>),
    Hash(Vec<(Self, Self)>),
}

impl Ruby {
    pub(crate) fn from_node(node: &Node) -> Self {
        let node = node.resolved();
        match &node.value {
            Value::Alias(_) => Self::Nil,
            Value::Seq(items) => Self::Array(items.iter().map(Self::from_node).collect()),
            Value::Map(entries) => {
                let mut pairs: Vec<(Self, Self)> = Vec::with_capacity(entries.len());
                // Of equal keys the last value counts, in the place of the first.
                let mut places: HashMap<String, usize> = HashMap::with_capacity(entries.len());
                let mut put = |key: Self, value: Self| match places.entry(key.inspect()) {
                    Entry::Occupied(place) => pairs[*place.get()].1 = value,
                    Entry::Vacant(place) => {
                        place.insert(pairs.len());
                        pairs.push((key, value));
                    }
                };
                for entry in entries {
                    let value = Self::from_node(&entry.value);
                    match (Self::from_node(&entry.key), value) {
                        (Self::Str(key), Self::Hash(merged)) if key == "<<" => {
                            merged.into_iter().for_each(|(key, value)| put(key, value));
                        }
                        (key, value) => put(key, value),
                    }
                }
                Self::Hash(pairs)
            }
            Value::Scalar(scalar) => match node.tag.as_ref().map(|tag| tag.text.as_str()) {
                None if scalar.style == Style::Plain => plain(&scalar.text),
                Some("!!int" | "!!float" | "!!bool" | "!!null") => plain(&scalar.text),
                _ => Self::Str(scalar.text.clone()),
            },
        }
    }

    /// [`Ruby::is_truthy`] without reading what is inside.
    pub(crate) fn is_truthy_node(node: &Node) -> bool {
        match &node.resolved().value {
            Value::Seq(_) | Value::Map(_) => true,
            Value::Scalar(_) | Value::Alias(_) => Self::from_node(node).is_truthy(),
        }
    }

    /// Ruby's truth: everything but `nil` and `false`.
    pub(crate) fn is_truthy(&self) -> bool {
        !matches!(self, Self::Nil | Self::Bool(false))
    }

    /// Ruby's `to_s`.
    pub(crate) fn to_s(&self) -> String {
        match self {
            Self::Nil => String::new(),
            Self::Str(text) | Self::Symbol(text) => text.clone(),
            other => other.inspect(),
        }
    }

    /// Ruby's `inspect`, in the form of versions before 3.4.
    pub(crate) fn inspect(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        // Writing to a `String` cannot fail.
        let _ = match self {
            Self::Nil => write!(out, "nil"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Int(value) => write!(out, "{value}"),
            Self::Float(value) => write!(out, "{}", float_text(*value)),
            Self::Str(text) => write!(out, "{text:?}"),
            Self::Symbol(text) => write!(out, ":{text}"),
            Self::Temporal(class) => write!(out, "{class}"),
            Self::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push_str(", ");
                    }
                    item.write(out);
                }
                write!(out, "]")
            }
            Self::Hash(pairs) => {
                out.push('{');
                for (at, (key, value)) in pairs.iter().enumerate() {
                    if at > 0 {
                        out.push_str(", ");
                    }
                    key.write(out);
                    out.push_str("=>");
                    value.write(out);
                }
                write!(out, "}}")
            }
        };
    }

    /// Ruby's `to_i`; `None` where the class has none or the number is not finite.
    pub(crate) fn to_i(&self) -> Option<i128> {
        match self {
            Self::Nil => Some(0),
            Self::Int(value) => Some(*value),
            #[allow(clippy::cast_possible_truncation, reason = "to_i truncates; i128 saturates beyond any timeout")]
            Self::Float(value) if value.is_finite() => Some(value.trunc() as i128),
            Self::Str(text) => Some(leading_integer(text)),
            _ => None,
        }
    }

    /// The class name as error messages of Ruby 3.1 print it.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Nil => "NilClass",
            Self::Bool(true) => "TrueClass",
            Self::Bool(false) => "FalseClass",
            Self::Int(_) => "Integer",
            Self::Float(_) => "Float",
            Self::Str(_) => "String",
            Self::Symbol(_) => "Symbol",
            Self::Temporal(class) => class,
            Self::Array(_) => "Array",
            Self::Hash(_) => "Hash",
        }
    }

    /// What Ruby answers to a method that the value's class lacks.
    pub(crate) fn undefined_method(&self, method: &str) -> String {
        format!("undefined method `{method}' for {}:{}", self.inspect(), self.class())
    }
}

fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() };
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = if mantissa.contains('.') { mantissa.to_owned() } else { format!("{mantissa}.0") };
        let (sign, digits) = exponent.strip_prefix('-').map_or(("+", exponent), |digits| ("-", digits));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    format!("{value:?}")
}

/// `String#to_i`: blanks, a sign, digits with single underscores between them; zero if there are none.
fn leading_integer(text: &str) -> i128 {
    let text = text.trim_start();
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let mut value: i128 = 0;
    let mut underscore = true;
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => {
                value = value.saturating_mul(10).saturating_add(i128::from(byte - b'0'));
                underscore = false;
            }
            b'_' if !underscore => underscore = true,
            _ => break,
        }
    }
    if negative { -value } else { value }
}

/// Psych's `ScalarScanner`, for plain scalars.
fn plain(text: &str) -> Ruby {
    if text.is_empty() {
        return Ruby::Nil;
    }
    let keep = || Ruby::Str(text.to_owned());
    if is_word(text) {
        return match text.to_ascii_lowercase().as_str() {
            "~" | "null" => Ruby::Nil,
            "yes" | "true" | "on" => Ruby::Bool(true),
            "no" | "false" | "off" => Ruby::Bool(false),
            _ => keep(),
        };
    }
    if spec_report::is_timestamp(text) {
        return Ruby::Temporal(if text.len() == 10 { "Date" } else { "Time" });
    }
    match text.to_ascii_lowercase().as_str() {
        ".inf" | "+.inf" => return Ruby::Float(f64::INFINITY),
        "-.inf" => return Ruby::Float(f64::NEG_INFINITY),
        ".nan" => return Ruby::Float(f64::NAN),
        _ => {}
    }
    if let Some(symbol) = text.strip_prefix(':').filter(|rest| !rest.is_empty()) {
        return Ruby::Symbol(symbol.trim_matches(['"', '\'']).to_owned());
    }
    sexagesimal(text).or_else(|| float(text)).or_else(|| integer(text)).unwrap_or_else(keep)
}

/// Text that Psych recognises as a word before it tries numbers: it begins, after at most one
/// character that is no digit, dot, colon or minus, with a letter, a blank or one of these signs.
fn is_word(text: &str) -> bool {
    if text.contains('\n') {
        return true;
    }
    let word = |c: char| c.is_alphabetic() || "_ \t!@#$%^&*(){}<>|/\\~;=".contains(c);
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    if word(first) {
        return true;
    }
    !first.is_ascii_digit() && !matches!(first, '.' | ':' | '-') && chars.next().is_some_and(word)
}

fn unsigned(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn is_digits(text: &str, also: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || also.contains(c))
}

/// `1:30` and `1:30:00`. The first group counts 3600 even when there are only two.
fn sexagesimal(text: &str) -> Option<Ruby> {
    let groups: Vec<&str> = text.split(':').collect();
    if !(2..=3).contains(&groups.len()) {
        return None;
    }
    let (_, first) = unsigned(groups[0]);
    if !first.starts_with(|c: char| c.is_ascii_digit()) || !is_digits(first, "_") {
        return None;
    }
    let small = |group: &&str| match group.as_bytes() {
        [unit] => unit.is_ascii_digit(),
        [ten, unit] => (b'0'..=b'5').contains(ten) && unit.is_ascii_digit(),
        _ => false,
    };
    if !groups[1..].iter().all(small) {
        return None;
    }
    let mut total: i128 = 0;
    for (group, weight) in groups.iter().zip([3600, 60, 1]) {
        total = total.saturating_add(leading_integer(group).saturating_mul(weight));
    }
    Some(Ruby::Int(total))
}

fn float(text: &str) -> Option<Ruby> {
    let (negative, body) = unsigned(text);
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    let starts_right = whole.is_empty() || whole.starts_with(|c: char| c.is_ascii_digit());
    if !starts_right || !is_digits(whole, "_,") || !is_digits(fraction, "") || body == "." {
        return None;
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-'])?;
        if digits.is_empty() || !is_digits(digits, "") {
            return None;
        }
    }
    let clean: String = mantissa.chars().filter(|c| !matches!(c, '_' | ',')).collect();
    let number: f64 = format!("0{clean}0e{}", exponent.unwrap_or("0")).parse().ok()?;
    Some(Ruby::Float(if negative { -number } else { number }))
}

fn integer(text: &str) -> Option<Ruby> {
    let (negative, body) = unsigned(text);
    let radix = |digits: &str, radix: u32, allowed: &dyn Fn(char) -> bool| {
        if digits.is_empty() || !digits.chars().all(|c| allowed(c) || matches!(c, '_' | ',')) {
            return None;
        }
        let clean: String = digits.chars().filter(|c| !matches!(c, '_' | ',')).collect();
        i128::from_str_radix(if clean.is_empty() { "0" } else { &clean }, radix).ok()
    };
    let value = if let Some(digits) = body.strip_prefix("0b") {
        radix(digits, 2, &|c| matches!(c, '0' | '1'))
    } else if let Some(digits) = body.strip_prefix("0x") {
        radix(digits, 16, &|c| c.is_ascii_hexdigit())
    } else if body == "0" {
        Some(0)
    } else if let Some(digits) = body.strip_prefix('0') {
        radix(digits, 8, &|c| ('0'..='7').contains(&c))
    } else if body.starts_with(|c: char| c.is_ascii_digit()) {
        radix(body, 10, &|c| c.is_ascii_digit())
    } else {
        None
    }?;
    Some(Ruby::Int(if negative { -value } else { value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_typed_as_psych_4_does() {
        use Ruby::{Bool, Float, Int, Nil, Str, Symbol, Temporal};
        let table = [
            ("", Nil),
            ("~", Nil),
            ("null", Nil),
            ("yes", Bool(true)),
            ("Off", Bool(false)),
            ("y", Str("y".into())),
            ("0755", Int(493)),
            ("0644", Int(420)),
            ("04755", Int(2541)),
            ("0888", Str("0888".into())),
            ("00644", Int(420)),
            ("0o755", Str("0o755".into())),
            ("7,55", Int(755)),
            ("1_000", Int(1000)),
            ("1,000", Int(1000)),
            ("1:30", Int(5400)),
            ("1:30:7", Int(5407)),
            ("0x10", Int(16)),
            ("-5", Int(-5)),
            ("0.0", Float(0.0)),
            ("1.9", Float(1.9)),
            (".5", Float(0.5)),
            ("0e0", Str("0e0".into())),
            ("30s", Str("30s".into())),
            (":abc", Symbol("abc".into())),
            ("2024-01-02", Temporal("Date")),
            ("2024-01-02 03:04:05", Temporal("Time")),
            ("-644x", Str("-644x".into())),
            ("linux", Str("linux".into())),
        ];
        for (text, expected) in table {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }

    #[test]
    fn text_as_ruby_prints_it() {
        assert_eq!(Ruby::Float(0.0).to_s(), "0.0");
        assert_eq!(Ruby::Float(-0.0).to_s(), "-0.0");
        assert_eq!(Ruby::Float(1e20).to_s(), "1.0e+20");
        assert_eq!(Ruby::Float(0.2).to_s(), "0.2");
        let list = Ruby::Array(vec![Ruby::Str("RETAIN".into()), Ruby::Nil, Ruby::Int(7)]);
        assert_eq!(list.to_s(), r#"["RETAIN", nil, 7]"#);
        let map = Ruby::Hash(vec![(Ruby::Str("user".into()), Ruby::Str("u".into()))]);
        assert_eq!(map.to_s(), r#"{"user"=>"u"}"#);
        assert_eq!(Ruby::Array(vec![]).undefined_method("each_pair"), "undefined method `each_pair' for []:Array");
    }

    #[test]
    fn to_i_takes_what_leads() {
        for (text, expected) in
            [("30s", 30), (" 7", 7), ("1_0", 10), ("1__0", 1), ("-2x", -2), ("x", 0), ("", 0), ("0x10", 0)]
        {
            assert_eq!(Ruby::Str(text.into()).to_i(), Some(expected), "{text:?}");
        }
        assert_eq!(Ruby::Float(f64::INFINITY).to_i(), None);
        assert_eq!(Ruby::Bool(true).to_i(), None);
    }
}
