//! How one document becomes another, item by item: rules by their priority, statements by their name.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

/// One item that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "change")]
#[non_exhaustive]
pub enum Difference {
    /// It is new.
    Added {
        /// What it says.
        item: String,
    },
    /// It goes.
    Removed {
        /// What it said.
        item: String,
    },
    /// It says something else.
    Changed {
        /// What it said.
        from: String,
        /// What it says.
        to: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { item } => write!(f, "+ {item}"),
            Self::Removed { item } => write!(f, "- {item}"),
            Self::Changed { from, to } => write!(f, "- {from}\n+ {to}"),
        }
    }
}

/// Compares two lists of key, words and full text, in the order of the keys. Of items with one key, the last counts.
pub(super) fn by_key(from: &[(String, String, String)], to: &[(String, String, String)]) -> Vec<Difference> {
    type Keyed<'a> = BTreeMap<&'a str, (&'a str, &'a str)>;
    fn keyed(items: &[(String, String, String)]) -> Keyed<'_> {
        items.iter().map(|(key, words, text)| (key.as_str(), (words.as_str(), text.as_str()))).collect()
    }
    let (from, to) = (keyed(from), keyed(to));
    let mut keys: Vec<&str> = from.keys().chain(to.keys()).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    let difference = |key: &str| match (from.get(key), to.get(key)) {
        (None, Some((words, _))) => Some(Difference::Added { item: (*words).to_owned() }),
        (Some((words, _)), None) => Some(Difference::Removed { item: (*words).to_owned() }),
        (Some((_, before)), Some((_, after))) if before == after => None,
        // Where the words are the same, only the full texts show the difference.
        (Some((before, was)), Some((after, is))) => {
            let (from, to) = if before == after { (was, is) } else { (before, after) };
            Some(Difference::Changed { from: (*from).to_owned(), to: (*to).to_owned() })
        }
        (None, None) => None,
    };
    keys.into_iter().filter_map(difference).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(key: &str, words: &str, text: &str) -> (String, String, String) {
        (key.to_owned(), words.to_owned(), text.to_owned())
    }

    #[test]
    fn items_are_compared_by_their_keys() {
        let from = [item("1", "one", "one"), item("2", "two", "two"), item("3", "three", "three a")];
        let to = [item("3", "three", "three b"), item("2", "two", "two"), item("4", "four", "four")];
        let shown: Vec<String> = by_key(&from, &to).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["- one", "- three a\n+ three b", "+ four"]);
        assert_eq!(by_key(&from, &from), []);
    }
}
