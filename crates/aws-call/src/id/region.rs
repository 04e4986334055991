//! Regions and partitions. The name of a region tells its partition, and the partition tells the DNS suffix: an image's
//! host name in China does not end in `amazonaws.com`.

use serde::{Deserialize, Serialize};

use super::{ParseIdError, text_id};

/// A separate copy of AWS, with accounts and names of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Partition {
    /// `aws`: the commercial regions.
    Aws,
    /// `aws-cn`: China.
    AwsCn,
    /// `aws-eusc`: the European Sovereign Cloud.
    AwsEusc,
    /// `aws-iso`: US isolated regions, top secret.
    AwsIso,
    /// `aws-iso-b`: US isolated regions, secret.
    AwsIsoB,
    /// `aws-iso-e`: isolated regions in Europe.
    AwsIsoE,
    /// `aws-iso-f`: US isolated regions south.
    AwsIsoF,
    /// `aws-us-gov`: GovCloud (US).
    AwsUsGov,
}

impl Partition {
    /// Every partition, sorted by name.
    pub const ALL: &'static [Self] = &[
        Self::Aws,
        Self::AwsCn,
        Self::AwsEusc,
        Self::AwsIso,
        Self::AwsIsoB,
        Self::AwsIsoE,
        Self::AwsIsoF,
        Self::AwsUsGov,
    ];

    /// Reads the name of a partition.
    ///
    /// # Errors
    /// [`ParseIdError`] if there is no partition of that name.
    pub fn parse(text: &str) -> Result<Self, ParseIdError> {
        let found = Self::ALL.iter().find(|partition| partition.as_str() == text);
        found.copied().ok_or_else(|| ParseIdError::new(text, "a partition", "no partition has this name"))
    }

    /// The name, as ARNs begin with.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsEusc => "aws-eusc",
            Self::AwsIso => "aws-iso",
            Self::AwsIsoB => "aws-iso-b",
            Self::AwsIsoE => "aws-iso-e",
            Self::AwsIsoF => "aws-iso-f",
            Self::AwsUsGov => "aws-us-gov",
        }
    }

    /// What the host names of its services end in.
    #[must_use]
    pub const fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
            Self::AwsCn => "amazonaws.com.cn",
            Self::AwsEusc => "amazonaws.eu",
            Self::AwsIso => "c2s.ic.gov",
            Self::AwsIsoB => "sc2s.sgov.gov",
            Self::AwsIsoE => "cloud.adc-e.uk",
            Self::AwsIsoF => "csp.hci.ic.gov",
        }
    }

    /// How the names of its regions begin; the commercial ones share no beginning.
    const fn region_prefix(self) -> Option<&'static str> {
        match self {
            Self::Aws => None,
            Self::AwsCn => Some("cn-"),
            Self::AwsEusc => Some("eusc-"),
            Self::AwsIso => Some("us-iso-"),
            Self::AwsIsoB => Some("us-isob-"),
            Self::AwsIsoE => Some("eu-isoe-"),
            Self::AwsIsoF => Some("us-isof-"),
            Self::AwsUsGov => Some("us-gov-"),
        }
    }
}

text_id!(Partition);

/// A region, such as `eu-central-1`. Any name of the right form is accepted: AWS adds regions.
///
/// ```
/// use aws_call::{Partition, Region};
///
/// let region = Region::parse("cn-north-1")?;
/// assert_eq!(region.partition(), Partition::AwsCn);
/// assert_eq!(format!("123456789012.dkr.ecr.{region}.{}", region.dns_suffix()),
///     "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn");
/// # Ok::<(), aws_call::ParseIdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl Region {
    /// Reads the name of a region: lower-case words and a number, joined by dashes.
    ///
    /// # Errors
    /// [`ParseIdError`] if `text` does not have that form.
    pub fn parse(text: &str) -> Result<Self, ParseIdError> {
        let err = |why| Err(ParseIdError::new(text, "a region", why));
        if text.len() > 32 {
            return err("it is longer than any region's name");
        }
        let parts: Vec<&str> = text.split('-').collect();
        let [words @ .., number] = parts.as_slice() else {
            return err("it is empty");
        };
        let word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
        if words.len() < 2 || !words.iter().all(word) {
            return err("it must begin with two or more lower-case words joined by dashes");
        }
        if number.is_empty() || number.len() > 2 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            // The commonest slip: `eu-central-1a`.
            return err("it must end in a number; a letter behind it makes an availability zone");
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the region belongs to, by its name.
    #[must_use]
    pub fn partition(&self) -> Partition {
        let belongs =
            |partition: &&Partition| partition.region_prefix().is_some_and(|prefix| self.0.starts_with(prefix));
        Partition::ALL.iter().find(belongs).copied().unwrap_or(Partition::Aws)
    }

    /// What the host names of services in this region end in.
    #[must_use]
    pub fn dns_suffix(&self) -> &'static str {
        self.partition().dns_suffix()
    }
}

text_id!(Region);
