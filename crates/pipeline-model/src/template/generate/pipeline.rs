//! The pipeline of a generated template.

use serde_json::json;

use super::store::BUCKET;
use super::{Template, roles};
use crate::format::cloudformation::properties;
use crate::format::json::Secrets;
use crate::model::Pipeline;

/// Writes the pipeline and gives its name in the template. `in_stack` tells whether role and, if it is true, bucket are
/// those of the template.
pub(super) fn write(out: &mut Template, pipeline: &Pipeline, in_stack: Option<bool>) -> String {
    let mut words = properties(pipeline, Secrets::Hide);
    if let Some(has_bucket) = in_stack {
        words["RoleArn"] = json!({ "Fn::GetAtt": [roles::ROLE, "Arn"] });
        if has_bucket {
            if words["ArtifactStore"].is_null() {
                words["ArtifactStore"] = json!({ "Type": "S3" });
            }
            words["ArtifactStore"]["Location"] = json!({ "Ref": BUCKET });
        }
    }
    for (at, stage) in pipeline.stages.iter().enumerate() {
        for (index, action) in stage.actions.iter().enumerate() {
            let written = &mut words["Stages"][at]["Actions"][index];
            if in_stack.is_some() && action.role_arn.as_ref() == Some(&pipeline.role_arn) {
                written.as_object_mut().map(|action| action.remove("RoleArn"));
            }
            for (key, _) in action.configuration.iter().filter(|(_, value)| value.is_secret()) {
                let description = format!("{key} of action {} in stage {}", action.name, stage.name);
                let parameter = out.secret(&[&action.name, key], &description);
                written["Configuration"][key.as_str()] = json!({ "Ref": parameter });
            }
        }
    }
    let id = out.id(&["Pipeline"]);
    out.resource(&id, "AWS::CodePipeline::Pipeline", &words);
    id
}
