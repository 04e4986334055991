//! Boxes for a terminal: stages from top to bottom, actions that run together side by side.

use super::label::{shorten, width};
use super::{State, Status};
use crate::graph::groups;
use crate::model::{Action, Pipeline, Stage};

/// The most columns of a picture.
const COLUMNS: usize = 100;

/// The most columns of a text in an action's box.
const TEXT: usize = 30;

/// The pipeline as boxes of box-drawing characters, at most 100 columns wide.
///
/// ```
/// use pipeline_model::{Action, ActionTypeId, Pipeline, Stage, draw};
///
/// let mut pipeline = Pipeline::new("shop", "arn:aws:iam::123456789012:role/pipeline");
/// let source = Action::new("Checkout", ActionTypeId::new("Source", "AWS", "S3", "1")).with_output("Code");
/// pipeline.stages.push(Stage::new("Source").with_action(source));
/// assert!(draw::text(&pipeline).contains("│ │ Checkout │ │"));
/// ```
#[must_use]
pub fn text(pipeline: &Pipeline) -> String {
    text_with(pipeline, &State::default())
}

/// The same boxes with the status of each action.
#[must_use]
pub fn text_with(pipeline: &Pipeline, state: &State) -> String {
    let stages: Vec<(String, Vec<String>)> =
        pipeline.stages.iter().map(|stage| (shorten(&stage.name, COLUMNS - 8), rows(stage, state))).collect();
    let needed = stages.iter().map(|(name, rows)| {
        let widest = rows.iter().map(|row| width(row)).max().unwrap_or(0);
        widest.max(width(name) + 1)
    });
    let inner = needed.max().unwrap_or(0);
    let mut out = String::new();
    for (index, (name, rows)) in stages.iter().enumerate() {
        if index > 0 {
            let middle = " ".repeat((inner + 4) / 2);
            out.push_str(&format!("{middle}│\n{middle}▼\n"));
        }
        out.push_str(&format!("╭─ {name} {}╮\n", "─".repeat(inner + 2 - width(name) - 3)));
        for row in rows {
            out.push_str(&format!("│ {row}{} │\n", " ".repeat(inner - width(row))));
        }
        out.push_str(&format!("╰{}╯\n", "─".repeat(inner + 2)));
    }
    out
}

/// The lines of a stage, without its frame.
fn rows(stage: &Stage, state: &State) -> Vec<String> {
    let mut out = Vec::new();
    for (index, group) in groups(stage).iter().enumerate() {
        if index > 0 {
            out.push("    ↓".to_owned());
        }
        let mut line: Vec<Vec<String>> = Vec::new();
        let mut used = 0;
        for at in group {
            let cells = action(&stage.actions[*at], state.get(&stage.name, &stage.actions[*at].name));
            let wide = cells.first().map_or(0, |cell| width(cell)) + 1;
            if used + wide > COLUMNS - 3 && !line.is_empty() {
                out.extend(beside(&std::mem::take(&mut line)));
                used = 0;
            }
            used += wide;
            line.push(cells);
        }
        out.extend(beside(&line));
    }
    out
}

/// The box of an action, every line of the same width.
fn action(action: &Action, status: Option<Status>) -> Vec<String> {
    let mut lines = vec![shorten(&action.name, TEXT), shorten(&action.action_type_id.provider, TEXT)];
    for input in &action.input_artifacts {
        lines.push(format!("← {}", shorten(&input.name, TEXT - 2)));
    }
    for output in &action.output_artifacts {
        lines.push(format!("→ {}", shorten(&output.name, TEXT - 2)));
    }
    if let Some(status) = status {
        let mark = match status {
            Status::Running => '▶',
            Status::Waiting => '◆',
            Status::Succeeded => '✓',
            Status::Failed => '✗',
            Status::Stopped => '■',
        };
        lines.push(format!("{mark} {}", status.word()));
    }
    let inner = lines.iter().map(|line| width(line)).max().unwrap_or(0);
    let mut out = vec![format!("┌{}┐", "─".repeat(inner + 2))];
    out.extend(lines.iter().map(|line| format!("│ {line}{} │", " ".repeat(inner - width(line)))));
    out.push(format!("└{}┘", "─".repeat(inner + 2)));
    out
}

/// Boxes side by side, as high as the highest of them.
fn beside(boxes: &[Vec<String>]) -> Vec<String> {
    let height = boxes.iter().map(Vec::len).max().unwrap_or(0);
    (0..height)
        .map(|row| {
            let cells: Vec<String> = boxes
                .iter()
                .map(|cells| {
                    let wide = cells.first().map_or(0, |cell| width(cell));
                    cells.get(row).cloned().unwrap_or_else(|| " ".repeat(wide))
                })
                .collect();
            cells.join(" ").trim_end().to_owned()
        })
        .collect()
}
