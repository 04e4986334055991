//! Parameters and secrets from files, for builds without an account.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_call::Secret;

use super::{SecretError, SecretSource};
use crate::model::SecretReference;

/// The largest value that Parameter Store (8 KiB) and Secrets Manager (64 KiB) hold.
const LARGEST: u64 = 64 << 10;

/// Values from a file of lines `name=value`.
///
/// The name is that of a parameter (`/shop/token`), of a secret (`shop`, or its ARN), or of a secret and a key in it
/// (`shop:password`). The value goes to the end of the line as it is: no quotes, no expansion. A secret with keys can also
/// be one line whose value is a JSON object. Empty lines and those that begin with `#` do not count. `Debug` shows names
/// only.
#[derive(Clone, Default)]
pub struct EnvFileSecrets(BTreeMap<String, Secret>);

impl EnvFileSecrets {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The number of the first line, from 1, that has no `=` or no name.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let mut values = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line.split_once('=').ok_or(index + 1)?;
            if name.trim().is_empty() {
                return Err(index + 1);
            }
            values.insert(name.trim().to_owned(), Secret::from(value));
        }
        Ok(Self(values))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or a line of it is none. The text of a line is in no error.
    pub fn read(path: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(path)?;
        Self::parse(&text).map_err(|line| {
            let message = format!("line {line} of `{}` is not `name=value`", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        })
    }
}

impl fmt::Debug for EnvFileSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvFileSecrets")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl SecretSource for EnvFileSecrets {
    fn parameter(&self, name: &str) -> Result<Secret, SecretError> {
        self.0.get(name).cloned().ok_or_else(|| SecretError::NotFound(name.to_owned()))
    }

    fn secret(&self, reference: &SecretReference) -> Result<Secret, SecretError> {
        let id = &reference.secret_id;
        let with_key = reference.json_key.as_ref().and_then(|key| self.0.get(&format!("{id}:{key}")));
        match (with_key, self.0.get(id)) {
            (Some(value), _) => Ok(value.clone()),
            (None, Some(whole)) => of_key(whole.expose(), reference),
            (None, None) => Err(SecretError::NotFound(id.clone())),
        }
    }
}

/// Values from the files of a directory: `parameter-store/<name>` and `secrets-manager/<id>`, or `<name>` and `<id>` at the
/// top. A line break at the end of a file does not belong to the value.
///
/// A secret with keys is a JSON object. Of an ARN the part behind `secret:` is looked for.
#[derive(Clone, Debug)]
pub struct DirectorySecrets(PathBuf);

impl DirectorySecrets {
    /// Values from the files of `directory`.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    fn find(&self, kind: &str, name: &str) -> Result<String, SecretError> {
        let missing = || SecretError::NotFound(name.to_owned());
        let relative = super::select::inside(name.trim_start_matches('/')).map_err(|_| missing())?;
        for path in [self.0.join(kind).join(&relative), self.0.join(&relative)] {
            let Ok(metadata) = path.metadata() else { continue };
            if !metadata.is_file() {
                continue;
            }
            let refused = |why: &str| SecretError::Refused(format!("`{}` {why}", path.display()));
            if metadata.len() > LARGEST {
                return Err(refused("is larger than any parameter or secret"));
            }
            let text = fs::read_to_string(&path).map_err(|error| refused(&format!("cannot be read: {error}")))?;
            let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
            return Ok(text.to_owned());
        }
        Err(missing())
    }
}

impl SecretSource for DirectorySecrets {
    fn parameter(&self, name: &str) -> Result<Secret, SecretError> {
        self.find("parameter-store", name).map(Secret::from)
    }

    fn secret(&self, reference: &SecretReference) -> Result<Secret, SecretError> {
        let id = &reference.secret_id;
        let name = id.split_once(":secret:").map_or(id.as_str(), |(_, name)| name);
        of_key(&self.find("secrets-manager", name)?, reference)
    }
}

/// The whole secret, or the value of the key that the reference names.
pub(super) fn of_key(whole: &str, reference: &SecretReference) -> Result<Secret, SecretError> {
    let Some(key) = &reference.json_key else { return Ok(Secret::from(whole)) };
    // What a parser says about the text would show parts of it.
    let refused = |why: &str| SecretError::Refused(format!("the secret `{}` {why}", reference.secret_id));
    let object: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(whole).map_err(|_| refused("is no JSON object, so it has no keys"))?;
    match object.get(key) {
        Some(serde_json::Value::String(text)) => Ok(Secret::from(text.as_str())),
        Some(value) => Ok(Secret::from(value.to_string())),
        None => Err(refused(&format!("has no key `{}`", key.escape_debug()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(source: &dyn SecretSource, reference: &str) -> Result<String, SecretError> {
        source.secret(&SecretReference::parse(reference).unwrap()).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn env_file() {
        let text = "# comment\n\n/shop/token= a=b \nshop:phrase=x y\ndb={\"user\":\"u\",\"port\":5432}\n";
        let source = EnvFileSecrets::parse(text).unwrap();
        assert_eq!(source.parameter("/shop/token").unwrap().expose(), " a=b ");
        assert_eq!(value(&source, "shop:phrase").unwrap(), "x y");
        assert_eq!(value(&source, "db:user").unwrap(), "u");
        assert_eq!(value(&source, "db:port").unwrap(), "5432");
        assert!(value(&source, "db").unwrap().starts_with('{'));
        for missing in ["db:none", "none", "shop:none"] {
            assert!(value(&source, missing).is_err(), "{missing}");
        }
        let shown = format!("{source:?}");
        assert!(shown.contains("db") && !shown.contains("5432"), "{shown}");
        assert_eq!(EnvFileSecrets::parse("A=1\nB\n").unwrap_err(), 2);
        assert_eq!(EnvFileSecrets::parse("=1\n").unwrap_err(), 1);
    }

    #[test]
    fn directory() {
        let directory = tempfile::tempdir().unwrap();
        for (path, text) in [("parameter-store/shop/token", "abc\n"), ("db", "{\"user\":\"u\"}"), ("broken", "{secret")]
        {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let source = DirectorySecrets::new(directory.path());
        assert_eq!(source.parameter("/shop/token").unwrap().expose(), "abc");
        assert_eq!(value(&source, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db:user").unwrap(), "u");
        for missing in ["/shop", "../db", "/none", "", "/"] {
            assert!(matches!(source.parameter(missing), Err(SecretError::NotFound(_))), "{missing}");
        }
        let error = value(&source, "broken:key").unwrap_err().to_string();
        assert!(error.contains("no JSON object") && !error.contains("{secret"), "{error}");
    }
}
