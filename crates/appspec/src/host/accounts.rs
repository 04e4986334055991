//! The users and groups of this machine, wherever its name service has them.

use nix::unistd::{Group, User as Account};

use crate::plan::{Accounts, User};

/// The users and groups of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemAccounts;

impl Accounts for SystemAccounts {
    fn user(&self, name: &str) -> Option<User> {
        let account = Account::from_name(name).ok()??;
        let home = account.dir.to_string_lossy().into_owned();
        Some(User::new(account.uid.as_raw(), account.gid.as_raw()).with_home(home))
    }

    fn group(&self, name: &str) -> Option<u32> {
        Group::from_name(name).ok()?.map(|group| group.gid.as_raw())
    }
}
