//! The picture of a timeline: a standalone SVG with traffic or hosts over time, what each host did, and
//! a numbered list of what happened.
//!
//! It needs nothing beside itself: no script, no style sheet, no font of its own. Names become text and
//! nothing else.

use std::fmt::Write as _;
use std::time::Duration;

use super::marks::{self, Mark};
use super::timeline::{MomentKind, Timeline};
use super::{Moment, Series, scale};
use crate::deploy::Outcome;

const WIDTH: u64 = 960;
const LEFT: u64 = 72;
const RIGHT: u64 = 24;
const TOP: u64 = 104;
const PLOT: u64 = WIDTH - LEFT - RIGHT;
const CHART: u64 = 200;
const LANE: u64 = 20;
const ROW: u64 = 21;
/// Hosts that get a lane; a picture of a thousand would help nobody.
const MOST_LANES: usize = 40;
const MOST_ROWS: usize = 48;

const STYLE: &str = "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;\
fill:#1f2328}.t{font-size:20px;font-weight:600}.p{font-size:13px;fill:#59636e}.x{font-size:12px;fill:#424a53}\
.n{font-size:11px;font-weight:600}.l{font-size:12.5px}.g{stroke:#d1d9e0;stroke-width:1}";

const NEW: (&str, &str) = ("#0969da", "#ddf4ff");
const SERVING: &str = "#1a7f37";
const MINIMUM: &str = "#cf222e";

pub(super) fn svg(timeline: &Timeline) -> String {
    let rows: Vec<&Moment> = timeline.moments.iter().filter(|moment| is_told(moment, timeline)).collect();
    let shown = rows.len().min(MOST_ROWS);
    let hosts = marks::lanes(&timeline.bars, MOST_LANES);
    let lanes_top = TOP + CHART + 66;
    let list_top = if hosts.is_empty() { lanes_top } else { lanes_top + LANE * count(hosts.len()) + 32 };
    let more = u64::from(rows.len() > shown);
    let high = list_top + ROW * (count(shown).div_ceil(2) + more) + 24;

    let mut out = String::new();
    let title = xml(&timeline.title);
    put(
        &mut out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{high}\" viewBox=\"0 0 {WIDTH} {high}\" role=\"img\" aria-label=\"{title}\">"
        ),
    );
    put(&mut out, format_args!("<title>{title}</title><style>{STYLE}</style>"));
    put(&mut out, format_args!("<rect width=\"{WIDTH}\" height=\"{high}\" rx=\"12\" fill=\"#ffffff\"/>"));
    head(&mut out, timeline, &title);
    axes(&mut out, timeline);
    let canvas = Canvas { length: timeline.duration };
    if let Some(second) = timeline.series.get(1) {
        let line = canvas.steps(second);
        put(&mut out, format_args!("<path d=\"{line}\" fill=\"none\" stroke=\"{SERVING}\" stroke-width=\"2\"/>"));
    }
    if let Some(first) = timeline.series.first() {
        let line = canvas.steps(first);
        let (end, floor) = (LEFT + PLOT, TOP + CHART);
        put(
            &mut out,
            format_args!("<path d=\"{line}L{end} {floor}L{LEFT} {floor}Z\" fill=\"{}\" fill-opacity=\"0.75\"/>", NEW.1),
        );
        put(&mut out, format_args!("<path d=\"{line}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2.5\"/>", NEW.0));
    }
    if let (Some(minimum), Some(series)) = (timeline.minimum, timeline.series.first()) {
        let y = height(minimum, series.most);
        put(
            &mut out,
            format_args!(
                "<path d=\"M{LEFT} {y}H{}\" stroke=\"{MINIMUM}\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\" fill=\"none\"/>",
                LEFT + PLOT
            ),
        );
    }
    let told: Vec<Mark> = rows[..shown]
        .iter()
        .enumerate()
        .map(|(index, moment)| Mark { number: index + 1, x: canvas.x(moment.at), failed: moment.failed })
        .collect();
    numbers(&mut out, &told);
    for (index, lane) in hosts.iter().enumerate() {
        let y = lanes_top + 14 + LANE * count(index);
        put(
            &mut out,
            format_args!(
                "<text class=\"x\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}<title>{}</title></text>",
                LEFT - 8,
                y + 4,
                xml(&shorten(lane.target, 9)),
                xml(lane.target)
            ),
        );
        put(&mut out, format_args!("<path class=\"g\" d=\"M{LEFT} {y}H{}\"/>", LEFT + PLOT));
        for bar in &lane.bars {
            let (from, to) = (canvas.x(bar.from), canvas.x(bar.to));
            let (colour, label) = bar.failed_at.map_or((SERVING, ""), |event| (MINIMUM, event));
            let wide = to.saturating_sub(from).max(3);
            put(
                &mut out,
                format_args!(
                    "<rect x=\"{from}\" y=\"{}\" width=\"{wide}\" height=\"12\" rx=\"3\" fill=\"{colour}\"/>",
                    y - 6
                ),
            );
            if !label.is_empty() {
                // To the side where there is room.
                let (x, anchor) =
                    if from + wide + 130 < LEFT + PLOT { (from + wide + 6, "start") } else { (from - 6, "end") };
                put(
                    &mut out,
                    format_args!(
                        "<text class=\"x\" x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
                        y + 4,
                        xml(label)
                    ),
                );
            }
        }
    }
    list(&mut out, &rows[..shown], list_top);
    if more > 0 {
        let y = list_top + ROW * count(shown).div_ceil(2) + 14;
        put(
            &mut out,
            format_args!(
                "<text class=\"p\" x=\"{LEFT}\" y=\"{y}\">and {} more, see the table</text>",
                rows.len() - shown
            ),
        );
    }
    out.push_str("</svg>\n");
    out
}

