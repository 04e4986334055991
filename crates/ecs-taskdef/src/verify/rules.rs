//! The rules that only the account can answer.

use spec_report::{Rule, declare_rule};

declare_rule! {
    /// The registry has no image of this name and tag or digest.
    pub static IMAGE_NOT_FOUND = {
        id: "ecs-taskdef/image-not-found",
        severity: Error,
        summary: "an image is not in its registry",
        service: "CannotPullContainerError",
    }

    /// A load balancer's entry of the service names a container or a port that the task definition does not have.
    pub static LOAD_BALANCER_CONTAINER = {
        id: "ecs-taskdef/load-balancer-container",
        severity: Error,
        summary: "the service's load balancer leads to a container or port that is not there",
        service: "does not exist in the task definition",
    }

    /// The log group of a container does not exist, and nothing creates it.
    pub static LOG_GROUP_NOT_FOUND = {
        id: "ecs-taskdef/log-group-not-found",
        severity: Error,
        summary: "a log group does not exist",
        service: "The specified log group does not exist",
    }

    /// Something could not be looked at, so nothing is known about it.
    pub static NOT_VERIFIED = {
        id: "ecs-taskdef/not-verified",
        severity: Info,
        summary: "something could not be looked at",
    }

    /// The image is not there for the platform that the task asks for.
    pub static PLATFORM_NOT_IN_IMAGE = {
        id: "ecs-taskdef/platform-not-in-image",
        severity: Error,
        summary: "an image is built for other platforms than the task's",
        service: "does not contain descriptor matching platform",
    }

    /// The role does not exist.
    pub static ROLE_NOT_FOUND = {
        id: "ecs-taskdef/role-not-found",
        severity: Error,
        summary: "a role does not exist",
        service: "ECS was unable to assume the role",
    }

    /// The role exists, but tasks of ECS may not assume it.
    pub static ROLE_NOT_TRUSTING_TASKS = {
        id: "ecs-taskdef/role-not-trusting-tasks",
        severity: Error,
        summary: "tasks may not assume a role",
        service: "Please verify that the role being passed has the proper trust relationship",
    }

    /// A secret is there, but not the JSON key that is asked for.
    pub static SECRET_KEY_NOT_FOUND = {
        id: "ecs-taskdef/secret-key-not-found",
        severity: Error,
        summary: "a secret lacks the JSON key that is read from it",
        service: "did not contain json key",
    }

    /// A secret or parameter does not exist.
    pub static SECRET_NOT_FOUND = {
        id: "ecs-taskdef/secret-not-found",
        severity: Error,
        summary: "a secret or parameter does not exist",
        service: "unable to pull secrets or registry auth",
    }

    /// A target group of the service does not exist.
    pub static TARGET_GROUP_NOT_FOUND = {
        id: "ecs-taskdef/target-group-not-found",
        severity: Error,
        summary: "a target group does not exist",
    }

    /// A target group takes targets of another type than the tasks of this network mode are.
    pub static TARGET_GROUP_TYPE = {
        id: "ecs-taskdef/target-group-type",
        severity: Error,
        summary: "a target group takes other targets than tasks of this network mode",
        service: "which is incompatible with the awsvpc network mode specified in the task definition",
    }

    /// No load balancer sends requests to a target group.
    pub static TARGET_GROUP_UNUSED = {
        id: "ecs-taskdef/target-group-unused",
        severity: Error,
        summary: "no load balancer leads to a target group",
        service: "does not have an associated load balancer",
    }
}

/// The rules by which [`Verifier`](super::Verifier) reports.
pub(crate) static VERIFYING: &[&Rule] = &[
    &IMAGE_NOT_FOUND,
    &LOAD_BALANCER_CONTAINER,
    &LOG_GROUP_NOT_FOUND,
    &NOT_VERIFIED,
    &PLATFORM_NOT_IN_IMAGE,
    &ROLE_NOT_FOUND,
    &ROLE_NOT_TRUSTING_TASKS,
    &SECRET_KEY_NOT_FOUND,
    &SECRET_NOT_FOUND,
    &TARGET_GROUP_NOT_FOUND,
    &TARGET_GROUP_TYPE,
    &TARGET_GROUP_UNUSED,
];
