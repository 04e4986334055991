//! Tags need ARNs of the long format. ECS says so only after the call, and then the cluster has to be made anew; so it is
//! looked at before.

/// Whether an ARN has the long format, which tags need: services, tasks and container instances name their cluster in it
/// (documentation page "Amazon Resource Names and IDs"). ARNs of other things always do.
#[must_use]
pub fn is_long_arn(arn: &str) -> bool {
    let Some(resource) = arn.splitn(6, ':').nth(5) else { return false };
    let mut parts = resource.split('/');
    match parts.next() {
        Some("service" | "task" | "container-instance") => parts.count() >= 2,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::is_long_arn;

    #[test]
    fn long_arns_name_the_cluster() {
        for (resource, long) in [
            ("service/shop/web", true),
            ("service/web", false),
            ("task/shop/0123", true),
            ("task/0123", false),
            ("container-instance/0123", false),
            ("task-definition/web:7", true),
            ("cluster/shop", true),
        ] {
            let arn = format!("arn:aws:ecs:us-east-1:123456789012:{resource}");
            assert_eq!(is_long_arn(&arn), long, "{arn}");
        }
        assert!(!is_long_arn("web"));
    }
}
