//! Graphviz: stages as clusters, artifacts on the arrows.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::label::shown;
use super::{State, Status};
use crate::graph::{ActionRef, Flow, groups};
use crate::model::{Category, Pipeline};

/// The most arrows that show the order between two groups of a stage.
const ORDER_ARROWS: usize = 16;

/// The pipeline as a graph in the DOT language.
///
/// ```
/// use pipeline_model::{Action, ActionTypeId, Pipeline, Stage, draw};
///
/// let mut pipeline = Pipeline::new("shop", "arn:aws:iam::123456789012:role/pipeline");
/// let source = Action::new("Checkout", ActionTypeId::new("Source", "AWS", "S3", "1"));
/// pipeline.stages.push(Stage::new("Source").with_action(source));
/// assert!(draw::dot(&pipeline).contains(r#"s0a0 [label="Checkout\nS3""#));
/// ```
#[must_use]
pub fn dot(pipeline: &Pipeline) -> String {
    dot_with(pipeline, &State::default())
}

/// The same graph with the actions in the colours of their status.
#[must_use]
pub fn dot_with(pipeline: &Pipeline, state: &State) -> String {
    let mut out = String::new();
    line(&mut out, 0, format_args!("digraph {} {{", quoted(&[&pipeline.name])));
    line(&mut out, 2, format_args!("graph [rankdir=LR, compound=true, fontname=\"sans-serif\"];"));
    line(
        &mut out,
        2,
        format_args!("node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\"];"),
    );
    line(&mut out, 2, format_args!("edge [fontname=\"sans-serif\", fontsize=10];"));
    let flow = Flow::new(pipeline);
    let edges = flow.edges();
    let linked: HashSet<(ActionRef, ActionRef)> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
    for (index, stage) in pipeline.stages.iter().enumerate() {
        line(&mut out, 2, format_args!("subgraph cluster_{index} {{"));
        line(&mut out, 4, format_args!("label={};", quoted(&[&stage.name])));
        line(&mut out, 4, format_args!("style=\"rounded,filled\"; color=\"#d0d7de\"; fillcolor=\"#f6f8fa\";"));
        for (at, action) in stage.actions.iter().enumerate() {
            let at = id(ActionRef { stage: index, action: at });
            let kind = &action.action_type_id;
            let shape = if kind.category == Category::Approval { ", shape=hexagon" } else { "" };
            let status = state.get(&stage.name, &action.name);
            let colours = status.map(colours).map_or_else(String::new, |(line, fill)| {
                format!(", color=\"{line}\", fillcolor=\"{fill}\", penwidth=2")
            });
            let label = match status {
                Some(status) => quoted(&[&action.name, &kind.provider, status.word()]),
                None => quoted(&[&action.name, &kind.provider]),
            };
            line(&mut out, 4, format_args!("{at} [label={label}{shape}{colours}];"));
        }
        for pair in groups(stage).windows(2) {
            // As in the Mermaid picture: one arrow stands for all where all would bury the picture.
            let all = pair[0].len() * pair[1].len() <= ORDER_ARROWS;
            let (before, after) = if all { (&pair[0][..], &pair[1][..]) } else { (&pair[0][..1], &pair[1][..1]) };
            for (from, to) in before.iter().flat_map(|from| after.iter().map(move |to| (*from, *to))) {
                let (from, to) = (ActionRef { stage: index, action: from }, ActionRef { stage: index, action: to });
                if !linked.contains(&(from, to)) {
                    line(&mut out, 4, format_args!("{} -> {} [style=dashed, color=\"#8c959f\"];", id(from), id(to)));
                }
            }
        }
        line(&mut out, 2, format_args!("}}"));
    }
    // Stages without actions have nothing that an arrow could begin or end at.
    let filled: Vec<usize> = (0..pipeline.stages.len()).filter(|at| !pipeline.stages[*at].actions.is_empty()).collect();
    for pair in filled.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let arrow = format!("ltail=cluster_{from}, lhead=cluster_{to}, style=bold, color=\"#8c959f\"");
        line(&mut out, 2, format_args!("s{from}a0 -> s{to}a0 [{arrow}];"));
    }
    for edge in &edges {
        let label = quoted(&[edge.artifact]);
        line(&mut out, 2, format_args!("{} -> {} [label={label}, color=\"#0969da\"];", id(edge.from), id(edge.to)));
    }
    out.push_str("}\n");
    out
}

const fn colours(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Running => ("#0969da", "#ddf4ff"),
        Status::Waiting => ("#bf8700", "#fff8c5"),
        Status::Succeeded => ("#1a7f37", "#dafbe1"),
        Status::Failed => ("#cf222e", "#ffebe9"),
        Status::Stopped => ("#6e7781", "#eaeef2"),
    }
}

fn line(out: &mut String, indent: usize, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{:indent$}{text}", "");
}

fn id(at: ActionRef) -> String {
    format!("s{}a{}", at.stage, at.action)
}

/// The lines as one quoted string. Graphviz reads a backslash as an escape and `&` as an entity even in quotes.
fn quoted(lines: &[&str]) -> String {
    let mut out = String::from("\"");
    for (index, text) in lines.iter().enumerate() {
        if index > 0 {
            out.push_str("\\n");
        }
        for letter in shown(text).chars() {
            match letter {
                '"' | '\\' => out.extend(['\\', letter]),
                '&' => out.push_str("&amp;"),
                letter => out.push(letter),
            }
        }
    }
    out.push('"');
    out
}
