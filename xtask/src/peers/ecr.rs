//! `cargo xtask peers ecr`: pushes of one large image by our `push_image`, by skopeo and by crane, in the same run against the
//! same registries, and the bounds that ours must keep beside them.
//!
//! The machine may do other things meanwhile: programs take turns, and the quickest of several runs counts. With `--small` the
//! image is small and only what does not depend on time is judged: digests, requests, and that each can pull what another
//! pushed.

use std::{path::Path, process::Command};

use anyhow::{Context as _, ensure};
use serde_json::Value as Json;

use super::{
    pushers::{Material, Programs, SKOPEO_COPY, Tool},
    registries::{Registry, scratch},
};
use crate::{
    watch::{self, Spent},
    workspace::{Workspace, output},
};

/// What the issue names: an image of so many MiB, a connection of so many MiB a second and milliseconds of latency.
const SIZE: u32 = 600;
const SMALL: u32 = 12;
const RATE: u32 = 50;
const LATENCY: u32 = 20;
/// How often the quick and the slow pushes are run.
const RUNS: usize = 9;
const SLOW_RUNS: usize = 3;

/// Runs all of them, prints what each spent, and fails if ours misses a bound.
pub(crate) fn check(workspace: &Workspace, small: bool) -> anyhow::Result<()> {
    let programs = Programs::find(workspace, !small)?;
    let material = Material::make(workspace, &programs, if small { SMALL } else { SIZE })?;
    let mut bench = Bench { programs, material, small, bounds: Vec::new() };
    for tool in [Tool::Skopeo, Tool::Crane] {
        if let Err(why) = bench.programs.path(tool) {
            println!("MISSING: {}: {why}", tool.name());
        }
    }
    bench.exchange()?;
    println!("{:<44} {:<10} {:>8} {:>8} {:>9} {:>9}", "", "", "wall s", "cpu s", "peak MiB", "MiB/s");
    bench.layout()?;
    bench.slow_line()?;
    bench.archive()?;
    if !small {
        bench.native(&Programs::with_sdk(workspace)?)?;
    }
    bench.verdict()
}

struct Bench {
    programs: Programs,
    material: Material,
    small: bool,
    bounds: Vec<Bound>,
}

/// What ours must keep.
struct Bound {
    what: &'static str,
    /// Nothing if a program is missing.
    found: Option<f64>,
    most: f64,
    /// Whether it is about time, and so not judged with a small image.
    timed: bool,
}

impl Bound {
    fn verdict(&self, small: bool) -> &'static str {
        match self.found {
            None => "not measured: a program is missing",
            Some(_) if small && self.timed => "not judged",
            Some(found) if found <= self.most => "ok",
            Some(_) => "MISSED",
        }
    }
}

/// The quickest of several runs.
struct Best {
    spent: Spent,
    bytes: u64,
}

impl Best {
    fn wall(&self) -> f64 {
        self.spent.wall.as_secs_f64()
    }

    /// Seconds for each byte.
    #[allow(clippy::cast_precision_loss, reason = "a ratio")]
    fn per_byte(&self) -> f64 {
        self.wall() / self.bytes as f64
    }

    #[allow(clippy::cast_precision_loss, reason = "printed with one digit")]
    fn print(&self, what: &str, tool: &str) {
        let mebibytes = self.bytes as f64 / f64::from(1 << 20);
        let (cpu, peak) = (self.spent.cpu, self.spent.peak as f64 / 1024.0);
        let wall = self.wall();
        println!("{what:<44} {tool:<10} {wall:>8.3} {cpu:>8.2} {peak:>9.1} {:>9.1}", mebibytes / wall);
    }
}

/// Keeps the quicker one, with the larger peak of both.
fn keep(best: &mut Option<Best>, spent: Spent, bytes: u64) {
    let peak = best.as_ref().map_or(0, |best| best.spent.peak).max(spent.peak);
    if best.as_ref().is_none_or(|best| spent.wall < best.spent.wall) {
        *best = Some(Best { spent, bytes });
    }
    if let Some(best) = best {
        best.spent.peak = peak;
    }
}

