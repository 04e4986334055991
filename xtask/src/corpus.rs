//! `cargo xtask corpus <dir>`: runs the checkers over a tree of files, reads, writes and reads again every pipeline
//! and every task definition in it, and compares verdicts with those of other programs where they lie beside the files. The work is that of the
//! examples `lint`, `pipeline_convert`, `render_taskdef` and `appspec_check`, so that this package stays quick to compile; optimized, because
//! it also guards how long a file takes.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::Context as _;

use crate::{
    Arguments, verdicts,
    workspace::{Workspace, show},
};

/// What checking one real file may take, on any machine of today.
const LONGEST_MS: f64 = 5.0;

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let [directory] = arguments.values()?;
    // Cargo runs at the root; the path is meant from where the user is.
    let directory = PathBuf::from(directory).canonicalize().with_context(|| format!("cannot find {directory}"))?;
    // The example answers with the findings of the files; finding some is what it is run for.
    let text = example(workspace, &["lint", "--", "--summary", "--slowest"], &directory, 1)?;
    let slowest = slowest(&text).context("the example does not tell which file was the slowest")?;
    anyhow::ensure!(slowest <= LONGEST_MS, "a file takes {slowest} ms to check, more than {LONGEST_MS}");
    example(workspace, &["pipeline_convert", "--", "--round-trip"], &directory, 0)?;
    example(workspace, &["render_taskdef", "--", "--round-trip"], &directory, 0)?;
    verdicts::compare(workspace, &directory)
}

/// What an example prints about a directory; it may end with a code of at most `most`.
fn example(workspace: &Workspace, arguments: &[&str], directory: &Path, most: i32) -> anyhow::Result<String> {
    let start = ["run", "--quiet", "--release", "--package", "examples", "--example"];
    let mut command = workspace.cargo(start.iter().chain(arguments));
    command.arg(directory).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().with_context(|| format!("cannot run `{}`", show(&command)))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{text}");
    let ended = output.status.code().is_some_and(|code| code <= most);
    anyhow::ensure!(ended, "`{}` failed ({})", show(&command), output.status);
    Ok(text)
}

/// The milliseconds of the slowest file.
fn slowest(text: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix("slowest: ")?.split(' ').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_slowest() {
        assert_eq!(slowest("error x 3 findings\nslowest: 1.250 ms a b.yml\n"), Some(1.25));
        assert_eq!(slowest("error x 3 findings\n"), None);
    }
}
