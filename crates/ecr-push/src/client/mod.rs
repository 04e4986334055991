//! What a push needs of a registry, as roles in this crate's own types; and those around it, for repositories and for what
//! follows a push. The adapter over the SDK and the in-memory registry play all of them; so can you.

#[cfg(feature = "memory")]
mod faulty;
#[cfg(feature = "memory")]
mod memory;
mod operation;
#[cfg(feature = "sdk")]
mod sdk;
mod settings;

use async_trait::async_trait;
use aws_call::CallError;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

#[cfg(feature = "serve")]
pub use self::memory::{HttpFault, RegistryServer, RequestLine, ServeOptions};
pub use self::operation::Operation;
#[cfg(feature = "sdk")]
pub use self::sdk::{Ecr, EcrPublic};
pub use self::settings::{
    Destination, Encryption, Inspections, PullThroughRule, RegistrySettings, Replica, Replication, ReplicationRule,
    RepositoryDocuments, RepositoryFilter, RepositorySettings, Scan, Settings, TagRule, Vulnerability,
};
#[cfg(feature = "memory")]
pub use self::{
    faulty::{Break, Faulty, When},
    memory::{MemoryRegistry, Traffic},
};
use crate::{
    digest::Digest,
    media::MediaType,
    reference::{RepositoryName, Tag},
};

/// The most digests of one [`ImageStore::batch_check_layers`].
pub const CHECK_LIMIT: usize = 100;

/// A store of images: the six calls of a push.
///
/// Each call is safe to repeat: of a call whose answer was lost, the service says by its error what had happened.
#[async_trait]
pub trait ImageStore: Send + Sync {
    /// Tells for up to [`CHECK_LIMIT`] digests whether the repository has them. A digest that is left out of the answer
    /// counts as missing.
    async fn batch_check_layers(&self, request: &BatchCheckLayers) -> Result<Vec<LayerState>, CallError>;

    /// Begins to upload a layer.
    async fn initiate_upload(&self, request: &InitiateUpload) -> Result<Upload, CallError>;

    /// Sends the next part of a layer. Parts of one layer follow one another without gap.
    async fn upload_part(&self, request: &UploadPart) -> Result<PartAnswer, CallError>;

    /// Ends an upload; the service compares the digest. Returns the digest that it computed.
    async fn complete_upload(&self, request: &CompleteUpload) -> Result<Digest, CallError>;

    /// Stores a manifest, and lets a tag name it. Returns the digest that the service computed.
    async fn put_image(&self, request: &PutImage) -> Result<Digest, CallError>;

    /// The image that a tag or digest names; `None` if there is none. A missing repository is an error.
    async fn get_image(&self, request: &GetImage) -> Result<Option<StoredImage>, CallError>;
}

/// The repositories of a registry.
#[async_trait]
pub trait Repositories: Send + Sync {
    /// The repository; `None` if there is none.
    async fn describe(&self, request: &DescribeRepository) -> Result<Option<Repository>, CallError>;

    /// Creates a repository; `RepositoryAlreadyExistsException` if it exists.
    async fn create(&self, request: &CreateRepository) -> Result<Repository, CallError>;
}

const _: fn(&dyn ImageStore, &dyn Repositories) = |_, _| ();

/// Defines a request: a plain struct with a constructor for its required fields, open for new ones.
macro_rules! request {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
        }

        impl $name {
            /// A request with the given fields.
            #[must_use]
            pub const fn new($($field: $type),+) -> Self {
                Self { $($field),+ }
            }
        }
    };
}

request! {
    /// Which layers are there?
    BatchCheckLayers {
        /// In which repository.
        repository: RepositoryName,
        /// Which layers; configurations count as layers.
        digests: Vec<Digest>,
    }
}

request! {
    /// A layer will come.
    InitiateUpload {
        /// Into which repository.
        repository: RepositoryName,
    }
}

request! {
    /// A part of a layer.
    UploadPart {
        /// Into which repository.
        repository: RepositoryName,
        /// Of which upload.
        upload_id: String,
        /// The position of the part's first byte in the layer.
        first_byte: u64,
        /// The bytes.
        bytes: Bytes,
    }
}

request! {
    /// The layer is complete.
    CompleteUpload {
        /// In which repository.
        repository: RepositoryName,
        /// Which upload.
        upload_id: String,
        /// The digest that the layer must have.
        digest: Digest,
    }
}

