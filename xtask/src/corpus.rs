//! `cargo xtask corpus <dir>`: runs the checkers over a tree of files, and compares verdicts with those of other programs
//! where they lie beside the files. The work is that of the example `lint`, so that this package stays quick to compile.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::{
    Arguments, verdicts,
    workspace::{Workspace, show},
};

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let [directory] = arguments.values()?;
    // Cargo runs at the root; the path is meant from where the user is.
    let directory = PathBuf::from(directory).canonicalize().with_context(|| format!("cannot find {directory}"))?;
    let mut command =
        workspace.cargo(["run", "--quiet", "--package", "examples", "--example", "lint", "--", "--summary"]);
    command.arg(&directory);
    let status = command.status().with_context(|| format!("cannot run `{}`", show(&command)))?;
    // The example answers with the findings of the files; finding some is what it is run for.
    anyhow::ensure!(status.code().is_some_and(|code| code < 2), "`{}` failed ({status})", show(&command));
    verdicts::compare(workspace, &directory)
}
