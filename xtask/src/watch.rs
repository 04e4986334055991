//! Runs a program and watches what it spends: the time on the clock, that of the processor, and the most memory.

use std::{
    fs,
    io::Read as _,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

use crate::workspace::show;

/// The kernel counts through all of a process's memory for each look: looking more often would be part of what is measured.
const LOOK: Duration = Duration::from_millis(20);
/// Linux counts a process's time in hundredths of a second.
const TICKS: f64 = 100.0;

/// What a program spent, and what it printed.
#[derive(Debug, Clone)]
pub(crate) struct Spent {
    pub(crate) wall: Duration,
    /// Seconds of the processor, as far as they were seen.
    pub(crate) cpu: f64,
    /// The most memory, in KiB.
    pub(crate) peak: u64,
    pub(crate) output: String,
}

/// Runs a program to its end, which must be a good one.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<Spent> {
    run_to(command, 0)
}

/// Runs a program to its end, which must be with this code.
pub(crate) fn run_to(command: &mut Command, code: i32) -> anyhow::Result<Spent> {
    let shown = show(command);
    let begun = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{shown}`"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    // What is no text is not looked at.
    let reader = |pipe: Option<Box<dyn std::io::Read + Send>>| {
        thread::spawn(move || {
            let mut text = Vec::new();
            pipe.map(|mut pipe| pipe.read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        })
    };
    let output = reader(out.map(|pipe| Box::new(pipe) as _));
    let complaints = reader(err.map(|pipe| Box::new(pipe) as _));
    let process = format!("/proc/{}", child.id());
    let (mut peak, mut cpu) = (0, 0.0);
    let (end, ended) = mpsc::channel();
    thread::spawn(move || end.send((child.wait(), begun.elapsed())));
    let (status, wall) = loop {
        let text = fs::read_to_string(format!("{process}/status")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
        peak = peak.max(kibibytes.unwrap_or(0));
        cpu = spent(&fs::read_to_string(format!("{process}/stat")).unwrap_or_default()).unwrap_or(0.0).max(cpu);
        match ended.recv_timeout(LOOK) {
            Ok((status, wall)) => break (status?, wall),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => anyhow::bail!("nobody waits for `{shown}` any more"),
        }
    };
    let said = complaints.join().unwrap_or_default();
    ensure!(status.code() == Some(code), "`{shown}` ended with {status}:\n{}", said.trim_end());
    ensure!(peak > 0, "{process}/status tells nothing: this needs Linux");
    Ok(Spent { wall, cpu, peak, output: output.join().unwrap_or_default() })
}

/// Seconds of the processor in `/proc/PID/stat`: the 14th and 15th field. The second is a name with any characters.
fn spent(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_the_processor() {
        let stat = "77 (a (b) c) S 1 77 77 0 -1 4194304 100 0 0 0 250 150 0 0 20 0 1 0 100 1 1";
        assert_eq!(spent(stat), Some(4.0));
        assert_eq!(spent(""), None);
    }
}