/// Shares of traffic are in the chart, and what goes well on a host is in its lane.
fn is_told(moment: &Moment, timeline: &Timeline) -> bool {
    match moment.kind {
        MomentKind::Traffic => moment.text.starts_with("rolled back"),
        MomentKind::Event => timeline.bars.is_empty() || (moment.failed && timeline.bars.len() <= MOST_LANES),
        _ => true,
    }
}

fn head(out: &mut String, timeline: &Timeline, title: &str) {
    put(out, format_args!("<text class=\"t\" x=\"{RIGHT}\" y=\"38\">{title}</text>"));
    let colour = match timeline.outcome {
        Outcome::Succeeded => SERVING,
        Outcome::RolledBack | Outcome::Stopped | Outcome::TimedOut => "#9a6700",
        Outcome::Failed => MINIMUM,
    };
    let cause = timeline.cause.as_ref().map_or(String::new(), |cause| format!(" · {}", cause.code));
    put(
        out,
        format_args!(
            "<text class=\"p\" x=\"{RIGHT}\" y=\"60\"><tspan font-weight=\"600\" fill=\"{colour}\">{}</tspan> after {}{}</text>",
            timeline.outcome,
            scale::words(timeline.duration),
            xml(&cause)
        ),
    );
    let mut x = LEFT;
    let mut key = |name: &str, mark: String| {
        put(out, format_args!("{mark}<text class=\"x\" x=\"{}\" y=\"88\">{}</text>", x + 24, xml(name)));
        x += 24 + 7 * count(name.chars().count()) + 20;
        x
    };
    let mut at = LEFT;
    for (index, series) in timeline.series.iter().enumerate() {
        let mark = if index == 0 {
            format!(
                "<rect x=\"{at}\" y=\"78\" width=\"16\" height=\"11\" rx=\"2\" fill=\"{}\" stroke=\"{}\" stroke-width=\"2\"/>",
                NEW.1, NEW.0
            )
        } else {
            format!("<path d=\"M{at} 84h18\" stroke=\"{SERVING}\" stroke-width=\"2\"/>")
        };
        at = key(series.name, mark);
    }
    if let Some(minimum) = timeline.minimum {
        let mark =
            format!("<path d=\"M{at} 84h18\" stroke=\"{MINIMUM}\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"/>");
        key(&format!("at least {minimum} must stay healthy"), mark);
    }
}

fn axes(out: &mut String, timeline: &Timeline) {
    let most = timeline.series.first().map_or(100, |series| series.most).max(1);
    let is_percent = timeline.minimum.is_none();
    let step = if is_percent { 25 } else { most.div_ceil(5).max(1) };
    for value in (0..=most).step_by(step as usize) {
        let y = height(value, most);
        put(out, format_args!("<path class=\"g\" d=\"M{LEFT} {y}H{}\"/>", LEFT + PLOT));
        let unit = if is_percent { " %" } else { "" };
        put(
            out,
            format_args!(
                "<text class=\"x\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{value}{unit}</text>",
                LEFT - 8,
                y + 4
            ),
        );
    }
    let tick = scale::tick(timeline.duration, 8);
    let canvas = Canvas { length: timeline.duration };
    for seconds in (0..=timeline.duration.as_secs()).step_by(usize::try_from(tick).unwrap_or(usize::MAX)) {
        let (x, y) = (canvas.x(Duration::from_secs(seconds)), TOP + CHART);
        put(out, format_args!("<path d=\"M{x} {y}v5\" stroke=\"#59636e\"/>"));
        let label = scale::label(seconds, tick);
        put(out, format_args!("<text class=\"x\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{label}</text>", y + 19));
    }
    put(out, format_args!("<path d=\"M{LEFT} {}H{}\" stroke=\"#59636e\"/>", TOP + CHART, LEFT + PLOT));
}

/// The numbers of what happened, below the axis; what happens at nearly one time shares a place.
fn numbers(out: &mut String, told: &[Mark]) {
    let y = TOP + CHART + 42;
    for group in marks::groups(told, LEFT, LEFT + PLOT) {
        let colour = if group.failed { MINIMUM } else { "#59636e" };
        put(
            out,
            format_args!(
                "<path d=\"M{} {TOP}V{}\" stroke=\"{colour}\" stroke-opacity=\"0.35\" stroke-dasharray=\"2 3\"/>",
                group.at,
                TOP + CHART
            ),
        );
        put(
            out,
            format_args!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"18\" rx=\"9\" fill=\"#ffffff\" stroke=\"{colour}\"/>",
                group.left,
                y - 9,
                group.wide
            ),
        );
        put(
            out,
            format_args!(
                "<text class=\"n\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                group.left + group.wide / 2,
                y + 4,
                group.label
            ),
        );
    }
}

