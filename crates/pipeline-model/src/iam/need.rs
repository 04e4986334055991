//! What each role must be allowed to do, and for whose sake.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_call::{AccountId, Arn, Region};

use super::resource;
use crate::actions::Catalogue;
use crate::model::{Action, ArtifactStore, Pipeline};

/// Where a pipeline lives: what ARNs of its own resources begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    pub(super) region: Region,
    pub(super) account: AccountId,
}

impl Home {
    /// The region and the account of the pipeline.
    #[must_use]
    pub const fn new(region: Region, account: AccountId) -> Self {
        Self { region, account }
    }

    pub(super) fn arn(&self, service: &str, region: &Region, resource: &str) -> String {
        format!("arn:{}:{service}:{region}:{}:{resource}", region.partition().as_str(), self.account)
    }
}

/// One permission on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Need {
    /// The IAM action: `ecs:UpdateService`.
    pub permission: String,
    /// The resource as a pattern of policies; `*` where no narrower one is known.
    pub resource: String,
    /// The service that a role may be handed to, for `iam:PassRole`.
    pub passed_to: Option<&'static str>,
    /// What needs it: `action Deploy in stage Deploy`.
    pub because: String,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` on `{}` for {}", self.permission, self.resource, self.because)
    }
}

/// The needs of every role that a pipeline names, by the role's ARN: its own, and those of actions that have one. A role
/// that needs nothing is not there.
#[must_use]
pub fn pipeline_needs(pipeline: &Pipeline, home: &Home) -> BTreeMap<String, Vec<Need>> {
    let catalogue = Catalogue::builtin();
    let mut roles: BTreeMap<String, BTreeSet<Need>> = BTreeMap::new();
    for store in stores(pipeline) {
        let needs = store_needs(store, home, "the artifact store");
        roles.entry(pipeline.role_arn.clone()).or_default().extend(needs);
    }
    for (stage, action) in pipeline.actions() {
        let because = format!("action {} in stage {}", action.name, stage.name);
        let role = action.role_arn.as_ref().unwrap_or(&pipeline.role_arn);
        if *role != pipeline.role_arn {
            let assume = Need {
                permission: "sts:AssumeRole".to_owned(),
                resource: role.clone(),
                passed_to: None,
                because: because.clone(),
            };
            roles.entry(pipeline.role_arn.clone()).or_default().insert(assume);
            if !action.input_artifacts.is_empty() || !action.output_artifacts.is_empty() {
                let of_region = |store: &&ArtifactStore| belongs(pipeline, store, action);
                let needs = stores(pipeline)
                    .filter(of_region)
                    .flat_map(|store| store_needs(store, home, &because))
                    .collect::<Vec<_>>();
                roles.entry(role.clone()).or_default().extend(needs);
            }
        }
        let Some(kind) = catalogue.find(&action.action_type_id) else { continue };
        let home = at_home_of(role, home);
        for permission in kind.permissions() {
            let needs = resource::of(permission, action, &pipeline.name, &home).into_iter().map(|resource| Need {
                permission: resource::permission(permission, action),
                resource,
                passed_to: resource::passed_to(permission, action),
                because: because.clone(),
            });
            roles.entry(role.clone()).or_default().extend(needs);
        }
    }
    let needed = roles.into_iter().filter(|(_, needs)| !needs.is_empty());
    needed.map(|(role, needs)| (role, needs.into_iter().collect())).collect()
}

/// A role of another account works on the resources of that account.
fn at_home_of(role: &str, home: &Home) -> Home {
    let account = Arn::parse(role).ok().and_then(|arn| arn.account());
    Home { account: account.unwrap_or_else(|| home.account.clone()), region: home.region.clone() }
}

fn stores(pipeline: &Pipeline) -> impl Iterator<Item = &ArtifactStore> {
    pipeline.artifact_store.iter().chain(pipeline.artifact_stores.iter().flat_map(BTreeMap::values))
}

/// Whether an action reads and writes there: its region's store, or any when that cannot be told.
fn belongs(pipeline: &Pipeline, store: &ArtifactStore, action: &Action) -> bool {
    match (&pipeline.artifact_stores, &action.region) {
        (Some(stores), Some(region)) => stores.get(region).is_none_or(|own| own == store),
        _ => true,
    }
}

/// A permission that hands no role on.
pub(crate) fn need(permission: &str, resource: impl Into<String>, because: &str) -> Need {
    Need { permission: permission.to_owned(), resource: resource.into(), passed_to: None, because: because.to_owned() }
}

/// What reading and writing artifacts takes ("Manage the CodePipeline service role" in the user guide).
pub(crate) fn store_needs(store: &ArtifactStore, home: &Home, because: &str) -> Vec<Need> {
    let need = |permission: &str, resource: String| need(permission, resource, because);
    let bucket = format!("arn:{}:s3:::{}", home.region.partition().as_str(), resource::known(&store.location));
    let mut needs: Vec<Need> =
        ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"].map(|p| need(p, bucket.clone())).into();
    needs.extend(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"].map(|p| need(p, format!("{bucket}/*"))));
    if let Some(key) =
        store.encryption_key.as_ref().filter(|key| key.id.starts_with("arn:") && key.id.contains(":key/"))
    {
        let permissions = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"];
        needs.extend(permissions.map(|permission| need(permission, key.id.clone())));
    }
    needs
}
