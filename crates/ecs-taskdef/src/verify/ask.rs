//! The questions about one task definition, service by service, and what their answers mean.

use std::collections::BTreeMap;

use aws_call::CallError;
use spec_report::{Diagnostic, Node, Rule, Span, Spanned, did_you_mean};

use super::account::{
    Images, LogGroupId, LogGroups, PARAMETERS_PER_CALL, Parameters, Platform, Roles, SecretId, SecretShape, Secrets,
    TargetGroups,
};
use super::reference::Reference;
use super::rules;
use crate::client::LoadBalancer;
use crate::{NetworkMode, TaskDefinition, placeholder};

/// The keys that a registry's credentials must have.
const CREDENTIALS: [&str; 2] = ["username", "password"];

pub(super) struct Asker<'t> {
    task: &'t TaskDefinition,
    pub(super) found: Vec<Diagnostic>,
}

/// A `valueFrom`, or the secret of a registry's credentials.
struct Needed {
    reference: Reference,
    /// The JSON keys that are read.
    keys: Vec<String>,
    span: Span,
}

impl<'t> Asker<'t> {
    pub(super) fn new(task: &'t TaskDefinition) -> Self {
        Self { task, found: Vec::new() }
    }

    fn report(&mut self, rule: &'static Rule, span: Span, message: String) -> &mut Diagnostic {
        let at = self.found.len();
        self.found.push(Diagnostic::new(rule, self.task.source(), span, message));
        &mut self.found[at]
    }

    /// Not knowing is neither good nor bad.
    fn unknown(&mut self, span: Span, what: &str, error: &CallError) {
        let found = self.report(&rules::NOT_VERIFIED, span, format!("{what} could not be looked at: {error}"));
        if let Some(hint) = error.hint() {
            found.set_help(hint.meaning);
        }
    }

    pub(super) async fn images(&mut self, images: &dyn Images) {
        let task = self.task;
        let mut places: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
        for image in task.containers.iter().filter_map(|container| filled(container.image.as_ref())) {
            places.entry(&image.value).or_default().push(image.span);
        }
        let wanted = wanted_platform(task);
        for (image, spans) in places {
            match images.platforms(image).await {
                Err(error) => {
                    spans.iter().for_each(|&span| self.unknown(span, &format!("the image `{image}`"), &error))
                }
                Ok(None) => {
                    for span in spans {
                        self.report(
                            &rules::IMAGE_NOT_FOUND,
                            span,
                            format!("the image `{image}` is not in its registry"),
                        )
                        .set_help("push it first, under exactly this name");
                    }
                }
                Ok(Some(there)) => {
                    let Some((wanted, place)) = wanted.as_ref().filter(|_| !there.is_empty()) else { continue };
                    if there.contains(wanted) {
                        continue;
                    }
                    let list: Vec<String> = there.iter().map(ToString::to_string).collect();
                    let list = list.join("`, `");
                    for span in spans {
                        let message = format!("the image `{image}` is for `{list}`, but the task asks for `{wanted}`");
                        let found = self.report(&rules::PLATFORM_NOT_IN_IMAGE, span, message);
                        found.set_help("build it for the task's platform, or change `runtimePlatform`");
                        if let Some(place) = place {
                            found.add_label(task.source(), *place, "asked for here");
                        }
                    }
                }
            }
        }
    }

    pub(super) async fn roles(&mut self, roles: &dyn Roles) {
        let task = self.task;
        let both = [("task role", &task.task_role_arn), ("execution role", &task.execution_role_arn)];
        for (what, role) in both {
            let Some(role) = filled(role.as_ref()) else { continue };
            let title = format!("the {what} `{}`", role.value);
            match roles.role(&role.value).await {
                Err(error) => self.unknown(role.span, &title, &error),
                Ok(None) => {
                    self.report(&rules::ROLE_NOT_FOUND, role.span, format!("{title} does not exist"));
                }
                Ok(Some(found)) if !found.trusts_tasks() => {
                    let trusted = match found.trusted_services.as_slice() {
                        [] => "no service".to_owned(),
                        services => format!("`{}`", services.join("`, `")),
                    };
                    let message = format!("{title} may be assumed by {trusted}, but not by tasks");
                    self.report(&rules::ROLE_NOT_TRUSTING_TASKS, role.span, message)
                        .set_help("its trust policy must allow `sts:AssumeRole` to `ecs-tasks.amazonaws.com`");
                }
                Ok(Some(_)) => {}
            }
        }
    }

