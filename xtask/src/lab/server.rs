//! A program that serves until the laboratory ends.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};

use crate::workspace::show;

/// Python takes about a second to begin, and longer on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a server and waits for the line of its log that contains `ready`; gives the server and that line.
pub(super) fn start(command: &mut Command, ready: &'static str) -> anyhow::Result<(Child, String)> {
    let shown = show(command);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run `{shown}`"))?;
    let log = child.stderr.take().context("the log of a server is a pipe")?;
    let (tell, told) = mpsc::channel();
    // Reads on behind the line, for a full pipe would stop the server.
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            // Nobody listens any more once the line was there.
            let _ = tell.send(line);
        }
    });
    let mut said = Vec::new();
    while let Ok(line) = told.recv_timeout(PATIENCE) {
        if line.contains(ready) {
            return Ok((child, line));
        }
        said.push(line);
    }
    bail!("`{shown}` does not come up; it said:\n{}", said.join("\n"))
}
