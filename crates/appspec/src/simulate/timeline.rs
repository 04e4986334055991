//! What happened in a simulated deployment, as a table and as JSON.

use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use spec_report::emit::json_string;

use super::{Rollback, Sample, Scenario, offset, picture, scale};
use crate::client::{DeploymentStatus, ErrorInformation, EventStatus};
use crate::deploy::Outcome;
use crate::engine::{Change, Run};
use crate::lifecycle::DeploymentKind;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum MomentKind {
    /// The deployment came into another state.
    Status,
    /// A lifecycle event ended.
    Event,
    /// A hook function was invoked.
    Hook,
    /// The share of traffic changed.
    Traffic,
    /// Somebody or something is waited for.
    Wait,
    /// Something came from outside: an approval, an alarm.
    Signal,
}

impl MomentKind {
    fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Event => "event",
            Self::Hook => "hook",
            Self::Traffic => "traffic",
            Self::Wait => "wait",
            Self::Signal => "signal",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moment {
    /// Time since the deployment was created.
    pub at: Duration,
    /// What kind of thing it is.
    pub kind: MomentKind,
    /// One short sentence.
    pub text: String,
    /// The host, if it happened on one.
    pub target: Option<String>,
    /// Whether it is a failure.
    pub failed: bool,
}

/// A number over time; between two points it stays as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Series {
    /// What it counts.
    pub name: &'static str,
    /// The largest value that it can have: 100 for percent, or the number of hosts.
    pub most: u32,
    /// Times since the deployment was created, and the value from then on.
    pub points: Vec<(Duration, u32)>,
}

/// When a host was busy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bar {
    /// The host.
    pub target: String,
    /// When it began.
    pub from: Duration,
    /// When it was done.
    pub to: Duration,
    /// The lifecycle event that failed, if one did.
    pub failed_at: Option<&'static str>,
}

/// A simulated deployment.
///
/// Displays as a table: time, share, what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeline {
    /// Kind and configuration in a line.
    pub title: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, if not well.
    pub cause: Option<ErrorInformation>,
    /// From creation to the end, a rollback to hosts included.
    pub duration: Duration,
    /// What happened, in order.
    pub moments: Vec<Moment>,
    /// Traffic on the new revision in percent, or hosts with the new revision and hosts that serve.
    pub series: Vec<Series>,
    /// How many hosts must stay healthy (EC2/on-premises).
    pub minimum: Option<u32>,
    /// When each host was busy (EC2/on-premises).
    pub bars: Vec<Bar>,
}

impl Timeline {
    /// The picture of it: traffic or hosts over time, as a standalone SVG without script, style sheet
    /// or font of its own.
    #[must_use]
    pub fn svg(&self) -> String {
        picture::svg(self)
    }

    /// The value of the first series at a moment: traffic in percent, or hosts with the new revision.
    #[must_use]
    pub fn share_at(&self, at: Duration) -> u32 {
        self.series.first().map_or(0, |series| series.at(at))
    }

    /// One JSON object: `{"title","outcome","cause","seconds","moments","series","minimum","hosts"}`, times
    /// in seconds since the deployment was created.
    #[must_use]
    pub fn to_json(&self) -> String {
        let cause = self.cause.as_ref().map_or("null".to_owned(), |cause| {
            format!("{{\"code\":{},\"message\":{}}}", json_string(&cause.code), json_string(&cause.message))
        });
        let moments = self.moments.iter().map(|moment| {
            let target = moment.target.as_deref().map_or("null".to_owned(), json_string);
            format!(
                "{{\"at\":{},\"kind\":\"{}\",\"text\":{},\"target\":{target},\"failed\":{}}}",
                seconds(moment.at),
                moment.kind.name(),
                json_string(&moment.text),
                moment.failed
            )
        });
        let series = self.series.iter().map(|series| {
            let points = series.points.iter().map(|(at, value)| format!("[{},{value}]", seconds(*at)));
            let (name, most) = (json_string(series.name), series.most);
            format!("{{\"name\":{name},\"most\":{most},\"points\":{}}}", list(points))
        });
        let hosts = self.bars.iter().map(|bar| {
            let failed = bar.failed_at.map_or("null".to_owned(), json_string);
            let (from, to) = (seconds(bar.from), seconds(bar.to));
            format!("{{\"host\":{},\"from\":{from},\"to\":{to},\"failed_at\":{failed}}}", json_string(&bar.target))
        });
        format!(
            "{{\"title\":{},\"outcome\":{},\"cause\":{cause},\"seconds\":{},\"moments\":{},\"series\":{},\"minimum\":{},\"hosts\":{}}}",
            json_string(&self.title),
            json_string(&self.outcome.to_string()),
            seconds(self.duration),
            list(moments),
            list(series),
            self.minimum.map_or("null".to_owned(), |minimum| minimum.to_string()),
            list(hosts),
        )
    }
}

