//! How the resources of a template fit to its pipelines: who may assume the role, and what the webhooks start.

use spec_report::{Diagnostic, Document, Report, Rule, Span, declare_rule, did_you_mean};

use super::{Definition, Resources, Role, Webhook, resources_of};
use crate::model::Category;
use crate::read::{Declaration, ReadOptions};

declare_rule! {
    /// ## What it does
    /// Reports a pipeline whose role stands in the same template and is not trusted to `codepipeline.amazonaws.com`. Roles
    /// whose trust policy is computed are left alone.
    ///
    /// ## Why
    /// The service tries to assume the role when the pipeline is created, and refuses it.
    pub(crate) static ROLE_NOT_ASSUMABLE = {
        id: "pipeline-model/role-not-assumable",
        severity: Error,
        summary: "the pipeline's role does not trust the service",
        service: "InvalidStructureException: CodePipeline is not authorized to perform AssumeRole on role …",
    }

    /// ## What it does
    /// Compares the kind of authentication of a webhook with its configuration: `GITHUB_HMAC` has `SecretToken`, `IP` has
    /// `AllowedIPRange`, `UNAUTHENTICATED` neither.
    ///
    /// ## Why
    /// The service refuses the webhook, and the stack is rolled back.
    pub(crate) static WEBHOOK_AUTHENTICATION = {
        id: "pipeline-model/webhook-authentication",
        severity: Error,
        summary: "a webhook's authentication does not have the configuration that it needs",
        service: "InvalidWebhookAuthenticationParametersException: 'authenticationConfig' should contain only one property: '…'",
    }

    /// ## What it does
    /// Reports a webhook with more than five filters.
    ///
    /// ## Why
    /// The service refuses the webhook, and the stack is rolled back. The limit is that of `WebhookDefinition` in the API
    /// reference.
    pub(crate) static WEBHOOK_FILTERS = {
        id: "pipeline-model/webhook-filters",
        severity: Error,
        summary: "a webhook has more than five filters",
        service: "ValidationException: Value at 'webhook.filters' failed to satisfy constraint: Member must have length less than or equal to 5",
    }

    /// ## What it does
    /// Looks up the target of a webhook in the pipeline of the same template: it must be one of its source actions.
    ///
    /// ## Why
    /// The placeholders of the filters are filled from that action's configuration; without it no call starts anything.
    pub(crate) static WEBHOOK_TARGET = {
        id: "pipeline-model/webhook-target",
        severity: Error,
        summary: "a webhook is for an action that is no source of its pipeline",
    }
}

/// The rules, sorted by id.
pub(crate) static RULES: &[&Rule] = &[&ROLE_NOT_ASSUMABLE, &WEBHOOK_AUTHENTICATION, &WEBHOOK_FILTERS, &WEBHOOK_TARGET];

const SERVICE: &str = "codepipeline.amazonaws.com";

/// Filters of a webhook; `WebhookDefinition` in the API reference.
const MOST_FILTERS: usize = 5;

/// What does not fit.
pub(crate) fn check(document: &Document, declarations: &[Declaration]) -> Report {
    let of = |kind: &str| matches!(kind, "AWS::CodePipeline::Webhook" | "AWS::IAM::Role");
    let mut wiring = Wiring { document, declarations, resources: Resources::default(), report: Report::new() };
    wiring.resources = resources_of(document, &ReadOptions::default(), of);
    for declaration in declarations {
        wiring.role(declaration);
    }
    for resource in std::mem::take(&mut wiring.resources.all) {
        if let Definition::Webhook(webhook) = &resource.definition {
            wiring.webhook(resource.span, webhook);
        }
    }
    wiring.report
}

struct Wiring<'d> {
    document: &'d Document,
    declarations: &'d [Declaration],
    resources: Resources,
    report: Report,
}