/// What ours says of a push, which must be of this image.
fn told(spent: &Spent, image: &str) -> anyhow::Result<Json> {
    let last = spent.output.lines().last().unwrap_or_default();
    let told: Json = serde_json::from_str(last).with_context(|| format!("push_image says {last:?}"))?;
    ensure!(told["digest"] == image, "push_image pushed {} instead of {image}", told["digest"]);
    Ok(told)
}

#[allow(clippy::cast_precision_loss, reason = "printed with one digit")]
fn mebibytes(best: &Best) -> f64 {
    best.spent.peak as f64 / 1024.0
}

impl Bench {
    fn tools(&self) -> Vec<Tool> {
        [Tool::Ours, Tool::Skopeo, Tool::Crane].into_iter().filter(|tool| self.programs.path(*tool).is_ok()).collect()
    }

    fn runs(&self, usual: usize) -> usize {
        if self.small { 1 } else { usual }
    }

    fn registry(&self) -> anyhow::Result<Registry> {
        Registry::docker(&self.programs.docker_registry)
    }

    fn bound(&mut self, what: &'static str, found: Option<f64>, most: f64, timed: bool) {
        self.bounds.push(Bound { what, found, most, timed });
    }

    /// What one pushes, the others pull with its digest; and what they push, ours copies with its digest.
    fn exchange(&self) -> anyhow::Result<()> {
        let registry = self.registry()?;
        let directory = scratch("exchange")?;
        let swept = Swept(&directory);
        let (image, layout) = (&self.material.image, self.material.layout.display());
        told(&self.programs.push_layout(Tool::Ours, &self.material, &registry.host)?, image)?;
        let ours = format!("{}/app:1.0-amd64", registry.host);
        for tool in self.tools() {
            let pulled = directory.join(tool.name());
            let mut command = self.programs.command(tool)?;
            match tool {
                Tool::Ours => continue,
                Tool::Skopeo => {
                    command.args(SKOPEO_COPY).arg(format!("docker://{ours}")).arg(format!("oci:{}", pulled.display()))
                }
                Tool::Crane => command.args(["--insecure", "pull", "--format", "oci", &ours]).arg(&pulled),
            };
            output(&mut command)?;
            self.same(&pulled.join("index.json"), image, &format!("{} pulled", tool.name()))?;
            let theirs = format!("{}/from-{}:1.0", registry.host, tool.name());
            let mut command = self.programs.command(tool)?;
            match tool {
                Tool::Ours => continue,
                Tool::Skopeo => command.args(SKOPEO_COPY).args([
                    "--all".to_owned(),
                    format!("oci:{layout}:1.0"),
                    format!("docker://{theirs}"),
                ]),
                Tool::Crane => command.args(["--insecure", "push", "--index"]).arg(&self.material.layout).arg(&theirs),
            };
            output(&mut command)?;
            // Crane pushes the file `index.json`, whose digest is its own.
            let other = self.registry()?;
            let copied = output(Command::new(&self.programs.copy).arg(&theirs).arg(format!("{}/app:1.0", other.host)))?;
            let saved = directory.join(format!("from-{}", tool.name()));
            output(Command::new(&self.programs.copy).arg(&theirs).arg(format!("layout:{}", saved.display())))?;
            self.same(&saved.join("index.json"), copied.trim(), "copy_image saved")?;
            if tool == Tool::Skopeo {
                ensure!(copied.trim() == self.material.index, "the copy of what skopeo pushed is {copied}");
            } else {
                let own = output(self.programs.command(tool)?.args(["--insecure", "digest", &theirs]))?;
                ensure!(copied.trim() == own.trim(), "crane says {own} and the copy is {copied}");
            }
            println!("{}: pulls what ours pushed, ours copies what it pushed, with equal digests", tool.name());
        }
        drop(swept);
        Ok(())
    }

