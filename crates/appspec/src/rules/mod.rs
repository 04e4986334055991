//! What can be wrong with an AppSpec: one rule per file, in one sorted list.
//!
//! Adding a rule: a file with the rule and its `check`, a `mod` line and a line in [`CHECKS`] here,
//! and a page in `docs/rules/appspec/`, whose examples are the rule's tests.

mod byte_order_mark;
mod capitalised_section;
mod colliding_destinations;
mod duplicate_key;
mod ecs_container_port_as_text;
mod ecs_missing_load_balancer_info;
mod empty_file;
mod file_name;
mod hook_never_runs;
mod hook_timeout;
mod hook_timeout_sum;
mod hook_without_location;
mod incomplete_file_mapping;
mod invalid_acl;
mod invalid_file_exists_behavior;
mod invalid_mode;
mod invalid_object_type;
mod invalid_selinux_context;
mod lambda_same_version;
mod limit;
mod misplaced_event;
mod missing_key;
mod missing_script;
mod missing_source;
mod octal_mode;
mod overlapping_permissions;
mod path_leaves_bundle;
mod permission_matches_nothing;
mod permission_on_file;
mod permission_without_object;
mod permissions_on_windows;
mod relative_destination;
mod resource_count;
mod resource_type;
mod runas_on_windows;
mod selinux_user_ignored;
mod suppression;
mod syntax;
mod unknown_hook_event;
mod unknown_key;
mod unloadable_value;
mod unsupported_os;
mod unsupported_version;
mod wrong_type;
mod yaml_alias;

use spec_report::{
    Check, Document, Levels, Node, Parsed, Report, Rule, Source, Span, Structure, Suppression, run_checks,
};

use crate::listing::Listing;
use crate::model::server::{Os, Server};
use crate::model::{AppSpec, Ecs, Lambda};
use crate::plan::{Plan, plan};

pub(crate) use capitalised_section::CAPITALISED_SECTION;
pub(crate) use empty_file::EMPTY_FILE;
pub(crate) use misplaced_event::MISPLACED_EVENT;
pub(crate) use missing_key::MISSING_KEY;
pub(crate) use unknown_key::UNKNOWN_KEY;
pub(crate) use unloadable_value::class as unloadable_class;
pub(crate) use wrong_type::WRONG_TYPE;

/// The rules by which reading reports.
pub(crate) static STRUCTURE: Structure = Structure {
    syntax: &syntax::SYNTAX,
    limit: &limit::LIMIT,
    duplicate_key: &duplicate_key::DUPLICATE_KEY,
    unknown_key: &UNKNOWN_KEY,
    wrong_type: &WRONG_TYPE,
    missing_key: &MISSING_KEY,
};

/// The rules that have a check of their own, sorted by id.
pub(crate) static CHECKS: &[Check<Subject>] = &[
    Check { rule: &byte_order_mark::BYTE_ORDER_MARK, run: byte_order_mark::check },
    Check { rule: &colliding_destinations::COLLIDING_DESTINATIONS, run: colliding_destinations::check },
    Check { rule: &ecs_container_port_as_text::ECS_CONTAINER_PORT_AS_TEXT, run: ecs_container_port_as_text::check },
    Check { rule: &ecs_missing_load_balancer_info::LOAD_BALANCER_INFO, run: ecs_missing_load_balancer_info::check },
    Check { rule: &file_name::FILE_NAME, run: file_name::check },
    Check { rule: &hook_never_runs::HOOK_NEVER_RUNS, run: hook_never_runs::check },
    Check { rule: &hook_timeout::HOOK_TIMEOUT, run: hook_timeout::check },
    Check { rule: &hook_timeout_sum::HOOK_TIMEOUT_SUM, run: hook_timeout_sum::check },
    Check { rule: &hook_without_location::HOOK_WITHOUT_LOCATION, run: hook_without_location::check },
    Check { rule: &incomplete_file_mapping::INCOMPLETE_FILE_MAPPING, run: incomplete_file_mapping::check },
    Check { rule: &invalid_acl::INVALID_ACL, run: invalid_acl::check },
    Check { rule: &invalid_file_exists_behavior::FILE_EXISTS_BEHAVIOR, run: invalid_file_exists_behavior::check },
    Check { rule: &invalid_mode::INVALID_MODE, run: invalid_mode::check },
    Check { rule: &invalid_object_type::INVALID_OBJECT_TYPE, run: invalid_object_type::check },
    Check { rule: &invalid_selinux_context::INVALID_SELINUX_CONTEXT, run: invalid_selinux_context::check },
    Check { rule: &lambda_same_version::LAMBDA_SAME_VERSION, run: lambda_same_version::check },
    Check { rule: &missing_script::MISSING_SCRIPT, run: missing_script::check },
    Check { rule: &missing_source::MISSING_SOURCE, run: missing_source::check },
    Check { rule: &octal_mode::OCTAL_MODE, run: octal_mode::check },
    Check { rule: &overlapping_permissions::OVERLAPPING_PERMISSIONS, run: overlapping_permissions::check },
    Check { rule: &path_leaves_bundle::PATH_LEAVES_BUNDLE, run: path_leaves_bundle::check },
    Check { rule: &permission_matches_nothing::PERMISSION_MATCHES_NOTHING, run: permission_matches_nothing::check },
    Check { rule: &permission_on_file::PERMISSION_ON_FILE, run: permission_on_file::check },
    Check { rule: &permission_without_object::PERMISSION_WITHOUT_OBJECT, run: permission_without_object::check },
    Check { rule: &permissions_on_windows::PERMISSIONS_ON_WINDOWS, run: permissions_on_windows::check },
    Check { rule: &relative_destination::RELATIVE_DESTINATION, run: relative_destination::check },
    Check { rule: &resource_count::RESOURCE_COUNT, run: resource_count::check },
    Check { rule: &resource_type::RESOURCE_TYPE, run: resource_type::check },
    Check { rule: &runas_on_windows::RUNAS_ON_WINDOWS, run: runas_on_windows::check },
    Check { rule: &selinux_user_ignored::SELINUX_USER_IGNORED, run: selinux_user_ignored::check },
    Check { rule: &unknown_hook_event::UNKNOWN_HOOK_EVENT, run: unknown_hook_event::check },
    Check { rule: &unloadable_value::UNLOADABLE_VALUE, run: unloadable_value::check },
    Check { rule: &unsupported_os::UNSUPPORTED_OS, run: unsupported_os::check },
    Check { rule: &unsupported_version::UNSUPPORTED_VERSION, run: unsupported_version::check },
    Check { rule: &yaml_alias::YAML_ALIAS, run: yaml_alias::check },
];

