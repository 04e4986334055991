//! Lossless ECS task definitions and honest service deployments.