impl Series {
    /// The value at a moment.
    #[must_use]
    pub fn at(&self, at: Duration) -> u32 {
        self.points.iter().rev().find(|(from, _)| *from <= at).map_or(0, |(_, value)| *value)
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} after {}", self.title, self.outcome, scale::words(self.duration))?;
        if let Some(cause) = &self.cause {
            writeln!(f, "{}: {}", cause.code, cause.message)?;
        }
        let first = self.series.first();
        let unit = if first.is_some_and(|series| series.name == TRAFFIC) { " %" } else { "" };
        writeln!(
            f,
            "{:>9}  {:>7}  what happened",
            "time",
            first.map_or("", |_| if unit.is_empty() { "hosts" } else { "traffic" })
        )?;
        // What happens on many hosts at a time is one line.
        for same in self.moments.chunk_by(|a, b| a.at == b.at && a.text == b.text && a.target.is_some()) {
            let Some(moment) = same.first() else { continue };
            let share = first.map_or(String::new(), |series| format!("{}{unit}", series.at(moment.at)));
            let names: Vec<&str> = same.iter().filter_map(|moment| moment.target.as_deref()).collect();
            let names = match names.as_slice() {
                [] => String::new(),
                [names @ .., last] if names.len() > 3 => format!("{} to {last}: ", names[0]),
                names => format!("{}: ", names.join(", ")),
            };
            writeln!(f, "{:>9}  {share:>7}  {names}{}", scale::clock(moment.at), moment.text)?;
        }
        Ok(())
    }
}

const TRAFFIC: &str = "traffic on the new revision";

pub(super) fn of(
    scenario: &Scenario,
    run: &Run,
    rollback: &Rollback,
    outcome: Outcome,
    samples: &[Sample],
) -> Timeline {
    let mut moments = moments(run, "");
    let mut bars = bars(run);
    let mut end = run.time();
    match rollback {
        Rollback::None => {}
        Rollback::Done => moments.push(Moment {
            at: offset(end),
            kind: MomentKind::Traffic,
            text: "rolled back: the original gets all traffic, the last good revision is deployed again".to_owned(),
            target: None,
            failed: false,
        }),
        Rollback::Run(second) => {
            moments.extend(self::moments(second, "rollback: "));
            bars.extend(self::bars(second));
            end = second.time();
        }
    }
    let (series, minimum) = if run.course.is_served() {
        let mut points = vec![(Duration::ZERO, 0)];
        points.extend(run.traffic_steps(end).into_iter().map(|(at, percent)| (offset(at), u32::from(percent))));
        (vec![Series { name: TRAFFIC, most: 100, points }], None)
    } else {
        let total = run.fleet.total;
        let of = |value: &dyn Fn(&Sample) -> u32| {
            let mut points: Vec<(Duration, u32)> = Vec::new();
            for sample in samples {
                push(&mut points, sample.at, value(sample));
            }
            points
        };
        // A replacement takes nothing out: how many of its hosts serve is all there is to see.
        let in_place = !matches!(run.course.kind, DeploymentKind::BlueGreen | DeploymentKind::BlueGreenRollback);
        let name = if in_place { "hosts with the new revision" } else { "replacement hosts that took the traffic" };
        let mut series = vec![Series { name, most: total, points: of(&|sample| sample.updated) }];
        if in_place {
            series.push(Series { name: "hosts that serve", most: total, points: of(&|sample| sample.serving) });
        }
        (series, Some(run.course.minimum().required(total)))
    };
    Timeline {
        title: title(scenario),
        outcome,
        cause: run.error.clone(),
        duration: offset(end),
        moments,
        series,
        minimum,
        bars,
    }
}

