//! A standalone SVG: stages as columns, actions by run order, artifacts as labelled lines.
//!
//! It needs nothing beside itself: no script, no style sheet, no font of its own. What a file calls its parts becomes text
//! and nothing else.

use std::fmt::Write as _;

use super::label::{shorten, width, xml};
use super::layout::{BOX_WIDTH, HEADER, MARGIN, PILL_HEIGHT, PILL_TEXT, Point, Rect, layout, pill_width};
use super::{State, Status};
use crate::model::{Action, Category, Pipeline, PipelineType};

/// Colours of artifacts, far enough from those of the statuses.
const COLOURS: [&str; 8] = ["#3b6fb6", "#8250df", "#0e7c86", "#b35900", "#a83e7c", "#57606a", "#5b7c1d", "#6a5acd"];

const STYLE: &str = "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}\
.n{font-size:13px;font-weight:600;fill:#1f2328}.p{font-size:11.5px;fill:#59636e}.s{font-size:11px;font-weight:600}\
.h{font-size:14px;font-weight:600;fill:#1f2328}.t{font-size:20px;font-weight:600;fill:#1f2328}\
.a{font-size:11px;font-weight:500}.o{font-size:11px;font-weight:600;fill:#59636e;text-anchor:middle}\
.w{fill:none;stroke-width:1.8}.m{fill:none;stroke:#afb8c1;stroke-width:2}";

/// The pipeline as a standalone SVG.
///
/// ```
/// use pipeline_model::{Action, ActionTypeId, Pipeline, Stage, draw};
///
/// let mut pipeline = Pipeline::new("shop", "arn:aws:iam::123456789012:role/pipeline");
/// let source = Action::new("Checkout & more", ActionTypeId::new("Source", "AWS", "S3", "1"));
/// pipeline.stages.push(Stage::new("Source").with_action(source));
/// assert!(draw::svg(&pipeline).contains("Checkout &amp; more"));
/// ```
#[must_use]
pub fn svg(pipeline: &Pipeline) -> String {
    picture(pipeline, None)
}

/// The same picture with the actions in the colours of their status.
#[must_use]
pub fn svg_with(pipeline: &Pipeline, state: &State) -> String {
    picture(pipeline, Some(state))
}

