//! Amazon Resource Names: `arn:partition:service:region:account:resource`.

use serde::{Deserialize, Serialize};

use super::{AccountId, ParseIdError, Partition, Region, text_id};

/// An Amazon Resource Name.
///
/// Region and account may be empty (S3, IAM); the account may also be a word (`aws` for managed policies, `cloudfront`).
/// What stands in the resource is the service's own business.
///
/// ```
/// use aws_call::Arn;
///
/// let arn = Arn::parse("arn:aws:ecs:eu-central-1:123456789012:service/shop/web")?;
/// assert_eq!(arn.service(), "ecs");
/// assert_eq!(arn.resource(), "service/shop/web");
/// assert_eq!(arn.resource_parts().collect::<Vec<_>>(), ["service", "shop", "web"]);
/// # Ok::<(), aws_call::ParseIdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn {
    text: String,
    partition: Partition,
    region: Option<Region>,
    /// Where service, region, account and resource begin.
    starts: [usize; 4],
}

impl Arn {
    /// Reads an ARN.
    ///
    /// # Errors
    /// [`ParseIdError`] if a part is missing or malformed.
    pub fn parse(text: &str) -> Result<Self, ParseIdError> {
        let err = |why| Err(ParseIdError::new(text, "an ARN", why));
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().unwrap_or_default();
        let (scheme, partition, service, region, account, resource) = (part(), part(), part(), part(), part(), part());
        if scheme != "arn" {
            return err("it must begin with `arn:`");
        }
        let Ok(partition) = Partition::parse(partition) else {
            return err("its second part is not a partition, such as `aws`");
        };
        let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if service.is_empty() || !service.bytes().all(name) {
            return err("its third part is not a service, such as `ecs`");
        }
        let region_id = if region.is_empty() { None } else { Region::parse(region).ok() };
        if region_id.is_none() && !region.is_empty() {
            return err("its fourth part is not a region");
        }
        let digits = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
        if (digits && account.len() != 12) || !account.bytes().all(name) {
            return err("its fifth part is not an account id of twelve digits");
        }
        if resource.is_empty() {
            return err("it names no resource");
        }
        // Blanks within are real: names of CloudWatch alarms have them.
        if resource.chars().any(char::is_control) || resource != resource.trim() {
            return err("its resource has a control character or a blank at its end");
        }
        let service_at = "arn:".len() + partition.as_str().len() + 1;
        let region_at = service_at + service.len() + 1;
        let account_at = region_at + region.len() + 1;
        let resource_at = account_at + account.len() + 1;
        Ok(Self {
            text: text.to_owned(),
            partition,
            region: region_id,
            starts: [service_at, region_at, account_at, resource_at],
        })
    }

    /// Puts an ARN of an account's resource together; the partition is the region's.
    ///
    /// # Errors
    /// [`ParseIdError`] if service or resource are not such.
    pub fn new(service: &str, region: &Region, account: &AccountId, resource: &str) -> Result<Self, ParseIdError> {
        Self::parse(&format!("arn:{}:{service}:{region}:{account}:{resource}", region.partition()))
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// The service's namespace, such as `ecs`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.between(0)
    }

    /// The region; none for global services.
    #[must_use]
    pub const fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// The account, if the ARN has one and it is an account id.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        AccountId::parse(self.between(2)).ok()
    }

    /// The resource, with its type if the service writes one.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.text[self.starts[3]..]
    }

    /// The resource cut at each `/` and `:`, as services use either.
    pub fn resource_parts(&self) -> impl Iterator<Item = &str> {
        self.resource().split(['/', ':'])
    }

    fn between(&self, part: usize) -> &str {
        &self.text[self.starts[part]..self.starts[part + 1] - 1]
    }
}

text_id!(Arn);
