//! What can be wrong with a task definition: one file per rule, one page per rule in `docs/rules/ecs-taskdef/`.

mod awslogs_multiline;
mod awslogs_options;
mod awsvpc_unsupported_setting;
mod container_cpu_over_task;
mod container_memory_over_task;
mod container_name;
mod depends_on_cycle;
mod depends_on_essential;
mod depends_on_unknown_container;
mod depends_on_without_health_check;
mod duplicate_container_name;
mod duplicate_variable;
mod efs_volume;
mod empty_role;
mod environment_file;
mod ephemeral_storage;
mod family_name;
mod fargate_capability;
mod fargate_cpu_memory;
mod fargate_execution_role;
mod fargate_log_driver;
mod fargate_network_mode;
mod fargate_privileged;
mod fargate_timeout;
mod fargate_unsupported_setting;
mod firelens_router_missing;
mod health_check_command;
mod health_check_range;
mod image_missing;
mod image_reference;
mod inference_accelerators;
mod links_network_mode;
mod memory_missing;
mod memory_reservation;
mod mount_point_unknown_volume;
mod mutable_image_tag;
mod no_essential_container;
mod port_mapping_name;
mod port_mapping_network_mode;
mod port_range;
mod proxy_configuration;
mod read_only_key;
mod reserved_tag;
mod restart_policy;
mod secret_reference;
mod secrets_without_execution_role;
mod structure;
mod swappiness;
mod system_control_namespace;
mod too_many_containers;
mod ulimit_soft_over_hard;
mod variable_without_value;
mod volume_source;
mod volumes_from_unknown_container;
mod windows_arm64;

use spec_report::{Check, Levels, Parsed, Report, Rule, run_checks};

pub(crate) use structure::{STRUCTURE, SUPPRESSION, UNKNOWN_VALUE};

/// What a check looks at.
pub(crate) use crate::TaskDefinition as Subject;
use crate::verify::VERIFYING;

pub(crate) static CHECKS: &[Check<Subject>] = &[
    Check::new(&awslogs_multiline::AWSLOGS_MULTILINE, awslogs_multiline::check),
    Check::new(&awslogs_options::AWSLOGS_OPTIONS, awslogs_options::check),
    Check::new(&awsvpc_unsupported_setting::AWSVPC_UNSUPPORTED_SETTING, awsvpc_unsupported_setting::check),
    Check::new(&container_cpu_over_task::CONTAINER_CPU_OVER_TASK, container_cpu_over_task::check),
    Check::new(&container_memory_over_task::CONTAINER_MEMORY_OVER_TASK, container_memory_over_task::check),
    Check::new(&container_name::CONTAINER_NAME, container_name::check),
    Check::new(&depends_on_cycle::DEPENDS_ON_CYCLE, depends_on_cycle::check),
    Check::new(&depends_on_essential::DEPENDS_ON_ESSENTIAL, depends_on_essential::check),
    Check::new(&depends_on_unknown_container::DEPENDS_ON_UNKNOWN_CONTAINER, depends_on_unknown_container::check),
    Check::new(
        &depends_on_without_health_check::DEPENDS_ON_WITHOUT_HEALTH_CHECK,
        depends_on_without_health_check::check,
    ),
    Check::new(&duplicate_container_name::DUPLICATE_CONTAINER_NAME, duplicate_container_name::check),
    Check::new(&duplicate_variable::DUPLICATE_VARIABLE, duplicate_variable::check),
    Check::new(&efs_volume::EFS_VOLUME, efs_volume::check),
    Check::new(&empty_role::EMPTY_ROLE, empty_role::check),
    Check::new(&environment_file::ENVIRONMENT_FILE, environment_file::check),
    Check::new(&ephemeral_storage::EPHEMERAL_STORAGE, ephemeral_storage::check),
    Check::new(&family_name::FAMILY_NAME, family_name::check),
    Check::new(&fargate_capability::FARGATE_CAPABILITY, fargate_capability::check),
    Check::new(&fargate_cpu_memory::FARGATE_CPU_MEMORY, fargate_cpu_memory::check),
    Check::new(&fargate_execution_role::FARGATE_EXECUTION_ROLE, fargate_execution_role::check),
    Check::new(&fargate_log_driver::FARGATE_LOG_DRIVER, fargate_log_driver::check),
    Check::new(&fargate_network_mode::FARGATE_NETWORK_MODE, fargate_network_mode::check),
    Check::new(&fargate_privileged::FARGATE_PRIVILEGED, fargate_privileged::check),
    Check::new(&fargate_timeout::FARGATE_TIMEOUT, fargate_timeout::check),
    Check::new(&fargate_unsupported_setting::FARGATE_UNSUPPORTED_SETTING, fargate_unsupported_setting::check),
    Check::new(&firelens_router_missing::FIRELENS_ROUTER_MISSING, firelens_router_missing::check),
    Check::new(&health_check_command::HEALTH_CHECK_COMMAND, health_check_command::check),
    Check::new(&health_check_range::HEALTH_CHECK_RANGE, health_check_range::check),
    Check::new(&image_missing::IMAGE_MISSING, image_missing::check),
    Check::new(&image_reference::IMAGE_REFERENCE, image_reference::check),
    Check::new(&inference_accelerators::INFERENCE_ACCELERATORS, inference_accelerators::check),
    Check::new(&links_network_mode::LINKS_NETWORK_MODE, links_network_mode::check),
    Check::new(&memory_missing::MEMORY_MISSING, memory_missing::check),
    Check::new(&memory_reservation::MEMORY_RESERVATION, memory_reservation::check),
    Check::new(&mount_point_unknown_volume::MOUNT_POINT_UNKNOWN_VOLUME, mount_point_unknown_volume::check),
    Check::new(&mutable_image_tag::MUTABLE_IMAGE_TAG, mutable_image_tag::check),
    Check::new(&no_essential_container::NO_ESSENTIAL_CONTAINER, no_essential_container::check),
    Check::new(&port_mapping_name::PORT_MAPPING_NAME, port_mapping_name::check),
    Check::new(&port_mapping_network_mode::PORT_MAPPING_NETWORK_MODE, port_mapping_network_mode::check),
    Check::new(&port_range::PORT_RANGE, port_range::check),
    Check::new(&proxy_configuration::PROXY_CONFIGURATION, proxy_configuration::check),
    Check::new(&read_only_key::READ_ONLY_KEY, read_only_key::check),
    Check::new(&reserved_tag::RESERVED_TAG, reserved_tag::check),
    Check::new(&restart_policy::RESTART_POLICY, restart_policy::check),
    Check::new(&secret_reference::SECRET_REFERENCE, secret_reference::check),
    Check::new(&secrets_without_execution_role::SECRETS_WITHOUT_EXECUTION_ROLE, secrets_without_execution_role::check),
    Check::new(&swappiness::SWAPPINESS, swappiness::check),
    Check::new(&system_control_namespace::SYSTEM_CONTROL_NAMESPACE, system_control_namespace::check),
    Check::new(&too_many_containers::TOO_MANY_CONTAINERS, too_many_containers::check),
    Check::new(&ulimit_soft_over_hard::ULIMIT_SOFT_OVER_HARD, ulimit_soft_over_hard::check),
    Check::new(&variable_without_value::VARIABLE_WITHOUT_VALUE, variable_without_value::check),
    Check::new(&volume_source::VOLUME_SOURCE, volume_source::check),
    Check::new(&volumes_from_unknown_container::VOLUMES_FROM_UNKNOWN_CONTAINER, volumes_from_unknown_container::check),
    Check::new(&windows_arm64::WINDOWS_ARM64, windows_arm64::check),
];

