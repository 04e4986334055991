//! POSIX access control lists as the kernel keeps them, and the list that the agent makes of an
//! AppSpec's entries.
//!
//! The agent calls `setfacl --set` with the AppSpec's entries and those that are missing: owner, group
//! and other from the mode; the mask from the mode's group bits when a user or group is named; and of a
//! default list that has any entry, what it lacks in the same way. We set the same list without a
//! program. The form is that of `system.posix_acl_access` (Linux, `include/uapi/linux/posix_acl_xattr.h`).

use std::collections::BTreeMap;

use crate::model::acl::{Ace, AceKind};
use crate::plan::Accounts;

const VERSION: u32 = 2;
const NO_ID: u32 = u32::MAX;

/// Tags in the kernel's order, which a list must have.
const USER_OBJ: u16 = 1;
const USER: u16 = 2;
const GROUP_OBJ: u16 = 4;
const GROUP: u16 = 8;
const MASK: u16 = 16;
const OTHER: u16 = 32;

/// A list: tag and id to permission bits. Sorted, as the kernel wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Acl(BTreeMap<(u16, u32), u16>);

/// Both lists that the entries of an AppSpec ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Acls {
    pub(super) access: Option<Acl>,
    pub(super) default: Option<Acl>,
}

impl Acl {
    /// The value of the extended attribute.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = VERSION.to_le_bytes().to_vec();
        for ((tag, id), bits) in &self.0 {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(bits.to_le_bytes());
            bytes.extend(id.to_le_bytes());
        }
        bytes
    }

    /// Reads the value of the extended attribute.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, entries) = bytes.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*version) != VERSION || !entries.len().is_multiple_of(8) {
            return None;
        }
        let entry = |entry: &[u8]| {
            let [tag, tag2, bits, bits2, id @ ..] = entry else { return None };
            let id = u32::from_le_bytes(id.try_into().ok()?);
            Some(((u16::from_le_bytes([*tag, *tag2]), id), u16::from_le_bytes([*bits, *bits2])))
        };
        entries.chunks_exact(8).map(entry).collect::<Option<_>>().map(Self)
    }

    /// What a new file or directory gets from the default list of its directory when it is made with a mode.
    pub(super) fn inherited(&self, mode: u32) -> Self {
        let mut acl = self.clone();
        let group = if acl.0.contains_key(&(MASK, NO_ID)) { MASK } else { GROUP_OBJ };
        for (tag, shift) in [(USER_OBJ, 6), (group, 3), (OTHER, 0)] {
            if let Some(bits) = acl.0.get_mut(&(tag, NO_ID)) {
                *bits &= bits_of(mode, shift);
            }
        }
        acl
    }
}

/// The lists that the agent sets on an object of this mode; `None` if a name is not known.
pub(super) fn lists(entries: &[Ace], mode: u32, accounts: &dyn Accounts) -> Option<Acls> {
    let base = [(USER_OBJ, bits_of(mode, 6)), (GROUP_OBJ, bits_of(mode, 3)), (OTHER, bits_of(mode, 0))];
    let named = |acl: &Acl| acl.0.keys().any(|(tag, _)| matches!(*tag, USER | GROUP));

    let mut access = collect(entries.iter().filter(|entry| !entry.default), accounts)?;
    for (tag, bits) in base {
        access.0.insert((tag, NO_ID), bits);
    }
    if named(&access) {
        access.0.entry((MASK, NO_ID)).or_insert(bits_of(mode, 3));
    }

    let mut default = collect(entries.iter().filter(|entry| entry.default), accounts)?;
    if default.0.is_empty() {
        return Some(Acls { access: Some(access), default: None });
    }
    for (tag, bits) in base {
        default.0.entry((tag, NO_ID)).or_insert(bits);
    }
    if named(&default) {
        let group = default.0.get(&(GROUP_OBJ, NO_ID)).copied().unwrap_or_default();
        default.0.entry((MASK, NO_ID)).or_insert(group);
    }
    Some(Acls { access: Some(access), default: Some(default) })
}

