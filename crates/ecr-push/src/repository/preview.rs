//! What a lifecycle policy would do with the images of a repository, without asking ECR.
//!
//! Source: the documentation page "Automate the cleanup of images by using lifecycle policies in Amazon ECR", section "How
//! lifecycle policies work". ECR acts within 24 hours; this tells what it would do at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use serde::Serialize;

use super::lifecycle::{ActionType, CountType, LifecyclePolicy, LifecycleRule, Selection, StorageClass, TagStatus};
use crate::{digest::Digest, reference::Tag};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What is known of an image in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageDetail {
    /// Its digest.
    pub digest: Digest,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// When it was pushed.
    pub pushed_at: SystemTime,
    /// When it was last pulled, if ECR knows.
    pub pulled_at: Option<SystemTime>,
    /// When it went to the archive, if it lies there.
    pub archived_at: Option<SystemTime>,
    /// How many bytes it has, as ECR counts them.
    pub size: u64,
    /// The indexes of the repository that name it: as long as one of them stays, so does it.
    pub indexes: Vec<Digest>,
}

impl ImageDetail {
    /// An image without tags, pushed then.
    #[must_use]
    pub const fn new(digest: Digest, pushed_at: SystemTime) -> Self {
        Self { digest, tags: Vec::new(), pushed_at, pulled_at: None, archived_at: None, size: 0, indexes: Vec::new() }
    }
}

/// What becomes of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Fate {
    /// Which image.
    pub digest: Digest,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// By which rule.
    pub rule: u32,
    /// Deleted or archived.
    pub action: ActionType,
}

/// The images that `policy` would delete or archive at `now`, in the order of its rules and the oldest first.
///
/// An image that fits the tags of a rule is left alone by all rules behind it, whether that rule takes it or not. Rules count
/// images that others before them take as if they were still there. An image that an index names stays with the index.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use ecr_push::{Digest, repository::{CountType, ImageDetail, LifecyclePolicy, LifecycleRule, TagStatus, preview}};
///
/// let rule = LifecycleRule::expire(1, TagStatus::Untagged, CountType::ImageCountMoreThan, 1);
/// let image = |seconds: u64| {
///     ImageDetail::new(Digest::of(&seconds.to_le_bytes()), SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
/// };
/// let images = [image(1), image(2)];
/// let gone = preview(&LifecyclePolicy::new(vec![rule]), &images, SystemTime::UNIX_EPOCH + Duration::from_secs(3));
/// assert_eq!(gone.len(), 1);
/// assert_eq!(gone[0].digest, images[0].digest);
/// ```
#[must_use]
pub fn preview(policy: &LifecyclePolicy, images: &[ImageDetail], now: SystemTime) -> Vec<Fate> {
    let mut rules: Vec<&LifecycleRule> = policy.rules.iter().collect();
    rules.sort_by_key(|rule| rule.rule_priority);
    let mut claimed: BTreeSet<Digest> = BTreeSet::new();
    let mut fates: Vec<Fate> = Vec::new();
    for rule in rules {
        let mut fitting: Vec<&ImageDetail> = images.iter().filter(|image| fits(&rule.selection, image)).collect();
        // The youngest first; of the same age, in the order of their digests.
        fitting.sort_by_key(|image| (std::cmp::Reverse(image.pushed_at), image.digest));
        let taken = fitting.iter().enumerate().filter(|(at, image)| is_due(&rule.selection, *at, image, now));
        let taken: Vec<&&ImageDetail> =
            taken.map(|(_, image)| image).filter(|image| !claimed.contains(&image.digest)).collect();
        let fate = |image: &&&ImageDetail| Fate {
            digest: image.digest,
            tags: image.tags.clone(),
            rule: rule.rule_priority,
            action: rule.action.r#type,
        };
        fates.extend(taken.iter().rev().map(fate));
        claimed.extend(fitting.iter().map(|image| image.digest));
    }
    without_children_of_what_stays(fates, images)
}

/// Whether the image fits the tags and the storage class of a rule.
fn fits(selection: &Selection, image: &ImageDetail) -> bool {
    let class = if image.archived_at.is_some() { StorageClass::Archive } else { StorageClass::Standard };
    if selection.class() != class {
        return false;
    }
    let some = |test: &dyn Fn(&str) -> bool| image.tags.iter().any(|tag| test(tag.as_str()));
    match selection.tag_status {
        TagStatus::Any => true,
        TagStatus::Untagged => image.tags.is_empty(),
        TagStatus::Tagged => {
            !image.tags.is_empty()
                && selection.tag_prefix_list.iter().all(|prefix| some(&|tag| tag.starts_with(prefix.as_str())))
                && selection.tag_pattern_list.iter().all(|pattern| some(&|tag| matches(pattern, tag)))
        }
    }
}

/// Whether the image at this place among those that fit, counted from the youngest, is one too many or too old.
fn is_due(selection: &Selection, at: usize, image: &ImageDetail, now: SystemTime) -> bool {
    let since = match selection.count_type {
        CountType::ImageCountMoreThan => return at >= usize::try_from(selection.count_number).unwrap_or(usize::MAX),
        CountType::SinceImagePushed => image.pushed_at,
        CountType::SinceImagePulled => image.pulled_at.unwrap_or(image.pushed_at),
        CountType::SinceImageTransitioned => image.archived_at.unwrap_or(image.pushed_at),
    };
    now.duration_since(since).unwrap_or_default() > DAY * selection.count_number
}

/// Whether a text fits a pattern in which `*` stands for any characters.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        // The earliest place leaves the most for the parts behind.
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

/// An image stays while an index that names it stays, and so do those that it names.
fn without_children_of_what_stays(mut fates: Vec<Fate>, images: &[ImageDetail]) -> Vec<Fate> {
    let parents: BTreeMap<Digest, &[Digest]> =
        images.iter().map(|image| (image.digest, image.indexes.as_slice())).collect();
    loop {
        let going: BTreeSet<Digest> = fates.iter().map(|fate| fate.digest).collect();
        let before = fates.len();
        fates.retain(|fate| {
            let indexes = parents.get(&fate.digest).copied().unwrap_or_default();
            indexes.iter().all(|index| going.contains(index) || !parents.contains_key(index))
        });
        if fates.len() == before {
            return fates;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("prod", "prod", true),
            ("prod", "prod1", false),
            ("prod*", "prod1", true),
            ("prod*", "prod", true),
            ("*-rc", "1.0-rc", true),
            ("*-rc", "1.0-rc1", false),
            ("v*.*", "v1.2", true),
            ("v*.*", "v12", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*b*b*", "xbyb", true),
            ("*b*b*", "xb", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
