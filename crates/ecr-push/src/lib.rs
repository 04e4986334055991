#![doc = include_str!("../README.md")]

pub mod build;
pub mod client;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod digest;
pub mod door;
pub mod error;
pub mod image;
pub mod inspect;
pub mod login;
pub mod manifest;
pub mod media;
#[cfg(feature = "https")]
pub mod oci;
pub mod outputs;
pub mod plan;
#[cfg(feature = "https")]
pub mod pull;
pub mod push;
pub mod reference;
pub mod repository;
#[cfg(feature = "local")]
pub mod source;

#[cfg(feature = "local")]
pub use build::dockerfile;
pub use build::{ImageBuilder, Layer};
pub use digest::Digest;
pub use error::{Error, NameError, Result};
pub use image::{Blob, Image};
pub use manifest::Platform;
pub use media::MediaType;
pub use plan::PushPlan;
pub use push::{Progress, PushOptions, PushReport, PushRequest, Pusher, Silent, Verify};
pub use reference::{ImageRef, Registry, RepositoryName, Tag};