request! {
    /// Store a manifest.
    PutImage {
        /// In which repository.
        repository: RepositoryName,
        /// The manifest's bytes.
        manifest: Bytes,
        /// What it is.
        media_type: MediaType,
        /// The digest that it must have.
        digest: Digest,
        /// The tag that shall name it.
        tag: Option<Tag>,
    }
}

request! {
    /// Which image is that?
    GetImage {
        /// In which repository.
        repository: RepositoryName,
        /// Under which name.
        id: ImageId,
    }
}

request! {
    /// Does the repository exist?
    DescribeRepository {
        /// Which one.
        name: RepositoryName,
    }
}

request! {
    /// Create a repository.
    CreateRepository {
        /// Its name.
        name: RepositoryName,
        /// Whether its tags can be moved.
        mutability: TagMutability,
    }
}

request! {
    /// Whether a layer is there.
    LayerState {
        /// Which one.
        digest: Digest,
        /// Whether it is there.
        availability: Availability,
    }
}

request! {
    /// An upload under way.
    Upload {
        /// Its id.
        id: String,
        /// How large the service expects the parts to be.
        part_size: u64,
    }
}

request! {
    /// An image in the store.
    StoredImage {
        /// Its digest.
        digest: Digest,
        /// What its manifest is.
        media_type: MediaType,
        /// The bytes of the manifest.
        manifest: Bytes,
    }
}

request! {
    /// A repository.
    Repository {
        /// Its name.
        name: RepositoryName,
        /// Host and name, as an image reference begins.
        uri: String,
        /// Whether its tags can be moved.
        mutability: TagMutability,
    }
}

/// Whether a layer is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Availability {
    /// It is.
    Available,
    /// It is not.
    Unavailable,
    /// It lies in the archive storage class: it must be uploaded again to be used.
    Archived,
}

/// How the service took a part.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartAnswer {
    /// It has all bytes up to and including this one.
    Received {
        /// The position of the last byte.
        last_byte: u64,
    },
    /// It did not take the part (`InvalidLayerPartException`): its first byte does not follow what it has. That is also
    /// the answer when a part is sent again whose first answer was lost.
    Resume {
        /// The last byte it has; `None` if it has none.
        last_valid_byte: Option<u64>,
        /// The service's words.
        message: String,
    },
}

/// By what an image is named.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageId {
    /// By a tag.
    Tag(Tag),
    /// By its digest.
    Digest(Digest),
}

/// Whether tags of a repository can be moved to another image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum TagMutability {
    /// They can.
    #[default]
    Mutable,
    /// They cannot.
    Immutable,
}

/// Both roles for whatever points to one who plays them, so that a test can keep its registry.
macro_rules! forward {
    ($($pointer:ty),+) => {$(
        #[async_trait]
        impl<T: ImageStore + ?Sized> ImageStore for $pointer {
            async fn batch_check_layers(&self, request: &BatchCheckLayers) -> Result<Vec<LayerState>, CallError> {
                (**self).batch_check_layers(request).await
            }

            async fn initiate_upload(&self, request: &InitiateUpload) -> Result<Upload, CallError> {
                (**self).initiate_upload(request).await
            }

            async fn upload_part(&self, request: &UploadPart) -> Result<PartAnswer, CallError> {
                (**self).upload_part(request).await
            }

            async fn complete_upload(&self, request: &CompleteUpload) -> Result<Digest, CallError> {
                (**self).complete_upload(request).await
            }

            async fn put_image(&self, request: &PutImage) -> Result<Digest, CallError> {
                (**self).put_image(request).await
            }

            async fn get_image(&self, request: &GetImage) -> Result<Option<StoredImage>, CallError> {
                (**self).get_image(request).await
            }
        }

        #[async_trait]
        impl<T: Repositories + ?Sized> Repositories for $pointer {
            async fn describe(&self, request: &DescribeRepository) -> Result<Option<Repository>, CallError> {
                (**self).describe(request).await
            }

            async fn create(&self, request: &CreateRepository) -> Result<Repository, CallError> {
                (**self).create(request).await
            }
        }
    )+};
}

forward!(std::sync::Arc<T>, Box<T>, &T);
