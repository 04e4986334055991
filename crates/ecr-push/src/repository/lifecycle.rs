//! Lifecycle policies: which images ECR removes or archives by itself. The document, what ECR refuses in it, and how two of
//! them differ; [`preview`](super::preview()) tells what a policy would do.
//!
//! Source: the documentation pages "Lifecycle policy properties in Amazon ECR" and "Amazon ECR service quotas".

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use super::diff::{Difference, by_key};
use crate::error::{DocumentError, Error};

/// The most rules of a policy.
pub const RULES_LIMIT: usize = 50;
/// The most characters of its text.
pub const TEXT_LIMIT: usize = 30_720;
/// The most wildcards of one pattern.
const WILDCARDS: usize = 4;

/// The policy of a repository. Fields that are not known are lost.
///
/// ```
/// use ecr_push::repository::LifecyclePolicy;
///
/// let text = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed",
///     "countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}"#;
/// let policy = LifecyclePolicy::read(text.as_bytes())?;
/// assert!(policy.problems().is_empty());
/// assert_eq!(policy.rules[0].to_string(), "rule 1: expires untagged images 14 days after they were pushed");
/// # Ok::<(), ecr_push::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LifecyclePolicy {
    /// The rules, in any order: their priorities decide.
    pub rules: Vec<LifecycleRule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LifecycleRule {
    /// Rules with lower numbers come first; each number is there once.
    pub rule_priority: u32,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Which images.
    pub selection: Selection,
    /// What becomes of them.
    pub action: LifecycleAction,
}

/// Which images a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Selection {
    /// Those with or without tags.
    pub tag_status: TagStatus,
    /// Patterns with `*`, each of which one of the image's tags must fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tag_pattern_list: Vec<String>,
    /// Beginnings, each of which one of the image's tags must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tag_prefix_list: Vec<String>,
    /// Where they lie; the standard class if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<StorageClass>,
    /// What is counted.
    pub count_type: CountType,
    /// `days`, for ages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_unit: Option<String>,
    /// How many images stay, or how many days old they get.
    pub count_number: u32,
}

/// Images with tags, without, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TagStatus {
    /// Images with tags.
    Tagged,
    /// Images without tags.
    Untagged,
    /// All of them.
    Any,
}

/// Where an image lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum StorageClass {
    /// Where it can be pulled from.
    #[default]
    Standard,
    /// Where it must be brought back from first.
    Archive,
}

/// What a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum CountType {
    /// Images, of which the youngest stay.
    ImageCountMoreThan,
    /// Days since an image was pushed.
    SinceImagePushed,
    /// Days since it was last pulled, or else pushed.
    SinceImagePulled,
    /// Days since it went to the archive.
    SinceImageTransitioned,
}

/// What becomes of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LifecycleAction {
    /// Removed or moved.
    pub r#type: ActionType,
    /// Where it is moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_storage_class: Option<StorageClass>,
}

/// Removed or moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ActionType {
    /// It is deleted.
    Expire,
    /// It goes to the archive.
    Transition,
}

impl Selection {
    /// Where the images lie that it is about.
    #[must_use]
    pub fn class(&self) -> StorageClass {
        self.storage_class.unwrap_or_default()
    }
}

impl LifecyclePolicy {
    /// A policy of these rules.
    #[must_use]
    pub const fn new(rules: Vec<LifecycleRule>) -> Self {
        Self { rules }
    }

    /// Reads the text of a policy.
    ///
    /// # Errors
    /// [`Error::Document`] if it is not JSON of this form.
    pub fn read(text: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(text).map_err(|error| DocumentError::new("lifecycle policy", error).into())
    }

    /// The text, as ECR takes it.
    ///
    /// # Errors
    /// [`Error::Document`] if it cannot be written, which no value causes.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| DocumentError::new("lifecycle policy", error).into())
    }

    /// What ECR refuses in it, a sentence each.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.rules.iter().flat_map(LifecycleRule::problems).collect();
        if self.rules.is_empty() || self.rules.len() > RULES_LIMIT {
            problems.push(format!("the policy has {} rules; there must be 1 to {RULES_LIMIT}", self.rules.len()));
        }
        let length = self.to_json().map_or(0, |text| text.chars().count());
        if length > TEXT_LIMIT {
            problems.push(format!("the policy has {length} characters, and ECR takes at most {TEXT_LIMIT}"));
        }
        let mut priorities = BTreeSet::new();
        for rule in &self.rules {
            if !priorities.insert(rule.rule_priority) {
                problems.push(format!("the priority {} is there twice; each must be unique", rule.rule_priority));
            }
        }
        for class in [StorageClass::Standard, StorageClass::Archive] {
            let of = |status| {
                let fits =
                    move |rule: &&LifecycleRule| rule.selection.tag_status == status && rule.selection.class() == class;
                self.rules.iter().filter(fits)
            };
            for (status, name) in [(TagStatus::Untagged, "untagged"), (TagStatus::Any, "any")] {
                if of(status).count() > 1 {
                    problems.push(format!("more than one rule has `tagStatus` `{name}`; only one may"));
                }
            }
            let last = self.rules.iter().filter(|rule| rule.selection.class() == class);
            let last = last.map(|rule| rule.rule_priority).max();
            if let Some(any) = of(TagStatus::Any).find(|rule| Some(rule.rule_priority) != last) {
                problems.push(format!(
                    "rule {} has `tagStatus` `any` and must have the highest priority number of all",
                    any.rule_priority
                ));
            }
        }
        problems
    }

    /// How `self` becomes `other`, rule by rule.
    #[must_use]
    pub fn diff(&self, other: &Self) -> Vec<Difference> {
        let keyed = |policy: &Self| -> Vec<(String, String, String)> {
            let rule = |rule: &LifecycleRule| {
                let text = serde_json::to_string(rule).unwrap_or_default();
                (format!("{:010}", rule.rule_priority), rule.to_string(), text)
            };
            policy.rules.iter().map(rule).collect()
        };
        by_key(&keyed(self), &keyed(other))
    }
}

