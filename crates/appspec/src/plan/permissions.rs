//! Which permissions apply to which of the planned paths.
//!
//! The agent's rules, which differ from the documentation: candidates are only what this deployment
//! copies or makes; `**` is everything below the object at any depth; any other pattern, and every
//! exception, is a `*` glob on names directly in the object; the object's directory itself never
//! matches.

use std::collections::BTreeMap;

use spec_report::Span;

use super::{Instruction, Planner, ProblemKind};
use crate::agent;
use crate::model::acl::{AceKind, parse_ace};
use crate::model::server::{ObjectType, Permission};
use crate::path::{fits, is_below, normalise};

impl Planner<'_> {
    pub(super) fn permissions(&mut self) -> Vec<Instruction> {
        if self.windows {
            return Vec::new();
        }
        let server = self.server;
        // Path -> the permission that applies to it.
        let mut applied: BTreeMap<String, &Permission> = BTreeMap::new();
        for permission in &server.permissions {
            self.accounts_of(permission);
            let Some(object) = &permission.object else { continue };
            let path = if object.value.starts_with('/') { normalise(&object.value) } else { None };
            let matched = path.map_or_else(Vec::new, |path| self.matching(permission, &path));
            if matched.is_empty() {
                let message = format!(
                    "nothing that is installed matches the permission for `{}`; it is ignored silently",
                    object.value
                );
                self.problem(ProblemKind::PermissionMatchesNothing, object.span, message, None);
            }
            let mut clashes: Vec<Span> = Vec::new();
            for path in matched {
                if let Some(first) = applied.get(&path) {
                    let other = first.object.as_ref().map_or(first.span, |object| object.span);
                    // One report for each pair of permissions, not for each of thousands of files.
                    if !clashes.contains(&other) {
                        clashes.push(other);
                        let shown = self.shown(&path);
                        let message = format!("two permissions apply to `{shown}`");
                        let sentence = Some(agent::permission_twice(&shown));
                        self.problem(ProblemKind::PermissionOverlap, object.span, message, sentence).other =
                            Some(other);
                    }
                    continue;
                }
                applied.insert(path, permission);
            }
        }
        applied.into_iter().flat_map(|(path, permission)| instructions(&self.shown(&path), permission)).collect()
    }

    /// Reports the names that the host does not know; a number is an id, whoever has it.
    fn accounts_of(&mut self, permission: &Permission) {
        let Some(accounts) = self.accounts else { return };
        let is_id = |name: &str| name.parse::<u32>().is_ok();
        let mut unknown = Vec::new();
        if let Some(owner) = permission.owner.as_ref().filter(|owner| !is_id(&owner.value))
            && accounts.user(&owner.value).is_none()
        {
            unknown.push((owner.span, "user", owner.value.clone()));
        }
        if let Some(group) = permission.group.as_ref().filter(|group| !is_id(&group.value))
            && accounts.group(&group.value).is_none()
        {
            unknown.push((group.span, "group", group.value.clone()));
        }
        for entry in permission.acls.iter().flatten() {
            let Ok(ace) = parse_ace(&entry.value) else { continue };
            if ace.name.is_empty() || is_id(&ace.name) {
                continue;
            }
            match ace.kind {
                AceKind::User if accounts.user(&ace.name).is_none() => unknown.push((entry.span, "user", ace.name)),
                AceKind::Group if accounts.group(&ace.name).is_none() => unknown.push((entry.span, "group", ace.name)),
                _ => {}
            }
        }
        for (span, what, name) in unknown {
            let message = format!("the host has no {what} `{name}`");
            self.problem(ProblemKind::UnknownAccount, span, message, Some(agent::unknown_account(what, &name)));
        }
    }

    /// The planned paths that a permission applies to.
    fn matching(&mut self, permission: &Permission, object: &str) -> Vec<String> {
        if self.targets.get(object).is_some_and(|target| target.source.is_some()) {
            return self.matching_file(permission, object);
        }
        let pattern = permission.pattern();
        let mut paths = Vec::new();
        for (path, target) in self.targets.iter().filter(|(_, target)| !target.exists) {
            if !is_below(path, object) {
                continue;
            }
            let name = if object.is_empty() { path.as_str() } else { &path[object.len() + 1..] };
            let direct = !name.contains('/');
            let kind = if target.source.is_some() { ObjectType::File } else { ObjectType::Directory };
            let excepted = direct && permission.except.iter().any(|except| fits(name, &except.value));
            if (pattern == "**" || (direct && fits(name, pattern))) && !excepted && permission.applies_to(&kind) {
                paths.push(path.clone());
            }
        }
        paths
    }

    fn matching_file(&mut self, permission: &Permission, object: &str) -> Vec<String> {
        let shown = self.shown(object);
        if let Some(pattern) = permission.pattern.as_ref().filter(|pattern| pattern.value != "**") {
            let message = format!("`{shown}` is a file, so the pattern `{}` cannot apply", pattern.value);
            self.problem(ProblemKind::PermissionOnFile, pattern.span, message, None);
        }
        if let Some(except) = permission.except.first() {
            let message = format!("`{shown}` is a file, so there is nothing to except");
            self.problem(ProblemKind::PermissionOnFile, except.span, message, None);
        }
        for entry in permission.acls.iter().flatten() {
            if parse_ace(&entry.value).is_ok_and(|ace| ace.default) {
                let message = format!("`{shown}` is a file, and only directories have default ACL entries");
                self.problem(ProblemKind::PermissionOnFile, entry.span, message, None);
            }
        }
        if permission.applies_to(&ObjectType::File) { vec![object.to_owned()] } else { Vec::new() }
    }
}

/// Owner before mode: changing the owner drops set-user-id and set-group-id bits.
pub(super) fn instructions(path: &str, permission: &Permission) -> Vec<Instruction> {
    let mut steps = Vec::new();
    let text = |value: &Option<spec_report::Spanned<String>>| value.as_ref().map(|value| value.value.clone());
    if permission.owner.is_some() || permission.group.is_some() {
        steps.push(Instruction::Chown {
            path: path.to_owned(),
            owner: text(&permission.owner),
            group: text(&permission.group),
        });
    }
    if let Some(mode) = &permission.mode {
        let octal = mode.value.len() <= 4 && mode.value.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        if octal {
            steps.push(Instruction::Chmod { path: path.to_owned(), mode: format!("{:0>3}", mode.value) });
        }
    }
    let entries: Vec<_> = permission.acls.iter().flatten().filter_map(|entry| parse_ace(&entry.value).ok()).collect();
    if !entries.is_empty() {
        steps.push(Instruction::SetAcl { path: path.to_owned(), entries });
    }
    if let Some(context) = &permission.context
        && let Some(kind) = &context.kind
    {
        steps.push(Instruction::SetContext {
            path: path.to_owned(),
            user: text(&context.name),
            kind: kind.value.clone(),
            range: text(&context.range),
        });
    }
    steps
}