/// The rules that reading itself reports by, sorted by id.
static READING: &[&Rule] = &[
    &CAPITALISED_SECTION,
    &duplicate_key::DUPLICATE_KEY,
    &EMPTY_FILE,
    &limit::LIMIT,
    &MISPLACED_EVENT,
    &MISSING_KEY,
    &syntax::SYNTAX,
    &UNKNOWN_KEY,
    &suppression::UNKNOWN_SUPPRESSION,
    &suppression::UNUSED_SUPPRESSION,
    &WRONG_TYPE,
];

/// Every rule of this crate, sorted by id.
#[must_use]
pub fn rules() -> Vec<&'static Rule> {
    let mut rules: Vec<&'static Rule> = CHECKS.iter().map(|check| check.rule).chain(READING.iter().copied()).collect();
    rules.sort_unstable_by_key(|rule| rule.id);
    rules
}

/// What is checked: an AppSpec, and whatever is known about the place it goes to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Subject {
    /// The AppSpec as it was read.
    pub parsed: Parsed<AppSpec>,
    /// The operating system of the hosts, if it is known.
    pub host: Option<Os>,
    /// The files of the bundle, if it is at hand.
    pub bundle: Option<Listing>,
    plan: Option<Plan>,
}

impl Subject {
    /// An AppSpec about whose surroundings nothing is known.
    #[must_use]
    pub fn new(parsed: Parsed<AppSpec>) -> Self {
        Self { parsed, host: None, bundle: None, plan: None }
    }

    /// Says which operating system the hosts have.
    #[must_use]
    pub fn with_host(mut self, os: Os) -> Self {
        self.host = Some(os);
        self
    }

    /// Says which files the bundle has, so that sources, scripts and collisions can be checked.
    #[must_use]
    pub fn with_bundle(mut self, bundle: Listing) -> Self {
        self.plan = self.server().map(|server| plan(server, &bundle, &Listing::new()));
        self.bundle = Some(bundle);
        self
    }

    pub(crate) fn document(&self) -> &Document {
        &self.parsed.document
    }

    pub(crate) fn source(&self) -> &Source {
        self.parsed.document.source()
    }

    pub(crate) fn server(&self) -> Option<&Server> {
        self.parsed.value.as_ref()?.as_server()
    }

    pub(crate) fn ecs(&self) -> Option<&Ecs> {
        self.parsed.value.as_ref()?.as_ecs()
    }

    pub(crate) fn lambda(&self) -> Option<&Lambda> {
        self.parsed.value.as_ref()?.as_lambda()
    }

    pub(crate) fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// Where to point for what is missing at the top: the first key.
    pub(crate) fn top(&self) -> Span {
        let first = |root: &Node| root.as_map().and_then(|entries| entries.first().map(|entry| entry.key.span));
        self.document().root().and_then(first).unwrap_or_default()
    }

    /// Whether all of the text was read, so that an absent key is really absent.
    pub(crate) fn is_complete(&self) -> bool {
        self.document().is_complete()
    }
}

/// Checks an AppSpec: what reading reported and what the rules find, after `levels` and the
/// suppression comments of the file.
///
/// ```
/// use appspec::{Subject, check, read};
/// use spec_report::{Levels, Source};
///
/// let parsed = read(Source::new("appspec.yml", "version: 0.0\nos: linus\n"));
/// let report = check(&Subject::new(parsed), &Levels::default());
/// assert_eq!(report.iter().map(|found| found.rule.id).collect::<Vec<_>>(), ["appspec/unsupported-os"]);
/// ```
#[must_use]
pub fn check(subject: &Subject, levels: &Levels) -> Report {
    let suppression =
        Suppression { unknown: &suppression::UNKNOWN_SUPPRESSION, unused: &suppression::UNUSED_SUPPRESSION };
    let levels = levels.clone().with_comments(subject.document(), "appspec", &rules(), suppression);
    let mut report = subject.parsed.report.clone();
    run_checks(CHECKS, subject, &levels, &mut report);
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_without_repeats() {
        assert!(CHECKS.is_sorted_by(|a, b| a.rule.id < b.rule.id));
        assert!(READING.is_sorted_by(|a, b| a.id < b.id));
        assert!(rules().is_sorted_by(|a, b| a.id < b.id));
    }
}
