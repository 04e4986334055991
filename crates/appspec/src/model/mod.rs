//! The three kinds of AppSpec as plain data with places.

pub mod acl;
pub mod ecs;
pub mod lambda;
pub mod selinux;
pub mod server;

use std::fmt;

use spec_report::Spanned;

pub use ecs::Ecs;
pub use lambda::Lambda;
pub use server::Server;

/// What an AppSpec is for, which decides its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// EC2 instances and on-premises hosts: read by the CodeDeploy agent.
    Server,
    /// An Amazon ECS service: read by CodeDeploy itself.
    Ecs,
    /// A Lambda function: read by CodeDeploy itself.
    Lambda,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "EC2/on-premises",
            Self::Ecs => "ECS",
            Self::Lambda => "Lambda",
        })
    }
}

/// An AppSpec of any kind.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AppSpec {
    /// For EC2 instances and on-premises hosts.
    Server(Server),
    /// For an Amazon ECS service.
    Ecs(Ecs),
    /// For a Lambda function.
    Lambda(Lambda),
}

impl AppSpec {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Server(_) => Kind::Server,
            Self::Ecs(_) => Kind::Ecs,
            Self::Lambda(_) => Kind::Lambda,
        }
    }

    /// The EC2/on-premises AppSpec, if it is one.
    #[must_use]
    pub fn as_server(&self) -> Option<&Server> {
        match self {
            Self::Server(server) => Some(server),
            _ => None,
        }
    }

    /// The ECS AppSpec, if it is one.
    #[must_use]
    pub fn as_ecs(&self) -> Option<&Ecs> {
        match self {
            Self::Ecs(ecs) => Some(ecs),
            _ => None,
        }
    }

    /// The Lambda AppSpec, if it is one.
    #[must_use]
    pub fn as_lambda(&self) -> Option<&Lambda> {
        match self {
            Self::Lambda(lambda) => Some(lambda),
            _ => None,
        }
    }

    /// The version as it is read, if one is written.
    #[must_use]
    pub fn version(&self) -> Option<&Spanned<Version>> {
        match self {
            Self::Server(server) => server.version.as_ref(),
            Self::Ecs(ecs) => ecs.version.as_ref(),
            Self::Lambda(lambda) => lambda.version.as_ref(),
        }
    }

    /// The validation hooks of an ECS or Lambda AppSpec; none for EC2/on-premises, whose hooks are
    /// scripts.
    #[must_use]
    pub fn function_hooks(&self) -> &[FunctionHook] {
        match self {
            Self::Server(_) => &[],
            Self::Ecs(ecs) => &ecs.hooks,
            Self::Lambda(lambda) => &lambda.hooks,
        }
    }
}

/// The `version` of an AppSpec.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// The value as text: `0.0`, `1`, …
    pub text: String,
    /// Whether it is the number zero, which is all that the agent accepts.
    pub is_zero: bool,
}

/// A Lambda function that validates a deployment at one lifecycle event (ECS and Lambda).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionHook {
    /// The lifecycle event.
    pub event: Spanned<String>,
    /// The function's name or ARN.
    pub function: Spanned<String>,
}
