//! How a service is deployed, as `CreateService` and `UpdateService` set it: read once, so that the scheduler sees no JSON.

use std::time::Duration;

use serde_json::Value as Json;

use crate::client::{CircuitBreaker, DeploymentAlarms, HookAction, HookTarget, Strategy};

/// A lifecycle hook as it was asked for.
#[derive(Clone, Debug)]
pub(super) struct HookSetting {
    pub(super) target: HookTarget,
    pub(super) function: Option<String>,
    pub(super) stages: Vec<String>,
    pub(super) timeout: Duration,
    pub(super) on_timeout: HookAction,
}

/// How a service is deployed.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) strategy: Strategy,
    pub(super) breaker: CircuitBreaker,
    pub(super) alarms: DeploymentAlarms,
    pub(super) maximum_percent: u32,
    pub(super) minimum_healthy_percent: u32,
    pub(super) bake: Duration,
    /// The percentage of the first step, or of each.
    pub(super) step_percent: f64,
    pub(super) step_bake: Duration,
    pub(super) hooks: Vec<HookSetting>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strategy: Strategy::Rolling,
            breaker: CircuitBreaker::default(),
            alarms: DeploymentAlarms::default(),
            maximum_percent: 200,
            minimum_healthy_percent: 100,
            bake: Duration::ZERO,
            step_percent: 100.0,
            step_bake: Duration::ZERO,
            hooks: Vec::new(),
        }
    }
}

impl Settings {
    /// Takes over what a request names; the rest stays. `Err` is the message of the refusal, and nothing is changed.
    pub(super) fn apply(&mut self, request: &Json) -> Result<(), String> {
        let Some(configuration) = request.get("deploymentConfiguration").filter(|value| value.is_object()) else {
            return Ok(());
        };
        let mut new = self.clone();
        new.read(configuration)?;
        if new.maximum_percent <= new.minimum_healthy_percent {
            return Err("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."
                .to_owned());
        }
        *self = new;
        Ok(())
    }

    fn read(&mut self, json: &Json) -> Result<(), String> {
        let number = |key: &str| json[key].as_u64().and_then(|number| u32::try_from(number).ok());
        let flag = |json: &Json, key: &str| json[key].as_bool().unwrap_or_default();
        self.maximum_percent = number("maximumPercent").unwrap_or(self.maximum_percent);
        self.minimum_healthy_percent = number("minimumHealthyPercent").unwrap_or(self.minimum_healthy_percent);
        if let Some(breaker) = json.get("deploymentCircuitBreaker") {
            self.breaker = CircuitBreaker { enable: flag(breaker, "enable"), rollback: flag(breaker, "rollback") };
        }
        if let Some(alarms) = json.get("alarms") {
            self.alarms = DeploymentAlarms {
                enable: flag(alarms, "enable"),
                rollback: flag(alarms, "rollback"),
                names: texts(&alarms["alarmNames"]),
            };
        }
        if let Some(strategy) = json["strategy"].as_str() {
            self.strategy = Strategy::from(strategy);
            if let Strategy::Unknown(word) = &self.strategy {
                return Err(format!("Invalid deployment strategy: {word}."));
            }
        }
        if json.get("earlySuccessCriteria").is_some() && self.strategy != Strategy::Rolling {
            return Err(format!("Early success criteria not supported for {} deployment strategy", self.strategy));
        }
        if let Some(minutes) = number("bakeTimeInMinutes") {
            self.bake = minutes_of(minutes);
        }
        for (key, percent, bake) in [
            ("canaryConfiguration", "canaryPercent", "canaryBakeTimeInMinutes"),
            ("linearConfiguration", "stepPercent", "stepBakeTimeInMinutes"),
        ] {
            let Some(steps) = json.get(key) else { continue };
            self.step_percent = steps[percent].as_f64().unwrap_or(10.0);
            self.step_bake = minutes_of(steps[bake].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(6));
            if !(0.1..=100.0).contains(&self.step_percent) {
                return Err(format!("{percent} must be between 0.1 and 100.0."));
            }
        }
        if let Some(hooks) = json.get("lifecycleHooks").and_then(Json::as_array) {
            self.hooks = hooks.iter().map(hook).collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// How long the production traffic takes to move.
    pub(super) fn shift(&self) -> Duration {
        match self.strategy {
            Strategy::Canary => self.step_bake,
            Strategy::Linear => self.step_bake.saturating_mul(self.steps().saturating_sub(1)),
            _ => Duration::ZERO,
        }
    }

    /// The percentage of production traffic that has moved so long after the shift began.
    pub(super) fn shifted(&self, after: Duration) -> f64 {
        let moved = match self.strategy {
            Strategy::Canary if after < self.step_bake => self.step_percent,
            Strategy::Linear if !self.step_bake.is_zero() => {
                let step = u32::try_from(after.as_secs() / self.step_bake.as_secs().max(1)).unwrap_or(u32::MAX);
                f64::from(step.saturating_add(1)) * self.step_percent
            }
            _ => 100.0,
        };
        moved.min(100.0)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 1000")]
    fn steps(&self) -> u32 {
        (100.0 / self.step_percent).ceil() as u32
    }
}

fn hook(json: &Json) -> Result<HookSetting, String> {
    let target = HookTarget::from(json["targetType"].as_str().unwrap_or("AWS_LAMBDA"));
    let function = json["hookTargetArn"].as_str().map(str::to_owned);
    if target == HookTarget::Lambda && function.is_none() {
        return Err("hookTargetArn is required for lifecycle hooks of type AWS_LAMBDA.".to_owned());
    }
    let timeout = &json["timeoutConfiguration"];
    let minutes = timeout["timeoutInMinutes"].as_u64().and_then(|minutes| u32::try_from(minutes).ok()).unwrap_or(1440);
    Ok(HookSetting {
        target,
        function,
        stages: texts(&json["lifecycleStages"]),
        timeout: minutes_of(minutes),
        on_timeout: HookAction::from(timeout["action"].as_str().unwrap_or("ROLLBACK")),
    })
}

fn minutes_of(minutes: u32) -> Duration {
    Duration::from_secs(60 * u64::from(minutes))
}

fn texts(json: &Json) -> Vec<String> {
    json.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}
