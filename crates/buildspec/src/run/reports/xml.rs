//! A walk through an XML file that costs bounded memory.
//!
//! Elements come as they are read, nothing is kept of them but the names of those that are open. Entities are not
//! expanded, except for the five of XML itself and characters by number, so no document grows while it is read; a
//! document type is skipped and nothing is ever fetched.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::found::Unreadable;

/// Elements in elements; real reports have less than twenty.
const DEEPEST: usize = 256;

/// What is met on the way.
pub(super) enum Item<'a> {
    /// An element begins. It is the last one of the path.
    Open(&'a Element),
    /// Text of the innermost element.
    Text(&'a str),
    /// The last one of the path ends.
    Close,
}

/// An element without its content.
pub(super) struct Element {
    /// Its name without the prefix of a name space.
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// The value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value of an attribute, or the empty text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// An attribute that counts something.
    pub(super) fn count(&self, name: &str) -> u64 {
        self.text(name).trim().parse().unwrap_or_default()
    }
}

/// Walks through a document. `visit` gets the names of the open elements, outermost first.
pub(super) fn walk(input: &mut dyn BufRead, visit: &mut dyn FnMut(&[String], Item<'_>)) -> Result<(), Unreadable> {
    let mut reader = Reader::from_reader(input);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.allow_dangling_amp = true;
    let mut path: Vec<String> = Vec::new();
    let mut seen = false;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer);
        let event = event.map_err(|error| Unreadable(format!("{error} at byte {}", reader.error_position())))?;
        match event {
            Event::Start(start) => {
                if path.len() == DEEPEST {
                    return Err(Unreadable(format!("more than {DEEPEST} elements lie in one another")));
                }
                let element = element(&start)?;
                path.push(element.name.clone());
                seen = true;
                visit(&path, Item::Open(&element));
            }
            Event::End(_) => {
                visit(&path, Item::Close);
                path.pop();
            }
            Event::Text(text) => visit(&path, Item::Text(&text)),
            Event::CData(text) => visit(&path, Item::Text(&text)),
            Event::GeneralRef(name) => visit(&path, Item::Text(&unescaped(&format!("&{};", &*name)))),
            Event::Eof if !path.is_empty() => {
                return Err(Unreadable(format!("the file ends inside of `{}`", path.join("/"))));
            }
            Event::Eof if !seen => return Err(Unreadable("the file holds no element".to_owned())),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, Unreadable> {
    let mut attributes = Vec::new();
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| Unreadable(error.to_string()))?;
        let name = attribute.key.local_name().into_inner().to_owned();
        attributes.push((name, unescaped(&attribute.value)));
    }
    Ok(Element { name: start.local_name().into_inner().to_owned(), attributes })
}

/// A text with its references replaced; what is no reference stays as it is.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        match end.and_then(|end| Some((character(&rest[1..end])?, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(text: &str) -> Result<String, Unreadable> {
        let mut out = String::new();
        walk(&mut text.as_bytes(), &mut |path, item| match item {
            Item::Open(element) => {
                out += &format!("<{}", path.join("/"));
                element.attributes.iter().for_each(|(name, value)| out += &format!(" {name}={value}"));
                out.push('>');
            }
            Item::Text(text) => out += text,
            Item::Close => out += "</>",
        })?;
        Ok(out)
    }

    #[test]
    fn elements_and_references() {
        for (text, expected) in [
            ("<a/>", "<a></>"),
            ("<x:a y:b='1&amp;2'>t&lt;<![CDATA[<&>]]></x:a>", "<a b=1&2>t<<&></>"),
            ("<?xml version='1.0'?><!DOCTYPE a SYSTEM 'file:///etc/passwd'><a>&#65;&#x42;</a>", "<a>AB</>"),
            ("<a b='&unknown; &'>&unknown; & x</a>", "<a b=&unknown; &>&unknown; & x</>"),
        ] {
            assert_eq!(walked(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn no_document() {
        for text in ["", "plain", "<a>", "<a></b>", "<a", "{}"] {
            assert!(walked(text).is_err(), "{text}");
        }
        assert!(walked(&"<a>".repeat(DEEPEST + 1)).unwrap_err().0.contains("256"));
    }

    /// Entities that would expand to 10^9 characters stay names.
    #[test]
    fn laughs() {
        let text = "<!DOCTYPE a [<!ENTITY l 'lol'><!ENTITY m '&l;&l;&l;&l;&l;&l;&l;&l;&l;&l;'>]><a b='&m;'>&m;</a>";
        assert_eq!(walked(text).unwrap(), "<a b=&m;>&m;</>");
    }
}
