//! A file without content.

use spec_report::declare_rule;

declare_rule! {
    /// ## What it does
    /// Reports an AppSpec without content, or with nothing but comments.
    pub(crate) static EMPTY_FILE = {
        id: "appspec/empty-file",
        severity: Error,
        summary: "the AppSpec is empty",
        service: "The deployment failed because the application specification file was empty. Make sure your AppSpec file defines at minimum the 'version' and 'os' properties.",
    }
}
