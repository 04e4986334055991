//! The rules of conditions.

use std::sync::Arc;

use aws_call::Clock;
use pipeline_runner::client::{Commands, Function};
use pipeline_runner::core::FailureKind;
use pipeline_runner::{ActionJob, ActionOutcome};

use super::{Bench, action, failed, succeeded};

async fn run(bench: &Bench, provider: &str, configuration: &[(&str, &str)]) -> ActionOutcome {
    bench.run(ActionJob::of("rule-1", &action("Rule", provider, configuration))).await
}

#[tokio::test]
async fn a_window_is_waited_for() {
    let bench = Bench::new();
    // The bench begins on 2023-11-14, a Tuesday, at 22:13:20.
    let began = bench.clock.now();
    succeeded(&run(&bench, "DeploymentWindow", &[("Cron", "* * 22 ? * TUE")]).await);
    assert_eq!(bench.clock.now(), began);
    succeeded(&run(&bench, "DeploymentWindow", &[("Cron", "* * 9-17 ? * MON-FRI"), ("TimeZone", "UTC+01:00")]).await);
    assert_eq!(bench.clock.now().duration_since(began).unwrap().as_secs(), 10 * 3600 - 13 * 60 - 20);
    for configuration in [&[("Cron", "* * 9 ? * *"), ("TimeZone", "Nowhere")][..], &[("Cron", "whenever")], &[]] {
        let (kind, _) = failed(&run(&bench, "DeploymentWindow", configuration).await);
        assert_eq!(kind, FailureKind::ConfigurationError);
    }
}

#[tokio::test]
async fn commands_decide_by_their_exit_code() {
    let bench = Bench::new();
    bench.artifact("rule-1/In", &[("version", "2")]).await;
    for (command, holds) in [("grep -q 2 version", true), ("grep -q 3 version", false)] {
        let mut action = action("Rule", "Commands", &[]).with_input("In");
        action.commands.push(command.to_owned());
        let outcome = bench.run(ActionJob::of("rule-1", &action)).await;
        assert_eq!(matches!(outcome, ActionOutcome::Succeeded { .. }), holds, "{command}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_function_decides_by_its_end() {
    let mut bench = Bench::new();
    let path = vec![("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())];
    let functions = Commands::new(bench.path("functions"), path)
        .with_function("yes", Function::new(["true"]))
        .with_function("no", Function::new(["false"]));
    bench.backends.functions = Arc::new(functions);
    succeeded(&run(&bench, "LambdaInvoke", &[("FunctionName", "yes")]).await);
    failed(&run(&bench, "LambdaInvoke", &[("FunctionName", "no")]).await);
}
