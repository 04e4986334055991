//! Which builds a `batch` means: a pure function from the file to a list.

use spec_report::{Node, Value};

use crate::model::{Buildspec, yes_no};
use crate::run::Error;

/// More builds than this are a mistake in a matrix: CodeBuild's own limit for a batch is far below.
const MOST_BUILDS: usize = 1_000;

/// The builds of a batch.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Whether the first failure stops everything.
    pub fast_fail: bool,
    /// The builds, in the order of the file.
    pub tasks: Vec<Task>,
}

/// One build of a batch.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// Its name in the batch.
    pub identifier: String,
    /// The builds that must be over before it begins.
    pub depend_on: Vec<String>,
    /// Whether the batch can succeed without it.
    pub ignore_failure: bool,
    /// Its buildspec, relative to the source; none for the one that holds the batch.
    pub buildspec: Option<String>,
    /// Its variables, which win over those of buildspec and project.
    pub variables: Vec<(String, String)>,
    /// Its image.
    pub image: Option<String>,
    /// What else its environment asks for, as written: `compute-type`, `fleet`, `privileged-mode`, `type`. A local build
    /// has the machine that it has.
    pub environment: Vec<(String, String)>,
    /// Which part of how many it is, in a fan-out.
    pub shard: Option<(u32, u32)>,
}

/// The builds that the `batch` of a buildspec means.
///
/// Builds of a matrix are called `build_1`, `build_2`, …, those of a fan-out `fanout_1`, …: the names that CodeBuild gives
/// them are not documented.
///
/// ```
/// use buildspec::run::batch;
/// use spec_report::Source;
///
/// let text = "version: 0.2\nbatch:\n  build-graph:\n    - identifier: unit\n    - identifier: all\n      depend-on: [unit]\n";
/// let spec = buildspec::read(Source::new("buildspec.yml", text)).value.ok_or("no buildspec")?;
/// let plan = batch::plan(&spec)?;
/// assert_eq!(plan.tasks[1].depend_on, ["unit"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the buildspec has no batch or not exactly one kind of it, when an identifier is missing, used twice or none, when a
/// build depends on one that is not there or on itself, and when there are more than 1,000.
pub fn plan(spec: &Buildspec) -> Result<Plan, Error> {
    let Some(batch) = &spec.batch else { return Err(problem("the buildspec has no `batch`")) };
    let mut kinds = ["build-graph", "build-list", "build-matrix", "build-fanout"]
        .into_iter()
        .filter_map(|kind| Some((kind, batch.get(kind)?)));
    let (Some((kind, node)), None) = (kinds.next(), kinds.next()) else {
        return Err(problem(
            "`batch` has exactly one of `build-graph`, `build-list`, `build-matrix` and `build-fanout`",
        ));
    };
    let tasks = match kind {
        "build-matrix" => matrix(node)?,
        "build-fanout" => fanout(node)?,
        _ => items(node).into_iter().map(|item| task(item, kind == "build-graph")).collect::<Result<_, _>>()?,
    };
    let plan = Plan { fast_fail: flag(batch, "fast-fail"), tasks };
    check(&plan)?;
    Ok(plan)
}

fn task(node: &Node, in_graph: bool) -> Result<Task, Error> {
    let identifier = text(node, "identifier").ok_or_else(|| problem("a build of the batch has no `identifier`"))?;
    let environment = node.get("env");
    Ok(Task {
        identifier,
        depend_on: if in_graph { texts(node.get("depend-on")) } else { Vec::new() },
        ignore_failure: flag(node, "ignore-failure"),
        buildspec: text(node, "buildspec"),
        variables: environment.and_then(|env| env.get("variables")).map(pairs).unwrap_or_default(),
        image: environment.and_then(|env| text(env, "image")),
        environment: environment.map(others).unwrap_or_default(),
        shard: None,
    })
}

/// Every combination, the last list turning fastest.
fn matrix(node: &Node) -> Result<Vec<Task>, Error> {
    let fixed = node.get("static");
    let environment = fixed.and_then(|fixed| fixed.get("env"));
    let begin = Task {
        ignore_failure: fixed.is_some_and(|fixed| flag(fixed, "ignore-failure")),
        environment: environment.map(others).unwrap_or_default(),
        ..Task::default()
    };
    let mut tasks = vec![begin];
    let Some(dynamic) = node.get("dynamic") else { return Err(problem("`build-matrix` has no `dynamic`")) };
    spread(&mut tasks, &texts(dynamic.get("buildspec")), |task, value| task.buildspec = Some(value))?;
    if let Some(environment) = dynamic.get("env") {
        spread(&mut tasks, &texts(environment.get("compute-type")), |task, value| {
            task.environment.push(("compute-type".to_owned(), value));
        })?;
        spread(&mut tasks, &texts(environment.get("image")), |task, value| task.image = Some(value))?;
        for (name, values) in environment.get("variables").map(entries).unwrap_or_default() {
            spread(&mut tasks, &texts(Some(values)), |task, value| task.variables.push((name.clone(), value)))?;
        }
    }
    for (index, task) in tasks.iter_mut().enumerate() {
        task.identifier = format!("build_{}", index + 1);
    }
    Ok(tasks)
}

