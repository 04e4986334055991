//! A template with its pipelines written anew from the model.
//!
//! The model decides what there is; the file decides how it is written. Where the model still says what was read there,
//! the expression of the file stays: `!Ref Bucket` does not become `${Bucket}`. What the model cannot hold (a key or an
//! item that falls away in this world, a list that only the deployment knows) stays as well. A field that the model
//! lost would be lost in the template: that is how the round trip over real files is a test of the model.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use spec_report::emit::{self, Map};
use spec_report::{Document, Node, Schema, Value};

use super::notation::{from_json, written};
use super::resolve::{Budget, Resolver, call};
use super::template::Template;
use super::write::properties;
use crate::format::json::Secrets;
use crate::read::{ReadOptions, Reading, read_with};

/// What templates set beside the declaration.
const BESIDE: [&str; 3] = ["DisableInboundStageTransitions", "RestartExecutionOnUpdate", "Tags"];

/// The template of a reading with the pipelines that its declarations have now; `None` if the file is no template.
///
/// Whatever was changed in [`Declaration::pipeline`](crate::Declaration::pipeline) is written, everything else stays as
/// the file has it, functions included, comments excluded. `options` are those the file was read with. Secret values
/// that stand in the file as they are become `****` with [`Secrets::Hide`].
///
/// ```
/// use pipeline_model::format::cloudformation::{rewrite, to_yaml};
/// use pipeline_model::format::json::Secrets;
/// use pipeline_model::{ReadOptions, read};
///
/// let text = "Resources:\n  Delivery:\n    Type: AWS::CodePipeline::Pipeline\n    Properties:\n      Name: shop\n      RoleArn: !GetAtt Role.Arn\n      Stages: []\n";
/// let mut reading = read("template.yaml", text);
/// reading.declarations[0].pipeline.name = "web".to_owned();
/// let template = rewrite(&reading, &ReadOptions::default(), Secrets::Hide).unwrap();
/// assert_eq!(to_yaml(&template), text.replace("shop", "web"));
/// ```
#[must_use]
pub fn rewrite(reading: &Reading, options: &ReadOptions, secrets: Secrets) -> Option<emit::Value> {
    let root = reading.document.root().filter(|root| super::is_template(root))?;
    let before = read_with(reading.document.source().clone(), options);
    let template = Template::new(root, &options.values);
    let mut pipelines = BTreeMap::new();
    for (declaration, before) in reading.declarations.iter().zip(&before.declarations) {
        let id = declaration.logical_id.as_deref()?;
        let resource = template.resource(id)?;
        let original = resource.get("Properties")?;
        let mut resolver = Resolver::new(&template, Budget::new(&options.limits));
        if let Some(condition) = resource.get("Condition").and_then(Node::as_str) {
            resolver = resolver.where_holds(condition);
        }
        let unnamed = format!("${{{id}}}");
        let words = |pipeline, secrets| {
            let mut words = properties(pipeline, secrets);
            // The name that reading gave stands for the one that CloudFormation makes up.
            if words["Name"] == unnamed.as_str()
                && original.get("Name").is_none()
                && let Some(words) = words.as_object_mut()
            {
                words.remove("Name");
            }
            words
        };
        let (old, new) = (words(&before.pipeline, Secrets::Expose), words(&declaration.pipeline, Secrets::Expose));
        let shown = words(&declaration.pipeline, secrets);
        let mut merge = Merge { resolver };
        let value = merge.node(original, Some(&old), Some(&new), Some(&shown)).unwrap_or(emit::Value::Null);
        pipelines.insert(id, value);
    }
    Some(with_pipelines(root, pipelines))
}

/// A template as it is written, to compare with or to write in the other notation.
#[must_use]
pub fn as_written(document: &Document) -> Option<emit::Value> {
    document.root().map(written)
}

/// The file with other properties in these resources.
fn with_pipelines(root: &Node, mut pipelines: BTreeMap<&str, emit::Value>) -> emit::Value {
    let mut resource = |id: &str, node: &Node| match pipelines.remove(id) {
        Some(properties) => {
            mapped(node, |key, value| if key == "Properties" { properties.clone() } else { written(value) })
        }
        None => written(node),
    };
    match root.get("Resources") {
        Some(_) => {
            mapped(root, |key, value| if key == "Resources" { mapped(value, &mut resource) } else { written(value) })
        }
        None => mapped(root, resource),
    }
}

fn mapped(node: &Node, mut each: impl FnMut(&str, &Node) -> emit::Value) -> emit::Value {
    let Some(entries) = node.as_map() else { return written(node) };
    let mut map = Map::new();
    for entry in entries {
        let key = entry.key.as_str().unwrap_or_default();
        map.push(key, each(key, &entry.value));
    }
    emit::Value::Map(map)
}

