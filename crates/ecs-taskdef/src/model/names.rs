//! The API's words as enums that stay open: a word that AWS adds tomorrow is read, kept and written.

macro_rules! open_enum {
    ($(#[$docs:meta])* $name:ident { $($(#[$vdocs:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$docs])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdocs])* $variant,)+
            /// A word that this version does not know.
            Unknown(String),
        }

        impl $name {
            /// The API's word.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    _ => Self::Unknown(word.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                Self::from(word.as_str())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

pub(crate) use open_enum;

open_enum! {
    /// How the containers of a task reach the network.
    NetworkMode {
        /// A virtual network within the instance; the default on Linux.
        Bridge = "bridge",
        /// The instance's own network.
        Host = "host",
        /// A network interface of its own; the only one on Fargate.
        Awsvpc = "awsvpc",
        /// No network.
        None = "none",
    }
}

open_enum! {
    /// Where a task can run.
    Compatibility {
        /// Instances that the account runs.
        Ec2 = "EC2",
        /// Fargate.
        Fargate = "FARGATE",
        /// Machines outside AWS.
        External = "EXTERNAL",
        /// Instances that ECS runs.
        ManagedInstances = "MANAGED_INSTANCES",
    }
}

open_enum! {
    /// What a container waits for in another one.
    Condition {
        /// It has started.
        Start = "START",
        /// It has exited.
        Complete = "COMPLETE",
        /// It has exited with 0.
        Success = "SUCCESS",
        /// Its health check passes.
        Healthy = "HEALTHY",
    }
}
