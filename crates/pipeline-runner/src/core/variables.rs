//! `#{namespace.key}`: one pass, case-sensitive, never recursive.
//!
//! Source of the rules: the user guide's "Variables" page and captures of the service. A value that itself looks like a
//! reference stays as it is.

use std::collections::BTreeMap;

use pipeline_model::model::ConfigValue;

/// What references may name.
#[derive(Clone, Copy, Debug)]
pub struct Variables<'a> {
    /// `codepipeline.PipelineExecutionId`.
    pub execution_id: &'a str,
    /// `variables.X`.
    pub pipeline: &'a BTreeMap<String, String>,
    /// `Namespace.Key` of actions that have succeeded in this execution.
    pub namespaces: &'a BTreeMap<String, BTreeMap<String, String>>,
}

/// A reference that names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`#{{{reference}}}` names no variable of this execution: {why}")]
pub struct Unresolved {
    /// Text between the braces.
    pub reference: String,
    why: String,
}

impl Variables<'_> {
    /// Replaces every reference in `text`. A `#{` without its `}` is text.
    ///
    /// # Errors
    /// The first reference that names nothing.
    pub fn resolve(&self, text: &str) -> Result<String, Unresolved> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("#{") {
            let Some(length) = rest[start..].find('}') else { break };
            let reference = &rest[start + 2..start + length];
            out.push_str(&rest[..start]);
            out.push_str(self.look_up(reference)?);
            rest = &rest[start + length + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    /// Replaces every reference in the values of a configuration; what is secret stays secret.
    ///
    /// # Errors
    /// The first reference that names nothing.
    pub fn resolve_all(
        &self,
        configuration: &BTreeMap<String, ConfigValue>,
    ) -> Result<BTreeMap<String, ConfigValue>, Unresolved> {
        let resolve = |value: &ConfigValue| {
            let text = self.resolve(value.expose())?;
            Ok(if value.is_secret() { ConfigValue::secret(text) } else { ConfigValue::new(text) })
        };
        configuration.iter().map(|(key, value)| Ok((key.clone(), resolve(value)?))).collect()
    }

    fn look_up(&self, reference: &str) -> Result<&str, Unresolved> {
        let unresolved = |why: String| Unresolved { reference: reference.to_owned(), why };
        let Some((namespace, key)) = reference.split_once('.') else {
            return Err(unresolved("a reference is a namespace and a key separated by a period".to_owned()));
        };
        match namespace {
            "codepipeline" if key == "PipelineExecutionId" => Ok(self.execution_id),
            "variables" if self.pipeline.contains_key(key) => Ok(&self.pipeline[key]),
            _ => match self.namespaces.get(namespace) {
                None => Err(unresolved(format!("no action that has run has the namespace `{namespace}`"))),
                Some(outputs) => outputs.get(key).map(String::as_str).ok_or_else(|| {
                    let known: Vec<_> = outputs.keys().map(String::as_str).collect();
                    unresolved(format!(
                        "`{namespace}` gave {}",
                        if known.is_empty() { "no variables".to_owned() } else { format!("only {}", known.join(", ")) }
                    ))
                }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> Result<String, String> {
        let pipeline =
            BTreeMap::from([("Tag".to_owned(), "v1".to_owned()), ("Odd".to_owned(), "#{variables.Tag}".to_owned())]);
        let source = BTreeMap::from([("CommitId".to_owned(), "abc".to_owned())]);
        let namespaces = BTreeMap::from([("Source".to_owned(), source)]);
        let variables = Variables { execution_id: "e-1", pipeline: &pipeline, namespaces: &namespaces };
        variables.resolve(text).map_err(|error| error.to_string())
    }

    #[test]
    fn references_are_replaced_once() {
        for (text, want) in [
            ("plain", "plain"),
            ("#{variables.Tag}", "v1"),
            ("a-#{Source.CommitId}-#{codepipeline.PipelineExecutionId}", "a-abc-e-1"),
            ("#{variables.Odd}", "#{variables.Tag}"),
            ("open #{Source.CommitId", "open #{Source.CommitId"),
            ("${Source.CommitId} #x {}", "${Source.CommitId} #x {}"),
        ] {
            assert_eq!(resolve(text).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn what_names_nothing_is_told() {
        for (text, want) in [
            ("#{Build.X}", "no action that has run has the namespace `Build`"),
            ("#{Source.commitid}", "`Source` gave only CommitId"),
            ("#{Source}", "separated by a period"),
            ("#{variables.Nope}", "no action that has run has the namespace `variables`"),
            ("#{codepipeline.Nope}", "the namespace `codepipeline`"),
        ] {
            let error = resolve(text).unwrap_err();
            assert!(error.contains(want), "{text}: {error}");
        }
    }
}
