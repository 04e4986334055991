//! CodeDeploy's AppSpec: read, check, plan and apply, and the CodeDeploy client.
