//! What a rule looks at: one declaration with its places, and the action types that are known.

use spec_report::{Diagnostic, Edit, Findings, Fix, Rule, Safety, Span, emit};

use crate::actions::{ActionType, Catalogue, Settings};
use crate::graph::ActionRef;
use crate::model::{Action, Pipeline, PipelineType, Stage};
use crate::places::join;
use crate::read::Declaration;

/// Among how many names a suggestion is looked for: comparing each wrong name with each right one would take
/// minutes on a file made for it.
pub(super) const SUGGESTIONS: usize = 200;

/// The input of every check.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) declaration: Declaration,
    pub(crate) catalogue: Catalogue,
    /// The paths of the actions by stage, since nearly every rule asks for them.
    paths: Vec<Vec<String>>,
}

/// An action with everything a rule asks about it.
#[derive(Clone, Debug)]
pub(super) struct ActionAt<'s> {
    pub(super) at: ActionRef,
    pub(super) stage: &'s Stage,
    pub(super) action: &'s Action,
    pub(super) path: &'s str,
    catalogue: &'s Catalogue,
}

impl<'s> ActionAt<'s> {
    /// Its type, if the catalogue has it. Looked up only where a rule asks.
    pub(super) fn kind(&self) -> Option<&'s dyn ActionType> {
        self.catalogue.find(&self.action.action_type_id)
    }

    /// The path of a field of the action.
    pub(super) fn path(&self, field: &str) -> String {
        join(self.path, field)
    }

    /// The path of a configuration key.
    pub(super) fn config_path(&self, key: &str) -> String {
        join(&self.path("configuration"), key)
    }
}

impl Subject {
    pub(super) fn new(declaration: Declaration, catalogue: Catalogue) -> Self {
        let stages = declaration.pipeline.stages.iter().enumerate();
        let paths = stages.map(|(at, stage)| {
            let actions = join(&join("/stages", at), "actions");
            (0..stage.actions.len()).map(|index| join(&actions, index)).collect()
        });
        let paths = paths.collect();
        Self { declaration, catalogue, paths }
    }

    pub(super) fn pipeline(&self) -> &Pipeline {
        &self.declaration.pipeline
    }

    /// The stages with their paths.
    pub(super) fn stages(&self) -> impl Iterator<Item = (String, &Stage)> {
        self.pipeline().stages.iter().enumerate().map(|(index, stage)| (join("/stages", index), stage))
    }

    /// The actions in declaration order.
    pub(super) fn actions(&self) -> impl Iterator<Item = ActionAt<'_>> {
        let stages = self.pipeline().stages.iter().zip(&self.paths).enumerate();
        stages.flat_map(move |(stage_index, (stage, paths))| {
            stage.actions.iter().zip(paths).enumerate().map(move |(index, (action, path))| ActionAt {
                at: ActionRef { stage: stage_index, action: index },
                stage,
                action,
                path,
                catalogue: &self.catalogue,
            })
        })
    }

    /// Whether the pipeline is certainly V1.
    pub(super) fn is_v1(&self) -> bool {
        matches!(self.pipeline().pipeline_type, None | Some(PipelineType::V1))
    }

    /// The settings of an action as far as they are known.
    pub(super) fn settings<'s>(&self, found: &ActionAt<'s>) -> Settings<'s> {
        Settings::new(found.action, !self.is_symbolic(&found.path("configuration")))
    }

    /// Whether a field's value, or the shape of it, is known only after the deployment.
    pub(super) fn is_symbolic(&self, path: &str) -> bool {
        self.declaration.places.is_symbolic(path)
    }

    /// The place of a field's value.
    pub(super) fn value(&self, path: &str) -> Span {
        self.declaration.places.value(path)
    }

    /// The place of a field's key.
    pub(super) fn key(&self, path: &str) -> Span {
        self.declaration.places.key(path)
    }

    /// The name of a thing, for messages about the whole of it.
    pub(super) fn name(&self, path: &str) -> Span {
        let name = join(path, "name");
        if self.declaration.places.get(&name).is_some() { self.value(&name) } else { self.head(self.key(path)) }
    }

    /// The beginning of something that spans many lines.
    fn head(&self, span: Span) -> Span {
        let first = self.declaration.source.slice(span).chars().next().map_or(0, char::len_utf8);
        Span::new(span.start, span.start + first)
    }

    /// A field in the words of the file.
    pub(super) fn word(&self, api: &str) -> String {
        self.declaration.naming.word(api)
    }

    pub(super) fn report<'o>(
        &self,
        out: &'o mut Findings<'_>,
        rule: &'static Rule,
        span: Span,
        message: impl Into<String>,
    ) -> &'o mut Diagnostic {
        out.report(rule, &self.declaration.source, span, message)
    }

    /// The fix that writes another word where this one stands in the file; none where the text is not the word itself.
    pub(super) fn rewrite(&self, span: Span, word: &str, with: &str) -> Option<Fix> {
        let raw = self.declaration.source.slice(span);
        let replacement = if raw == word {
            emit::quote_if_needed(with).into_owned()
        } else if raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) == Some(word) {
            emit::json_string(with)
        } else if raw.strip_prefix('\'').and_then(|raw| raw.strip_suffix('\'')) == Some(word) {
            format!("'{}'", with.replace('\'', "''"))
        } else {
            return None;
        };
        let edits = vec![Edit { span, replacement }];
        Some(Fix { title: format!("write `{with}`"), edits, safety: Safety::Unsafe })
    }

    /// Points at one more place.
    pub(super) fn also(&self, diagnostic: &mut Diagnostic, span: Span, message: &str) {
        diagnostic.add_label(&self.declaration.source, span, message);
    }
}

/// Whether a text holds a placeholder for what only the deployment knows.
pub(super) fn is_placeholder(text: &str) -> bool {
    text.contains("${") || text.contains("{{resolve:")
}
