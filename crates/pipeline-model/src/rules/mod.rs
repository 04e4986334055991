//! One rule per file: what it looks for, in whose words it complains, and its page in `docs/rules/pipeline-model/`.
//!
//! Where the service's own message is known, the diagnostic says exactly that, so that it can be found where people
//! look for it; everywhere else the words are ours. `Rule::service` begins with the exception's class.

mod action_name_reused;
mod artifact_count;
mod artifact_name_reused;
mod artifact_store;
mod change_set_order;
mod clone_reference;
mod commands_outside_compute;
mod concurrent_stack;
mod configuration_length;
mod configuration_value;
mod cross_region_action;
mod cross_region_store;
mod failure_gate_conflict;
mod first_stage_not_source;
mod gate_result;
mod gate_size;
mod github_v1_deprecated;
mod literal_token;
mod missing_commands;
mod missing_configuration;
mod mutable_image_tag;
mod name_pattern;
mod namespace_reused;
mod notification_arn;
mod number_range;
mod only_source_actions;
mod parallel_rollback;
mod plaintext_secret;
mod polling_source;
mod production_without_approval;
mod pull_request_event;
mod pull_request_into_every_branch;
mod reserved_namespace;
mod retired_provider;
mod retry_configuration;
mod skip_rule;
mod source_outside_first_stage;
mod source_stage_gate;
mod stage_name_reused;
mod structure;
mod subject;
mod timeout_outside_approval;
mod too_few_stages;
mod too_many_actions;
mod too_many_stages;
mod trigger_filter;
mod trigger_never;
mod trigger_pattern;
mod trigger_provider;
mod trigger_reused;
mod trigger_size;
mod trigger_without_connection;
mod undeclared_artifact;
mod undeclared_variable;
mod unknown_action_type;
mod unknown_configuration;
mod unknown_gate_rule;
mod unknown_namespace;
mod unknown_output_variable;
mod unsupported_function;
mod unused_artifact;
mod unused_variable;
mod used;
mod v1_action;
mod v1_conditions;
mod v1_execution_mode;
mod v1_triggers;
mod v1_variables;
mod variable_in_source_action;
mod variable_name_reused;

use spec_report::{Check, Diagnostic, Levels, Report, Rule, Severity, run_checks};

use crate::actions::Catalogue;
use crate::read::Reading;
use crate::{template, worlds};
pub(crate) use structure::{NO_PIPELINE, STRUCTURE};
pub(crate) use subject::Subject;