    fn same(&self, index: &Path, digest: &str, what: &str) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(index).with_context(|| format!("cannot read {}", index.display()))?;
        ensure!(text.contains(digest), "{what} another image than {digest}: {text}");
        Ok(())
    }

    /// A layout into a new registry, and ours once more into the one that has it.
    fn layout(&mut self) -> anyhow::Result<()> {
        let (mut ours, mut skopeo, mut crane) = (None, None, None);
        let mut requests = 0;
        for _ in 0..self.runs(RUNS) {
            for tool in self.tools() {
                let registry = self.registry()?;
                let spent = self.programs.push_layout(tool, &self.material, &registry.host)?;
                match tool {
                    Tool::Ours => {
                        told(&spent, &self.material.image)?;
                        keep(&mut ours, spent, self.material.image_bytes);
                        let again = self.programs.push_layout(tool, &self.material, &registry.host)?;
                        let again = told(&again, &self.material.image)?;
                        requests = requests.max(again["requests"].as_u64().context("no number of requests")?);
                    }
                    Tool::Skopeo => keep(&mut skopeo, spent, self.material.image_bytes),
                    Tool::Crane => keep(&mut crane, spent, self.material.bytes),
                }
            }
        }
        let what = "OCI layout, cold, docker-registry";
        for (best, tool) in [(&ours, Tool::Ours), (&skopeo, Tool::Skopeo), (&crane, Tool::Crane)] {
            best.iter().for_each(|best| best.print(what, tool.name()));
        }
        let ours = ours.context("ours did not run")?;
        self.bound(
            "OCI layout cold, beside crane, per byte",
            crane.map(|crane| ours.per_byte() / crane.per_byte()),
            1.0,
            true,
        );
        self.bound("OCI layout cold, beside skopeo", skopeo.map(|skopeo| ours.wall() / skopeo.wall()), 0.6, true);
        #[allow(clippy::cast_precision_loss, reason = "a small number")]
        self.bound("OCI layout warm, requests", Some(requests as f64), 6.0, false);
        self.bound("peak memory of the OCI door, MiB", Some(mebibytes(&ours)), 32.0, false);
        Ok(())
    }

    /// A layout over connections of the internet, beside what the largest layer takes alone.
    fn slow_line(&mut self) -> anyhow::Result<()> {
        let (rate, latency) = (RATE.to_string(), LATENCY.to_string());
        let mut ours = None;
        let what = format!("OCI layout, {RATE} MiB/s a connection, {LATENCY} ms");
        for tool in self.tools() {
            let mut best = None;
            // The others are there to compare with, and nothing hangs on them here.
            let runs = if tool == Tool::Ours { self.runs(SLOW_RUNS) } else { 1 };
            for _ in 0..runs {
                let arguments = ["--rate", &rate, "--latency", &latency];
                let registry = Registry::discarding(&self.programs.discard, &arguments)?;
                let spent = self.programs.push_layout(tool, &self.material, &registry.host)?;
                let bytes = if tool == Tool::Crane { self.material.bytes } else { self.material.image_bytes };
                keep(&mut best, spent, bytes);
            }
            best.iter().for_each(|best: &Best| best.print(&what, tool.name()));
            if tool == Tool::Ours {
                ours = best;
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "a ratio")]
        let bound = self.material.largest as f64 / f64::from(RATE << 20);
        self.bound("slow line, beside the largest layer alone", ours.map(|ours| ours.wall() / bound), 1.06, true);
        Ok(())
    }

    /// An archive of `docker save` into a new registry, and from another machine into the one that has the image.
    fn archive(&mut self) -> anyhow::Result<()> {
        let Some(archive) = self.material.archive.clone() else {
            println!("docker-archive: skopeo is missing, which makes it");
            self.bound("docker-archive cold, beside skopeo", None, 0.6, true);
            self.bound("docker-archive warm, beside skopeo", None, 0.05, true);
            return Ok(());
        };
        let (mut cold, mut warm) = ([None, None, None], [None, None, None]);
        let tools = self.tools();
        for run in 0..self.runs(SLOW_RUNS) {
            for tool in &tools {
                let at = *tool as usize;
                // Crane compresses everything twice; once is enough to know.
                if *tool == Tool::Crane && run > 0 {
                    continue;
                }
                let registry = self.registry()?;
                for best in [&mut cold[at], &mut warm[at]] {
                    let home = scratch("home")?;
                    let swept = Swept(&home);
                    let spent = self.programs.push_archive(*tool, &archive, &registry.host, &home)?;
                    keep(best, spent, self.material.image_bytes);
                    drop(swept);
                }
            }
        }
        for (bests, what) in
            [(&cold, "docker-archive, cold"), (&warm, "docker-archive, warm, on a machine that is new")]
        {
            for tool in &tools {
                bests[*tool as usize].iter().for_each(|best: &Best| best.print(what, tool.name()));
            }
        }
        let beside = |[ours, skopeo, _]: [Option<Best>; 3]| Some(ours?.wall() / skopeo?.wall());
        self.bound("docker-archive cold, beside skopeo", beside(cold), 0.6, true);
        self.bound("docker-archive warm, beside skopeo", beside(warm), 0.05, true);
        Ok(())
    }

    /// Through ECR's own API, as far as memory goes.
    fn native(&mut self, program: &Path) -> anyhow::Result<()> {
        let registry = Registry::discarding(&self.programs.discard, &[])?;
        let mut command = Command::new(program);
        command
            .arg(&self.material.layout)
            .arg("123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1.0-amd64")
            .args(["--select", "1.0-amd64", "--door", "native", "--json"])
            .env("AWS_ENDPOINT_URL", format!("http://{}", registry.host))
            .env("AWS_ACCESS_KEY_ID", "ANOTREAL")
            .env("AWS_SECRET_ACCESS_KEY", "notrealrnrELgWzOk3IfjzDKtFBhDby")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("NO_PROXY", "127.0.0.1");
        let spent = watch::run(&mut command)?;
        told(&spent, &self.material.image)?;
        let best = Best { spent, bytes: self.material.image_bytes };
        best.print("OCI layout, ECR's own API, without optimisation", Tool::Ours.name());
        self.bound("peak memory of the native door, MiB", Some(mebibytes(&best)), 96.0, false);
        Ok(())
    }

    fn verdict(&self) -> anyhow::Result<()> {
        println!();
        for bound in &self.bounds {
            let found = bound.found.map_or_else(|| "-".to_owned(), |found| format!("{found:.3}"));
            println!("{:<44} {found:>8} of {:>6.2}   {}", bound.what, bound.most, bound.verdict(self.small));
        }
        let missed = self.bounds.iter().filter(|bound| bound.verdict(self.small) == "MISSED").count();
        ensure!(missed == 0, "ours misses {missed} of {} bounds", self.bounds.len());
        Ok(())
    }
}

