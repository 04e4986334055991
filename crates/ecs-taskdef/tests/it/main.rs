//! Task definitions and deployments against the in-memory cluster.

mod body;
mod canonical;
mod cluster;
mod deploy;
mod edit;
mod exhaustive;
mod faults;
mod follow;
mod forms;
mod outcomes;
mod pages;
mod prune;
mod read;
mod rollback;
mod run;
mod scale;
mod schema;
mod serve;
mod settings;
mod strategies;
mod verify;