fn picture(pipeline: &Pipeline, state: Option<&State>) -> String {
    let box_height = if state.is_some() { 70 } else { 52 };
    let layout = layout(pipeline, box_height);
    let (wide, high) = (layout.width, layout.height);
    let name = xml(&pipeline.name);
    let mut out = String::new();
    put(
        &mut out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\" \
         role=\"img\" aria-label=\"pipeline {name}\">"
        ),
    );
    put(&mut out, format_args!("<title>{name}</title><style>{STYLE}</style>"));
    put(&mut out, format_args!("<rect width=\"{wide}\" height=\"{high}\" rx=\"12\" fill=\"#ffffff\"/>"));
    let title = xml(&shorten(&pipeline.name, (wide - 2 * MARGIN) / 12));
    put(&mut out, format_args!("<text class=\"t\" x=\"{MARGIN}\" y=\"{}\">{title}</text>", MARGIN + 17));
    let kind = pipeline.pipeline_type.clone().unwrap_or(PipelineType::V1);
    let subtitle = xml(&shorten(&format!("{kind} · {}", pipeline.effective_mode()), 40));
    put(&mut out, format_args!("<text class=\"p\" x=\"{MARGIN}\" y=\"{}\">{subtitle}</text>", MARGIN + 38));

    for (index, (stage, column)) in pipeline.stages.iter().zip(&layout.columns).enumerate() {
        let area = column.area;
        rect(&mut out, area, 10, "fill=\"#f6f8fa\" stroke=\"#d1d9e0\"");
        let label = xml(&shorten(&stage.name, (area.w - 32) / 9));
        put(
            &mut out,
            format_args!(
                "<text class=\"h\" x=\"{}\" y=\"{}\">{label}<title>{}</title></text>",
                area.x + 16,
                area.y + 27,
                xml(&stage.name)
            ),
        );
        if index + 1 < pipeline.stages.len() {
            let (from, y) = (area.x + area.w + 7, area.y + HEADER / 2 + 1);
            let to = layout.columns[index + 1].area.x - 7;
            put(&mut out, format_args!("<path class=\"m\" d=\"M{from} {y}H{to}m-6 -5l6 5l-6 5\"/>"));
        }
        if column.steps.len() > 1 {
            steps(&mut out, &column.steps);
        }
    }
    let mut heads = String::new();
    for (index, wire) in layout.wires.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        for line in &wire.lines {
            put(&mut out, format_args!("<path class=\"w\" stroke=\"{colour}\" d=\"{}\"/>", rounded(line)));
            if let Some((x, y)) = line.last() {
                put(&mut heads, format_args!("<path fill=\"{colour}\" d=\"M{x} {y}l-4 -7h8z\"/>"));
            }
        }
        // What nobody takes hangs from the action that gives it.
        if let (true, Some((x, y))) = (wire.lines.is_empty(), wire.pills.first()) {
            let path = format!("M{x} {y}v-{PILL_HEIGHT}");
            put(
                &mut out,
                format_args!("<path class=\"w\" stroke=\"{colour}\" stroke-dasharray=\"2 3\" d=\"{path}\"/>"),
            );
        }
    }
    for (stage, column) in pipeline.stages.iter().zip(&layout.columns) {
        for (action, area) in stage.actions.iter().zip(&column.boxes) {
            let status = state.map(|state| state.get(&stage.name, &action.name));
            action_box(&mut out, action, *area, status);
        }
    }
    out.push_str(&heads);
    for (index, wire) in layout.wires.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let label = shorten(wire.artifact, PILL_TEXT);
        for (x, y) in &wire.pills {
            let dashed = if wire.lines.is_empty() { " stroke-dasharray=\"3 3\"" } else { "" };
            let area = Rect { x: x.saturating_sub(8), y: y - PILL_HEIGHT / 2, w: pill_width(&label), h: PILL_HEIGHT };
            rect(&mut out, area, 9, &format!("fill=\"#ffffff\" stroke=\"{colour}\"{dashed}"));
            put(
                &mut out,
                format_args!(
                    "<text class=\"a\" x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"{colour}\">{}<title>{}</title></text>",
                    area.x + area.w / 2,
                    y + 4,
                    xml(&label),
                    xml(wire.artifact)
                ),
            );
        }
    }
    out.push_str("</svg>\n");
    out
}

/// The run orders at the left edge of a stage, with the way from one to the next.
fn steps(out: &mut String, steps: &[super::layout::Step]) {
    for (index, step) in steps.iter().enumerate() {
        let (x, top) = (step.area.x + 9, step.area.y);
        let bottom = top + step.area.h;
        if let Some(next) = steps.get(index + 1) {
            let to = next.area.y - 2;
            put(
                out,
                format_args!("<path class=\"m\" stroke-width=\"1.5\" d=\"M{x} {}V{to}m-4 -5l4 5l4 -5\"/>", top + 22),
            );
        }
        // A bracket around a group of several rows.
        if step.area.h > 80 {
            put(out, format_args!("<path class=\"m\" d=\"M{} {top}V{bottom}\"/>", x + 14));
        }
        let (words, middle) = (step.order.to_string(), top + 10);
        let wide = width(&words) * 7 + 12;
        let area = Rect { x: (x + 1).saturating_sub(wide / 2), y: top, w: wide, h: 20 };
        rect(out, area, 10, "fill=\"#ffffff\" stroke=\"#afb8c1\"");
        put(
            out,
            format_args!(
                "<text class=\"o\" x=\"{x}\" y=\"{}\">{words}<title>runOrder {words}</title></text>",
                middle + 4
            ),
        );
    }
}

