//! The grammar of `permissions[].acls`: `[d|default:][u|user|g|group|m|mask|o|other:][name]:perm`.

use std::fmt;

use crate::agent;

/// One ACL entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Ace {
    /// Whether it is an entry of a directory's default ACL.
    pub default: bool,
    /// Whom it is about.
    pub kind: AceKind,
    /// The user's or group's name; empty for the owner, the owning group, mask and other.
    pub name: String,
    /// Read.
    pub read: bool,
    /// Write.
    pub write: bool,
    /// Execute.
    pub execute: bool,
}

/// Whom an ACL entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AceKind {
    /// A user.
    User,
    /// A group.
    Group,
    /// The upper bound of everything but owner and other.
    Mask,
    /// Everybody else.
    Other,
}

impl AceKind {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "u" | "user" => Some(Self::User),
            "g" | "group" => Some(Self::Group),
            "m" | "mask" => Some(Self::Mask),
            "o" | "other" => Some(Self::Other),
            _ => None,
        }
    }

    /// Where a name could stand, only the two kinds that have no name are taken for a kind: `u:rw`
    /// is about a user called `u`.
    fn parse_nameless(text: &str) -> Option<Self> {
        Self::parse(text).filter(|kind| matches!(kind, Self::Mask | Self::Other))
    }
}

impl fmt::Display for Ace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            AceKind::User => "user",
            AceKind::Group => "group",
            AceKind::Mask => "mask",
            AceKind::Other => "other",
        };
        let default = if self.default { "default:" } else { "" };
        let bit = |on, letter| if on { letter } else { '-' };
        let (r, w, x) = (bit(self.read, 'r'), bit(self.write, 'w'), bit(self.execute, 'x'));
        write!(f, "{default}{kind}:{}:{r}{w}{x}", self.name)
    }
}

/// Reads one ACL entry as agent v1 does.
///
/// # Errors
/// The agent's sentence.
pub fn parse_ace(text: &str) -> Result<Ace, String> {
    let invalid = || agent::invalid_ace(text);
    let parts: Vec<&str> = text.split(':').collect();
    let is_default = |part: &str| matches!(part, "d" | "default");
    let named = |part: &str| match AceKind::parse_nameless(part) {
        Some(kind) => (kind, String::new()),
        None => (AceKind::User, part.to_owned()),
    };
    let (default, (kind, name), permissions) = match parts.as_slice() {
        [who, permissions] => (false, named(who), permissions),
        [first, who, permissions] if is_default(first) => (true, named(who), permissions),
        [kind, name, permissions] => {
            (false, (AceKind::parse(kind).ok_or_else(invalid)?, (*name).to_owned()), permissions)
        }
        [first, kind, name, permissions] if is_default(first) => {
            (true, (AceKind::parse(kind).ok_or_else(invalid)?, (*name).to_owned()), permissions)
        }
        _ => return Err(invalid()),
    };
    if matches!(kind, AceKind::Mask | AceKind::Other) && !name.is_empty() {
        return Err(invalid());
    }
    let (read, write, execute) = parse_permissions(permissions).map_err(|c| agent::ace_character(text, c))?;
    if !default && name.is_empty() && kind != AceKind::Mask {
        return Err(agent::base_ace(text));
    }
    Ok(Ace { default, kind, name, read, write, execute })
}

fn parse_permissions(text: &str) -> Result<(bool, bool, bool), char> {
    if let [digit @ b'0'..=b'7'] = text.as_bytes() {
        let bits = digit - b'0';
        return Ok((bits & 4 != 0, bits & 2 != 0, bits & 1 != 0));
    }
    let (mut read, mut write, mut execute) = (false, false, false);
    for character in text.chars() {
        match character {
            'r' => read = true,
            'w' => write = true,
            'x' => execute = true,
            '-' => {}
            other => return Err(other),
        }
    }
    Ok((read, write, execute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_in_full() {
        let table = [
            ("u:henry:7", "user:henry:rwx"),
            ("d:g:manager:rw", "default:group:manager:rw-"),
            ("d:bob:rwx", "default:user:bob:rwx"),
            ("default::rw", "default:user::rw-"),
            ("d::rw", "default:user::rw-"),
            ("d:o:r", "default:other::r--"),
            ("d:o::r", "default:other::r--"),
            ("d:g::4", "default:group::r--"),
            ("m:7", "mask::rwx"),
            ("m::7", "mask::rwx"),
            ("mask:", "mask::---"),
            ("bob:0", "user:bob:---"),
            ("user:rw", "user:user:rw-"),
            ("u:mask:rw", "user:mask:rw-"),
            ("u:bob:xr", "user:bob:r-x"),
        ];
        for (text, expected) in table {
            assert_eq!(parse_ace(text).map(|ace| ace.to_string()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refusals_in_the_agents_words() {
        for text in
            ["7", "d:u:bob:7:rwx", "d:invalid:bob:7", "mask:name:rwx", "d:other:name:rwx", "U:bob:rw", "d:d:bob:rw"]
        {
            assert_eq!(parse_ace(text), Err(agent::invalid_ace(text)));
        }
        for text in ["g::rw", ":rw", "o:rw", "o::rw", "u::7"] {
            assert_eq!(parse_ace(text), Err(agent::base_ace(text)));
        }
        assert_eq!(parse_ace("user:bob:rwxd"), Err(agent::ace_character("user:bob:rwxd", 'd')));
        assert_eq!(parse_ace("u:bob:8"), Err(agent::ace_character("u:bob:8", '8')));
    }
}
