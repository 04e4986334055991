//! What can be wrong with a task definition: one file per rule, one page per rule in `docs/rules/ecs-taskdef/`.

mod awslogs_options;
mod container_cpu_over_task;
mod container_name;
mod depends_on_cycle;
mod depends_on_essential;
mod depends_on_unknown_container;
mod depends_on_without_health_check;
mod duplicate_container_name;
mod duplicate_variable;
mod family_name;
mod fargate_cpu_memory;
mod fargate_log_driver;
mod fargate_network_mode;
mod fargate_privileged;
mod image_missing;
mod links_network_mode;
mod memory_missing;
mod memory_reservation;
mod mount_point_unknown_volume;
mod mutable_image_tag;
mod no_essential_container;
mod port_mapping_network_mode;
mod read_only_key;
mod secrets_without_execution_role;
mod structure;
mod too_many_containers;

use spec_report::{Check, Levels, Parsed, Report, Rule, run_checks};

pub(crate) use structure::{STRUCTURE, SUPPRESSION, UNKNOWN_VALUE};

/// What a check looks at.
pub(crate) use crate::TaskDefinition as Subject;

pub(crate) static CHECKS: &[Check<Subject>] = &[
    Check::new(&awslogs_options::AWSLOGS_OPTIONS, awslogs_options::check),
    Check::new(&container_cpu_over_task::CONTAINER_CPU_OVER_TASK, container_cpu_over_task::check),
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
    Check::new(&family_name::FAMILY_NAME, family_name::check),
    Check::new(&fargate_cpu_memory::FARGATE_CPU_MEMORY, fargate_cpu_memory::check),
    Check::new(&fargate_log_driver::FARGATE_LOG_DRIVER, fargate_log_driver::check),
    Check::new(&fargate_network_mode::FARGATE_NETWORK_MODE, fargate_network_mode::check),
    Check::new(&fargate_privileged::FARGATE_PRIVILEGED, fargate_privileged::check),
    Check::new(&image_missing::IMAGE_MISSING, image_missing::check),
    Check::new(&links_network_mode::LINKS_NETWORK_MODE, links_network_mode::check),
    Check::new(&memory_missing::MEMORY_MISSING, memory_missing::check),
    Check::new(&memory_reservation::MEMORY_RESERVATION, memory_reservation::check),
    Check::new(&mount_point_unknown_volume::MOUNT_POINT_UNKNOWN_VOLUME, mount_point_unknown_volume::check),
    Check::new(&mutable_image_tag::MUTABLE_IMAGE_TAG, mutable_image_tag::check),
    Check::new(&no_essential_container::NO_ESSENTIAL_CONTAINER, no_essential_container::check),
    Check::new(&port_mapping_network_mode::PORT_MAPPING_NETWORK_MODE, port_mapping_network_mode::check),
    Check::new(&read_only_key::READ_ONLY_KEY, read_only_key::check),
    Check::new(&secrets_without_execution_role::SECRETS_WITHOUT_EXECUTION_ROLE, secrets_without_execution_role::check),
    Check::new(&too_many_containers::TOO_MANY_CONTAINERS, too_many_containers::check),
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

/// All rules of this crate.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    READING.iter().copied().chain(CHECKS.iter().map(|check| check.rule))
}

/// Everything that is wrong with what was read: the report of reading and what the rules about the content find, with
/// `levels` and the file's own `# ecs-taskdef: allow(…)` comments applied.
#[must_use]
pub fn check(parsed: &Parsed<crate::TaskDefinition>, levels: &Levels) -> Report {
    let known: Vec<&'static Rule> = rules().collect();
    let levels = levels.clone().with_comments(&parsed.document, "ecs-taskdef", &known, SUPPRESSION);
    let mut report = parsed.report.clone();
    match &parsed.value {
        Some(task_definition) => run_checks(CHECKS, task_definition, &levels, &mut report),
        None => levels.apply(&mut report),
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(CHECKS.is_sorted_by(|a, b| a.rule.id < b.rule.id));
        assert!(READING.is_sorted_by(|a, b| a.id < b.id));
    }
}