/// The checks, sorted by rule id.
pub(crate) static CHECKS: &[Check<Subject>] = &[
    Check { rule: &action_name_reused::ACTION_NAME_REUSED, run: action_name_reused::check },
    Check { rule: &artifact_count::ARTIFACT_COUNT, run: artifact_count::check },
    Check { rule: &artifact_name_reused::ARTIFACT_NAME_REUSED, run: artifact_name_reused::check },
    Check { rule: &artifact_store::ARTIFACT_STORE, run: artifact_store::check },
    Check { rule: &change_set_order::CHANGE_SET_ORDER, run: change_set_order::check },
    Check { rule: &clone_reference::CLONE_REFERENCE, run: clone_reference::check },
    Check { rule: &commands_outside_compute::COMMANDS_OUTSIDE_COMPUTE, run: commands_outside_compute::check },
    Check { rule: &concurrent_stack::CONCURRENT_STACK, run: concurrent_stack::check },
    Check { rule: &configuration_length::CONFIGURATION_LENGTH, run: configuration_length::check },
    Check { rule: &configuration_value::CONFIGURATION_VALUE, run: configuration_value::check },
    Check { rule: &cross_region_action::CROSS_REGION_ACTION, run: cross_region_action::check },
    Check { rule: &cross_region_store::CROSS_REGION_STORE, run: cross_region_store::check },
    Check { rule: &failure_gate_conflict::FAILURE_GATE_CONFLICT, run: failure_gate_conflict::check },
    Check { rule: &first_stage_not_source::FIRST_STAGE_NOT_SOURCE, run: first_stage_not_source::check },
    Check { rule: &gate_result::GATE_RESULT, run: gate_result::check },
    Check { rule: &gate_size::GATE_SIZE, run: gate_size::check },
    Check { rule: &github_v1_deprecated::GITHUB_V1_DEPRECATED, run: github_v1_deprecated::check },
    Check { rule: &literal_token::LITERAL_TOKEN, run: literal_token::check },
    Check { rule: &missing_commands::MISSING_COMMANDS, run: missing_commands::check },
    Check { rule: &missing_configuration::MISSING_CONFIGURATION, run: missing_configuration::check },
    Check { rule: &mutable_image_tag::MUTABLE_IMAGE_TAG, run: mutable_image_tag::check },
    Check { rule: &name_pattern::NAME_PATTERN, run: name_pattern::check },
    Check { rule: &namespace_reused::NAMESPACE_REUSED, run: namespace_reused::check },
    Check { rule: &notification_arn::NOTIFICATION_ARN, run: notification_arn::check },
    Check { rule: &number_range::NUMBER_RANGE, run: number_range::check },
    Check { rule: &only_source_actions::ONLY_SOURCE_ACTIONS, run: only_source_actions::check },
    Check { rule: &parallel_rollback::PARALLEL_ROLLBACK, run: parallel_rollback::check },
    Check { rule: &plaintext_secret::PLAINTEXT_SECRET, run: plaintext_secret::check },
    Check { rule: &polling_source::POLLING_SOURCE, run: polling_source::check },
    Check { rule: &production_without_approval::PRODUCTION_WITHOUT_APPROVAL, run: production_without_approval::check },
    Check { rule: &pull_request_event::PULL_REQUEST_EVENT, run: pull_request_event::check },
    Check {
        rule: &pull_request_into_every_branch::PULL_REQUEST_INTO_EVERY_BRANCH,
        run: pull_request_into_every_branch::check,
    },
    Check { rule: &reserved_namespace::RESERVED_NAMESPACE, run: reserved_namespace::check },
    Check { rule: &retired_provider::RETIRED_PROVIDER, run: retired_provider::check },
    Check { rule: &retry_configuration::RETRY_CONFIGURATION, run: retry_configuration::check },
    Check { rule: &skip_rule::SKIP_RULE, run: skip_rule::check },
    Check { rule: &source_outside_first_stage::SOURCE_OUTSIDE_FIRST_STAGE, run: source_outside_first_stage::check },
    Check { rule: &source_stage_gate::SOURCE_STAGE_GATE, run: source_stage_gate::check },
    Check { rule: &stage_name_reused::STAGE_NAME_REUSED, run: stage_name_reused::check },
    Check { rule: &timeout_outside_approval::TIMEOUT_OUTSIDE_APPROVAL, run: timeout_outside_approval::check },
    Check { rule: &too_few_stages::TOO_FEW_STAGES, run: too_few_stages::check },
    Check { rule: &too_many_actions::TOO_MANY_ACTIONS, run: too_many_actions::check },
    Check { rule: &too_many_stages::TOO_MANY_STAGES, run: too_many_stages::check },
    Check { rule: &trigger_filter::TRIGGER_FILTER, run: trigger_filter::check },
    Check { rule: &trigger_never::TRIGGER_NEVER, run: trigger_never::check },
    Check { rule: &trigger_pattern::TRIGGER_PATTERN, run: trigger_pattern::check },
    Check { rule: &trigger_provider::TRIGGER_PROVIDER, run: trigger_provider::check },
    Check { rule: &trigger_reused::TRIGGER_REUSED, run: trigger_reused::check },
    Check { rule: &trigger_size::TRIGGER_SIZE, run: trigger_size::check },
    Check { rule: &trigger_without_connection::TRIGGER_WITHOUT_CONNECTION, run: trigger_without_connection::check },
    Check { rule: &undeclared_artifact::UNDECLARED_ARTIFACT, run: undeclared_artifact::check },
    Check { rule: &undeclared_variable::UNDECLARED_VARIABLE, run: undeclared_variable::check },
    Check { rule: &unknown_action_type::UNKNOWN_ACTION_TYPE, run: unknown_action_type::check },
    Check { rule: &unknown_configuration::UNKNOWN_CONFIGURATION, run: unknown_configuration::check },
    Check { rule: &unknown_gate_rule::UNKNOWN_GATE_RULE, run: unknown_gate_rule::check },
    Check { rule: &unknown_namespace::UNKNOWN_NAMESPACE, run: unknown_namespace::check },
    Check { rule: &unknown_output_variable::UNKNOWN_OUTPUT_VARIABLE, run: unknown_output_variable::check },
    Check { rule: &unsupported_function::UNSUPPORTED_FUNCTION, run: unsupported_function::check },
    Check { rule: &unused_artifact::UNUSED_ARTIFACT, run: unused_artifact::check },
    Check { rule: &unused_variable::UNUSED_VARIABLE, run: unused_variable::check },
    Check { rule: &v1_action::V1_ACTION, run: v1_action::check },
    Check { rule: &v1_conditions::V1_CONDITIONS, run: v1_conditions::check },
    Check { rule: &v1_execution_mode::V1_EXECUTION_MODE, run: v1_execution_mode::check },
    Check { rule: &v1_triggers::V1_TRIGGERS, run: v1_triggers::check },
    Check { rule: &v1_variables::V1_VARIABLES, run: v1_variables::check },
    Check { rule: &variable_in_source_action::VARIABLE_IN_SOURCE_ACTION, run: variable_in_source_action::check },
    Check { rule: &variable_name_reused::VARIABLE_NAME_REUSED, run: variable_name_reused::check },
];

