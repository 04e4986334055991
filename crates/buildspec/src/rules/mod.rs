//! What can be wrong with a buildspec: one file a rule, one page a rule in `docs/rules/buildspec/`.
//!
//! The severity follows CodeBuild: what it refuses is an error, what it accepts and does otherwise than meant is a
//! warning, what nobody could verify is at most an info.

mod artifact_name_needs_override;
mod artifact_path_matches_nothing;
mod artifacts_file_never_written;
mod artifacts_files_missing;
mod aws_configure_secret;
mod bashism_in_sh;
mod block_without_errexit;
mod breakpoint_left;
mod build_succeeding_value;
mod chmod_777;
mod codebuild_variable_unknown;
mod curl_pipe_shell;
mod definitions_after_cd;
mod definitions_file_name;
mod definitions_latest;
mod docker_hub_pull;
mod docker_needs_terminal;
mod environment_printed;
mod exit_zero_continues;
mod hardcoded_account;
mod hardcoded_region;
mod install_asks;
mod manual_dockerd;
mod missing_argument_space;
mod printf_arguments;
mod push_latest_only;
mod secret_printed;
mod single_quoted_variable;
mod trace_with_secrets;
mod unterminated_quote;
mod wait_without_jobs;

mod batch;
mod batch_compute_and_fleet;
mod batch_compute_mismatch;
mod batch_compute_unknown;
mod batch_cycle;
mod batch_dependency_unknown;
mod batch_identifier_characters;
mod batch_identifier_duplicate;
mod batch_identifier_missing;
mod batch_privileged;
mod batch_two_kinds;
mod cache_action_unknown;
mod cache_without_paths;
pub(crate) mod command_is_a_mapping;
mod context;
mod definitions_placeholder;
mod discard_paths_collision;
mod docker_login_password_argument;
mod docker_runtime;
mod duplicate_key;
mod ecr_get_login_removed;
mod empty_phase;
mod env_not_carried;
mod env_not_expanded;
mod exported_never_set;
mod exported_variable_not_allowed;
mod fallback_keys_without_key;
mod fanout_parallelism;
mod finally_without_commands;
mod foreign_syntax;
mod image;
mod limit;
mod matrix_size;
pub(crate) mod merge_conflict;
pub(crate) mod misplaced_phase;
mod missing_key;
pub(crate) mod missing_space_after_colon;
mod no_phases;
pub(crate) mod null_command;
mod on_failure_value;
mod outdated_version;
mod path_replaced;
mod post_build_unguarded;
mod report_format_unknown;
mod reserved_variable;
mod retry_pattern;
mod retyped_scalar;
mod run_as_on_windows;
mod runtime_not_in_image;
mod runtime_unknown;
mod runtime_version_unlisted;
mod runtime_versions_outside_install;
mod s3_prefix_needs_build_id;
mod secret_reference;
mod secrets_in_plaintext;
mod shell_state_not_kept;
mod shell_unknown;
mod split_compound_command;
mod symlinks_need_zip;
mod syntax;
mod too_many_fallback_keys;
mod too_many_report_groups;
mod too_many_secondary_artifacts;
mod unknown_key;
mod unknown_suppression;
pub(crate) mod unquoted_star;
mod unsupported_version;
mod unused_suppression;
mod variable_defined_twice;
mod variable_name_invalid;
mod wrong_type;
mod yes_no_value;

mod shell;
mod subject;
mod text;

pub use context::Context;
pub(crate) use text::explain;

use spec_report::{Check, Levels, Parsed, Report, Rule, Structure, Suppression, run_checks};
use subject::Subject;

use crate::model::Buildspec;

