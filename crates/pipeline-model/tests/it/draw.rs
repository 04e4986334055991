//! The Mermaid picture.

use pipeline_model::{Pipeline, draw, read};

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