/// The rules that reading reports by.
static READING: &[&Rule] = &[
    &structure::DUPLICATE_KEY,
    &structure::LIMIT,
    &structure::MISSING_KEY,
    &structure::SYNTAX,
    &structure::UNKNOWN_KEY,
    &structure::UNKNOWN_SUPPRESSION,
    &structure::UNKNOWN_VALUE,
    &structure::UNUSED_SUPPRESSION,
    &structure::WRONG_TYPE,
];

/// All rules of this crate, those of [`verify`](crate::verify) included.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    READING.iter().copied().chain(CHECKS.iter().map(|check| check.rule)).chain(VERIFYING.iter().copied())
}

/// What was reported by reading and what the rules about the content find, as loud as the rules are by themselves.
pub(crate) fn findings(parsed: &Parsed<Subject>) -> Report {
    let mut report = parsed.report.clone();
    if let Some(task_definition) = &parsed.value {
        run_checks(CHECKS, task_definition, &Levels::default(), &mut report);
    }
    report
}

/// The levels with the file's own comments.
pub(crate) fn levels(parsed: &Parsed<Subject>, levels: &Levels) -> Levels {
    let known: Vec<&'static Rule> = rules().collect();
    levels.clone().with_comments(&parsed.document, "ecs-taskdef", &known, SUPPRESSION)
}

/// Everything that is wrong with what was read: the report of reading and what the rules about the content find, with
/// `levels` and the file's own `# ecs-taskdef: allow(…)` comments applied.
#[must_use]
pub fn check(parsed: &Parsed<crate::TaskDefinition>, levels: &Levels) -> Report {
    let mut report = findings(parsed);
    self::levels(parsed, levels).apply(&mut report);
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(CHECKS.is_sorted_by(|a, b| a.rule.id < b.rule.id));
        assert!(READING.is_sorted_by(|a, b| a.id < b.id));
        assert!(VERIFYING.is_sorted_by(|a, b| a.id < b.id));
    }
}
