//! Users of this machine, for `run-as`.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A user as the password file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The user of a name.
pub(super) fn find(name: &str) -> Option<User> {
    in_file(&fs::read_to_string("/etc/passwd").ok()?, name)
}

fn in_file(file: &str, name: &str) -> Option<User> {
    file.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next()? == name;
        let (uid, gid) = (fields.nth(1)?, fields.next()?);
        found.then_some(User { uid: uid.parse().ok()?, gid: gid.parse().ok()? })
    })
}

/// The directory on the way to `path` that the user cannot enter, if there is one.
pub(super) fn barrier(path: &Path, user: User) -> io::Result<Option<&Path>> {
    for directory in path.ancestors().skip(1) {
        let metadata = directory.metadata()?;
        let bit = if metadata.uid() == user.uid {
            0o100
        } else if metadata.gid() == user.gid {
            0o010
        } else {
            0o001
        };
        if user.uid != 0 && metadata.mode() & bit == 0 {
            return Ok(Some(directory));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_file() {
        let file = "root:x:0:0:root:/root:/bin/sh\n# no user\nbuilder:x:1001:1002::/home/builder:/bin/sh\nodd:x:?:1\n";
        assert_eq!(in_file(file, "root"), Some(User { uid: 0, gid: 0 }));
        assert_eq!(in_file(file, "builder"), Some(User { uid: 1001, gid: 1002 }));
        for unknown in ["", "nobody", "odd", "# no user"] {
            assert_eq!(in_file(file, unknown), None, "{unknown}");
        }
    }
}
