//! Finding an action type, among the builtin ones and those a program registers.

use std::sync::Arc;

use super::{ActionType, BUILTIN};
use crate::model::{ActionTypeId, Owner};

/// The action types that checks know: the builtin ones, and a program's own.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    own: Vec<Arc<dyn ActionType>>,
}

impl Catalogue {
    /// The builtin action types.
    #[must_use]
    pub const fn builtin() -> Self {
        Self { own: Vec::new() }
    }

    /// The same catalogue with one more type, which wins over an earlier one of the same id.
    #[must_use]
    pub fn with(mut self, action_type: impl ActionType + 'static) -> Self {
        self.own.push(Arc::new(action_type));
        self
    }

    /// The type that a declaration means.
    #[must_use]
    pub fn find(&self, id: &ActionTypeId) -> Option<&dyn ActionType> {
        self.own.iter().rev().map(|own| &**own).find(|own| own.id().is(id)).or_else(|| builtin(id))
    }

    /// Every type, the program's own first.
    pub fn iter(&self) -> impl Iterator<Item = &dyn ActionType> {
        self.own.iter().map(|own| &**own).chain(BUILTIN.iter().copied())
    }
}

fn builtin(id: &ActionTypeId) -> Option<&'static dyn ActionType> {
    BUILTIN.iter().copied().find(|known| known.id().is(id))
}

/// Whether the value of a key is kept out of every output.
///
/// The catalogue decides. For a partner's or an account's own type it is silent, so there the name of the key does:
/// hiding too much costs little.
pub(crate) fn is_secret(id: &ActionTypeId, key: &str) -> bool {
    match builtin(id) {
        Some(known) => known.config().iter().any(|config| config.secret && config.name == key),
        // A wrong owner or version must not bring the token into the open.
        None => {
            let listed = BUILTIN
                .iter()
                .filter(|known| known.id().provider == id.provider)
                .any(|known| known.config().iter().any(|config| config.secret && config.name == key));
            listed || (id.owner != Owner::Aws && looks_secret(key))
        }
    }
}

fn looks_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["token", "secret", "password", "apikey", "api_key", "privatekey"].iter().any(|word| key.contains(word))
}
