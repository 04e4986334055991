//! Applications and the revisions that are registered with them.

use std::time::SystemTime;

use super::{ComputePlatform, RevisionLocation};

/// An application: a name that groups, configurations and revisions belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: Option<String>,
    /// What it deploys to.
    pub compute_platform: ComputePlatform,
    /// When it was made.
    pub create_time: Option<SystemTime>,
}

impl Application {
    /// An application.
    pub fn new(name: impl Into<String>, compute_platform: ComputePlatform) -> Self {
        Self { name: name.into(), id: None, compute_platform, create_time: None }
    }
}

/// A revision that is registered with an application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegisteredRevision {
    /// Where it is.
    pub location: RevisionLocation,
    /// The comment it was registered with.
    pub description: Option<String>,
    /// The groups to which it was deployed successfully last.
    pub deployment_groups: Vec<String>,
    /// When it was registered.
    pub register_time: Option<SystemTime>,
    /// When it was deployed first.
    pub first_used_time: Option<SystemTime>,
    /// When it was deployed last.
    pub last_used_time: Option<SystemTime>,
}

impl RegisteredRevision {
    /// A revision of which only the location is known.
    #[must_use]
    pub fn new(location: RevisionLocation) -> Self {
        Self {
            location,
            description: None,
            deployment_groups: Vec::new(),
            register_time: None,
            first_used_time: None,
            last_used_time: None,
        }
    }
}
