//! Hosts of registries, and what an ECR host says: account, region, and which kind of endpoint it is.

use std::{fmt, str::FromStr};

use aws_call::{AccountId, Region};
use serde::{Deserialize, Serialize};

use crate::error::NameError;

/// The host of a registry, with its port if it has one.
///
/// ```
/// use aws_call::{AccountId, Region};
/// use ecr_push::Registry;
///
/// let registry = Registry::ecr_private(&AccountId::parse("123456789012")?, &Region::parse("cn-north-1")?);
/// assert_eq!(registry.as_str(), "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn");
/// # Ok::<(), aws_call::ParseIdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Registry(String);

/// What the host of a private ECR registry says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EcrHost {
    /// The account, which is the registry's id.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// Whether the endpoint is one with validated cryptography.
    pub fips: bool,
    /// Whether the endpoint also answers over IPv6.
    pub dual_stack: bool,
}

impl EcrHost {
    /// The ordinary endpoint of an account in a region.
    #[must_use]
    pub const fn new(account: AccountId, region: Region) -> Self {
        Self { account, region, fips: false, dual_stack: false }
    }

    /// The host with this endpoint. For whether a region has it, see the documentation page "Amazon ECR endpoints and
    /// quotas".
    #[must_use]
    pub fn registry(&self) -> Registry {
        let Self { account, region, fips, dual_stack } = self;
        let fips = if *fips { "-fips" } else { "" };
        let (joint, suffix) = match (dual_stack, region.dns_suffix()) {
            (false, suffix) => ('.', suffix),
            (true, "amazonaws.com.cn") => ('-', "on.amazonwebservices.com.cn"),
            (true, _) => ('-', "on.aws"),
        };
        Registry(format!("{account}.dkr{joint}ecr{fips}.{region}.{suffix}"))
    }
}

/// What ECR hosts end in: one for each partition, and those of the dual-stack endpoints.
const SUFFIXES: &[&str] = &[
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "on.amazonwebservices.com.cn",
    "on.aws",
    "sc2s.sgov.gov",
];

impl Registry {
    /// Reads a host name or address, and a port.
    ///
    /// # Errors
    /// [`NameError`] if `text` has another form, for instance begins with `https://`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let err = |why| Err(NameError::new(text, "a registry", why));
        if text.contains("://") || text.contains('/') {
            return err("it is a host with an optional port, without scheme and path");
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        if port.is_some_and(|port| port.parse::<u16>().is_err() || port.starts_with('+')) {
            return err("a number up to 65535 must follow the colon");
        }
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if host.len() > 253 || !host.split('.').all(label) {
            return err("a host consists of letters, digits and dashes between dots");
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The private ECR registry of an account in a region, in whichever partition the region lies.
    #[must_use]
    pub fn ecr_private(account: &AccountId, region: &Region) -> Self {
        EcrHost::new(account.clone(), region.clone()).registry()
    }

    /// The host and port.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the host says if it is that of a private ECR registry, in any partition.
    #[must_use]
    pub fn ecr(&self) -> Option<EcrHost> {
        let (account, rest) = self.0.split_at_checked(12)?;
        let account = AccountId::parse(account).ok()?;
        // `dkr-ecr` begins the hosts of dual-stack endpoints.
        let rest = rest.strip_prefix(".dkr.ecr").or_else(|| rest.strip_prefix(".dkr-ecr"))?;
        let (rest, fips) = rest.strip_prefix("-fips").map_or((rest, false), |rest| (rest, true));
        let (region, suffix) = rest.strip_prefix('.')?.split_once('.')?;
        let region = Region::parse(region).ok()?;
        let dual_stack = suffix.starts_with("on.");
        SUFFIXES.contains(&suffix).then_some(EcrHost { account, region, fips, dual_stack })
    }

    /// Whether it is the public gallery of ECR.
    #[must_use]
    pub fn is_ecr_public(&self) -> bool {
        matches!(self.0.as_str(), "public.ecr.aws" | "ecr-public.aws.com")
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl AsRef<str> for Registry {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for Registry {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Registry {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Registry> for String {
    fn from(registry: Registry) -> Self {
        registry.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_all_partitions() {
        let account = AccountId::parse("123456789012").unwrap();
        for region in [
            "eu-central-1",
            "us-gov-west-1",
            "cn-north-1",
            "eusc-de-east-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "us-isof-south-1",
        ] {
            let region = Region::parse(region).unwrap();
            let ecr = Registry::ecr_private(&account, &region).ecr().unwrap();
            assert_eq!(
                ecr,
                EcrHost { account: account.clone(), region: region.clone(), fips: false, dual_stack: false }
            );
            for (fips, dual_stack) in [(true, false), (false, true), (true, true)] {
                let host = EcrHost { account: account.clone(), region: region.clone(), fips, dual_stack };
                assert_eq!(host.registry().ecr(), Some(host.clone()), "{}", host.registry());
            }
        }
    }

    #[test]
    fn endpoints() {
        for (host, expected) in [
            ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", Some((true, false))),
            ("123456789012.dkr-ecr.us-east-1.on.aws", Some((false, true))),
            ("123456789012.dkr-ecr-fips.us-east-1.on.aws", Some((true, true))),
            ("123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", Some((false, true))),
            ("123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov", Some((false, false))),
            ("123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", Some((false, false))),
            ("123456789012.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", Some((false, false))),
            ("123456789012.dkr.ecr.us-isof-south-1.csp.hci.ic.gov", Some((false, false))),
            ("123456789012.dkr.ecr-fips.us-gov-east-1.amazonaws.com", Some((true, false))),
            ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", Some((false, false))),
            ("123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn", Some((false, false))),
            ("12345678901.dkr.ecr.us-east-1.amazonaws.com", None),
            ("123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example", None),
            ("123456789012.dkr.ecr.us-east-1.example.com", None),
            ("123456789012.ecr.us-east-1.amazonaws.com", None),
            ("public.ecr.aws", None),
        ] {
            let found = Registry::parse(host).unwrap().ecr().map(|ecr| (ecr.fips, ecr.dual_stack));
            assert_eq!(found, expected, "{host}");
        }
        assert!(Registry::parse("public.ecr.aws").unwrap().is_ecr_public());
    }

    #[test]
    fn forms() {
        for text in ["localhost", "localhost:5000", "127.0.0.1:80", "Registry.Example"] {
            assert_eq!(Registry::parse(text).unwrap().as_str(), text.to_ascii_lowercase());
        }
        for text in ["", ":80", "a:", "a:+1", "a:65536", "a b", "a/b", "http://a", "-a", "a..b", "a_b"] {
            assert!(Registry::parse(text).is_err(), "{text}");
        }
    }
}
