//! What each format of report file adds up to, and what a report never does.

use buildspec::BuildStatus;
use buildspec::run::reports::{Report, ReportStatus, TestStatus};

use crate::lab::{Lab, Ran, spec};

fn run(files: &[(&str, &str)], group: &str) -> (Lab, Ran) {
    let lab = Lab::new();
    for (name, text) in files {
        lab.write(name, text);
    }
    let text = format!("version: 0.2\nphases:\n  build:\n    commands: ['NAME=units']\nreports:\n{group}");
    let spec = spec(&text);
    let ran = lab.run_with(&lab.request(&spec).with_reports_dir(lab.path("reports"))).unwrap();
    assert_eq!(ran.result.status, BuildStatus::Succeeded, "a report decides nothing: {}", ran.everything());
    (lab, ran)
}

fn read(format: &str, text: &str) -> Report {
    let (_, ran) = run(&[("out/report", text)], &format!("  units:\n    file-format: {format}\n    files: 'out/*'\n"));
    ran.result.reports[0].clone()
}

/// Status, prefix, name, suite, seconds, message of each case.
fn cases(report: &Report) -> Vec<String> {
    let case = |case: &buildspec::run::reports::TestCase| {
        #[allow(clippy::cast_precision_loss, reason = "shown only")]
        let seconds = case.duration_in_nano_seconds as f64 / 1e9;
        format!("{:?} {}|{}|{} {seconds} {}", case.status, case.prefix, case.name, case.test_suite_name, case.message)
    };
    report.test_cases.iter().map(case).collect()
}

#[test]
fn junit() {
    let report = read(
        "junitxml",
        r#"<?xml version="1.0"?><testsuites><testsuite name="outer"><testsuite name="shop.Cart">
          <testcase classname="shop.Cart" name="adds" time="1.5"/>
          <testcase classname="shop.Cart" name="a &lt; b" time="1,000.25"><failure message="short">expected &lt;1&gt;
 at line 3</failure></testcase>
          <testcase classname="shop.Cart" name="breaks"><error message="boom"/><system-out>not a message</system-out></testcase>
          <testcase classname="shop.Cart" name="later"><skipped message="not yet"/></testcase>
        </testsuite></testsuite></testsuites>"#,
    );
    assert_eq!(report.status, ReportStatus::Failed);
    assert_eq!(
        cases(&report),
        [
            "Failed shop.Cart|a < b|shop.Cart 1000.25 expected <1>\n at line 3",
            "Error shop.Cart|breaks|shop.Cart 0 boom",
            "Succeeded shop.Cart|adds|shop.Cart 1.5 ",
            "Skipped shop.Cart|later|shop.Cart 0 not yet",
        ]
    );
    let summary = report.test_summary.unwrap();
    assert_eq!((summary.total, summary.duration_in_nano_seconds), (4, 1_001_750_000_000));
}

#[test]
fn testng() {
    let report = read(
        "TESTNGXML",
        r#"<testng-results><suite name="All"><test name="t"><class name="shop.CartTest">
          <test-method is-config="true" name="setUp" status="PASS" duration-ms="9"/>
          <test-method name="adds" status="PASS" duration-ms="12"/>
          <test-method name="breaks" status="FAIL" duration-ms="3"><exception class="E"><message><![CDATA[ expected 1 ]]></message><full-stacktrace>no</full-stacktrace></exception></test-method>
          <test-method name="later" status="SKIP" duration-ms="0"/>
        </class></test></suite></testng-results>"#,
    );
    assert_eq!(
        cases(&report),
        [
            "Failed shop.CartTest|breaks|All 0.003 expected 1",
            "Succeeded shop.CartTest|adds|All 0.012 ",
            "Skipped shop.CartTest|later|All 0 "
        ]
    );
}

#[test]
fn nunit() {
    let report = read(
        "NUNITXML",
        r#"<test-results name="a.dll"><test-suite type="TestFixture" name="CartTests"><results>
          <test-case name="Shop.CartTests.Adds" executed="True" result="Success" time="0.5"/>
          <test-case name="Shop.CartTests.Breaks" executed="True" result="Failure" time="0.1"><failure><message><![CDATA[Expected: 1]]></message><stack-trace>at X</stack-trace></failure></test-case>
          <test-case name="Shop.CartTests.Later" executed="False" result="Ignored"><reason><message>later</message></reason></test-case>
          <test-case name="Old" executed="True" success="False"/>
        </results></test-suite></test-results>"#,
    );
    assert_eq!(
        cases(&report),
        [
            "Failed Shop.CartTests|Breaks|CartTests 0.1 Expected: 1",
            "Failed |Old|CartTests 0 ",
            "Succeeded Shop.CartTests|Adds|CartTests 0.5 ",
            "Skipped Shop.CartTests|Later|CartTests 0 later",
        ]
    );
}

