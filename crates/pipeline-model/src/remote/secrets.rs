//! `****`: a secret that only the service knows.
//!
//! `GetPipeline` answers `****` in the place of a secret. An update that sends it back keeps the stored value, but only
//! while the action and its other settings stay as they were; otherwise the token is gone and the source fails with
//! "invalid credentials" at its next run (page "Update a pipeline", and observed by many users of Terraform).

use std::fmt;

use crate::model::{Action, Pipeline};

/// A secret that an update would destroy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LostSecret {
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// The setting.
    pub key: String,
}

impl fmt::Display for LostSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of action `{}` in stage `{}`", self.key, self.action, self.stage)
    }
}

/// The secrets that are `****` in `new` and that the service would not fill in from `live`.
#[must_use]
pub(super) fn lost(new: &Pipeline, live: Option<&Pipeline>) -> Vec<LostSecret> {
    let mut lost = Vec::new();
    for (stage, action) in new.actions() {
        let stored = live.and_then(|live| live.stage(&stage.name)?.action(&action.name));
        let hidden = action.configuration.iter().filter(|(_, value)| value.is_redacted() && value.is_secret());
        for (key, _) in hidden {
            let kept =
                stored.is_some_and(|stored| stored.configuration.get(key).is_some() && same_settings(action, stored));
            if !kept {
                let (stage, action, key) = (stage.name.clone(), action.name.clone(), key.clone());
                lost.push(LostSecret { stage, action, key });
            }
        }
    }
    lost
}

/// Whether the service takes two actions for the same one as far as secrets go.
pub(crate) fn same_settings(new: &Action, old: &Action) -> bool {
    let open = |action: &Action| -> Vec<(String, String)> {
        let shown = action.configuration.iter().filter(|(_, value)| !value.is_secret());
        shown.map(|(key, value)| (key.clone(), value.expose().to_owned())).collect()
    };
    new.action_type_id == old.action_type_id && open(new) == open(old)
}
