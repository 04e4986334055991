//! The files of a laboratory: what its programs are told, as texts.

use std::path::Path;

use super::{ACCOUNT, REGION};

/// The name of the registry, as ECR forms it.
pub(super) fn host() -> String {
    format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com")
}

/// Relative paths and contents. `directory` is where they come to lie.
pub(super) fn files(directory: &Path) -> Vec<(&'static str, String)> {
    let (host, at) = (host(), directory.display());
    vec![
        ("hosts", format!("127.0.0.1 localhost {host}\n")),
        ("htpasswd", format!("AWS:{PASSWORD_HASH}\n")),
        (
            "registry.yml",
            format!(
                "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {at}/registry}}}}\n\
                 http: {{addr: '127.0.0.1:80'}}\nauth: {{htpasswd: {{realm: lab, path: {at}/htpasswd}}}}\n"
            ),
        ),
        // Without the certificate of AWS, the registry is spoken to in the clear.
        (
            "registries.conf",
            format!(
                "unqualified-search-registries = []\n[[registry]]\nprefix = '{host}'\nlocation = '{host}'\ninsecure = true\n"
            ),
        ),
        ("home/.config/containers/policy.json", "{\"default\": [{\"type\": \"insecureAcceptAnything\"}]}\n".to_owned()),
        ("storage.conf", format!("[storage]\ndriver = 'vfs'\ngraphroot = '{at}/images'\nrunroot = '{at}/run'\n")),
        (
            "containers.conf",
            format!("[engine]\ntmp_dir = '{at}/tmp'\ncgroup_manager = 'cgroupfs'\nevents_logger = 'none'\n"),
        ),
        ("home/auth.json", "{\"auths\": {}}\n".to_owned()),
        ("bin/docker", include_str!("docker.sh").to_owned()),
    ]
}

/// The variables of everything that runs inside, but for `PATH` and where `aws` finds its service.
pub(super) fn variables(directory: &Path) -> Vec<(&'static str, String)> {
    let at = directory.display();
    vec![
        ("AWS_ACCESS_KEY_ID", "testing".to_owned()),
        ("AWS_ACCOUNT_ID", ACCOUNT.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "testing".to_owned()),
        ("BUILDAH_ISOLATION", "chroot".to_owned()),
        ("CONTAINERS_CONF", format!("{at}/containers.conf")),
        ("CONTAINERS_REGISTRIES_CONF", format!("{at}/registries.conf")),
        ("CONTAINERS_STORAGE_CONF", format!("{at}/storage.conf")),
        ("HOME", format!("{at}/home")),
        ("LONGSHORE_LAB", at.to_string()),
        ("LONGSHORE_LAB_REGISTRY", host()),
        ("REGISTRY_AUTH_FILE", format!("{at}/home/auth.json")),
        ("TMPDIR", format!("{at}/tmp")),
    ]
}

/// Of the password `123456789012-auth-token`, which moto gives to everyone: no secret. With it, a push without a login
/// fails as it does at ECR.
const PASSWORD_HASH: &str = "$2b$04$9RyoLvAEgUewkUzeGlCF1.5NiYyQqHQtaDAxf/kgNkdaoZqpd7Ie.";