/// A directory that goes with this value.
struct Swept<'a>(&'a Path);

impl Drop for Swept<'_> {
    fn drop(&mut self) {
        // What cannot be removed lies where temporary files do.
        let _ = std::fs::remove_dir_all(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_judged() {
        let bound = |found, timed| Bound { what: "x", found, most: 1.0, timed };
        for (bound, small, verdict) in [
            (bound(Some(1.0), true), false, "ok"),
            (bound(Some(1.1), true), false, "MISSED"),
            (bound(Some(1.1), true), true, "not judged"),
            (bound(Some(1.1), false), true, "MISSED"),
            (bound(None, true), false, "not measured: a program is missing"),
        ] {
            assert_eq!(bound.verdict(small), verdict);
        }
    }

    #[test]
    fn the_image_must_be_the_one() {
        let spent =
            |output: &str| Spent { wall: std::time::Duration::ZERO, cpu: 0.0, peak: 1, output: output.to_owned() };
        assert_eq!(told(&spent("{\"digest\":\"sha256:a\",\"requests\":3}\n"), "sha256:a").unwrap()["requests"], 3);
        assert!(told(&spent("{\"digest\":\"sha256:b\"}"), "sha256:a").is_err());
        assert!(told(&spent(""), "sha256:a").is_err());
    }
}
