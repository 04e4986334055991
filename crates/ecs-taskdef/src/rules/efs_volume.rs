//! `ecs-taskdef/efs-volume`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds EFS volumes with an access point and a root directory, and such that need encryption in transit without having
    /// it.
    pub static EFS_VOLUME = {
        id: "ecs-taskdef/efs-volume",
        severity: Error,
        summary: "the settings of an EFS volume do not go together",
        service: "EFS IAM authorization requires TransitEncryption to be enabled",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let Some(node) = subject.node() else { return };
    let view = subject.view();
    for volume in view.list(node, "volumes") {
        let Some(efs) = view.entry(volume, "efsVolumeConfiguration") else { continue };
        let authorization = view.entry(efs, "authorizationConfig");
        let access_point = authorization.and_then(|authorization| view.text(authorization, "accessPointId"));
        let root = view.text(efs, "rootDirectory").filter(|root| !matches!(root.value.as_str(), "" | "/"));
        if let (Some(point), Some(root)) = (access_point.filter(|point| !point.value.is_empty()), root) {
            let message = format!("the root directory `{}` and an access point exclude each other", root.value);
            out.report(&EFS_VOLUME, subject.source(), root.span, message)
                .add_label(subject.source(), point.span, "the access point has a root of its own")
                .set_help("leave `rootDirectory` away, or write `/`");
        }
        let encryption = view.text(efs, "transitEncryption").filter(|encryption| !encryption.value.is_empty());
        let off = match &encryption {
            Some(encryption) => encryption.value == "DISABLED",
            None => !view.cut_off(efs),
        };
        if !off {
            continue;
        }
        let iam = authorization.and_then(|authorization| view.text(authorization, "iam"));
        if let Some(iam) = iam.filter(|iam| iam.value == "ENABLED") {
            out.report(&EFS_VOLUME, subject.source(), iam.span, "IAM authorization needs encryption in transit")
                .set_help("set `transitEncryption` to `ENABLED`");
        }
        if let Some(port) = view.int(efs, "transitEncryptionPort").filter(|port| port.value != 0) {
            let message = "a port for encryption in transit needs encryption in transit";
            out.report(&EFS_VOLUME, subject.source(), port.span, message)
                .set_help("set `transitEncryption` to `ENABLED`");
        }
    }
}