#[test]
fn nunit3() {
    let report = read(
        "NUNIT3XML",
        r#"<test-run><test-suite type="Assembly" name="a.dll"><test-suite type="TestFixture" name="CartTests">
          <test-case name="Adds" classname="Shop.CartTests" result="Passed" duration="0.012"/>
          <test-case name="Breaks" classname="Shop.CartTests" result="Failed" duration="1"><failure><message><![CDATA[Expected: 1]]></message></failure><assertions><assertion><message>again</message></assertion></assertions></test-case>
          <test-case name="Throws" classname="Shop.CartTests" result="Failed" label="Error"/>
          <test-case name="Later" classname="Shop.CartTests" result="Skipped" label="Ignored"><reason><message>later</message></reason></test-case>
        </test-suite></test-suite></test-run>"#,
    );
    assert_eq!(
        cases(&report),
        [
            "Failed Shop.CartTests|Breaks|CartTests 1 Expected: 1",
            "Error Shop.CartTests|Throws|CartTests 0 ",
            "Succeeded Shop.CartTests|Adds|CartTests 0.012 ",
            "Skipped Shop.CartTests|Later|CartTests 0 later",
        ]
    );
}

const TRX: &str = r#"<?xml version="1.0" encoding="utf-16"?><TestRun name="run" xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
  <UnitTestResult testId="1" testName="Adds" outcome="Passed" duration="00:01:02.5000000"/>
  <UnitTestResult testId="2" testName="Breaks" outcome="Failed" duration="00:00:00.1"><Output><StdOut>no</StdOut><ErrorInfo><Message>Expected:&lt;1&gt;.</Message><StackTrace>at X</StackTrace></ErrorInfo></Output></UnitTestResult>
  <UnitTestResult testId="3" testName="Later" outcome="NotExecuted"/>
</Results><TestDefinitions><UnitTest id="1"><TestMethod className="Shop.CartTests" name="Adds"/></UnitTest><UnitTest id="2"><TestMethod className="Shop.CartTests" name="Breaks"/></UnitTest></TestDefinitions></TestRun>"#;

#[test]
fn trx() {
    let expected = [
        "Failed Shop.CartTests|Breaks|run 0.1 Expected:<1>.",
        "Succeeded Shop.CartTests|Adds|run 62.5 ",
        "Skipped |Later|run 0 ",
    ];
    assert_eq!(cases(&read("VisualStudioTrx", TRX)), expected);
}

/// Test tools on Windows write UTF-16, and byte order marks.
#[test]
fn encodings() {
    let lab = Lab::new();
    let mut little = vec![0xff, 0xfe];
    little.extend(TRX.encode_utf16().flat_map(u16::to_le_bytes));
    let mut big = vec![0xfe, 0xff];
    big.extend(TRX.encode_utf16().flat_map(u16::to_be_bytes));
    for bytes in [little, big, [b"\xef\xbb\xbf", TRX.as_bytes()].concat()] {
        std::fs::write(lab.source().join("r.trx"), bytes).unwrap();
        let spec = spec(
            "version: 0.2\nphases: {build: {commands: ['true']}}\nreports:\n  r: {files: r.trx, file-format: VISUALSTUDIOTRX}\n",
        );
        let ran = lab.run_with(&lab.request(&spec)).unwrap();
        assert_eq!(ran.result.reports[0].test_cases.len(), 3, "{:?}", ran.notes());
    }
}

#[test]
fn cucumber() {
    let report = read(
        "CUCUMBERJSON",
        r#"[{"name":"Cart","uri":"cart.feature","elements":[
          {"type":"background","name":"","steps":[{"result":{"status":"passed","duration":5}}]},
          {"type":"scenario","name":"adds","steps":[{"result":{"status":"passed","duration":1000000000}},{"result":{"status":"passed","duration":500000000}}]},
          {"type":"scenario","name":"breaks","before":[{"result":{"status":"passed"}}],"steps":[{"result":{"status":"failed","error_message":"expected 1"}},{"result":{"status":"skipped"}}]},
          {"type":"scenario","name":"unknown step","steps":[{"result":{"status":"undefined"}}]},
          {"type":"scenario","name":"later","steps":[{"result":{"status":"pending"}}]}]}]"#,
    );
    assert_eq!(
        cases(&report),
        [
            "Failed Cart|breaks|Cart 0 expected 1",
            "Error Cart|unknown step|Cart 0 ",
            "Succeeded Cart|adds|Cart 1.5 ",
            "Skipped Cart|later|Cart 0 ",
        ]
    );
}