/// `status` is `None` in a picture without states, and `Some(None)` for an action that has not run.
fn action_box(out: &mut String, action: &Action, area: Rect, status: Option<Option<Status>>) {
    let kind = &action.action_type_id;
    let (line, fill) = match status.flatten() {
        Some(status) => colours(status),
        None => ("#afb8c1", "#ffffff"),
    };
    let approval = kind.category == Category::Approval;
    let stroke = match status.flatten() {
        Some(_) => " stroke-width=\"1.8\"",
        None if approval => " stroke-dasharray=\"5 3\" stroke-width=\"1.5\"",
        None => "",
    };
    put(out, format_args!("<g><title>{} ({})</title>", xml(&action.name), xml(&kind.to_string())));
    rect(out, area, 7, &format!("fill=\"{fill}\" stroke=\"{line}\"{stroke}"));
    let bar = Rect { x: area.x + 9, y: area.y + 11, w: 4, h: 30 };
    rect(out, bar, 2, &format!("fill=\"{}\"", category(&kind.category)));
    let most = (BOX_WIDTH - 30) * 2 / 15;
    let (x, y) = (area.x + 22, area.y);
    put(out, format_args!("<text class=\"n\" x=\"{x}\" y=\"{}\">{}</text>", y + 23, xml(&shorten(&action.name, most))));
    put(
        out,
        format_args!("<text class=\"p\" x=\"{x}\" y=\"{}\">{}</text>", y + 40, xml(&shorten(&kind.provider, most + 3))),
    );
    if let Some(status) = status {
        let word = status.map_or("has not run", Status::word);
        let colour = if status.is_some() { line } else { "#8c959f" };
        put(out, format_args!("<circle cx=\"{}\" cy=\"{}\" r=\"3.5\" fill=\"{colour}\"/>", area.x + 12, y + 54));
        put(out, format_args!("<text class=\"s\" x=\"{x}\" y=\"{}\" fill=\"{colour}\">{word}</text>", y + 58));
    }
    put(out, format_args!("</g>"));
}

const fn colours(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Running => ("#0969da", "#ddf4ff"),
        Status::Waiting => ("#9a6700", "#fff8c5"),
        Status::Succeeded => ("#1a7f37", "#dafbe1"),
        Status::Failed => ("#cf222e", "#ffebe9"),
        Status::Stopped => ("#59636e", "#eaeef2"),
    }
}

const fn category(category: &Category) -> &'static str {
    match category {
        Category::Source => "#54aeff",
        Category::Build => "#d4a72c",
        Category::Deploy => "#4ac26b",
        Category::Test => "#c297ff",
        Category::Invoke => "#fb8f44",
        Category::Approval => "#ff80c8",
        Category::Compute => "#76e3ea",
        _ => "#8c959f",
    }
}

/// A line through the points with its corners rounded.
fn rounded(points: &[Point]) -> String {
    let mut out = String::new();
    let mut corners: Vec<Point> = points.to_vec();
    corners.dedup();
    for (index, (x, y)) in corners.iter().copied().enumerate() {
        let (Some(before), Some(after)) = (index.checked_sub(1).map(|at| corners[at]), corners.get(index + 1)) else {
            put(&mut out, format_args!("{}{x} {y}", if index == 0 { 'M' } else { 'L' }));
            continue;
        };
        let (near, far) = (toward((x, y), before), toward((x, y), *after));
        put(&mut out, format_args!("L{} {}Q{x} {y} {} {}", near.0, near.1, far.0, far.1));
    }
    out
}

/// A point a little way from one point to another; the two have a coordinate in common.
fn toward(from: Point, to: Point) -> Point {
    let step = |from: usize, to: usize| {
        let way = (from.abs_diff(to) / 2).min(7);
        if to < from { from - way } else { from + way }
    };
    (step(from.0, to.0), step(from.1, to.1))
}

fn rect(out: &mut String, area: Rect, round: usize, look: &str) {
    let Rect { x, y, w, h } = area;
    put(out, format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"{round}\" {look}/>"));
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}
