//! `cargo xtask crash appspec`: kills a real deployment at random moments and looks at what is on disk after the next
//! start has put it right. It must be the old application or the new one, exactly.
//!
//! The deterministic counterpart, which stops at each single change, is in `crates/appspec/src/host/crash_tests.rs`.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, bail, ensure};

use crate::{Arguments, crash_pipeline, workspace::Workspace};

/// What `cargo xtask ci` does with and without `--quick`.
pub(crate) const ROUNDS: usize = 300;
pub(crate) const QUICK_ROUNDS: usize = 40;

/// Files of each application: enough that a deployment takes a while.
const FILES: usize = 150;

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let [what] = arguments.values()?;
    let rounds = |usual| arguments.option("rounds").map_or(Ok(usual), str::parse).context("--rounds takes a number");
    match what {
        "appspec" => check(workspace, rounds(ROUNDS)?),
        "pipeline" => crash_pipeline::check(workspace, rounds(crash_pipeline::ROUNDS)?),
        _ => bail!("there is no crash test of `{what}`, only of `appspec` and `pipeline`"),
    }
}

/// Kills as often as told.
pub(crate) fn check(workspace: &Workspace, rounds: usize) -> anyhow::Result<()> {
    let program = workspace.build_example("local_deploy", false)?;
    // A kill loses nothing that was written, flushed or not, so a file system in memory tests the same, faster.
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { workspace.path("target") };
    let directory = parent.join(format!("longshore-crash-{}", std::process::id()));
    let checked = kill(&directory, program, rounds);
    // What is left of a failure is what there is to look at.
    if checked.is_ok() {
        fs::remove_dir_all(&directory)?;
    }
    checked.with_context(|| format!("see {}", directory.display()))
}

fn kill(directory: &Path, program: PathBuf, rounds: usize) -> anyhow::Result<()> {
    let scene = Scene::new(directory, program)?;
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos() as u64;
    let mut random = Random::new(seed);
    let (mut outcomes, mut inside) = ([0, 0], 0);
    let started = Instant::now();
    for round in 0..rounds {
        let (is_new, was_inside) = scene.round(&mut random).with_context(|| format!("round {round} of seed {seed}"))?;
        outcomes[usize::from(is_new)] += 1;
        inside += usize::from(was_inside);
    }
    let [old, new] = outcomes;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "     {rounds} kills, {inside} of them inside the installation: {old} times the old application, {new} times the new one ({seconds:.1} s)"
    );
    // Kills that all come too early or too late prove nothing.
    ensure!(
        rounds < 30 || (old > 0 && new > 0 && inside > rounds / 20),
        "the kills did not spread over the deployment"
    );
    Ok(())
}

/// The journal of an installation that is under way.
const JOURNAL: &str = "opt/codedeploy-agent/deployment-root/.longshore/default-local-deployment-group/journal";

/// Kind and mode, owner, group, and content or target of each path.
type Tree = BTreeMap<PathBuf, (u32, u32, u32, Vec<u8>)>;

struct Scene {
    program: PathBuf,
    root: PathBuf,
    bundles: [PathBuf; 2],
    trees: [Tree; 2],
    /// How long a deployment takes.
    takes: Duration,
}

impl Scene {
    fn new(directory: &Path, program: PathBuf) -> anyhow::Result<Self> {
        if directory.exists() {
            fs::remove_dir_all(directory)?;
        }
        let bundles = ["blue", "green"].map(|name| directory.join(name));
        for (bundle, other) in bundles.iter().zip([false, true]) {
            write_bundle(bundle, other)?;
        }
        let root = directory.join("root");
        let mut scene = Self { program, root, bundles, trees: Default::default(), takes: Duration::ZERO };
        for index in [0, 1] {
            scene.deploy(index)?;
            scene.trees[index] = scene.tree()?;
        }
        let begun = Instant::now();
        scene.deploy(0)?;
        scene.takes = begun.elapsed();
        ensure!(scene.tree()? == scene.trees[0], "deploying again gives another tree");
        Ok(scene)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--root").arg(&self.root).args(["--json", "--keep", "2"]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn deploy(&self, index: usize) -> anyhow::Result<()> {
        let bundle = self.bundles[index].to_string_lossy();
        let status = self.command(&[&bundle]).status().context("cannot run local_deploy")?;
        ensure!(status.success(), "a deployment that nobody disturbs ended with {status}");
        Ok(())
    }

    /// Deploys what is not installed and kills it on the way. Whether it had got through, and whether a journal
    /// was left.
    fn round(&self, random: &mut Random) -> anyhow::Result<(bool, bool)> {
        let before = self.tree()?;
        let old = self.trees.iter().position(|tree| *tree == before).context("neither application is installed")?;
        let mut child = self.command(&[&self.bundles[1 - old].to_string_lossy()]).spawn()?;
        thread::sleep(self.takes.mul_f64(random.unit() * 1.2));
        // One that has ended already is as good as one that was killed at its end.
        child.kill()?;
        child.wait()?;
        let inside = self.root.join(JOURNAL).exists();
        let status = self.command(&["--recover"]).status()?;
        ensure!(status.success(), "the recovery ended with {status}");
        let after = self.tree()?;
        if after == before {
            return Ok((false, inside));
        }
        let new = &self.trees[1 - old];
        if after == *new {
            return Ok((true, inside));
        }
        let differs = |expected: &Tree| {
            let paths = expected.keys().chain(after.keys());
            paths.filter(|path| expected.get(*path) != after.get(*path)).count()
        };
        bail!("{} paths differ from the old application, {} from the new one", differs(&before), differs(new));
    }

    fn tree(&self) -> anyhow::Result<Tree> {
        let mut tree = Tree::new();
        let mut open = vec![self.root.clone()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(&directory)? {
                let path = entry?.path();
                // The agent's own directory.
                if path == self.root.join("opt") {
                    continue;
                }
                let metadata = path.symlink_metadata()?;
                let content = if metadata.is_symlink() {
                    fs::read_link(&path)?.to_string_lossy().into_owned().into_bytes()
                } else if metadata.is_dir() {
                    open.push(path.clone());
                    Vec::new()
                } else {
                    fs::read(&path)?
                };
                tree.insert(path, (metadata.mode(), metadata.uid(), metadata.gid(), content));
            }
        }
        Ok(tree)
    }
}

/// Both applications have files of the same names, files of their own, links, and a path that changes its kind.
fn write_bundle(bundle: &Path, other: bool) -> anyhow::Result<()> {
    let name = if other { "green" } else { "blue" };
    let app = bundle.join("app");
    let mode = if other { "750" } else { "700" };
    let text = format!(
        "version: 0.0\nos: linux\nfiles:\n  - source: app\n    destination: /srv/shop\npermissions:\n  - object: /srv/shop\n    mode: {mode}\n"
    );
    fs::create_dir_all(app.join("shared"))?;
    fs::create_dir_all(app.join(name).join("deep"))?;
    fs::write(bundle.join("appspec.yml"), text)?;
    for number in 0..FILES {
        let directory = if number % 2 == 0 { "shared".to_owned() } else { format!("{name}/deep") };
        fs::write(app.join(directory).join(format!("file-{number}")), format!("{name} {number}\n").repeat(64))?;
    }
    let odd = app.join("turns");
    if other {
        fs::create_dir_all(&odd)?;
        fs::write(odd.join("inner"), name)?;
    } else {
        fs::write(&odd, name)?;
    }
    symlink(format!("shared/file-{}", u8::from(other) * 2), app.join("current"))?;
    fs::set_permissions(app.join("shared"), fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Good enough to spread kills; the seed is in the message of a failure.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Between 0 and 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}