fn collect<'a>(entries: impl Iterator<Item = &'a Ace>, accounts: &dyn Accounts) -> Option<Acl> {
    let mut acl = Acl::default();
    for entry in entries {
        let key = match (entry.kind, entry.name.as_str()) {
            (AceKind::User, "") => (USER_OBJ, NO_ID),
            (AceKind::User, name) => (USER, user_id(name, accounts)?),
            (AceKind::Group, "") => (GROUP_OBJ, NO_ID),
            (AceKind::Group, name) => (GROUP, group_id(name, accounts)?),
            (AceKind::Mask, _) => (MASK, NO_ID),
            (AceKind::Other, _) => (OTHER, NO_ID),
        };
        let bit = |on, bit| if on { bit } else { 0 };
        acl.0.insert(key, bit(entry.read, 4) | bit(entry.write, 2) | bit(entry.execute, 1));
    }
    Some(acl)
}

/// The user's id; a number that is no name is the id itself.
pub(super) fn user_id(name: &str, accounts: &dyn Accounts) -> Option<u32> {
    accounts.user(name).map(|user| user.uid).or_else(|| name.parse().ok())
}

/// The group's id; a number that is no name is the id itself.
pub(super) fn group_id(name: &str, accounts: &dyn Accounts) -> Option<u32> {
    accounts.group(name).or_else(|| name.parse().ok())
}

fn bits_of(mode: u32, shift: u32) -> u16 {
    (mode >> shift) as u16 & 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::acl::parse_ace;
    use crate::plan::{MapAccounts, User};

    fn shown(acl: &Acl) -> String {
        let entries = acl.0.iter().map(|((tag, id), bits)| {
            let name = match *tag {
                USER_OBJ | USER => "u",
                GROUP_OBJ | GROUP => "g",
                MASK => "m",
                _ => "o",
            };
            let id = if *id == NO_ID { String::new() } else { id.to_string() };
            format!("{name}:{id}:{bits}")
        });
        entries.collect::<Vec<_>>().join(",")
    }

    #[test]
    fn what_the_agent_adds() {
        let accounts = MapAccounts::new().with_user("bob", User::new(7, 8)).with_group("www", 9);
        for (entries, mode, access, default) in [
            (&["u:bob:r"][..], 0o640, "u::6,u:7:4,g::4,m::4,o::0", None),
            (&["u:bob:7", "m::rwx"], 0o640, "u::6,u:7:7,g::4,m::7,o::0", None),
            (&["g:www:rw", "u:42:x"], 0o755, "u::7,u:42:1,g::5,g:9:6,m::5,o::5", None),
            (&["d:u:bob:rwx"], 0o750, "u::7,g::5,o::0", Some("u::7,u:7:7,g::5,m::5,o::0")),
            (&["d::rw", "d:g::4"], 0o755, "u::7,g::5,o::5", Some("u::6,g::4,o::5")),
        ] {
            let entries: Vec<Ace> = entries.iter().map(|entry| parse_ace(entry).unwrap()).collect();
            let lists = lists(&entries, mode, &accounts).unwrap();
            assert_eq!(lists.access.as_ref().map(shown).as_deref(), Some(access));
            assert_eq!(lists.default.as_ref().map(shown).as_deref(), default);
            let access = lists.access.unwrap();
            assert_eq!(Acl::decode(&access.encode()), Some(access));
        }
        assert_eq!(lists(&[parse_ace("u:eve:r").unwrap()], 0o644, &accounts), None);
    }

    #[test]
    fn a_default_list_is_bounded_by_the_mode() {
        let accounts = MapAccounts::new();
        let default = lists(&[parse_ace("d:u:5:rwx").unwrap()], 0o777, &accounts).unwrap().default.unwrap();
        assert_eq!(shown(&default.inherited(0o640)), "u::6,u:5:7,g::7,m::4,o::0");
        assert_eq!(Acl::decode(b"short"), None);
        assert_eq!(Acl::decode(&[3, 0, 0, 0]), None);
    }
}
