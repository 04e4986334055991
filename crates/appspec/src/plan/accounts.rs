//! Users and groups by name: what a plan asks the host for.

use std::collections::BTreeMap;
use std::fmt::Debug;

/// Knows the users and groups of a host.
pub trait Accounts: Debug + Send + Sync {
    /// The user of that name.
    fn user(&self, name: &str) -> Option<User>;

    /// The id of the group of that name.
    fn group(&self, name: &str) -> Option<u32>;
}

const _: fn(&dyn Accounts) = |_| ();

/// A user of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The user's id.
    pub uid: u32,
    /// The id of the user's own group.
    pub gid: u32,
    /// The home directory; empty if nobody said.
    pub home: String,
}

impl User {
    /// A user without home.
    #[must_use]
    pub fn new(uid: u32, gid: u32) -> Self {
        Self { uid, gid, home: String::new() }
    }

    /// Sets the home directory.
    #[must_use]
    pub fn with_home(mut self, home: impl Into<String>) -> Self {
        self.home = home.into();
        self
    }
}

/// Accounts from a map.
#[derive(Clone, Debug, Default)]
pub struct MapAccounts {
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, u32>,
}

impl MapAccounts {
    /// A host without users.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a user.
    #[must_use]
    pub fn with_user(mut self, name: impl Into<String>, user: User) -> Self {
        self.users.insert(name.into(), user);
        self
    }

    /// Adds a group.
    #[must_use]
    pub fn with_group(mut self, name: impl Into<String>, gid: u32) -> Self {
        self.groups.insert(name.into(), gid);
        self
    }
}

impl Accounts for MapAccounts {
    fn user(&self, name: &str) -> Option<User> {
        self.users.get(name).cloned()
    }

    fn group(&self, name: &str) -> Option<u32> {
        self.groups.get(name).copied()
    }
}
