//! What can be wrong with a buildspec: one file a rule, one page a rule in `docs/rules/buildspec/`.
//!
//! The severity follows CodeBuild: what it refuses is an error, what it accepts and does otherwise than meant is a
//! warning, what nobody could verify is at most an info.

mod artifact_path_matches_nothing;
mod artifacts_file_never_written;
mod artifacts_files_missing;
pub(crate) mod command_is_a_mapping;
mod definitions_placeholder;
mod docker_login_password_argument;
mod duplicate_key;
mod ecr_get_login_removed;
mod empty_phase;
mod env_not_carried;
mod env_not_expanded;
mod exported_variable_not_allowed;
mod limit;
pub(crate) mod misplaced_phase;
mod missing_key;
mod no_phases;
pub(crate) mod null_command;
mod on_failure_value;
mod post_build_unguarded;
mod report_format_unknown;
mod reserved_variable;
mod runtime_unknown;
mod runtime_version_unlisted;
mod runtime_versions_outside_install;
mod secret_reference;
mod secrets_in_plaintext;
mod shell_state_not_kept;
mod shell_unknown;
mod split_compound_command;
mod syntax;
mod unknown_key;
mod unknown_suppression;
mod unsupported_version;
mod unused_suppression;
mod wrong_type;
mod yes_no_value;

mod shell;
mod subject;

use spec_report::{Check, Levels, Parsed, Report, Rule, Structure, Suppression, run_checks};
use subject::Subject;

use crate::model::Buildspec;

/// The checks, sorted by the ids of their rules.
pub(crate) static CHECKS: &[Check<Subject>] = &[
    Check {
        rule: &artifact_path_matches_nothing::ARTIFACT_PATH_MATCHES_NOTHING,
        run: artifact_path_matches_nothing::check,
    },
    Check {
        rule: &artifacts_file_never_written::ARTIFACTS_FILE_NEVER_WRITTEN,
        run: artifacts_file_never_written::check,
    },
    Check { rule: &artifacts_files_missing::ARTIFACTS_FILES_MISSING, run: artifacts_files_missing::check },
    Check { rule: &definitions_placeholder::DEFINITIONS_PLACEHOLDER, run: definitions_placeholder::check },
    Check {
        rule: &docker_login_password_argument::DOCKER_LOGIN_PASSWORD_ARGUMENT,
        run: docker_login_password_argument::check,
    },
    Check { rule: &ecr_get_login_removed::ECR_GET_LOGIN_REMOVED, run: ecr_get_login_removed::check },
    Check { rule: &empty_phase::EMPTY_PHASE, run: empty_phase::check },
    Check { rule: &env_not_carried::ENV_NOT_CARRIED, run: env_not_carried::check },
    Check { rule: &env_not_expanded::ENV_NOT_EXPANDED, run: env_not_expanded::check },
    Check {
        rule: &exported_variable_not_allowed::EXPORTED_VARIABLE_NOT_ALLOWED,
        run: exported_variable_not_allowed::check,
    },
    Check { rule: &no_phases::NO_PHASES, run: no_phases::check },
    Check { rule: &on_failure_value::ON_FAILURE_VALUE, run: on_failure_value::check },
    Check { rule: &post_build_unguarded::POST_BUILD_UNGUARDED, run: post_build_unguarded::check },
    Check { rule: &report_format_unknown::REPORT_FORMAT_UNKNOWN, run: report_format_unknown::check },
    Check { rule: &reserved_variable::RESERVED_VARIABLE, run: reserved_variable::check },
    Check { rule: &runtime_unknown::RUNTIME_UNKNOWN, run: runtime_unknown::check },
    Check { rule: &runtime_version_unlisted::RUNTIME_VERSION_UNLISTED, run: runtime_version_unlisted::check },
    Check {
        rule: &runtime_versions_outside_install::RUNTIME_VERSIONS_OUTSIDE_INSTALL,
        run: runtime_versions_outside_install::check,
    },
    Check { rule: &secret_reference::SECRET_REFERENCE, run: secret_reference::check },
    Check { rule: &secrets_in_plaintext::SECRETS_IN_PLAINTEXT, run: secrets_in_plaintext::check },
    Check { rule: &shell_state_not_kept::SHELL_STATE_NOT_KEPT, run: shell_state_not_kept::check },
    Check { rule: &shell_unknown::SHELL_UNKNOWN, run: shell_unknown::check },
    Check { rule: &split_compound_command::SPLIT_COMPOUND_COMMAND, run: split_compound_command::check },
    Check { rule: &unsupported_version::UNSUPPORTED_VERSION, run: unsupported_version::check },
    Check { rule: &yes_no_value::YES_NO_VALUE, run: yes_no_value::check },
];

/// The rules by which reading itself reports.
static READING: &[&Rule] = &[
    &command_is_a_mapping::COMMAND_IS_A_MAPPING,
    &duplicate_key::DUPLICATE_KEY,
    &limit::LIMIT,
    &misplaced_phase::MISPLACED_PHASE,
    &missing_key::MISSING_KEY,
    &null_command::NULL_COMMAND,
    &syntax::SYNTAX,
    &unknown_key::UNKNOWN_KEY,
    &unknown_suppression::UNKNOWN_SUPPRESSION,
    &unused_suppression::UNUSED_SUPPRESSION,
    &wrong_type::WRONG_TYPE,
];

/// The rules of the document itself.
pub(crate) static STRUCTURE: Structure = Structure {
    syntax: &syntax::SYNTAX,
    limit: &limit::LIMIT,
    duplicate_key: &duplicate_key::DUPLICATE_KEY,
    unknown_key: &unknown_key::UNKNOWN_KEY,
    wrong_type: &wrong_type::WRONG_TYPE,
    missing_key: &missing_key::MISSING_KEY,
};

/// All rules, sorted by id.
#[must_use]
pub fn rules() -> Vec<&'static Rule> {
    let mut rules: Vec<_> = READING.iter().copied().chain(CHECKS.iter().map(|check| check.rule)).collect();
    rules.sort_by_key(|rule| rule.id);
    rules
}

/// Checks a buildspec: what reading found and what the rules find, after the caller's levels and the comments
/// `# buildspec: allow(rule)` of the file.
#[must_use]
pub fn check(parsed: &Parsed<Buildspec>, levels: &Levels) -> Report {
    let suppression = Suppression {
        unknown: &unknown_suppression::UNKNOWN_SUPPRESSION,
        unused: &unused_suppression::UNUSED_SUPPRESSION,
    };
    let levels = levels.clone().with_comments(&parsed.document, "buildspec", &rules(), suppression);
    let mut report = parsed.report.clone();
    match &parsed.value {
        Some(spec) => run_checks(CHECKS, &Subject::new(&parsed.document, spec), &levels, &mut report),
        None => levels.apply(&mut report),
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_distinct() {
        assert!(CHECKS.is_sorted_by(|a, b| a.rule.id < b.rule.id), "CHECKS is sorted by id");
        assert!(READING.is_sorted_by(|a, b| a.id < b.id), "READING is sorted by id");
        assert!(rules().is_sorted_by(|a, b| a.id < b.id), "an id belongs to one rule");
    }
}