/// The checks, sorted by the ids of their rules.
pub(crate) static CHECKS: &[Check<Subject>] = &[
    Check {
        rule: &artifact_name_needs_override::ARTIFACT_NAME_NEEDS_OVERRIDE,
        run: artifact_name_needs_override::check,
    },
    Check {
        rule: &artifact_path_matches_nothing::ARTIFACT_PATH_MATCHES_NOTHING,
        run: artifact_path_matches_nothing::check,
    },
    Check {
        rule: &artifacts_file_never_written::ARTIFACTS_FILE_NEVER_WRITTEN,
        run: artifacts_file_never_written::check,
    },
    Check { rule: &artifacts_files_missing::ARTIFACTS_FILES_MISSING, run: artifacts_files_missing::check },
    Check { rule: &aws_configure_secret::AWS_CONFIGURE_SECRET, run: aws_configure_secret::check },
    Check { rule: &bashism_in_sh::BASHISM_IN_SH, run: bashism_in_sh::check },
    Check { rule: &batch_compute_and_fleet::BATCH_COMPUTE_AND_FLEET, run: batch_compute_and_fleet::check },
    Check { rule: &batch_compute_mismatch::BATCH_COMPUTE_MISMATCH, run: batch_compute_mismatch::check },
    Check { rule: &batch_compute_unknown::BATCH_COMPUTE_UNKNOWN, run: batch_compute_unknown::check },
    Check { rule: &batch_cycle::BATCH_CYCLE, run: batch_cycle::check },
    Check { rule: &batch_dependency_unknown::BATCH_DEPENDENCY_UNKNOWN, run: batch_dependency_unknown::check },
    Check { rule: &batch_identifier_characters::BATCH_IDENTIFIER_CHARACTERS, run: batch_identifier_characters::check },
    Check { rule: &batch_identifier_duplicate::BATCH_IDENTIFIER_DUPLICATE, run: batch_identifier_duplicate::check },
    Check { rule: &batch_identifier_missing::BATCH_IDENTIFIER_MISSING, run: batch_identifier_missing::check },
    Check { rule: &batch_privileged::BATCH_PRIVILEGED, run: batch_privileged::check },
    Check { rule: &batch_two_kinds::BATCH_TWO_KINDS, run: batch_two_kinds::check },
    Check { rule: &block_without_errexit::BLOCK_WITHOUT_ERREXIT, run: block_without_errexit::check },
    Check { rule: &breakpoint_left::BREAKPOINT_LEFT, run: breakpoint_left::check },
    Check { rule: &build_succeeding_value::BUILD_SUCCEEDING_VALUE, run: build_succeeding_value::check },
    Check { rule: &cache_action_unknown::CACHE_ACTION_UNKNOWN, run: cache_action_unknown::check },
    Check { rule: &cache_without_paths::CACHE_WITHOUT_PATHS, run: cache_without_paths::check },
    Check { rule: &chmod_777::CHMOD_777, run: chmod_777::check },
    Check { rule: &codebuild_variable_unknown::CODEBUILD_VARIABLE_UNKNOWN, run: codebuild_variable_unknown::check },
    Check { rule: &curl_pipe_shell::CURL_PIPE_SHELL, run: curl_pipe_shell::check },
    Check { rule: &definitions_after_cd::DEFINITIONS_AFTER_CD, run: definitions_after_cd::check },
    Check { rule: &definitions_file_name::DEFINITIONS_FILE_NAME, run: definitions_file_name::check },
    Check { rule: &definitions_latest::DEFINITIONS_LATEST, run: definitions_latest::check },
    Check { rule: &definitions_placeholder::DEFINITIONS_PLACEHOLDER, run: definitions_placeholder::check },
    Check { rule: &discard_paths_collision::DISCARD_PATHS_COLLISION, run: discard_paths_collision::check },
    Check { rule: &docker_hub_pull::DOCKER_HUB_PULL, run: docker_hub_pull::check },
    Check {
        rule: &docker_login_password_argument::DOCKER_LOGIN_PASSWORD_ARGUMENT,
        run: docker_login_password_argument::check,
    },
    Check { rule: &docker_needs_terminal::DOCKER_NEEDS_TERMINAL, run: docker_needs_terminal::check },
    Check { rule: &docker_runtime::DOCKER_RUNTIME, run: docker_runtime::check },
    Check { rule: &ecr_get_login_removed::ECR_GET_LOGIN_REMOVED, run: ecr_get_login_removed::check },
    Check { rule: &empty_phase::EMPTY_PHASE, run: empty_phase::check },
    Check { rule: &env_not_carried::ENV_NOT_CARRIED, run: env_not_carried::check },
    Check { rule: &env_not_expanded::ENV_NOT_EXPANDED, run: env_not_expanded::check },
    Check { rule: &environment_printed::ENVIRONMENT_PRINTED, run: environment_printed::check },
    Check { rule: &exit_zero_continues::EXIT_ZERO_CONTINUES, run: exit_zero_continues::check },
    Check { rule: &exported_never_set::EXPORTED_NEVER_SET, run: exported_never_set::check },
    Check {
        rule: &exported_variable_not_allowed::EXPORTED_VARIABLE_NOT_ALLOWED,
        run: exported_variable_not_allowed::check,
    },
    Check { rule: &fallback_keys_without_key::FALLBACK_KEYS_WITHOUT_KEY, run: fallback_keys_without_key::check },
    Check { rule: &fanout_parallelism::FANOUT_PARALLELISM, run: fanout_parallelism::check },
    Check { rule: &finally_without_commands::FINALLY_WITHOUT_COMMANDS, run: finally_without_commands::check },
    Check { rule: &foreign_syntax::FOREIGN_SYNTAX, run: foreign_syntax::check },
    Check { rule: &hardcoded_account::HARDCODED_ACCOUNT, run: hardcoded_account::check },
    Check { rule: &hardcoded_region::HARDCODED_REGION, run: hardcoded_region::check },
    Check { rule: &install_asks::INSTALL_ASKS, run: install_asks::check },
    Check { rule: &manual_dockerd::MANUAL_DOCKERD, run: manual_dockerd::check },
    Check { rule: &matrix_size::MATRIX_SIZE, run: matrix_size::check },
    Check { rule: &missing_argument_space::MISSING_ARGUMENT_SPACE, run: missing_argument_space::check },
    Check { rule: &no_phases::NO_PHASES, run: no_phases::check },
    Check { rule: &on_failure_value::ON_FAILURE_VALUE, run: on_failure_value::check },
    Check { rule: &outdated_version::OUTDATED_VERSION, run: outdated_version::check },
    Check { rule: &path_replaced::PATH_REPLACED, run: path_replaced::check },
    Check { rule: &post_build_unguarded::POST_BUILD_UNGUARDED, run: post_build_unguarded::check },
    Check { rule: &printf_arguments::PRINTF_ARGUMENTS, run: printf_arguments::check },
    Check { rule: &push_latest_only::PUSH_LATEST_ONLY, run: push_latest_only::check },
    Check { rule: &report_format_unknown::REPORT_FORMAT_UNKNOWN, run: report_format_unknown::check },
    Check { rule: &reserved_variable::RESERVED_VARIABLE, run: reserved_variable::check },
    Check { rule: &retry_pattern::RETRY_PATTERN, run: retry_pattern::check },
    Check { rule: &retyped_scalar::RETYPED_SCALAR, run: retyped_scalar::check },
    Check { rule: &run_as_on_windows::RUN_AS_ON_WINDOWS, run: run_as_on_windows::check },
    Check { rule: &runtime_not_in_image::RUNTIME_NOT_IN_IMAGE, run: runtime_not_in_image::check },
    Check { rule: &runtime_unknown::RUNTIME_UNKNOWN, run: runtime_unknown::check },
    Check { rule: &runtime_version_unlisted::RUNTIME_VERSION_UNLISTED, run: runtime_version_unlisted::check },
    Check {
        rule: &runtime_versions_outside_install::RUNTIME_VERSIONS_OUTSIDE_INSTALL,
        run: runtime_versions_outside_install::check,
    },
    Check { rule: &s3_prefix_needs_build_id::S3_PREFIX_NEEDS_BUILD_ID, run: s3_prefix_needs_build_id::check },
    Check { rule: &secret_printed::SECRET_PRINTED, run: secret_printed::check },
    Check { rule: &secret_reference::SECRET_REFERENCE, run: secret_reference::check },
    Check { rule: &secrets_in_plaintext::SECRETS_IN_PLAINTEXT, run: secrets_in_plaintext::check },
    Check { rule: &shell_state_not_kept::SHELL_STATE_NOT_KEPT, run: shell_state_not_kept::check },
    Check { rule: &shell_unknown::SHELL_UNKNOWN, run: shell_unknown::check },
    Check { rule: &single_quoted_variable::SINGLE_QUOTED_VARIABLE, run: single_quoted_variable::check },
    Check { rule: &split_compound_command::SPLIT_COMPOUND_COMMAND, run: split_compound_command::check },
    Check { rule: &symlinks_need_zip::SYMLINKS_NEED_ZIP, run: symlinks_need_zip::check },
    Check { rule: &too_many_fallback_keys::TOO_MANY_FALLBACK_KEYS, run: too_many_fallback_keys::check },
    Check { rule: &too_many_report_groups::TOO_MANY_REPORT_GROUPS, run: too_many_report_groups::check },
    Check {
        rule: &too_many_secondary_artifacts::TOO_MANY_SECONDARY_ARTIFACTS,
        run: too_many_secondary_artifacts::check,
    },
    Check { rule: &trace_with_secrets::TRACE_WITH_SECRETS, run: trace_with_secrets::check },
    Check { rule: &unsupported_version::UNSUPPORTED_VERSION, run: unsupported_version::check },
    Check { rule: &unterminated_quote::UNTERMINATED_QUOTE, run: unterminated_quote::check },
    Check { rule: &variable_defined_twice::VARIABLE_DEFINED_TWICE, run: variable_defined_twice::check },
    Check { rule: &variable_name_invalid::VARIABLE_NAME_INVALID, run: variable_name_invalid::check },
    Check { rule: &wait_without_jobs::WAIT_WITHOUT_JOBS, run: wait_without_jobs::check },
    Check { rule: &yes_no_value::YES_NO_VALUE, run: yes_no_value::check },
];

