//! Entries as text. Declarations hide their secrets when they are serialised, but a run that goes on needs them, so here
//! they are written as they are.

use std::borrow::Cow;
use std::sync::Arc;

use pipeline_model::format::json::{Secrets, to_json};
use pipeline_model::model::Pipeline;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Entry, Happened};
use crate::core::{Input, Stamped, State};

#[derive(Serialize, Deserialize)]
struct Record<'a> {
    pipeline: Cow<'a, str>,
    #[serde(flatten)]
    what: What<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What<'a> {
    Created(Value),
    Took(Cow<'a, Stamped>),
    /// An input that carries a declaration.
    Updated {
        at: jiff::Timestamp,
        seed: u64,
        declaration: Value,
    },
    Stands(Value),
    Removed(()),
}

pub(super) fn to_text(entry: &Entry) -> String {
    let what = match &entry.what {
        Happened::Created(pipeline) => What::Created(to_json(pipeline, Secrets::Expose)),
        Happened::Took(stamped) => match &stamped.input {
            Input::Update(declaration) => {
                What::Updated { at: stamped.at, seed: stamped.seed, declaration: to_json(declaration, Secrets::Expose) }
            }
            _ => What::Took(Cow::Borrowed(stamped)),
        },
        Happened::Stands(state) => What::Stands(exposed(state)),
        Happened::Removed => What::Removed(()),
    };
    let record = Record { pipeline: Cow::Borrowed(&entry.pipeline), what };
    // Maps with string keys and plain values always serialise.
    serde_json::to_string(&record).unwrap_or_default()
}

fn exposed(state: &State) -> Value {
    let mut out = serde_json::to_value(state).unwrap_or_default();
    out["pipeline"] = to_json(&state.pipeline, Secrets::Expose);
    for (version, pipeline) in &state.versions {
        out["versions"][version.to_string()] = to_json(pipeline, Secrets::Expose);
    }
    out
}

pub(super) fn from_text(text: &str) -> serde_json::Result<Entry> {
    let record: Record<'_> = serde_json::from_str(text)?;
    let what = match record.what {
        What::Created(declaration) => Happened::Created(Arc::new(serde_json::from_value(declaration)?)),
        What::Took(stamped) => Happened::Took(Box::new(stamped.into_owned())),
        What::Updated { at, seed, declaration } => {
            let declaration: Pipeline = serde_json::from_value(declaration)?;
            Happened::Took(Box::new(Stamped { at, seed, input: Input::Update(Box::new(declaration)) }))
        }
        What::Stands(state) => Happened::Stands(serde_json::from_value(state)?),
        What::Removed(()) => Happened::Removed,
    };
    Ok(Entry { pipeline: record.pipeline.into_owned(), what })
}
