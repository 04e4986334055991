//! What `docker save` writes: a tar with `manifest.json`, a configuration, and layers that are mostly not compressed.
//!
//! The layers are known by the digests of their uncompressed bytes. What a repository has under such a digest needs not be
//! compressed again: see [`reuse`](crate::source::reuse).

use std::path::Path;

use serde::Deserialize;

use super::{gzip, index::TarIndex};
use crate::{
    digest::{Digest, Hasher},
    error::{BuildError, DigestMismatch, DocumentError, Error, IoError},
    image::{Blob, Image, ImageConfig, layout::Select, read::DOCUMENT_LIMIT, section::Section},
    manifest::{Descriptor, ImageManifest, OtherFields, Platform, RawManifest},
    media::MediaType,
};

pub(super) const MANIFEST: &str = "manifest.json";
/// No layer unpacks to more: ECR takes 52,000 MiB compressed, and a bomb would never end.
const UNPACKED: u64 = 1 << 40;
const STEP: u64 = 1 << 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Vec<String>,
}

/// An image in an archive of `docker save`, before its layers are compressed.
///
/// Compressing blocks the thread and takes most of the time of a first push: do it on a thread of its own, and leave out what
/// the repository has.
#[derive(Debug, Clone)]
pub struct DockerArchive {
    config: Blob,
    platform: Platform,
    layers: Vec<ArchiveLayer>,
}

/// A layer of an archive.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ArchiveLayer {
    /// The digest of its uncompressed bytes, as the configuration says.
    pub diff_id: Digest,
    section: Section,
}

impl ArchiveLayer {
    /// How many bytes it has in the archive.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.section.len()
    }

    /// The layer as it is sent, compressed on up to `threads` threads into a nameless file in `scratch`. A layer that is
    /// compressed in the archive stays as it is.
    ///
    /// # Errors
    /// [`Error::DigestMismatch`] if its bytes are not those of its digest, [`Error::Io`] if something cannot be read or
    /// written, [`Error::Build`] if it unpacks to more than any layer has.
    pub fn compress(&self, scratch: &Path, threads: usize) -> Result<Blob, Error> {
        let magic = self.section.read_at(0, 4)?;
        let (diff_id, media_type, digest, section) = match magic.as_slice() {
            [0x1f, 0x8b, ..] => (
                unpacked(&self.section, UNPACKED)?,
                MediaType::OciLayerGzip,
                whole(&self.section)?,
                self.section.clone(),
            ),
            // What zstd holds cannot be looked at here; the configuration is believed, as by every other tool.
            [0x28, 0xb5, 0x2f, 0xfd] => {
                (self.diff_id, MediaType::OciLayerZstd, whole(&self.section)?, self.section.clone())
            }
            _ => {
                let file =
                    tempfile::tempfile_in(scratch).map_err(|error| IoError::new("create a file in", scratch, error))?;
                let done = gzip::gzip(&self.section, file, &scratch.join("layer"), threads)?;
                (done.diff_id, MediaType::OciLayerGzip, done.digest, done.section)
            }
        };
        if diff_id != self.diff_id {
            let advice = "the archive is damaged: save the image again";
            let what = format!("the layer `{}`", self.section.name());
            return Err(DigestMismatch::new(what, "reading it", self.diff_id, diff_id, advice).into());
        }
        Blob::from_section(Descriptor::new(media_type, digest, section.len()), section)
    }
}

impl DockerArchive {
    pub(super) fn read(index: &TarIndex, select: &Select, platform: Option<&Platform>) -> Result<Self, Error> {
        let bytes = document(index, MANIFEST)?;
        let invalid = |why: String| DocumentError::new(index.path().join(MANIFEST).display().to_string(), why);
        let entries: Vec<Entry> = serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
        let mut found = Vec::new();
        for entry in &entries {
            if named(entry, select) {
                let archive = Self::image(index, entry)?;
                let fits = match select {
                    Select::Digest(digest) => archive.config.digest() == *digest,
                    _ => true,
                };
                if fits && platform.is_none_or(|wanted| archive.platform.fits(wanted)) {
                    found.push(archive);
                }
            }
        }
        found.dedup_by_key(|archive| archive.config.digest());
        match <[Self; 1]>::try_from(found) {
            Ok([archive]) => Ok(archive),
            Err(found) => {
                let tags: Vec<&str> =
                    entries.iter().flat_map(|entry| entry.repo_tags.iter().flatten()).map(String::as_str).collect();
                let platform = platform.map(|platform| format!(" and the platform {platform}")).unwrap_or_default();
                let count = found.len();
                let tags = tags.join(", ");
                Err(invalid(format!("{count} images fit the selection {select:?}{platform}; its tags are [{tags}]"))
                    .into())
            }
        }
    }