/// Every rule of the crate, sorted by id.
#[must_use]
pub fn rules() -> Vec<&'static Rule> {
    let mut all: Vec<&'static Rule> =
        CHECKS.iter().map(|check| check.rule).chain(structure::ALL.iter().copied()).chain(template::rules()).collect();
    all.sort_by_key(|rule| rule.id);
    all
}

/// Checks every pipeline of a file. The report holds what reading found as well.
#[must_use]
pub fn check(reading: &Reading, levels: &Levels) -> Report {
    check_with(reading, &Catalogue::builtin(), levels)
}

/// Checks every pipeline of a file against a catalogue with a program's own action types.
#[must_use]
pub fn check_with(reading: &Reading, catalogue: &Catalogue, levels: &Levels) -> Report {
    let mut report = reading.report.clone();
    // What is missing from half a file may stand in the other half.
    let whole = if reading.document.is_complete() { reading.declarations.as_slice() } else { &[] };
    for declaration in whole {
        report.merge(worlds::findings(declaration, |world| {
            let subject = Subject::new(world.alone(), catalogue.clone());
            let mut found = Report::new();
            run_checks(CHECKS, &subject, &Levels::default(), &mut found);
            found
        }));
    }
    if reading.document.is_complete() {
        report.merge(template::check(&reading.document, &reading.declarations));
    }
    let levels = levels.clone().with_comments(&reading.document, "pipeline-model", &rules(), structure::SUPPRESSION);
    levels.apply(&mut report);
    report
}

/// What the service would answer to a declaration with this finding: the exception's class and its message.
///
/// `None` for findings that the service does not refuse when a pipeline is created or updated.
#[must_use]
pub fn service_answer(diagnostic: &Diagnostic) -> Option<(&'static str, String)> {
    if diagnostic.severity != Severity::Error {
        return None;
    }
    let class = match diagnostic.rule.service {
        Some(words) => words.split(':').next().unwrap_or(words),
        // Refused as well, with words that nobody has written down.
        None => match diagnostic.rule.name() {
            "action-name-reused" => "InvalidStageDeclarationException",
            "artifact-name-reused" | "missing-commands" | "timeout-outside-approval" => {
                "InvalidActionDeclarationException"
            }
            "artifact-store" => "InvalidStructureException",
            "missing-key" | "wrong-type" => "ValidationException",
            _ => return None,
        },
    };
    // The service breaks the line before it lists the places.
    Some((class, diagnostic.message.replace(". StageName=[", ".\nStageName=[")))
}