struct Merge<'t> {
    resolver: Resolver<'t>,
}

impl Merge<'_> {
    /// A node of the file as the model has it now: what was read from it, what the model has instead, and how that may
    /// be shown. `None` when nothing is left of it.
    fn node(
        &mut self,
        node: &Node,
        old: Option<&Json>,
        new: Option<&Json>,
        shown: Option<&Json>,
    ) -> Option<emit::Value> {
        let node = node.resolved();
        if let Some(call) = call(node) {
            if old == new {
                return Some(written(node));
            }
            if call.name == "If"
                && let Some([condition, then, otherwise]) = call.argument.as_seq()
                && let Some(name) = condition.as_str()
            {
                let nothing = || emit::Value::tagged("!Ref", "AWS::NoValue");
                let holds = self.resolver.decide(name);
                let taken = if holds { then } else { otherwise };
                let taken = self.node(taken, old, new, shown).unwrap_or_else(nothing);
                let (then, otherwise) = if holds { (taken, written(otherwise)) } else { (written(then), taken) };
                return Some(emit::Value::tagged("!If", vec![written(condition), then, otherwise]));
            }
            return shown.map(from_json);
        }
        match (&node.value, old, new) {
            (Value::Map(entries), Some(Json::Object(old)), Some(Json::Object(new))) => {
                let mut map = Map::new();
                for entry in entries {
                    let Some(key) = entry.key.as_str() else { continue };
                    let value = match (old.get(key), new.get(key)) {
                        (None, None) => self.unread(key, &entry.value),
                        (was, is) => self.node(&entry.value, was, is, shown.and_then(|shown| shown.get(key))),
                    };
                    if let Some(value) = value {
                        map.push(key, value);
                    }
                }
                for (key, value) in shown.and_then(Json::as_object).into_iter().flatten() {
                    let written = entries.iter().any(|entry| entry.key.as_str() == Some(key));
                    if !written && new.contains_key(key) {
                        map.push(key, from_json(value));
                    }
                }
                Some(emit::Value::Map(map))
            }
            (Value::Seq(items), Some(Json::Array(old)), Some(Json::Array(new))) => {
                Some(self.items(items, old, new, shown).unwrap_or_else(|| shown.map_or(emit::Value::Null, from_json)))
            }
            (Value::Scalar(_), Some(_), Some(_)) if old == new && (shown == new) => Some(written(node)),
            // Structures that the model holds as their text.
            (_, Some(Json::String(_)), Some(_)) if old == new && shown == new => Some(written(node)),
            _ => shown.map(from_json),
        }
    }

    /// A key that the model has nothing for.
    fn unread(&mut self, key: &str, node: &Node) -> Option<emit::Value> {
        let function = key.starts_with("Fn::") || call(node.resolved()).is_some();
        (function || BESIDE.contains(&key) || node.is_null(Schema::Yaml11)).then(|| written(node))
    }

    /// The items of a list; `None` if it cannot be told which item became what.
    fn items(&mut self, items: &[Node], old: &[Json], new: &[Json], shown: Option<&Json>) -> Option<emit::Value> {
        let is_store = |item: &Json| item.get("Region").is_some() && item.get("ArtifactStore").is_some();
        let by_region = !old.is_empty() && old.iter().chain(new).all(is_store);
        let mut out = Vec::with_capacity(items.len());
        let mut taken = vec![false; new.len()];
        let mut next = 0;
        for item in items {
            let resolved = self.resolver.resolve(item);
            let Some(resolved) = resolved else {
                // Falls away in this world.
                out.push(written(item));
                continue;
            };
            // The model keeps stores by their region.
            let at = if by_region {
                let region = resolved.get("Region").and_then(Node::as_str)?;
                old.iter().position(|store| store["Region"] == region)?
            } else {
                next
            };
            let was = old.get(at)?;
            let becomes =
                if by_region { new.iter().position(|store| store["Region"] == was["Region"]) } else { Some(at) };
            next += 1;
            let Some(becomes) = becomes.filter(|at| *at < new.len()) else { continue };
            taken[becomes] = true;
            let shown = shown.and_then(|shown| shown.get(becomes));
            out.extend(self.node(item, Some(was), new.get(becomes), shown));
        }
        if next != old.len() {
            return None;
        }
        for at in (0..new.len()).filter(|at| !taken[*at]) {
            out.extend(shown.and_then(|shown| shown.get(at)).map(from_json));
        }
        Some(emit::Value::Seq(out))
    }
}