/// Makes as many of each task as there are values; none leaves them as they are.
fn spread(tasks: &mut Vec<Task>, values: &[String], set: impl Fn(&mut Task, String)) -> Result<(), Error> {
    if values.is_empty() {
        return Ok(());
    }
    if tasks.len().saturating_mul(values.len()) > MOST_BUILDS {
        return Err(problem(format!("the matrix means more than {MOST_BUILDS} builds")));
    }
    *tasks = tasks
        .iter()
        .flat_map(|task| values.iter().map(|value| (task.clone(), value.clone())))
        .map(|(mut task, value)| {
            set(&mut task, value);
            task
        })
        .collect();
    Ok(())
}

fn fanout(node: &Node) -> Result<Vec<Task>, Error> {
    let parallelism = text(node, "parallelism").and_then(|text| text.trim().parse::<u32>().ok());
    let count = parallelism
        .filter(|count| (1..=1_000).contains(count))
        .ok_or_else(|| problem(format!("`parallelism` of `build-fanout` is a number from 1 to {MOST_BUILDS}")))?;
    let ignore_failure = flag(node, "ignore-failure");
    let part = |index| Task {
        identifier: format!("fanout_{}", index + 1),
        ignore_failure,
        shard: Some((index, count)),
        ..Task::default()
    };
    Ok((0..count).map(part).collect())
}

fn check(plan: &Plan) -> Result<(), Error> {
    let tasks = &plan.tasks;
    if tasks.is_empty() {
        return Err(problem("the batch has no builds"));
    }
    if tasks.len() > MOST_BUILDS {
        return Err(problem(format!("the batch has more than {MOST_BUILDS} builds")));
    }
    for (index, task) in tasks.iter().enumerate() {
        let name = &task.identifier;
        // It becomes a directory, and CodeBuild takes nothing else either.
        if name.is_empty() || !name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
            return Err(problem(format!(
                "the identifier `{}` has others than letters, digits and `_`",
                name.escape_debug()
            )));
        }
        if tasks[..index].iter().any(|other| other.identifier == *name) {
            return Err(problem(format!("two builds are called `{name}`")));
        }
        let unknown = task.depend_on.iter().find(|wanted| tasks.iter().all(|other| other.identifier != **wanted));
        if let Some(unknown) = unknown {
            return Err(problem(format!("`{name}` depends on `{}`, which is not there", unknown.escape_debug())));
        }
    }
    // Whatever waits for nobody is taken away until nothing is left, or only circles.
    let mut left: Vec<&Task> = tasks.iter().collect();
    loop {
        let names: Vec<&str> = left.iter().map(|task| task.identifier.as_str()).collect();
        let before = left.len();
        left.retain(|task| task.depend_on.iter().any(|wanted| names.contains(&wanted.as_str())));
        match left.first() {
            None => return Ok(()),
            Some(task) if left.len() == before => {
                return Err(problem(format!(
                    "`{}` waits for itself, through the builds that it depends on",
                    task.identifier
                )));
            }
            Some(_) => {}
        }
    }
}

fn problem(what: impl Into<String>) -> Error {
    Error::Batch { what: what.into() }
}

fn entries(node: &Node) -> Vec<(String, &Node)> {
    match &node.resolved().value {
        Value::Map(entries) => {
            entries.iter().filter_map(|entry| Some((entry.key.as_str()?.to_owned(), &entry.value))).collect()
        }
        _ => Vec::new(),
    }
}

fn pairs(node: &Node) -> Vec<(String, String)> {
    entries(node).into_iter().filter_map(|(name, value)| Some((name, scalar(value)?))).collect()
}

/// What an `env` says beside variables and image.
fn others(node: &Node) -> Vec<(String, String)> {
    pairs(node).into_iter().filter(|(name, _)| name != "image" && name != "variables").collect()
}

fn items(node: &Node) -> Vec<&Node> {
    match &node.resolved().value {
        Value::Seq(items) => items.iter().collect(),
        _ => Vec::new(),
    }
}

/// A list of scalars, or one scalar.
fn texts(node: Option<&Node>) -> Vec<String> {
    match node.map(|node| &node.resolved().value) {
        Some(Value::Seq(items)) => items.iter().filter_map(scalar).collect(),
        Some(Value::Scalar(_)) => node.and_then(scalar).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn scalar(node: &Node) -> Option<String> {
    node.resolved().as_str().map(str::to_owned)
}

fn text(node: &Node, key: &str) -> Option<String> {
    scalar(node.get(key)?).filter(|text| !text.is_empty())
}

fn flag(node: &Node, key: &str) -> bool {
    text(node, key).and_then(|text| yes_no(&text)).unwrap_or_default()
}