/// Lines covered and missed, branches covered and missed, of each file.
fn files(report: &Report) -> Vec<String> {
    let file = |file: &buildspec::run::reports::FileCoverage| {
        format!(
            "{} {}/{} {}/{}",
            file.file_path, file.lines_covered, file.lines_missed, file.branches_covered, file.branches_missed
        )
    };
    report.code_coverages.iter().map(file).collect()
}

#[test]
fn coverage() {
    for (format, text, expected) in [
        (
            "CLOVERXML",
            r#"<coverage><project><package name="p"><file name="a.php" path="/src/a.php"><metrics/><line num="1" type="stmt" count="3"/><line num="2" type="stmt" count="0"/><line num="3" type="cond" truecount="1" falsecount="0"/></file></package></project><testproject><file name="t.php"><line num="1" type="stmt" count="1"/></file></testproject></coverage>"#,
            vec!["/src/a.php 2/1 1/1"],
        ),
        (
            "COBERTURAXML",
            r#"<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd"><coverage line-rate="0.5"><packages><package><classes><class filename="a.py" name="A"><methods><method><lines><line number="1" hits="1"/></lines></method></methods><lines><line number="1" hits="1"/><line number="2" hits="0" branch="true" condition-coverage="50% (1/2)"/></lines></class><class filename="a.py" name="B"><lines><line number="9" hits="4"/></lines></class></classes></package></packages></coverage>"#,
            vec!["a.py 2/1 1/1"],
        ),
        (
            "JACOCOXML",
            r#"<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="r"><group name="g"><package name="shop/cart"><class name="shop/cart/Cart"><counter type="LINE" missed="9" covered="9"/></class><sourcefile name="Cart.java"><line nr="1" mi="0" ci="2"/><counter type="INSTRUCTION" missed="1" covered="7"/><counter type="BRANCH" missed="1" covered="3"/><counter type="LINE" missed="2" covered="6"/></sourcefile><counter type="LINE" missed="2" covered="6"/></package></group><counter type="LINE" missed="2" covered="6"/></report>"#,
            vec!["shop/cart/Cart.java 6/2 3/1"],
        ),
        (
            "SIMPLECOV",
            r#"{"RSpec":{"coverage":{"a.rb":{"lines":[1,null,0,"ignored"],"branches":{"[:if, 0]":{"[:then, 1]":1,"[:else, 2]":0}}},"b.rb":[2,null]},"timestamp":1}}"#,
            vec!["a.rb 1/1 1/1", "b.rb 1/0 0/0"],
        ),
        (
            "SIMPLECOV",
            r#"{"meta":{"simplecov_version":"0.22"},"coverage":{"a.rb":{"lines":[1,null,0],"branches":[{"type":"then","coverage":4}]}},"groups":{}}"#,
            vec!["a.rb 1/1 1/0"],
        ),
    ] {
        let report = read(format, text);
        assert_eq!(files(&report), expected, "{format}");
        assert_eq!(report.status, ReportStatus::Succeeded, "{format}");
        assert!(report.test_summary.is_none());
    }
    let json = serde_json::to_value(read(
        "COBERTURAXML",
        r#"<coverage><class filename="a"><line hits="1"/><line hits="1"/><line hits="0"/></class></coverage>"#,
    ))
    .unwrap();
    assert_eq!(json["type"], "CODE_COVERAGE");
    assert_eq!(json["codeCoverageSummary"]["lineCoveragePercentage"], 66.67);
    assert!(json["codeCoverageSummary"].get("branchCoveragePercentage").is_none());
}

