//! Task definitions and deployments against the in-memory cluster.

mod body;
mod canonical;
mod cluster;
mod deploy;
mod edit;
mod faults;
mod follow;
mod pages;
mod read;