fn list(out: &mut String, rows: &[&Moment], top: u64) {
    let column = count(rows.len()).div_ceil(2);
    for (index, moment) in rows.iter().enumerate() {
        let index = count(index);
        let (x, y) = (RIGHT + (index / column.max(1)) * (WIDTH - RIGHT) / 2, top + ROW * (index % column.max(1)) + 14);
        let colour = if moment.failed { MINIMUM } else { "#1f2328" };
        let target = moment.target.as_ref().map_or(String::new(), |target| format!("{target}: "));
        let text = format!("{target}{}", moment.text);
        put(out, format_args!("<text class=\"n\" x=\"{}\" y=\"{y}\" text-anchor=\"end\">{}</text>", x + 20, index + 1));
        put(
            out,
            format_args!(
                "<text class=\"x\" x=\"{}\" y=\"{y}\" text-anchor=\"end\">{}</text>",
                x + 76,
                scale::clock(moment.at)
            ),
        );
        put(
            out,
            format_args!(
                "<text class=\"l\" x=\"{}\" y=\"{y}\" fill=\"{colour}\" style=\"fill:{colour}\">{}<title>{}</title></text>",
                x + 88,
                xml(&shorten(&text, 52)),
                xml(&text)
            ),
        );
    }
}

struct Canvas {
    length: Duration,
}

impl Canvas {
    fn x(&self, at: Duration) -> u64 {
        let (at, length) = (at.as_millis(), self.length.as_millis().max(1));
        LEFT + u64::try_from(u128::from(PLOT) * at.min(length) / length).unwrap_or(PLOT)
    }

    /// A line that goes up and down at the times of the points only.
    fn steps(&self, series: &Series) -> String {
        let mut line = format!("M{LEFT} {}", height(series.at(Duration::ZERO), series.most));
        for (at, value) in &series.points {
            put(&mut line, format_args!("H{}V{}", self.x(*at), height(*value, series.most)));
        }
        put(&mut line, format_args!("H{}", LEFT + PLOT));
        line
    }
}

fn height(value: u32, most: u32) -> u64 {
    TOP + CHART - CHART * u64::from(value.min(most)) / u64::from(most.max(1))
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // No reader of XML takes them, however they are written.
            '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}
