//! `cargo xtask corpus <dir>`: runs the checkers over a tree of files, and reads, writes and reads again every task
//! definition in it. The work is that of the examples `lint` and `render_taskdef`, so that this package stays quick to
//! compile.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::{
    Arguments,
    workspace::{Workspace, show},
};

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let [directory] = arguments.values()?;
    // Cargo runs at the root; the path is meant from where the user is.
    let directory = PathBuf::from(directory).canonicalize().with_context(|| format!("cannot find {directory}"))?;
    // The examples answer with the findings of the files; finding some is what `lint` is run for.
    example(workspace, &["lint", "--", "--summary"], &directory, 1)?;
    example(workspace, &["render_taskdef", "--", "--round-trip"], &directory, 0)
}

/// Runs an example on a directory; it may end with a code of at most `most`.
fn example(workspace: &Workspace, arguments: &[&str], directory: &Path, most: i32) -> anyhow::Result<()> {
    let start = ["run", "--quiet", "--package", "examples", "--example"];
    let mut command = workspace.cargo(start.iter().chain(arguments));
    command.arg(directory);
    let status = command.status().with_context(|| format!("cannot run `{}`", show(&command)))?;
    anyhow::ensure!(status.code().is_some_and(|code| code <= most), "`{}` failed ({status})", show(&command));
    Ok(())
}