/// The rules by which reading itself reports.
static READING: &[&Rule] = &[
    &command_is_a_mapping::COMMAND_IS_A_MAPPING,
    &duplicate_key::DUPLICATE_KEY,
    &limit::LIMIT,
    &merge_conflict::MERGE_CONFLICT,
    &misplaced_phase::MISPLACED_PHASE,
    &missing_key::MISSING_KEY,
    &missing_space_after_colon::MISSING_SPACE_AFTER_COLON,
    &null_command::NULL_COMMAND,
    &syntax::SYNTAX,
    &unknown_key::UNKNOWN_KEY,
    &unknown_suppression::UNKNOWN_SUPPRESSION,
    &unquoted_star::UNQUOTED_STAR,
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
    check_with(parsed, levels, &Context::default())
}

/// As [`check()`], with what the caller knows about the project that builds the file.
#[must_use]
pub fn check_with(parsed: &Parsed<Buildspec>, levels: &Levels, context: &Context) -> Report {
    let suppression = Suppression {
        unknown: &unknown_suppression::UNKNOWN_SUPPRESSION,
        unused: &unused_suppression::UNUSED_SUPPRESSION,
    };
    let levels = levels.clone().with_comments(&parsed.document, "buildspec", &rules(), suppression);
    let mut report = parsed.report.clone();
    match &parsed.value {
        Some(spec) => {
            run_checks(CHECKS, &Subject::new(&parsed.document, spec, context.known_image()), &levels, &mut report);
        }
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
