//! Which events a deployment goes through, in which order, from which revision: the lifecycle tables,
//! narrowed to what a request names, with the refusals of `codedeploy-local`.

use crate::lifecycle::{DeploymentKind, RevisionSource};
use crate::model::Server;

/// One event of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) event: String,
    pub(super) revision: RevisionSource,
    pub(super) part: Part,
}

/// What happens at an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Download,
    Install,
    Scripts,
    /// The service's own, such as `BlockTraffic`: there is nothing to do on a host.
    Elsewhere,
}

/// May come before `DownloadBundle`.
const BEFORE_DOWNLOAD: &[&str] = &["BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop"];
/// May come before `Install`.
const BEFORE_INSTALL: &[&str] =
    &["BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop", "DownloadBundle", "BeforeInstall"];

/// The events in order. A request that leaves `DownloadBundle` and `Install` out gets them first, as with the agent.
///
/// # Errors
/// The sentence of `codedeploy-local` about an order that cannot be.
pub(super) fn events(kind: DeploymentKind, requested: Option<&[String]>) -> Result<Vec<Stop>, String> {
    let all = kind.events();
    let Some(requested) = requested else {
        return Ok(all.iter().map(|event| stop(kind, event.name)).collect());
    };
    let mut names: Vec<&str> = requested.iter().map(String::as_str).collect();
    for own in ["BlockTraffic", "AllowTraffic"] {
        if names.contains(&own) {
            return Err(format!("the event {own} belongs to CodeDeploy: there is nothing to run on a host"));
        }
    }
    let installs = all.iter().any(|event| event.name == "Install");
    for (event, before) in [("DownloadBundle", BEFORE_DOWNLOAD), ("Install", BEFORE_INSTALL)] {
        let at = names.iter().position(|name| *name == event);
        let ahead = &names[..at.unwrap_or(0)];
        if ahead.iter().any(|name| !before.contains(name)) {
            return Err(format!(
                "The only events that can be specified before {event} are {}. Please fix the order of your specified events: {}",
                before.join(","),
                requested.join(",")
            ));
        }
    }
    if installs && !names.contains(&"Install") {
        let after_download = names.iter().position(|name| *name == "DownloadBundle").map_or(0, |at| at + 1);
        names.insert(after_download, "Install");
    }
    if installs && !names.contains(&"DownloadBundle") {
        names.insert(0, "DownloadBundle");
    }
    Ok(names.into_iter().map(|name| stop(kind, name)).collect())
}

fn stop(kind: DeploymentKind, name: &str) -> Stop {
    let known = kind.event(name).or_else(|| DeploymentKind::InPlaceWithLoadBalancer.event(name));
    let part = match (name, known) {
        ("DownloadBundle", _) => Part::Download,
        ("Install", _) => Part::Install,
        (_, Some(event)) if !event.scriptable => Part::Elsewhere,
        _ => Part::Scripts,
    };
    let revision = known.map_or(RevisionSource::Current, |event| event.revision);
    Stop { event: name.to_owned(), revision, part }
}

/// Events of a request that neither the lifecycle nor the AppSpec knows.
///
/// # Errors
/// The agent's sentence.
pub(super) fn check_custom(stops: &[Stop], server: &Server) -> Result<(), String> {
    let is_known = |name: &str| DeploymentKind::InPlaceWithLoadBalancer.event(name).is_some();
    let in_app_spec = |name: &str| server.hooks.iter().any(|hooks| hooks.event.value == name);
    let unknown: Vec<&str> =
        stops.iter().map(|stop| stop.event.as_str()).filter(|name| !is_known(name) && !in_app_spec(name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let unknown = unknown.join(",");
    Err(format!(
        "You specified a lifecycle event which is not a default one and doesn't exist in your appspec.yml file: {unknown}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(requested: &[&str]) -> Result<Vec<String>, String> {
        let requested: Vec<String> = requested.iter().map(|name| (*name).to_owned()).collect();
        let stops = events(DeploymentKind::InPlace, Some(&requested))?;
        Ok(stops.into_iter().map(|stop| stop.event).collect())
    }

    #[test]
    fn requests() {
        assert_eq!(names(&["AfterInstall"]).unwrap(), ["DownloadBundle", "Install", "AfterInstall"]);
        assert_eq!(names(&["ApplicationStop"]).unwrap(), ["DownloadBundle", "Install", "ApplicationStop"]);
        assert_eq!(
            names(&["ApplicationStop", "DownloadBundle", "Install"]).unwrap(),
            ["ApplicationStop", "DownloadBundle", "Install"]
        );
        assert_eq!(
            names(&["BeforeInstall", "DownloadBundle"]).unwrap_err(),
            "The only events that can be specified before DownloadBundle are \
             BeforeBlockTraffic,AfterBlockTraffic,ApplicationStop. Please fix the order of your specified events: \
             BeforeInstall,DownloadBundle"
        );
        assert_eq!(
            names(&["DownloadBundle", "AfterInstall", "Install"]).unwrap_err(),
            "The only events that can be specified before Install are \
             BeforeBlockTraffic,AfterBlockTraffic,ApplicationStop,DownloadBundle,BeforeInstall. \
             Please fix the order of your specified events: DownloadBundle,AfterInstall,Install"
        );
        assert!(names(&["BlockTraffic"]).is_err());
    }

    #[test]
    fn everything_in_the_order_of_the_tables() {
        for kind in DeploymentKind::SERVER {
            let stops = events(*kind, None).unwrap();
            assert!(stops.iter().map(|stop| stop.event.as_str()).eq(kind.events().iter().map(|event| event.name)));
        }
        let rollback = events(DeploymentKind::BlueGreenRollback, Some(&["AfterBlockTraffic".to_owned()])).unwrap();
        assert_eq!((rollback.len(), rollback[0].revision), (1, RevisionSource::MostRecent));
    }

    #[test]
    fn unknown_events() {
        let stops = events(DeploymentKind::InPlace, Some(&["Foo".to_owned()])).unwrap();
        let sentence = check_custom(&stops, &Server::default()).unwrap_err();
        assert!(sentence.ends_with("doesn't exist in your appspec.yml file: Foo"), "{sentence}");
    }
}
