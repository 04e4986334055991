//! The CodeDeploy agent's own sentences, exactly as agent v1 writes them (misspellings included).
//!
//! Rules quote these, so that somebody who has one of them in a log finds the rule, and the other
//! way round.

/// A sentence of the agent as the help of a diagnostic.
pub(crate) fn says(sentence: &str) -> String {
    format!("the agent says: {sentence}")
}

pub(crate) const EMPTY: &str = "The deployment failed because the application specification file was empty. Make sure your AppSpec file defines at minimum the 'version' and 'os' properties.";

pub(crate) const NO_SOURCE: &str = "The deployment failed because the application specification file specifies a destination file, but no source file. Update the files section of the AppSpec file, and then try again.";

pub(crate) const NO_LOCATION: &str = "The deployment failed because the application specification file specifies a script with no location value. Specify the location in the hooks section of the AppSpec file, and then try again.";

pub(crate) const INVALID_TIMEOUT: &str = "The deployment failed because an invalid timeout value was provided for a script in the application specification file. Make corrections in the hooks section of the AppSpec file, and then try again.";

pub(crate) const NO_OBJECT: &str = "The deployment failed because a permission listed in the application specification file has no object value. Update the permissions section of the AppSpec file, and then try again.";

pub(crate) const PERMISSIONS_ON_WINDOWS: &str = "The deployment failed because the application specification file specifiles file permissions, but the deployment is targeting one or more Windows Server instances. Permissions are supported only for Amazon Linux, Ubuntu Server, and Red Hat Enterprise Linux (RHEL) instances. Update the permissions section of the AppSpec file, and then try again.";

/// CodeDeploy itself, about an AppSpec that is neither JSON nor YAML.
pub(crate) const NOT_WELL_FORMED: &str = "The AppSpec file must be valid JSON or YAML The input AppSpec file is a not well-formed yaml. The template cannot be parsed.";

/// Agent v2 around what `serde_yaml` says.
pub(crate) fn yaml_error(error: &str) -> String {
    format!("The deployment failed because of a YAML parsing error: {error}")
}

pub(crate) fn invalid_version(value: &str) -> String {
    format!(
        "The deployment failed because an invalid version value ({value}) was entered in the application specification file. Make sure your AppSpec file specifies \"0.0\" as the version, and then try again."
    )
}

pub(crate) fn unsupported_os(value: &str) -> String {
    format!(
        "The deployment failed because the application specification file specifies an unsupported operating system ({value}). Specify either \"linux\" or \"windows\" in the os section of the AppSpec file, and then try again."
    )
}

pub(crate) fn invalid_file_exists_behavior(value: &str) -> String {
    format!(
        "The deployment failed because an invalid file_exists_behavior value ({value}) was entered in the application specification file. Make sure your AppSpec file specifies one of DISALLOW,OVERWRITE,RETAIN as the file_exists_behavior, and then try again."
    )
}

pub(crate) fn no_destination(source: &str) -> String {
    format!(
        "The deployment failed because the application specification file specifies only a source file ({source}). Add the name of the destination file to the files section of the AppSpec file, and then try again."
    )
}

pub(crate) fn unsupported_object_type(value: &str) -> String {
    format!(
        "The deployment failed because the application specification filespecifies a permission for an object type not supported for permissions ({value}). Update the permissions section of the AppSpec file, and then try again."
    )
}

pub(crate) fn mode_length(mode: &str) -> String {
    format!(
        "The deployment failed because the length of a permissions mode ({mode}) in the application specification file is invalid. Permissions modes must be between one and four characters long. Update the permissions section of the AppSpec file, and then try again."
    )
}

pub(crate) fn mode_character(mode: &str, character: char) -> String {
    format!(
        "The deployment failed because the permissions mode ({mode}) in the application specification file contains an invalid character ({character}). Update the permissions section of the AppSpec file, and then try again."
    )
}

pub(crate) fn invalid_ace(ace: &str) -> String {
    format!(
        "The deployment failed because of a problem with the acls permission settings in the application specification file. Invalid acl entry ({ace})."
    )
}

pub(crate) fn base_ace(ace: &str) -> String {
    format!(
        "The deployment failed because of a problem with the acls permission settings in the application specification file. Use mode to set the base acl entry ({ace}). Update the permissions section of the AppSpec file, and then try again."
    )
}

pub(crate) fn ace_character(ace: &str, character: char) -> String {
    format!(
        "The deployment failed because the access control list (ACL) named {ace} in the application specification file contains an invalid character ({character}). Correct the ACL in the hooks section of the AppSpec file, and then try again."
    )
}

pub(crate) fn context_type(context: &str) -> String {
    format!(
        "The deployment failed because the application specification file specifies an invalid context type ({context}). Update the permissions section of the AppSpec file, and then try again."
    )
}

pub(crate) fn selinux_order(range: &str) -> String {
    format!(
        "The deployment failed because of a problem with the SELinux range specified ({range}) for the context parameter in the permissions section of the application specification file. Make corrections in the permissions section of the AppSpec file, and then try again."
    )
}

pub(crate) fn unknown_events(names: &[&str]) -> String {
    format!("appspec.yml file contains unknown lifecycle events: {names:?}")
}

pub(crate) fn two_sources(first: &str, second: &str, destination: &str) -> String {
    format!(
        "The deployment failed because the application specification file specifies two source files named {first} and {second} for the same destination ({destination}). Remove one of the source file paths from the AppSpec file, and then try again."
    )
}

pub(crate) fn permission_twice(object: &str) -> String {
    format!(
        "The deployment failed because the permissions setting for ({object}) is specified more than once in the application specification file. Update the files section of the AppSpec file, and then try again."
    )
}

pub(crate) fn unknown_account(what: &str, name: &str) -> String {
    format!("can't find {what} for {name}")
}

pub(crate) fn copy_over_directory(source: &str, destination: &str) -> String {
    format!(
        "The deployment failed because the application specification file calls for installing the file {source}, but a file with that name already exists at the location ({destination}). Update your AppSpec file or directory structure, and then try again."
    )
}

pub(crate) fn directory_over_copy(destination: &str, source: &str) -> String {
    format!(
        "The deployment failed because the application specification file includes an mkdir command more than once for the same destination path ({destination}) from ({source}). Update the files section of the AppSpec file, and then try again."
    )
}

pub(crate) fn pattern_on_file(object: &str, pattern: &str) -> String {
    format!(
        "The deployment failed because the application specification file includes an object ({object}) with an invalid pattern ({pattern}), such as a pattern for a file applied to a directory. Correct the permissions section of the AppSpec file, and then try again."
    )
}

pub(crate) fn except_on_file(except: &str, object: &str) -> String {
    format!(
        "The deployment failed because the except parameter for a pattern in the permissions section ({except}) for the object named {object} contains an invalid format. Update the AppSpec file, and then try again."
    )
}

pub(crate) const DEFAULT_ACL_ON_FILE: &str = "The deployment failed because the -d parameter has been specified to apply an acl setting to a file. This parameter is supported for directories only. Update the AppSpec file, and then try again.";

pub(crate) fn file_exists(location: &str) -> String {
    format!("The deployment failed because a specified file already exists at this location: {location}")
}

/// CodeDeploy itself, about a host whose agent does not answer.
pub(crate) const LOST: &str = "CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs on your host and make sure the agent is running and can connect to the CodeDeploy server.";
