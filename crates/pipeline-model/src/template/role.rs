//! `AWS::IAM::Role`, and the policies that are attached to roles.

use super::at::{At, Text};
use crate::iam::Policy;

/// A role.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Role {
    /// Its name.
    pub name: Option<Text>,
    /// Who may assume it; absent when it could not be read as a policy.
    pub trust: Option<Policy>,
    /// Its own policies.
    pub policies: Vec<NamedPolicy>,
    /// The ARNs of managed policies.
    pub managed_policy_arns: Vec<Text>,
}

/// A policy with its name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NamedPolicy {
    /// The name.
    pub name: Option<Text>,
    /// The policy.
    pub document: Policy,
}

/// A policy that says which roles it is for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AttachedPolicy {
    /// The policy; absent when it could not be read as one.
    pub policy: Option<NamedPolicy>,
    /// The roles.
    pub roles: Vec<Text>,
}

pub(super) fn read(at: &At<'_>) -> Role {
    Role {
        name: at.text("RoleName"),
        trust: document(at, "AssumeRolePolicyDocument"),
        policies: at.items("Policies").filter_map(|item| named(&item)).collect(),
        managed_policy_arns: at.texts("ManagedPolicyArns"),
    }
}

pub(super) fn attached(at: &At<'_>) -> AttachedPolicy {
    AttachedPolicy { policy: named(at), roles: at.texts("Roles") }
}

fn named(at: &At<'_>) -> Option<NamedPolicy> {
    let name = at.text("PolicyName").or_else(|| at.text("ManagedPolicyName"));
    Some(NamedPolicy { name, document: document(at, "PolicyDocument")? })
}

fn document(at: &At<'_>, key: &str) -> Option<Policy> {
    serde_json::from_value(at.json(key)?).ok()
}