/// `ECS · CodeDeployDefault.ECSAllAtOnce`
fn title(scenario: &Scenario) -> String {
    let kind = scenario.kind.to_string();
    let mut letters = kind.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let kind: String = first.into_iter().chain(letters).collect();
    format!("{kind} · {}", scenario.config.name)
}

/// Adds a point, the last word at each time counts, and only changes are kept.
fn push(points: &mut Vec<(Duration, u32)>, at: SystemTime, value: u32) {
    let at = offset(at);
    if points.last().is_some_and(|(last, _)| *last == at) {
        points.pop();
    }
    if points.last().is_none_or(|(_, last)| *last != value) {
        points.push((at, value));
    }
}

/// Everything that a run tells, in the order in which it happened.
fn moments(run: &Run, prefix: &str) -> Vec<Moment> {
    let mut all: Vec<Moment> = Vec::new();
    let mut add = |at: SystemTime, kind, text: String, target: Option<String>, failed| {
        all.push(Moment { at: offset(at), kind, text: format!("{prefix}{text}"), target, failed });
    };
    // What a failed host does not come to any more is no news.
    for record in run.events.iter().filter(|r| r.target.is_none() || r.status != EventStatus::Skipped) {
        let failed = record.status == EventStatus::Failed;
        let why = record.diagnostics.as_ref().and_then(|diagnostics| diagnostics.message.as_deref());
        let why = why.map_or(String::new(), |why| format!(": {why}"));
        let text = format!("{} {}{why}", record.event, record.status.as_str().to_lowercase());
        add(record.at, MomentKind::Event, text, record.target.clone(), failed);
    }
    for (at, percent) in run.traffic_steps(run.time()) {
        add(at, MomentKind::Traffic, format!("{percent} % of the traffic"), None, false);
    }
    for (at, change) in &run.changes {
        let (kind, text, failed) = match change {
            Change::Status(status) => (MomentKind::Status, status.to_string(), *status == DeploymentStatus::Failed),
            Change::Invoked { event, .. } => (MomentKind::Hook, format!("{event} hook invoked"), false),
            Change::Approval { within } => {
                let text = format!("waits for an approval, at most {}", scale::words(*within));
                (MomentKind::Wait, text, false)
            }
            Change::Continued => (MomentKind::Signal, "continued by ContinueDeployment".to_owned(), false),
            Change::Bake { zone, duration } => {
                (MomentKind::Wait, format!("watches zone {zone} for {}", scale::words(*duration)), false)
            }
            Change::Termination { after } => {
                (MomentKind::Wait, format!("the original stays for {}", scale::words(*after)), false)
            }
            Change::OriginalEnded => (MomentKind::Status, "the original ends".to_owned(), false),
            Change::Alarm(name) => (MomentKind::Signal, format!("alarm {name} goes off"), true),
        };
        add(*at, kind, text, None, failed);
    }
    // At one time: what ended, then what it leads to.
    all.sort_by_key(|moment| (moment.at, !matches!(moment.kind, MomentKind::Event)));
    all
}

fn bars(run: &Run) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for record in run.events.iter().filter(|record| record.status != EventStatus::Skipped) {
        let Some(target) = &record.target else { continue };
        let (from, to) = (offset(record.started), offset(record.at));
        let failed_at = (record.status == EventStatus::Failed).then_some(record.event);
        // The events of a host follow each other without a gap, but for waits between phases.
        match bars.iter_mut().rev().find(|bar| bar.target == *target && bar.to == from) {
            Some(bar) => (bar.to, bar.failed_at) = (to, bar.failed_at.or(failed_at)),
            None => bars.push(Bar { target: target.clone(), from, to, failed_at }),
        }
    }
    bars
}

fn seconds(at: Duration) -> String {
    let text = format!("{:.3}", at.as_secs_f64());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn list(items: impl Iterator<Item = String>) -> String {
    let mut out = String::from("[");
    for (index, item) in items.enumerate() {
        let comma = if index > 0 { "," } else { "" };
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{comma}{item}");
    }
    out.push(']');
    out
}
