//! Declarations are shared between the state and whoever works on them, and written as if they were not.

use std::collections::BTreeMap;
use std::sync::Arc;

use pipeline_model::model::Pipeline;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) fn serialize<S: Serializer>(pipeline: &Arc<Pipeline>, serializer: S) -> Result<S::Ok, S::Error> {
    Pipeline::serialize(pipeline, serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Pipeline>, D::Error> {
    Pipeline::deserialize(deserializer).map(Arc::new)
}

/// The same for declarations by version.
pub(super) mod versions {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        versions: &BTreeMap<u32, Arc<Pipeline>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(versions.iter().map(|(version, pipeline)| (version, &**pipeline)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<u32, Arc<Pipeline>>, D::Error> {
        let versions = BTreeMap::<u32, Pipeline>::deserialize(deserializer)?;
        Ok(versions.into_iter().map(|(version, pipeline)| (version, Arc::new(pipeline))).collect())
    }
}
