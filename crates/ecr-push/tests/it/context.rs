//! What the tests share: a registry on a clock that jumps, images, and a directory of files.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use aws_call::{AccountId, ManualClock, Region, SequenceIds};
use ecr_push::{
    Blob, Digest, Error, Image, ImageRef, MediaType, Progress, PushOptions, PushReport, PushRequest, Pusher,
    client::{ImageStore, MemoryRegistry, TagMutability},
    manifest::{Descriptor, RawManifest},
    push::Event,
};

pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const HOST: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at_epoch_secs(1_700_000_000).auto())
}

pub(crate) fn registry(mutability: TagMutability) -> MemoryRegistry {
    let account = AccountId::parse("123456789012").unwrap();
    let region = Region::parse("eu-central-1").unwrap();
    MemoryRegistry::new(account, &region, clock(), Arc::new(SequenceIds::new(1)))
        .with_repository(&"shop".parse().unwrap(), mutability)
}

pub(crate) fn target(tag: &str) -> ImageRef {
    format!("{HOST}/shop:{tag}").parse().unwrap()
}

pub(crate) fn pusher(store: impl ImageStore + 'static) -> Pusher {
    Pusher::new(Arc::new(store), clock(), Arc::new(SequenceIds::new(2)))
}

/// Bytes that look random and differ by seed.
pub(crate) fn noise(seed: u64, len: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len as usize + 8);
    while (bytes.len() as u64) < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len as usize);
    bytes
}

/// An image with layers of the given sizes; their content is no tar, which no registry looks at.
pub(crate) fn image(seed: u64, sizes: &[u64]) -> Image {
    let blob = |(n, size): (usize, &u64)| Blob::from_bytes(MediaType::OciLayer, noise(seed * 1000 + n as u64, *size));
    let layers: Vec<Blob> = sizes.iter().enumerate().map(blob).collect();
    let config =
        format!(r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":[]}},"seed":{seed}}}"#);
    image_of(Blob::from_bytes(MediaType::OciConfig, config), layers)
}

pub(crate) fn image_of(config: Blob, layers: Vec<Blob>) -> Image {
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OciManifest,
        "config": config.descriptor(),
        "layers": layers.iter().map(Blob::descriptor).collect::<Vec<&Descriptor>>(),
    });
    let manifest = RawManifest::parse(manifest.to_string(), None).unwrap();
    Image::new(manifest, config, layers).unwrap()
}

pub(crate) async fn push(store: impl ImageStore + 'static, image: &Image, tag: &str) -> Result<PushReport, Error> {
    let events = Events::default();
    pusher(store).push(image, &PushRequest::to(&target(tag)), &PushOptions::default(), &events).await
}

/// Keeps events as short texts.
#[derive(Debug, Default)]
pub(crate) struct Events(Mutex<Vec<String>>);

impl Events {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Progress for Events {
    fn event(&self, event: &Event<'_>) {
        let text = match event {
            Event::TagPresent(tag) => format!("present {tag}"),
            Event::Planned(plan) => format!("planned {} uploads", plan.uploads().count()),
            Event::LayerStarted { size, .. } => format!("started {size}"),
            Event::LayerProgress { received, size, .. } => format!("progress {received}/{size}"),
            Event::LayerDone { outcome, .. } => format!("done {outcome:?}"),
            Event::Retry { operation, attempt, .. } => format!("retry {operation} after {attempt}"),
            Event::ManifestStored { tag, .. } => format!("stored {:?}", tag.map(ToString::to_string)),
            _ => "unknown".to_owned(),
        };
        self.0.lock().unwrap().push(text);
    }
}

/// A directory with the given files; `name/` makes an empty directory, `name -> target` a link, `name*` an executable.
pub(crate) fn files(entries: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in entries {
        add(directory.path(), name, content);
    }
    directory
}

fn add(root: &Path, name: &str, content: &str) {
    let (name, target) = name.split_once(" -> ").map_or((name, None), |(name, target)| (name, Some(target)));
    let path = root.join(name.trim_end_matches('*'));
    if name.ends_with('/') {
        fs::create_dir_all(&path).unwrap();
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    match target {
        Some(target) => std::os::unix::fs::symlink(target, &path).unwrap(),
        None => fs::write(&path, content).unwrap(),
    }
    if name.ends_with('*') {
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o775)).unwrap();
    }
}

/// What a reader that is not ours finds in a layer: path, mode, kind and content or target, in order.
pub(crate) fn entries(layer: &Blob) -> Vec<(String, u32, String)> {
    let bytes = layer.read().unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_ref()));
    let mut found = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header();
        let fixed = (header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap());
        assert_eq!(fixed, (0, 0, 0), "times and owners are left out");
        let mode = header.mode().unwrap();
        let kind = header.entry_type();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut content = String::new();
        if kind.is_symlink() {
            content = format!("-> {}", entry.link_name().unwrap().unwrap().display());
        } else {
            std::io::Read::read_to_string(&mut entry, &mut content).unwrap();
        }
        found.push((path, mode, content));
    }
    found
}

pub(crate) fn diff_id(layer: &Blob) -> Digest {
    let bytes = layer.read().unwrap();
    let mut tar = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes.as_ref()), &mut tar).unwrap();
    Digest::of(&tar)
}
