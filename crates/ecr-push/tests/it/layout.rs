//! OCI layouts: what is written is read, by tag, digest or alone; what is damaged or hostile is refused.

use std::{fs, path::Path};

use ecr_push::{
    Error, Image,
    image::layout::{self, Select},
    manifest::Manifest,
};

use crate::context::{image, push, registry, target};

fn same(a: &Image, b: &Image) {
    assert_eq!(a.manifest(), b.manifest());
    let digests = |image: &Image| image.blobs().iter().map(|blob| blob.digest()).collect::<Vec<_>>();
    assert_eq!(digests(a), digests(b));
    for (a, b) in a.blobs().iter().zip(b.blobs()) {
        assert_eq!(a.read().unwrap(), b.read().unwrap());
        assert_eq!(b.verify().unwrap(), b.digest());
        assert_eq!(a.read_at(1, 2).unwrap(), b.read_at(1, 2).unwrap());
        assert!(b.read_at(b.size(), 1).is_err() && b.read_at(u64::MAX, 2).is_err());
    }
}

#[test]
fn what_is_written_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    let (first, second) = (image(1, &[1000, 2000]), image(2, &[1000]));
    let index = Image::index(vec![first.clone(), second.clone()]).unwrap();
    layout::write(&first, dir, Some("1.0")).unwrap();
    same(&first, &layout::read(dir, &Select::Only).unwrap());
    layout::write(&second, dir, Some("2.0")).unwrap();
    layout::write(&index, dir, Some("all")).unwrap();
    let found = layout::read(dir, &Select::Name("all".to_owned())).unwrap();
    same(&index, &found);
    same(&first, &found.children()[0]);
    same(&second, &layout::read(dir, &Select::Digest(second.digest())).unwrap());
    // A name moves; the image that had it stays by digest only if it has another name.
    layout::write(&second, dir, Some("1.0")).unwrap();
    same(&second, &layout::read(dir, &Select::Name("1.0".to_owned())).unwrap());
    let error = layout::read(dir, &Select::Only).unwrap_err();
    assert!(error.to_string().contains("its names are [2.0, all, 1.0]"), "{error}");
    assert!(layout::read(dir, &Select::Name("3.0".to_owned())).is_err());
}

#[tokio::test]
async fn layers_are_pushed_from_their_files() {
    let directory = tempfile::tempdir().unwrap();
    let image = image(3, &[11_000_000]);
    layout::write(&image, directory.path(), None).unwrap();
    let read = layout::read(directory.path(), &Select::Only).unwrap();
    let registry = registry(ecr_push::client::TagMutability::Mutable);
    push(registry.clone(), &read, "1.0").await.unwrap();
    let layer = &image.layers()[0];
    assert_eq!(registry.layer(target("1.0").repository(), layer.digest()).unwrap(), layer.read().unwrap());
}

fn written() -> (tempfile::TempDir, Image) {
    let directory = tempfile::tempdir().unwrap();
    let image = image(4, &[1000]);
    layout::write(&image, directory.path(), None).unwrap();
    (directory, image)
}

fn blob(directory: &Path, digest: ecr_push::Digest) -> std::path::PathBuf {
    directory.join("blobs/sha256").join(digest.hex())
}

#[test]
fn damage_is_found() {
    let (directory, image) = written();
    let dir = directory.path();
    let layer = blob(dir, image.layers()[0].digest());
    fs::write(&layer, b"short").unwrap();
    assert!(matches!(layout::read(dir, &Select::Only).unwrap_err(), Error::Size(_)));
    fs::remove_file(&layer).unwrap();
    assert!(matches!(layout::read(dir, &Select::Only).unwrap_err(), Error::Io(_)));

    for digest in [image.digest(), image.config_blob().unwrap().digest()] {
        let (directory, _) = written();
        let path = blob(directory.path(), digest);
        let mut bytes = fs::read(&path).unwrap();
        bytes.push(b' ');
        fs::write(&path, bytes).unwrap();
        let error = layout::read(directory.path(), &Select::Only).unwrap_err();
        assert!(matches!(error, Error::DigestMismatch(_)), "{error}");
    }
}

#[test]
fn what_is_no_layout_is_refused() {
    for (file, content) in [
        ("oci-layout", "{}"),
        ("oci-layout", r#"{"imageLayoutVersion":"2.0.0"}"#),
        ("index.json", "[]"),
        ("index.json", r#"{"schemaVersion":2,"manifests":[]}"#),
        (
            "index.json",
            r#"{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../../../etc/passwd","size":1}]}"#,
        ),
    ] {
        let (directory, _) = written();
        fs::write(directory.path().join(file), content).unwrap();
        let error = layout::read(directory.path(), &Select::Only).unwrap_err();
        assert!(matches!(error, Error::Document(_)), "{content}: {error}");
    }
    assert!(matches!(layout::read(Path::new("/nowhere"), &Select::Only).unwrap_err(), Error::Io(_)));
}

#[test]
fn deep_nesting_ends() {
    let directory = tempfile::tempdir().unwrap();
    let mut index = image(5, &[10]);
    for _ in 0..20 {
        index = Image::index(vec![index]).unwrap();
    }
    assert!(matches!(index.manifest().manifest(), Manifest::Index(_)));
    layout::write(&index, directory.path(), None).unwrap();
    let error = layout::read(directory.path(), &Select::Only).unwrap_err();
    assert!(error.to_string().contains("nested"), "{error}");
}

#[test]
fn a_few_files_cannot_stand_for_billions() {
    let directory = tempfile::tempdir().unwrap();
    let leaf = image(6, &[10]);
    layout::write(&leaf, directory.path(), None).unwrap();
    // Each index names the one below it a hundred times; written by hand, for in memory it would be as large as it says.
    let mut below = leaf.manifest().clone();
    for _ in 0..4 {
        let entry = serde_json::to_string(&below.descriptor()).unwrap();
        let text = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, vec![entry; 100].join(","));
        below = ecr_push::manifest::RawManifest::parse(text, None).unwrap();
        fs::write(blob(directory.path(), below.digest()), below.bytes()).unwrap();
    }
    let entry = serde_json::to_string(&below.descriptor()).unwrap();
    fs::write(directory.path().join("index.json"), format!(r#"{{"schemaVersion":2,"manifests":[{entry}]}}"#)).unwrap();
    let error = layout::read(directory.path(), &Select::Only).unwrap_err();
    assert!(error.to_string().contains("more than 10000 manifests"), "{error}");
}
