//! Layers that need no compression because the repository has them: an image in it tells, by its configuration, the
//! uncompressed digest of each of its layers.
//!
//! The pairing is believed only within one repository, because whoever can write there can change the image anyway.

use std::collections::BTreeMap;

use crate::{
    digest::Digest,
    error::{DocumentError, Error},
    image::{Blob, ImageConfig},
    manifest::{Descriptor, Manifest, RawManifest},
    media::MediaType,
    source::DockerArchive,
};

/// The compressed layers of an image in the repository by the digests of their uncompressed bytes.
pub type KnownLayers = BTreeMap<Digest, Descriptor>;

/// Pairs the layers that `manifest` names with the digests in its configuration. Empty if they do not match one to one, and
/// for an index.
///
/// # Errors
/// [`Error::Document`] if `config` is not valid or has another digest than the manifest says.
pub fn known_layers(manifest: &RawManifest, config: &[u8]) -> Result<KnownLayers, Error> {
    let Manifest::Image(parsed) = manifest.manifest() else { return Ok(KnownLayers::new()) };
    let what = || format!("configuration {}", parsed.config.digest);
    if Digest::of(config) != parsed.config.digest {
        return Err(DocumentError::new(what(), "its bytes have another digest").into());
    }
    let config: ImageConfig = serde_json::from_slice(config).map_err(|error| DocumentError::new(what(), error))?;
    let diff_ids = config.rootfs.diff_ids;
    if diff_ids.len() != parsed.layers.len() {
        return Ok(KnownLayers::new());
    }
    let pairs = diff_ids.into_iter().zip(&parsed.layers).filter_map(|(diff_id, layer)| {
        // The archive's manifest is OCI, so its layers get OCI's names for the same bytes.
        let media_type = match &layer.media_type {
            MediaType::DockerLayerGzip | MediaType::OciLayerGzip => MediaType::OciLayerGzip,
            MediaType::OciLayerZstd => MediaType::OciLayerZstd,
            _ => return None,
        };
        Some((diff_id, Descriptor::new(media_type, layer.digest, layer.size)))
    });
    Ok(pairs.collect())
}

/// For each layer of the archive, the blob in the repository that has its content; `None` where there is none.
#[must_use]
pub fn reused(archive: &DockerArchive, known: &KnownLayers) -> Vec<Option<Blob>> {
    let layers = archive.layers().iter();
    layers.map(|layer| known.get(&layer.diff_id).map(|descriptor| Blob::elsewhere(descriptor.clone()))).collect()
}