#[test]
fn files_and_names() {
    let case = |name: &str| format!("<testsuite name='s'><testcase name='{name}'/></testsuite>");
    let (lab, ran) = run(
        &[("out/a.xml", &case("a")), ("out/sub/b.xml", &case("b")), ("out/broken.xml", "<testsuite>"), ("c.xml", "x")],
        "  $NAME:\n    files: '**/*'\n    base-directory: out\n    discard-paths: yes\n  arn:aws:codebuild:eu-west-1:123456789012:report-group/own:\n    files: ['out/*.xml']\n  empty:\n    files: none\n  odd:\n    files: c.xml\n    file-format: LCOVINFO\n  away:\n    files: '*'\n    base-directory: ../..\n",
    );
    let reports = &ran.result.reports;
    let shown: Vec<_> =
        reports.iter().map(|report| (report.name.as_str(), report.status, report.test_cases.len())).collect();
    use ReportStatus::{Incomplete, Succeeded};
    assert_eq!(
        shown,
        [
            ("shop-units", Succeeded, 2),
            ("own", Succeeded, 1),
            ("shop-empty", Incomplete, 0),
            ("shop-odd", Incomplete, 0),
            ("shop-away", Incomplete, 0)
        ]
    );
    assert_eq!(reports[0].test_cases[1].test_raw_data_path, "sub/b.xml");
    assert!(
        ran.notes().iter().any(|note| note.contains("broken.xml is no JUNITXML: the file ends inside of `testsuite`"))
    );
    assert!(
        lab.path("reports/units/b.xml").exists()
            && lab.path("reports/arn_aws_codebuild_eu-west-1_123456789012_report-group_own/out/a.xml").exists()
    );
    let json = serde_json::to_value(&ran.result).unwrap();
    assert_eq!(json["reportArns"][1].as_str().unwrap().split(':').nth(5), Some("report/own"));
    assert_eq!(json["reports"][0]["testSummary"]["statusCounts"]["SUCCEEDED"], 2);
    assert_eq!(
        json["reports"][0]["reportGroupArn"],
        "arn:aws:codebuild:us-east-1:000000000000:report-group/shop-units"
    );
    assert_eq!(json["reports"][1]["reportGroupArn"], "arn:aws:codebuild:eu-west-1:123456789012:report-group/own");
}

/// 500 cases are kept, those that failed first; all are counted.
#[test]
fn limits() {
    let mut text = "<testsuite>".to_owned();
    for index in 0..700 {
        text += &format!("<testcase name='{index}'/>");
    }
    text += &format!(
        "<testcase name='{}'><failure>{}</failure></testcase></testsuite>",
        "n".repeat(2_000),
        "m".repeat(9_000)
    );
    let report = read("JUNITXML", &text);
    assert_eq!(report.test_cases.len(), 500);
    assert!(report.truncated);
    assert_eq!(report.test_cases[0].status, TestStatus::Failed);
    assert_eq!((report.test_cases[0].name.len(), report.test_cases[0].message.len()), (1_000, 5_000));
    let summary = report.test_summary.unwrap();
    assert_eq!((summary.total, summary.status_counts[&TestStatus::Succeeded]), (701, 700));
}

/// Reports of a build that failed are read all the same, and their messages are masked.
#[test]
fn of_a_failed_build() {
    let lab = Lab::new();
    let spec = spec(
        "version: 0.2\nphases:\n  build:\n    commands:\n      - printf '<testsuite><testcase name=\"a\"><failure>token is %s</failure></testcase></testsuite>' $TOKEN > r.xml\n      - exit 1\nreports:\n  r: {files: r.xml}\n",
    );
    let request = lab
        .request(&spec)
        .with_overrides(vec![("TOKEN".to_owned(), "hunter2".to_owned())])
        .with_sensitive(vec!["TOKEN".to_owned()]);
    let ran = lab.run_with(&request).unwrap();
    assert_eq!(ran.result.status, BuildStatus::Failed);
    assert_eq!(ran.result.reports[0].status, ReportStatus::Failed);
    assert_eq!(ran.result.reports[0].test_cases[0].message, "token is ***");
    assert!(!ran.everything().contains("hunter2"));
}

mod damaged {
    use super::*;
    use proptest::prelude::*;

    const FORMATS: [&str; 10] = [
        "CLOVERXML",
        "COBERTURAXML",
        "CUCUMBERJSON",
        "JACOCOXML",
        "JUNITXML",
        "NUNIT3XML",
        "NUNITXML",
        "SIMPLECOV",
        "TESTNGXML",
        "VISUALSTUDIOTRX",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 10))]

        /// Whatever a file holds, the build ends and the report adds up.
        #[test]
        fn no_file_breaks_a_build(text in "[<>/&;'\"=a{}\\[\\]:,0-9 -]{0,60}", format in 0..FORMATS.len(), cut in 0..TRX.len()) {
            for text in [text, TRX.chars().take(cut).collect()] {
                let report = read(FORMATS[format], &text);
                let counted: u64 = report.test_summary.map_or(0, |summary| summary.status_counts.values().sum());
                prop_assert_eq!(counted, report.test_cases.len() as u64);
            }
        }
    }
}