    fn image(index: &TarIndex, entry: &Entry) -> Result<Self, Error> {
        let bytes = document(index, &entry.config)?;
        let what = || index.path().join(&entry.config).display().to_string();
        let config: ImageConfig = serde_json::from_slice(&bytes).map_err(|error| DocumentError::new(what(), error))?;
        let diff_ids = &config.rootfs.diff_ids;
        if diff_ids.len() != entry.layers.len() {
            let why = format!("it names {} layers, and {MANIFEST} names {}", diff_ids.len(), entry.layers.len());
            return Err(DocumentError::new(what(), why).into());
        }
        let mut layers = Vec::with_capacity(diff_ids.len());
        for (diff_id, name) in diff_ids.iter().zip(&entry.layers) {
            let section = index.section(name).ok_or_else(|| absent(index, name))?;
            layers.push(ArchiveLayer { diff_id: *diff_id, section });
        }
        let platform = config.platform();
        Ok(Self { config: Blob::from_bytes(MediaType::OciConfig, bytes), platform, layers })
    }

    /// The layers, the lowest first.
    #[must_use]
    pub fn layers(&self) -> &[ArchiveLayer] {
        &self.layers
    }

    /// For which platform the image is.
    #[must_use]
    pub const fn platform(&self) -> &Platform {
        &self.platform
    }

    /// The configuration, byte for byte as in the archive.
    #[must_use]
    pub const fn config(&self) -> &Blob {
        &self.config
    }

    /// The image with its layers as they are sent, the lowest first: results of [`ArchiveLayer::compress`], and
    /// [`Blob::elsewhere`] for those that the repository has.
    ///
    /// # Errors
    /// [`Error::Build`] if there are more or fewer than the archive has.
    pub fn image_of(&self, layers: Vec<Blob>) -> Result<Image, Error> {
        if layers.len() != self.layers.len() {
            let problem = format!("it has {} layers, and {} are given", self.layers.len(), layers.len());
            return Err(BuildError::new("the archive", problem, "give each of its layers once, in its order").into());
        }
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(MediaType::OciManifest),
            config: self.config.descriptor().clone(),
            layers: layers.iter().map(|layer| layer.descriptor().clone()).collect(),
            annotations: Default::default(),
            other: OtherFields::new(),
        };
        let manifest = serde_json::to_vec(&manifest).map_err(|error| DocumentError::new("the new manifest", error))?;
        Image::new(RawManifest::parse(manifest, None)?, self.config.clone(), layers)
    }
}

fn named(entry: &Entry, select: &Select) -> bool {
    let Select::Name(name) = select else { return true };
    let mut tags = entry.repo_tags.iter().flatten();
    tags.any(|tag| tag == name || tag.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with([':', '/'])))
}

fn document(index: &TarIndex, name: &str) -> Result<Vec<u8>, Error> {
    let section = index.section(name).ok_or_else(|| absent(index, name))?;
    if section.len() > DOCUMENT_LIMIT {
        let why = format!("it has {} bytes, more than {DOCUMENT_LIMIT}", section.len());
        return Err(DocumentError::new(section.name().to_string(), why).into());
    }
    section.read_at(0, DOCUMENT_LIMIT)
}

pub(super) fn absent(index: &TarIndex, name: &str) -> Error {
    let name: String = name.chars().take(200).collect();
    let why = format!("it has no member `{name}`; the archive is incomplete");
    DocumentError::new(format!("archive {}", index.path().display()), why).into()
}

fn whole(section: &Section) -> Result<Digest, Error> {
    let mut hasher = Hasher::new();
    let mut at = 0;
    while at < section.len() {
        let bytes = section.read_at(at, STEP)?;
        if bytes.is_empty() {
            break;
        }
        hasher.update(&bytes);
        at += bytes.len() as u64;
    }
    Ok(hasher.finish())
}

/// The digest of what a gzip member unpacks to, which must not be more than `most` bytes.
fn unpacked(section: &Section, most: u64) -> Result<Digest, Error> {
    let mut reader = flate2::read::MultiGzDecoder::new(section.reader());
    let mut hasher = Hasher::new();
    let mut bytes = vec![0; 256 << 10];
    let mut total = 0;
    loop {
        let read = std::io::Read::read(&mut reader, &mut bytes)
            .map_err(|error| IoError::new("unpack", section.name().to_string(), error))?;
        if read == 0 {
            return Ok(hasher.finish());
        }
        total += read as u64;
        if total > most {
            let problem = format!("it unpacks to more than {most} bytes");
            return Err(BuildError::new(section.name().to_string(), problem, "do not use this archive").into());
        }
        hasher.update(&bytes[..read]);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_bomb_is_given_up_at_the_limit() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![0; 1 << 20]).unwrap();
        let bomb = packer.finish().unwrap();
        assert!(bomb.len() < 4096, "{}", bomb.len());
        // Two members behind each other are one layer.
        let twice = [bomb.as_slice(), &bomb].concat();
        let section = |bytes: &[u8]| {
            let mut file: File = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            Section::new(Arc::new(file), Path::new("layer"), 0, bytes.len() as u64)
        };
        assert_eq!(unpacked(&section(&bomb), 1 << 20).unwrap(), Digest::of(&vec![0; 1 << 20]));
        for (bytes, most) in [(&bomb, (1 << 20) - 1), (&twice, (2 << 20) - 1)] {
            let error = unpacked(&section(bytes), most).unwrap_err();
            assert!(matches!(error, Error::Build(_)), "{error}");
            assert!(error.to_string().contains(&format!("it unpacks to more than {most} bytes")), "{error}");
        }
    }
}