impl LifecycleRule {
    /// Expires images.
    #[must_use]
    pub const fn expire(priority: u32, tag_status: TagStatus, count_type: CountType, count_number: u32) -> Self {
        let selection = Selection {
            tag_status,
            tag_pattern_list: Vec::new(),
            tag_prefix_list: Vec::new(),
            storage_class: None,
            count_type,
            count_unit: None,
            count_number,
        };
        let action = LifecycleAction { r#type: ActionType::Expire, target_storage_class: None };
        Self { rule_priority: priority, description: None, selection, action }
    }

    /// Counts days.
    #[must_use]
    pub fn in_days(mut self) -> Self {
        self.selection.count_unit = Some("days".to_owned());
        self
    }

    /// Only images whose tags fit these patterns.
    #[must_use]
    pub fn with_patterns<T: Into<String>>(mut self, patterns: impl IntoIterator<Item = T>) -> Self {
        self.selection.tag_pattern_list = patterns.into_iter().map(Into::into).collect();
        self
    }

    fn problems(&self) -> Vec<String> {
        let Selection { tag_status, tag_pattern_list, tag_prefix_list, count_type, count_unit, count_number, .. } =
            &self.selection;
        let lists = usize::from(!tag_pattern_list.is_empty()) + usize::from(!tag_prefix_list.is_empty());
        let ages = *count_type != CountType::ImageCountMoreThan;
        let archived = self.selection.class() == StorageClass::Archive;
        let transition = self.action.r#type == ActionType::Transition;
        let mut found = Vec::new();
        let mut check = |wrong: bool, sentence: &str| {
            if wrong {
                found.push(format!("rule {}: {sentence}", self.rule_priority));
            }
        };
        check(self.rule_priority == 0, "`rulePriority` begins at 1");
        check(*count_number == 0, "`countNumber` must be 1 or more");
        check(lists == 2, "has both `tagPatternList` and `tagPrefixList`; only one of them may be there");
        check(
            *tag_status == TagStatus::Tagged && lists == 0,
            "has `tagStatus` `tagged` and needs a `tagPatternList` or `tagPrefixList`",
        );
        check(
            *tag_status != TagStatus::Tagged && lists > 0,
            "names tags, which only `tagStatus` `tagged` may; remove the list",
        );
        check(
            tag_pattern_list.iter().any(|pattern| pattern.matches('*').count() > WILDCARDS),
            "a pattern has more than 4 wildcards",
        );
        check(tag_pattern_list.iter().chain(tag_prefix_list).any(String::is_empty), "a tag pattern or prefix is empty");
        check(ages && count_unit.as_deref() != Some("days"), "counts an age and needs `countUnit` `days`");
        check(!ages && count_unit.is_some(), "counts images; remove `countUnit`, which is for ages");
        check(
            *count_type == CountType::SinceImageTransitioned && !archived,
            "counts since the image went to the archive and needs `storageClass` `archive`",
        );
        check(
            transition && self.action.target_storage_class != Some(StorageClass::Archive),
            "has the action `transition` and needs `targetStorageClass` `archive`",
        );
        check(transition && archived, "moves images to the archive that are there already");
        check(!transition && self.action.target_storage_class.is_some(), "expires images; remove `targetStorageClass`");
        found
    }
}

impl fmt::Display for LifecycleRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selection { tag_status, tag_pattern_list, tag_prefix_list, count_type, count_number, .. } = &self.selection;
        let does = match self.action.r#type {
            ActionType::Expire => "expires",
            ActionType::Transition => "archives",
        };
        let class = if self.selection.class() == StorageClass::Archive { "archived " } else { "" };
        write!(f, "rule {}: {does} {class}", self.rule_priority)?;
        match tag_status {
            TagStatus::Untagged => f.write_str("untagged images")?,
            TagStatus::Any => f.write_str("images")?,
            TagStatus::Tagged => {
                let prefixes = tag_prefix_list.iter().map(|prefix| format!("`{prefix}*`"));
                let patterns = tag_pattern_list.iter().map(|pattern| format!("`{pattern}`"));
                let all: Vec<String> = patterns.chain(prefixes).collect();
                write!(f, "images tagged {}", all.join(" and "))?;
            }
        }
        match count_type {
            CountType::ImageCountMoreThan => write!(f, " but for the youngest {count_number}"),
            CountType::SinceImagePushed => write!(f, " {count_number} days after they were pushed"),
            CountType::SinceImagePulled => write!(f, " {count_number} days after they were last pulled"),
            CountType::SinceImageTransitioned => write!(f, " {count_number} days after they were archived"),
        }
    }
}
