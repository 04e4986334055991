//! The rule `DeploymentWindow`: holds while a cron expression matches, and waits for the next time that it does.
//!
//! The page "DeploymentWindow" of the rule reference has the grammar: Quartz's, with seconds that can only be `*`, and an
//! optional year. That the rule waits for the window rather than failing outside of it is said there too: an alarm beside
//! it "might succeed before the deployment window opens". How long it waits at most is the rule's own timeout.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use pipeline_model::model::ActionTypeId;

use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};

pub(super) fn provider(_: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(DeploymentWindow)
}

#[derive(Debug)]
struct DeploymentWindow;

#[async_trait]
impl ActionProvider for DeploymentWindow {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Rule", "AWS", "DeploymentWindow", "1")]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        let judged = || -> Result<ActionOutcome, ActionOutcome> {
            let cron = job.required("Cron")?;
            let zone = job.config("TimeZone").unwrap_or("UTC");
            let now = Timestamp::try_from(cx.clock.now()).map_err(|error| ActionOutcome::failed(error.to_string()))?;
            Ok(match until_open(cron, zone, now).map_err(ActionOutcome::misconfigured)? {
                None => ActionOutcome::succeeded().with_summary(format!("the window `{cron}` is open")),
                Some(after) => ActionOutcome::Continue { token: format!("waits for `{cron}`"), after },
            })
        };
        judged().unwrap_or_else(|outcome| outcome)
    }
}

/// How long until the window opens; `None` while it is open.
fn until_open(cron: &str, zone: &str, now: Timestamp) -> Result<Option<Duration>, String> {
    let window = window(cron)?;
    let now = now.to_zoned(time_zone(zone)?);
    let never = |error| format!("the window `{}` never opens: {error}", cron.escape_debug());
    let next: Zoned = window.find_next_occurrence(&now, true).map_err(never)?;
    let wait = next.timestamp().duration_since(now.timestamp());
    // The expression names whole seconds; a fraction of one that it matches is in the window.
    let open = window.is_time_matching(&now).map_err(never)?;
    Ok(if open { None } else { Some(wait.unsigned_abs()) })
}

fn window(cron: &str) -> Result<Cron, String> {
    let shown = cron.escape_debug();
    if !matches!(cron.split_whitespace().count(), 6 | 7) {
        return Err(format!(
            "`Cron` `{shown}` must have the 6 fields second, minute, hour, day of month, month and day of week, and may \
             have a year: write `* * 9-17 ? * MON-FRI` for office hours"
        ));
    }
    // Quartz counts weekdays from Sunday = 1, needs both kinds of days to fit, and has `0/15` for `0-59/15`.
    let parser = CronParser::builder()
        .seconds(Seconds::Required)
        .year(Year::Optional)
        .dom_and_dow(true)
        .alternative_weekdays(true)
        .sloppy_ranges(true)
        .build();
    parser.parse(cron).map_err(|error| format!("`Cron` `{shown}` is no cron expression: {error}"))
}

/// `UTC`, an offset from it such as `UTC+09:30`, or a name of the IANA database.
fn time_zone(name: &str) -> Result<TimeZone, String> {
    let unknown = || {
        format!(
            "`TimeZone` `{}` is not known here: write a region and city such as Europe/Paris, or UTC+01:00",
            name.escape_debug()
        )
    };
    let Some(offset) = name.strip_prefix("UTC").or_else(|| name.strip_prefix("GMT")) else {
        return TimeZone::get(name).map_err(|_| unknown());
    };
    if offset.is_empty() {
        return Ok(TimeZone::UTC);
    }
    let (sign, clock) = match offset.split_at_checked(1) {
        Some(("+", clock)) => (1, clock),
        Some(("-", clock)) => (-1, clock),
        _ => return Err(unknown()),
    };
    let (hours, minutes) = clock.split_once(':').unwrap_or((clock, "0"));
    let (Ok(hours), Ok(minutes)) = (hours.parse::<u8>(), minutes.parse::<u8>()) else { return Err(unknown()) };
    if hours > 18 || minutes > 59 {
        return Err(unknown());
    }
    let seconds = sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60);
    Offset::from_seconds(seconds).map(TimeZone::fixed).map_err(|_| unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(cron: &str, zone: &str, now: &str) -> Result<Option<u64>, String> {
        until_open(cron, zone, now.parse().unwrap()).map(|wait| wait.map(|wait| wait.as_secs()))
    }

    #[test]
    fn windows_open_when_the_expression_says_so() {
        const HOUR: u64 = 3600;
        // 2026-11-21 is a Saturday.
        for (cron, zone, now, expected) in [
            ("* * 9-17 ? * MON-FRI", "UTC", "2026-11-20T09:00:00Z", None),
            ("* * 9-17 ? * MON-FRI", "UTC", "2026-11-20T17:59:59.9Z", None),
            ("* * 9-17 ? * MON-FRI", "UTC", "2026-11-20T08:00:00Z", Some(HOUR)),
            ("* * 9-17 ? * MON-FRI", "UTC", "2026-11-21T09:00:00Z", Some(48 * HOUR)),
            ("* * 9-17 ? * 2-6", "UTC", "2026-11-21T09:00:00Z", Some(48 * HOUR)),
            ("* * 9-17 ? * MON-FRI", "Europe/Paris", "2026-11-20T08:30:00Z", None),
            ("* * 9-17 ? * MON-FRI", "UTC+09:30", "2026-11-20T00:00:00Z", None),
            ("* * 9-17 ? * MON-FRI", "UTC-01", "2026-11-20T09:00:00Z", Some(HOUR)),
            ("* 0/15 * * * ?", "UTC", "2026-11-21T10:16:00Z", Some(14 * 60)),
            ("* * * L * ?", "UTC", "2026-11-29T00:00:00Z", Some(24 * HOUR)),
            ("* * * ? * 6L", "UTC", "2026-11-27T12:00:00Z", None),
            ("* * * ? * SAT#3", "UTC", "2026-11-21T12:00:00Z", None),
            ("* * * 15W * ?", "UTC", "2026-11-16T12:00:00Z", None),
            ("* * * ? DEC * 2026", "UTC", "2026-11-30T23:00:00Z", Some(HOUR)),
        ] {
            assert_eq!(wait(cron, zone, now), Ok(expected), "{cron} {zone} {now}");
        }
    }

    #[test]
    fn what_is_no_window_is_told() {
        let now = "2026-11-21T09:00:00Z";
        for (cron, zone, words) in [
            ("* 9-17 ? * MON-FRI", "UTC", "must have the 6 fields"),
            ("* * 25 ? * *", "UTC", "is no cron expression"),
            ("* * * 31 2 ?", "UTC", "never opens"),
            ("* * * ? * * 2020", "UTC", "never opens"),
            ("* * * ? * *", "Mars/Base", "is not known here"),
            ("* * * ? * *", "UTC+99:00", "is not known here"),
            ("* * * ? * *", "UTC 1", "is not known here"),
        ] {
            let error = wait(cron, zone, now).unwrap_err();
            assert!(error.contains(words), "{cron} {zone}: {error}");
        }
    }
}