impl Wiring<'_> {
    fn finding(&self, rule: &'static Rule, span: Span, message: String) -> Diagnostic {
        Diagnostic::new(rule, self.document.source(), span, message)
    }

    fn role(&mut self, declaration: &Declaration) {
        let arn = &declaration.pipeline.role_arn;
        let Some(id) = arn.strip_prefix("${").and_then(|text| text.strip_suffix(".Arn}")) else { return };
        let role = self.resources.all.iter().find(|resource| resource.logical_id == id);
        let Some(role) = role.and_then(|resource| resource.role()) else { return };
        if distrusts(role) {
            let message = format!("CodePipeline is not authorized to perform AssumeRole on role {arn}");
            let found = self.finding(&ROLE_NOT_ASSUMABLE, declaration.places.value("/roleArn"), message);
            let help = format!("let `{id}` trust the service: `Principal: {{Service: {SERVICE}}}`");
            self.report.push(found.with_help(help));
        }
    }

    fn webhook(&mut self, whole: Span, webhook: &Webhook) {
        if let Some(kind) = webhook.authentication.as_ref().filter(|kind| kind.is_known()) {
            let (token, range) = (webhook.secret_token.is_some(), webhook.allowed_ip_range.is_some());
            let wanted = match (kind.text.as_str(), token, range) {
                ("GITHUB_HMAC", true, false) | ("IP", false, true) | ("UNAUTHENTICATED", false, false) => None,
                ("GITHUB_HMAC", ..) => Some("'authenticationConfig' should contain only one property: 'SecretToken'"),
                ("IP", ..) => Some("'authenticationConfig' should contain only one property: 'AllowedIPRange'"),
                ("UNAUTHENTICATED", ..) => Some("a webhook that anyone may call takes no secret and no addresses"),
                _ => None,
            };
            if let Some(wanted) = wanted {
                let found = self.finding(&WEBHOOK_AUTHENTICATION, kind.span, wanted.to_owned());
                self.report.push(found);
            }
        }
        if let Some(sixth) = webhook.filters.get(MOST_FILTERS) {
            let message = format!(
                "Value at 'webhook.filters' failed to satisfy constraint: Member must have length less than or equal to \
                 {MOST_FILTERS}"
            );
            let found = self.finding(&WEBHOOK_FILTERS, sixth.json_path.span, message);
            self.report.push(found);
        }
        self.target(whole, webhook);
    }

    fn target(&mut self, whole: Span, webhook: &Webhook) {
        let (Some(pipeline), Some(action)) = (&webhook.target_pipeline, &webhook.target_action) else { return };
        let is_meant = |declaration: &&Declaration| {
            let reference = declaration.logical_id.as_ref().map(|id| format!("${{{id}}}"));
            reference.as_ref() == Some(&pipeline.text) || declaration.pipeline.name == pipeline.text
        };
        // Another template may have it.
        let Some(declaration) = self.declarations.iter().find(is_meant).filter(|_| action.is_known()) else { return };
        let mut sources = Vec::new();
        for world in declaration.worlds() {
            let actions = world.pipeline.actions().map(|(_, action)| action);
            sources.extend(actions.filter(|action| action.action_type_id.category == Category::Source));
        }
        let names = || sources.iter().map(|source| source.name.as_str());
        if sources.is_empty() || names().any(|name| name == action.text || name.contains("${")) {
            return;
        }
        let message = format!(
            "the webhook is for the action `{}`, which is no source of the pipeline `{}`",
            action.text, declaration.pipeline.name
        );
        let span = if action.span == Span::default() { whole } else { action.span };
        let help = match did_you_mean(&action.text, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its sources are: {}", names().collect::<Vec<_>>().join(", ")),
        };
        let found = self.finding(&WEBHOOK_TARGET, span, message).with_help(help);
        self.report.push(found);
    }
}

/// Whether a role certainly cannot be assumed by the service.
fn distrusts(role: &Role) -> bool {
    let Some(trust) = &role.trust else { return false };
    let may = trust.statement.items().iter().filter_map(|statement| statement.principal.as_ref()).any(|principal| {
        let words = principal.to_string();
        // Anybody, or whoever the deployment makes of it.
        words.contains(SERVICE) || words.contains('*') || words.contains("${")
    });
    !may
}
