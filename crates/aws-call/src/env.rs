//! The environment as a dependency: nothing reads the process's variables unless its caller hands them in.

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

/// Environment variables.
pub trait Env: Debug + Send + Sync {
    /// The value of `name`; `None` if it is not set or is not Unicode.
    fn var(&self, name: &str) -> Option<String>;
}

const _: fn(&dyn Env) = |_| ();

impl<T: Env + ?Sized> Env for Arc<T> {
    fn var(&self, name: &str) -> Option<String> {
        (**self).var(name)
    }
}

/// Variables from a map.
///
/// Values may be credentials, so `Debug` shows the names only.
///
/// ```
/// use aws_call::{Env, MapEnv};
///
/// let env = MapEnv::from_iter([("AWS_REGION", "eu-central-1")]).with("HOME", "/root");
/// assert_eq!(env.var("AWS_REGION").as_deref(), Some("eu-central-1"));
/// assert_eq!(env.var("PATH"), None);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct MapEnv(BTreeMap<String, String>);

impl MapEnv {
    /// An environment without variables.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Sets `name`, replacing an earlier value.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl Env for MapEnv {
    fn var(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

impl Debug for MapEnv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MapEnv")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl From<BTreeMap<String, String>> for MapEnv {
    fn from(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for MapEnv {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_values() {
        let env = MapEnv::new().with("TOKEN", "not-for-logs");
        assert_eq!(format!("{env:?}"), r#"MapEnv{"TOKEN"}"#);
    }

    #[test]
    fn later_value_wins() {
        let env = MapEnv::new().with("A", "1").with("A", "2");
        assert_eq!(env.iter().collect::<Vec<_>>(), [("A", "2")]);
    }
}
