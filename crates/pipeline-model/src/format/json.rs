//! The API's notation: bare, under `pipeline`, or the answer of `get-pipeline` with its `metadata`.
//!
//! Reading accepts the same shapes written as YAML, as `--cli-input-yaml` does.

use serde_json::{Value as Json, json};
use spec_report::{Node, Reader};

use super::fields::Origins;
use super::{Naming, decode};
use crate::model::Pipeline;
use crate::read::Declaration;

/// What becomes of secret configuration values in written JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Secrets {
    /// They are written as `****`, which an update takes as "keep the stored value".
    Hide,
    /// They are written as they are: for sending, never for showing.
    Expose,
}

/// The declaration as JSON in the words of the API.
#[must_use]
pub fn to_json(pipeline: &Pipeline, secrets: Secrets) -> Json {
    // Maps with string keys and plain values always serialize.
    let mut out = serde_json::to_value(pipeline).unwrap_or_default();
    if secrets == Secrets::Expose {
        for (index, stage) in pipeline.stages.iter().enumerate() {
            for (at, action) in stage.actions.iter().enumerate() {
                for (key, value) in action.configuration.iter().filter(|(_, value)| value.is_secret()) {
                    out["stages"][index]["actions"][at]["configuration"][key.as_str()] = json!(value.expose());
                }
            }
        }
    }
    out
}

/// The declaration as indented JSON text, ending with a line break.
#[must_use]
pub fn to_text(pipeline: &Pipeline, secrets: Secrets) -> String {
    format!("{:#}\n", to_json(pipeline, secrets))
}

/// Whether the document is a declaration in the API's words.
pub(crate) fn is_declaration(root: &Node) -> bool {
    root.get("pipeline").is_some() || root.get("stages").is_some() || root.get("roleArn").is_some()
}

pub(crate) fn read(reader: &mut Reader<'_>, root: &Node) -> Option<Declaration> {
    let wrapped = root.get("pipeline").is_some();
    let origins = Origins::default();
    let decoded = if wrapped {
        let mut map = reader.map(root, "the file")?;
        let field = map.require("pipeline", reader)?;
        let metadata = map.take("metadata");
        // What `create-pipeline` takes beside the declaration.
        map.take("tags");
        map.finish(reader);
        let mut decoded = decode(reader, Naming::Api, &origins, field.value, "`pipeline`")?;
        if let Some(metadata) = metadata {
            decoded.template.insert("metadata".to_owned(), metadata.value.to_json(reader.schema()));
        }
        decoded
    } else {
        decode(reader, Naming::Api, &origins, root, "the declaration")?
    };
    Some(Declaration::new(reader.source().clone(), Naming::Api, None, decoded, Vec::new()))
}