    pub(super) async fn log_groups(&mut self, log_groups: &dyn LogGroups) {
        let mut places: BTreeMap<LogGroupId, Vec<Span>> = BTreeMap::new();
        for container in &self.task.containers {
            let Some(logs) = &container.log_configuration else { continue };
            let creates = logs.option("awslogs-create-group").is_some_and(|create| create.value == "true");
            if logs.log_driver.as_ref().is_none_or(|driver| driver.value != "awslogs") || creates {
                continue;
            }
            let (group, region) = (logs.option("awslogs-group"), logs.option("awslogs-region"));
            if let (Some(group), Some(region)) = (filled(group), filled(region)) {
                places.entry(LogGroupId::new(&*region.value, &*group.value)).or_default().push(group.span);
            }
        }
        for (id, spans) in places {
            let title = format!("the log group `{}` of {}", id.name, id.region);
            match log_groups.has_log_group(&id).await {
                Err(error) => spans.iter().for_each(|&span| self.unknown(span, &title, &error)),
                Ok(true) => {}
                Ok(false) => {
                    for span in spans {
                        self.report(&rules::LOG_GROUP_NOT_FOUND, span, format!("{title} does not exist")).set_help(
                            "create it, or set the option `awslogs-create-group` to \"true\" and allow the execution role `logs:CreateLogGroup`",
                        );
                    }
                }
            }
        }
    }

    pub(super) async fn secrets(&mut self, secrets: &dyn Secrets) {
        let mut places: BTreeMap<SecretId, Vec<(Vec<String>, Span)>> = BTreeMap::new();
        for Needed { reference, keys, span } in needed(self.task) {
            if let Reference::Secret(id, _) = reference {
                places.entry(id).or_default().push((keys, span));
            }
        }
        for (id, places) in places {
            let version = id.version.as_ref().map(|version| format!("version `{version}` of "));
            let stage = id.stage.as_ref().map(|stage| format!("stage `{stage}` of "));
            let title = format!("{}the secret `{}`", version.or(stage).unwrap_or_default(), id.arn);
            let answer = secrets.secret(&id).await;
            for (keys, span) in places {
                match &answer {
                    Err(error) => self.unknown(span, &title, error),
                    Ok(None) => {
                        self.report(&rules::SECRET_NOT_FOUND, span, format!("{title} does not exist"));
                    }
                    Ok(Some(shape)) => self.secret_keys(&title, shape, &keys, span),
                }
            }
        }
    }

    fn secret_keys(&mut self, title: &str, shape: &SecretShape, keys: &[String], span: Span) {
        for key in keys {
            match shape {
                SecretShape::Opaque => {
                    let message = format!("{title} is no JSON object, so it has no key `{key}`");
                    self.report(&rules::SECRET_KEY_NOT_FOUND, span, message);
                }
                SecretShape::Keys(there) if there.contains(key) => {}
                SecretShape::Keys(there) => {
                    let help = did_you_mean(key, there.iter().map(String::as_str));
                    let help = help.map(|near| format!("did you mean `{near}`?"));
                    let message = format!("{title} has no JSON key `{key}`");
                    let found = self.report(&rules::SECRET_KEY_NOT_FOUND, span, message);
                    found.help = help;
                }
            }
        }
    }

    pub(super) async fn parameters(&mut self, parameters: &dyn Parameters) {
        let mut places: BTreeMap<String, Vec<Span>> = BTreeMap::new();
        for Needed { reference, span, .. } in needed(self.task) {
            if let Reference::Parameter(id) = reference {
                places.entry(id).or_default().push(span);
            }
        }
        let ids: Vec<String> = places.keys().cloned().collect();
        for some in ids.chunks(PARAMETERS_PER_CALL) {
            let answer = parameters.missing_parameters(some).await;
            for id in some {
                let title = format!("the parameter `{id}`");
                for &span in &places[id] {
                    match &answer {
                        Err(error) => self.unknown(span, &title, error),
                        Ok(missing) if missing.contains(id) => {
                            let found = self.report(&rules::SECRET_NOT_FOUND, span, format!("{title} does not exist"));
                            if !id.starts_with("arn:") {
                                found.set_help(
                                    "a name is looked up in Parameter Store; a secret of Secrets Manager needs its ARN",
                                );
                            }
                        }
                        Ok(_) => {}
                    }
                }
            }
        }
    }

