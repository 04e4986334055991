//! Pictures.

use pipeline_model::client::{ActionState, PipelineState, StageState};
use pipeline_model::draw::{State, Status};
use pipeline_model::{Action, ActionTypeId, Pipeline, Stage, draw, read};

use crate::{BUILD, SOURCE, declaration};

#[test]
fn stages_artifacts_approvals_and_order() {
    let approve = r#"  - name: Release
    actions:
      - name: Approve
        actionTypeId: {category: Approval, owner: AWS, provider: Manual, version: "1"}
      - name: Deploy
        actionTypeId: {category: Deploy, owner: AWS, provider: S3, version: "1"}
        runOrder: 2
        inputArtifacts: [{name: Code}]
        configuration: {BucketName: shop-site, Extract: "true"}
"#;
    let reading = read("pipeline.yaml", &declaration("", &format!("{SOURCE}{BUILD}{approve}")));
    assert_eq!(
        draw::mermaid(reading.pipeline().unwrap()),
        r#"flowchart LR
  subgraph s0["Source"]
    direction TB
    s0a0["Source<br/>S3"]
  end
  subgraph s1["Build"]
    direction TB
    s1a0["Build<br/>CodeBuild"]
  end
  subgraph s2["Release"]
    direction TB
    s2a0{{"Approve<br/>Manual"}}
    s2a1["Deploy<br/>S3"]
    s2a0 -.-> s2a1
  end
  s0 ==> s1
  s1 ==> s2
  s0a0 -- "Code" --> s1a0
  s0a0 -- "Code" --> s2a1
  classDef approval stroke-width:2px,stroke-dasharray:5 3
  class s2a0 approval
"#
    );
}

#[test]
fn a_hostile_name_stays_a_label() {
    let mut pipeline = Pipeline::default();
    pipeline.stages.push(pipeline_model::Stage::new("x\"]\n  end\n  click s0 \"javascript:alert(1)\" %%{init}%%"));
    let picture = draw::mermaid(&pipeline);
    assert_eq!(picture.lines().count(), 4, "{picture}");
    assert!(!picture.contains("javascript:"), "{picture}");
}

/// A pipeline of that many stages after the source, each with that many actions that run together.
fn grid(stages: usize, actions: usize) -> Pipeline {
    let source = Action::new("Checkout", ActionTypeId::new("Source", "AWS", "S3", "1")).with_output("Code");
    let mut pipeline = Pipeline::new("grid", "arn:aws:iam::123456789012:role/pipeline");
    pipeline.stages.push(Stage::new("Source").with_action(source));
    for stage in 0..stages {
        let mut content = Stage::new(format!("Stage{stage}"));
        for at in 0..actions {
            let taken = if stage % 3 == 2 { "Code".to_owned() } else { format!("Built{}x{at}", stage.wrapping_sub(1)) };
            let taken = if stage == 0 { "Code".to_owned() } else { taken };
            let build = Action::new(format!("Build{at}"), ActionTypeId::new("Build", "AWS", "CodeBuild", "1"));
            content = content.with_action(build.with_input(taken).with_output(format!("Built{stage}x{at}")));
        }
        pipeline.stages.push(content);
    }
    pipeline
}

#[test]
fn the_svg_shows_everything_once() {
    let picture = draw::svg(&grid(3, 12));
    assert_eq!(picture.matches("<g>").count(), 37);
    assert_eq!(picture.matches("</g>").count(), 37);
    assert_eq!(picture.matches("class=\"h\"").count(), 4);
    // Each action that takes something has an arrow at its top.
    assert_eq!(picture.matches("l-4 -7h8z").count(), 36);
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
}

#[test]
fn a_state_colours_actions() {
    let state = State::default()
        .with("Stage0", "Build0", Status::Failed)
        .with("Stage0", "Build1", Status::Running)
        .with("Source", "Checkout", Status::Succeeded);
    let pipeline = grid(1, 3);
    let picture = draw::svg_with(&pipeline, &state);
    for word in [">failed<", ">running<", ">succeeded<", ">has not run<", "#ffebe9"] {
        assert!(picture.contains(word), "{word}");
    }
    assert!(draw::dot_with(&pipeline, &state).contains("\\nfailed\", color=\"#cf222e\""));
    assert!(draw::text_with(&pipeline, &state).contains("✗ failed"));
    assert!(!draw::svg(&pipeline).contains("has not run"));
}

#[test]
fn the_service_has_one_word_for_work_and_for_waiting() {
    let approval = Action::new("Approve", ActionTypeId::new("Approval", "AWS", "Manual", "1"));
    let mut pipeline = grid(1, 1);
    pipeline.stages[1] = pipeline.stages[1].clone().with_action(approval);
    let action = |name: &str| {
        let mut action = ActionState::new(name);
        action.status = Some("InProgress".to_owned());
        action
    };
    let answer = vec![StageState::new("Stage0", vec![action("Build0"), action("Approve")])];
    let state = State::new(&pipeline, &PipelineState::new("grid", 1, answer));
    assert_eq!(state.get("Stage0", "Approve"), Some(Status::Waiting));
    assert_eq!(state.get("Stage0", "Build0"), Some(Status::Running));
    assert_eq!(state.get("Source", "Checkout"), None);
}

#[test]
fn hostile_names_stay_text() {
    let name = "</text><script>alert(1)</script>\"]; x -> y; \\\u{202e}\u{1b}[31m\n&";
    let mut pipeline = Pipeline::new(name, "r");
    let kind = ActionTypeId::new("Source", "AWS", name, "1");
    pipeline.stages.push(Stage::new(name).with_action(Action::new(name, kind).with_output(name)));
    let (svg, dot, text) = (draw::svg(&pipeline), draw::dot(&pipeline), draw::text(&pipeline));
    assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;"), "{svg}");
    assert!(dot.contains("\\\"]; x -> y; \\\\"), "{dot}");
    for picture in [svg, dot, text] {
        assert!(!picture.contains(['\u{202e}', '\u{1b}']), "{picture}");
    }
}

#[test]
fn terminal_boxes_fit_and_line_up() {
    let picture = draw::text(&grid(2, 12));
    for line in picture.lines().filter(|line| line.starts_with(['│', '╭', '╰'])) {
        assert_eq!(line.chars().count(), picture.lines().next().unwrap().chars().count(), "{picture}");
        assert!(line.chars().count() <= 100);
    }
    assert_eq!(draw::text(&Pipeline::default()), "");
}

#[test]
fn large_pipelines_are_drawn() {
    let pipeline = grid(20, 50);
    assert!(draw::svg(&pipeline).len() < 4_000_000);
    assert!(draw::text(&pipeline).lines().count() > 100);
}
