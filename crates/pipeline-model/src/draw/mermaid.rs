//! A Mermaid flowchart: stages as boxes, actions as nodes, artifacts on the arrows.
//!
//! Names come from files of strangers, so no name reaches the text of the diagram as it is: node ids are made up
//! from positions, and labels keep letters, digits and a few harmless marks, with everything else as an entity.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::graph::{ActionRef, Flow, groups, refs};
use crate::model::{Action, Category, Pipeline};

/// The most arrows that show the order between two groups of a stage.
const ORDER_ARROWS: usize = 16;

/// The pipeline as a Mermaid flowchart.
///
/// ```
/// use pipeline_model::{Action, ActionTypeId, Pipeline, Stage, draw};
///
/// let mut pipeline = Pipeline::new("shop", "arn:aws:iam::123456789012:role/pipeline");
/// let source = Action::new("Source", ActionTypeId::new("Source", "AWS", "S3", "1")).with_output("Code");
/// pipeline.stages.push(Stage::new("Source").with_action(source));
/// assert!(draw::mermaid(&pipeline).contains(r#"subgraph s0["Source"]"#));
/// ```
#[must_use]
pub fn mermaid(pipeline: &Pipeline) -> String {
    let mut out = String::from("flowchart LR\n");
    let flow = Flow::new(pipeline);
    let edges = flow.edges();
    let linked: HashSet<(ActionRef, ActionRef)> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
    for (index, stage) in pipeline.stages.iter().enumerate() {
        line(&mut out, 2, format_args!("subgraph s{index}[\"{}\"]", label(&stage.name)));
        line(&mut out, 4, format_args!("direction TB"));
        for (at, action) in stage.actions.iter().enumerate() {
            node(&mut out, ActionRef { stage: index, action: at }, action);
        }
        for pair in groups(stage).windows(2) {
            // Each with each, unless that would bury the picture: then one arrow stands for all.
            let all = pair[0].len() * pair[1].len() <= ORDER_ARROWS;
            let (before, after) = if all { (&pair[0][..], &pair[1][..]) } else { (&pair[0][..1], &pair[1][..1]) };
            for (from, to) in before.iter().flat_map(|from| after.iter().map(move |to| (*from, *to))) {
                let (from, to) = (ActionRef { stage: index, action: from }, ActionRef { stage: index, action: to });
                // An artifact between the two shows the order already.
                if !linked.contains(&(from, to)) {
                    line(&mut out, 4, format_args!("{} -.-> {}", id(from), id(to)));
                }
            }
        }
        line(&mut out, 2, format_args!("end"));
    }
    for index in 1..pipeline.stages.len() {
        line(&mut out, 2, format_args!("s{} ==> s{index}", index - 1));
    }
    for edge in &edges {
        line(&mut out, 2, format_args!("{} -- \"{}\" --> {}", id(edge.from), label(edge.artifact), id(edge.to)));
    }
    let approvals: Vec<String> =
        refs(pipeline).filter(|(_, action)| is_approval(action)).map(|(at, _)| id(at)).collect();
    if !approvals.is_empty() {
        line(&mut out, 2, format_args!("classDef approval stroke-width:2px,stroke-dasharray:5 3"));
        line(&mut out, 2, format_args!("class {} approval", approvals.join(",")));
    }
    out
}

fn line(out: &mut String, indent: usize, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{:indent$}{text}", "");
}

fn id(at: ActionRef) -> String {
    format!("s{}a{}", at.stage, at.action)
}

fn is_approval(action: &Action) -> bool {
    action.action_type_id.category == Category::Approval
}

fn node(out: &mut String, at: ActionRef, action: &Action) {
    let text = format!("{}<br/>{}", label(&action.name), label(&action.action_type_id.provider));
    // A hexagon is Mermaid's shape for a decision that someone has to prepare.
    let (open, close) = if is_approval(action) { ("{{", "}}") } else { ("[", "]") };
    line(out, 4, format_args!("{}{open}\"{text}\"{close}", id(at)));
}

fn label(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            letter if letter.is_alphanumeric() || "._-/@ ".contains(letter) => out.push(letter),
            letter if letter.is_control() || letter.is_whitespace() => out.push(' '),
            letter => {
                let _ = write!(out, "#{};", u32::from(letter));
            }
        }
    }
    // An empty label would leave the node without a shape.
    if out.trim().is_empty() { "-".to_owned() } else { out }
}