    pub(super) async fn load_balancer(
        &mut self,
        load_balancer: &LoadBalancer,
        target_groups: Option<&dyn TargetGroups>,
    ) {
        let task = self.task;
        let LoadBalancer { target_group, container: name, port } = load_balancer;
        let Some(container) = task.container(name) else {
            let Some(first) = task.containers.first().filter(|_| task.is_whole()) else { return };
            let message = format!(
                "the service's load balancer leads to the container `{name}`, which does not exist in the task definition"
            );
            let near = did_you_mean(name, task.container_names()).map(|near| format!("did you mean `{near}`?"));
            self.report(&rules::LOAD_BALANCER_CONTAINER, first.head(), message).help = near;
            return;
        };
        let mapping = container.port_mappings.iter().filter_map(|mapping| mapping.container_port.as_ref());
        let mapping = mapping.into_iter().find(|container_port| container_port.value == i64::from(*port));
        let place = mapping.map_or(container.head(), |mapping| mapping.span);
        if mapping.is_none() && !container.cut_off {
            let message = format!(
                "the service's load balancer leads to port {port} of {}, which has no such port mapping",
                container.title()
            );
            self.report(&rules::LOAD_BALANCER_CONTAINER, place, message);
        }
        let (Some(target_groups), Some(arn)) = (target_groups, target_group) else { return };
        let title = format!("the target group `{arn}`");
        match target_groups.target_group(arn).await {
            Err(error) => self.unknown(place, &title, &error),
            Ok(None) => {
                self.report(&rules::TARGET_GROUP_NOT_FOUND, place, format!("{title} does not exist"));
            }
            Ok(Some(group)) => {
                if group.load_balancers.is_empty() {
                    let message = format!("{title} does not have an associated load balancer");
                    self.report(&rules::TARGET_GROUP_UNUSED, place, message).set_help(
                        "add a listener or a listener's rule that forwards to it before the service is created",
                    );
                }
                let wanted = match task.effective_network_mode() {
                    NetworkMode::Awsvpc => "ip",
                    NetworkMode::Bridge | NetworkMode::Host => "instance",
                    _ => return,
                };
                let awsvpc_only = wanted == "ip" && group.target_type == "instance";
                if awsvpc_only || (wanted == "instance" && group.target_type == "ip") {
                    let message = format!(
                        "{title} takes targets of type `{}`, but in this network mode tasks are targets of type `{wanted}`",
                        group.target_type
                    );
                    let mode = task.network_mode.as_ref().map(|mode| mode.span);
                    let found = self.report(&rules::TARGET_GROUP_TYPE, place, message);
                    if let Some(mode) = mode {
                        found.add_label(task.source(), mode, "the network mode");
                    }
                }
            }
        }
    }
}

/// A value that stands for itself: neither empty nor yet to be filled in.
fn filled(value: Option<&Spanned<String>>) -> Option<&Spanned<String>> {
    value.filter(|value| !value.value.is_empty() && !placeholder::has_any(&value.value))
}

/// The platform that the task runs on, and where it is written. On Fargate the default is Linux on X86_64; elsewhere the
/// instance decides, which is not known here.
fn wanted_platform(task: &TaskDefinition) -> Option<(Platform, Option<Span>)> {
    let view = task.view();
    let platform = task.node().and_then(|node| view.entry(node, "runtimePlatform"));
    let text = |key| platform.and_then(|platform| view.text(platform, key));
    let (family, processor) = (text("operatingSystemFamily"), text("cpuArchitecture"));
    if !task.is_whole() || (processor.is_none() && family.is_none() && !task.is_fargate()) {
        return None;
    }
    let os = match family.as_ref().map(|family| family.value.as_str()) {
        None | Some("LINUX") => "linux",
        Some(windows) if windows.starts_with("WINDOWS_") => "windows",
        Some(_) => return None,
    };
    let architecture = match processor.as_ref().map(|processor| processor.value.as_str()) {
        None | Some("X86_64") => "amd64",
        Some("ARM64") => "arm64",
        Some(_) => return None,
    };
    Some((Platform::new(os, architecture), processor.or(family).map(|text| text.span)))
}

/// The secrets and parameters that the task's agent reads, for variables, log drivers and private registries.
fn needed(task: &TaskDefinition) -> Vec<Needed> {
    let view = task.view();
    let mut needed = Vec::new();
    let mut add = |value: Option<Spanned<String>>, more: &[&str]| {
        let Some(value) = value.filter(|value| !placeholder::has_any(&value.value)) else { return };
        let Some(reference) = Reference::parse(&value.value) else { return };
        let mut keys: Vec<String> = more.iter().map(|&key| key.to_owned()).collect();
        if let Reference::Secret(_, Some(key)) = &reference {
            keys.push(key.clone());
        }
        needed.push(Needed { reference, keys, span: value.span });
    };
    for (container, node) in task.container_nodes() {
        for secret in &container.secrets {
            add(secret.value_from.clone(), &[]);
        }
        let options: &[Node] =
            view.entry(node, "logConfiguration").map_or(&[], |logs| view.list(logs, "secretOptions"));
        for option in options {
            add(view.text(option, "valueFrom"), &[]);
        }
        if let Some(credentials) = view.entry(node, "repositoryCredentials") {
            add(view.text(credentials, "credentialsParameter"), &CREDENTIALS);
        }
    }
    needed
}
