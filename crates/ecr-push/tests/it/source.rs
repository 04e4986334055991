//! Sources: tars in OCI form and as `docker save` writes them, by file and by pipe; what is damaged or hostile is refused.

use std::{fs, io::Write, path::Path};

use ecr_push::{
    Blob, Digest, Error, Image, ImageBuilder, Layer, MediaType, Platform,
    image::layout::{self, Select},
    manifest::RawManifest,
    source::{self, Selection, Source, reuse},
};

use crate::context::image;

type Entry = (&'static str, Vec<u8>);

/// A tar by somebody else's writer.
fn tar(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn owned(entries: Vec<Entry>) -> Vec<(String, Vec<u8>)> {
    entries.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}

fn files(dir: &Path, prefix: &str, out: &mut Vec<(String, Vec<u8>)>) {
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), &format!("{name}/"), out);
        } else {
            out.push((name, fs::read(entry.path()).unwrap()));
        }
    }
}

fn open(bytes: &[u8], selection: &Selection) -> Result<Source, Error> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image.tar");
    fs::write(&path, bytes).unwrap();
    source::open(&path, selection)
}

fn image_in(source: Source) -> Image {
    match source {
        Source::Image { image, .. } => image,
        other => panic!("{other:?}"),
    }
}

fn same(a: &Image, b: &Image) {
    assert_eq!(a.manifest(), b.manifest());
    for (a, b) in a.blobs().iter().zip(b.blobs()) {
        assert_eq!((a.descriptor(), a.read().unwrap()), (b.descriptor(), b.read().unwrap()));
    }
}

pub(crate) fn platform_image(architecture: &str) -> Image {
    let layer = Layer::new().file("/arch", architecture.to_owned(), 0o644);
    ImageBuilder::new(Platform::linux(architecture)).layer(layer).build().unwrap()
}

#[test]
fn an_oci_tar_is_read_in_place() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (image(1, &[1000, 200_000]), image(2, &[5000]));
    layout::write(&first, directory.path(), Some("1.0")).unwrap();
    layout::write(&second, directory.path(), Some("2.0")).unwrap();
    let mut entries = Vec::new();
    files(directory.path(), "", &mut entries);
    for prefix in ["", "./"] {
        let named: Vec<_> = entries.iter().map(|(name, bytes)| (format!("{prefix}{name}"), bytes.clone())).collect();
        let bytes = tar(&named);
        same(&first, &image_in(open(&bytes, &Selection::new(Select::Name("1.0".to_owned()))).unwrap()));
        same(&second, &image_in(open(&bytes, &Selection::new(Select::Digest(second.digest()))).unwrap()));
        let error = open(&bytes, &Selection::default()).unwrap_err();
        assert!(error.to_string().contains("its names are [1.0, 2.0]"), "{error}");
    }
}

#[test]
fn a_pipe_is_read_to_its_bound() {
    let directory = tempfile::tempdir().unwrap();
    let layouts = directory.path().join("layout");
    let expected = image(3, &[70_000]);
    layout::write(&expected, &layouts, None).unwrap();
    let mut entries = Vec::new();
    files(&layouts, "", &mut entries);
    let bytes = tar(&entries);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes).unwrap();
    let gzip = gzip.finish().unwrap();
    let from =
        |mut bytes: &[u8], limit: u64| source::open_stream(&mut bytes, directory.path(), limit, &Selection::default());
    let len = bytes.len() as u64;
    same(&expected, &image_in(from(&bytes, len).unwrap()));
    same(&expected, &image_in(from(&gzip, len).unwrap()));
    for stream in [&bytes, &gzip] {
        let error = from(stream, len - 1).unwrap_err();
        assert!(error.to_string().contains("more than"), "{error}");
    }
    // Nothing stays behind, and nothing was written beside.
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    assert!(open(&gzip, &Selection::default()).unwrap_err().to_string().contains("pipe it in"));
}

#[test]
fn one_platform_of_an_index_needs_not_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    let (amd64, arm64) = (platform_image("amd64"), platform_image("arm64"));
    let inner = Image::index(vec![amd64.clone(), arm64.clone()]).unwrap();
    let nested = Image::index(vec![inner.clone()]).unwrap();
    for (index, name) in [(&inner, "inner"), (&nested, "nested")] {
        layout::write(index, dir, Some(name)).unwrap();
        let select = Select::Name(name.to_owned());
        same(index, &layout::read(dir, &select).unwrap());
        same(&arm64, &layout::read_platform(dir, &select, &"linux/arm64".parse().unwrap()).unwrap());
        same(&arm64, &layout::read_platform(dir, &select, &"linux/arm64/v8".parse().unwrap()).unwrap());
        let error = layout::read_platform(dir, &select, &"linux/s390x".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("0 entries fit"), "{error}");
    }
    // As `docker save` leaves an index whose other platforms were never pulled.
    fs::remove_file(dir.join("blobs/sha256").join(amd64.digest().hex())).unwrap();
    let select = Select::Name("inner".to_owned());
    assert!(layout::read(dir, &select).is_err());
    same(&arm64, &layout::read_platform(dir, &select, &Platform::linux("arm64")).unwrap());
}

fn artifact(subject: Digest, note: &str) -> Image {
    let config = Blob::from_bytes(MediaType::from("application/vnd.oci.empty.v1+json"), "{}");
    let layer = Blob::from_bytes(MediaType::from("application/vnd.example.signature"), note.to_owned());
    let text = serde_json::json!({
        "schemaVersion": 2, "mediaType": MediaType::OciManifest, "artifactType": "application/vnd.example.signature",
        "config": config.descriptor(), "layers": [layer.descriptor()],
        "subject": {"mediaType": MediaType::OciManifest, "digest": subject, "size": 1},
    });
    let manifest = RawManifest::parse(serde_json::to_vec(&text).unwrap(), None).unwrap();
    Image::new(manifest, config, vec![layer]).unwrap()
}

#[test]
fn what_refers_to_an_image_is_found_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    let child = platform_image("amd64");
    let index = Image::index(vec![child.clone()]).unwrap();
    let signature = artifact(child.digest(), "signature");
    let of_signature = artifact(signature.digest(), "of the signature");
    let stranger = artifact(Digest::of(b"another image"), "stranger");
    layout::write(&index, dir, Some("1.0")).unwrap();
    // The later one comes first, and is found in the second round.
    for image in [&of_signature, &signature, &stranger] {
        layout::write(image, dir, None).unwrap();
    }
    let source = source::open(dir, &Selection::new(Select::Name("1.0".to_owned()))).unwrap();
    let Source::Image { referrers, .. } = source else { panic!() };
    let found: Vec<_> = referrers.iter().map(Image::digest).collect();
    assert_eq!(found, [signature.digest(), of_signature.digest()]);
}

/// Layers, not compressed, and the configuration that names them.
fn saved() -> (Vec<Vec<u8>>, Vec<u8>) {
    let layers: Vec<Vec<u8>> = [3_000_000, 40]
        .iter()
        .map(|size| tar(&[("file".to_owned(), (0..*size).map(|n: u32| n.wrapping_mul(n).to_le_bytes()[1]).collect())]))
        .collect();
    let diff_ids: Vec<_> = layers.iter().map(|layer| Digest::of(layer)).collect();
    let config = serde_json::json!({"architecture": "amd64", "os": "linux", "config": {"Env": null},
        "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    (layers, serde_json::to_vec(&config).unwrap())
}

/// What `docker save` writes for layers of one file each.
pub(crate) fn saved_with(contents: &[&[u8]]) -> Vec<u8> {
    let layers: Vec<Vec<u8>> = contents.iter().map(|bytes| tar(&[("file".to_owned(), bytes.to_vec())])).collect();
    let diff_ids: Vec<_> = layers.iter().map(|layer| Digest::of(layer)).collect();
    let config = serde_json::json!({"architecture": "amd64", "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let names: Vec<String> = (0..layers.len()).map(|at| format!("layer-{at}.tar")).collect();
    let manifest = manifest_json("app:1.0", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut entries: Vec<_> = names.into_iter().zip(layers).collect();
    entries.push(("c.json".to_owned(), serde_json::to_vec(&config).unwrap()));
    entries.push(("manifest.json".to_owned(), manifest));
    tar(&entries)
}

fn manifest_json(tag: &str, layers: &[&str]) -> Vec<u8> {
    let entry = serde_json::json!([{"Config": "c.json", "RepoTags": [tag], "Layers": layers}]);
    serde_json::to_vec(&entry).unwrap()
}

fn compressed(source: Source) -> Image {
    let Source::Archive(archive) = source else { panic!("{source:?}") };
    let scratch = tempfile::tempdir().unwrap();
    let blobs = archive.layers().iter().map(|layer| layer.compress(scratch.path(), 2).unwrap()).collect();
    archive.image_of(blobs).unwrap()
}

#[test]
fn what_docker_saves_is_compressed_to_the_same_bytes_each_time() {
    let (layers, config) = saved();
    let manifest = manifest_json("example/app:1.0", &["a/layer.tar", "b/layer.tar"]);
    let entries = owned(vec![
        ("a/layer.tar", layers[0].clone()),
        ("b/layer.tar", layers[1].clone()),
        ("c.json", config.clone()),
        ("manifest.json", manifest),
    ]);
    let bytes = tar(&entries);
    let image = compressed(open(&bytes, &Selection::default()).unwrap());
    assert_eq!(image.config_blob().unwrap().read().unwrap(), config);
    assert_eq!(image.digest(), compressed(open(&bytes, &Selection::default()).unwrap()).digest());
    for (layer, expected) in image.layers().iter().zip(&layers) {
        assert_eq!(*layer.media_type(), MediaType::OciLayerGzip);
        assert_eq!(layer.verify().unwrap(), layer.digest());
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&*layer.read().unwrap()), &mut unpacked)
            .unwrap();
        assert!(unpacked == *expected);
    }
    for name in ["example/app:1.0", "app:1.0", "1.0"] {
        assert!(open(&bytes, &Selection::new(Select::Name(name.to_owned()))).is_ok(), "{name}");
    }
    for selection in [
        Selection::new(Select::Name(".0".to_owned())),
        Selection::default().for_platform(Platform::linux("arm64")),
        Selection::new(Select::Digest(Digest::of(b"x"))),
    ] {
        let error = open(&bytes, &selection).unwrap_err();
        assert!(error.to_string().contains("its tags are [example/app:1.0]"), "{error}");
    }
}

#[test]
fn layers_that_are_there_need_no_compression() {
    let (layers, config) = saved();
    let entries = owned(vec![
        ("a", layers[0].clone()),
        ("b", layers[1].clone()),
        ("c.json", config.clone()),
        ("manifest.json", manifest_json("app:1", &["a", "b"])),
    ]);
    let bytes = tar(&entries);
    let Source::Archive(archive) = open(&bytes, &Selection::default()).unwrap() else { panic!() };
    let before = compressed(Source::Archive(archive.clone()));
    let known = reuse::known_layers(before.manifest(), &config).unwrap();
    let blobs: Vec<_> = reuse::reused(&archive, &known).into_iter().map(Option::unwrap).collect();
    assert!(blobs.iter().all(Blob::is_elsewhere));
    assert!(matches!(blobs[0].read().unwrap_err(), Error::BlobElsewhere(_)));
    assert_eq!(archive.image_of(blobs).unwrap().digest(), before.digest());
    // A configuration that is not the manifest's is not believed.
    assert!(reuse::known_layers(before.manifest(), b"{}").is_err());
    assert!(archive.image_of(Vec::new()).is_err());
}

#[test]
fn links_and_compressed_layers_are_followed() {
    let (layers, config) = saved();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&layers[1]).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    let file = |builder: &mut tar::Builder<Vec<u8>>, name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, bytes).unwrap();
    };
    file(&mut builder, "first.tar", &layers[0]);
    let mut link = tar::Header::new_ustar();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "id/layer.tar", "../first.tar").unwrap();
    file(&mut builder, "second.tar.gz", &gzip);
    file(&mut builder, "c.json", &config);
    file(&mut builder, "manifest.json", &manifest_json("app:1", &["id/layer.tar", "second.tar.gz"]));
    let image = compressed(open(&builder.into_inner().unwrap(), &Selection::default()).unwrap());
    assert_eq!(image.layers()[1].read().unwrap(), gzip, "it stays as it is");
    assert_eq!(
        image.config().unwrap().unwrap().rootfs.diff_ids,
        layers.iter().map(|l| Digest::of(l)).collect::<Vec<_>>()
    );
}

#[test]
fn both_forms_in_one_archive() {
    let directory = tempfile::tempdir().unwrap();
    let expected = platform_image("amd64");
    layout::write(&expected, directory.path(), Some("1")).unwrap();
    let mut entries = Vec::new();
    files(directory.path(), "", &mut entries);
    let (layers, config) = saved();
    entries.extend(owned(vec![
        ("a", layers[0].clone()),
        ("b", layers[1].clone()),
        ("c.json", config.clone()),
        ("manifest.json", manifest_json("app:1", &["a", "b"])),
    ]));
    same(&expected, &image_in(open(&tar(&entries), &Selection::default()).unwrap()));
    // Without compressed layers, the OCI part is what nobody should push.
    let blobs = layers.iter().map(|layer| Blob::from_bytes(MediaType::OciLayer, layer.clone())).collect::<Vec<_>>();
    let config_blob = Blob::from_bytes(MediaType::OciConfig, config.clone());
    let text = serde_json::json!({"schemaVersion": 2, "config": config_blob.descriptor(),
        "layers": blobs.iter().map(Blob::descriptor).collect::<Vec<_>>()});
    let plain = RawManifest::parse(serde_json::to_vec(&text).unwrap(), None).unwrap();
    let plain = Image::new(plain, config_blob, blobs).unwrap();
    let second = tempfile::tempdir().unwrap();
    layout::write(&plain, second.path(), Some("1")).unwrap();
    let mut entries = Vec::new();
    files(second.path(), "", &mut entries);
    same(&plain, &image_in(open(&tar(&entries), &Selection::default()).unwrap()));
    entries.extend(owned(vec![
        ("a", layers[0].clone()),
        ("b", layers[1].clone()),
        ("c.json", config),
        ("manifest.json", manifest_json("app:1", &["a", "b"])),
    ]));
    assert!(
        compressed(open(&tar(&entries), &Selection::default()).unwrap())
            .layers()
            .iter()
            .all(|layer| *layer.media_type() == MediaType::OciLayerGzip)
    );
}

/// A header as nobody's library would write it.
fn header(name: &str, size: &[u8], kind: u8, link: &str) -> Vec<u8> {
    let mut block = vec![0_u8; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[124..124 + size.len()].copy_from_slice(size);
    block[148..156].copy_from_slice(b"        ");
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..263].copy_from_slice(b"ustar\0");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

#[test]
fn hostile_archives_are_refused() {
    let ten_gigabytes = b"112402762000";
    let mut binary = vec![0x80; 1];
    binary.extend([0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    let file = |name: &str| header(name, b"00000000000", b'0', "");
    let many: Vec<u8> = (0..50_001).flat_map(|n| file(&format!("f{n}"))).collect();
    let mut broken = file("a");
    broken[0] = b'b';
    for (bytes, part) in [
        (file("../outside"), "leads out"),
        (file("/etc/passwd"), "leads out"),
        (file("a/../../b"), "leads out"),
        (header("l", b"0", b'2', "../outside"), "leads out"),
        (header("l", b"0", b'2', "/etc/shadow"), "leads out"),
        (header("l", b"0", b'1', "../../x"), "leads out"),
        (header("big", ten_gigabytes, b'0', ""), "says it has 10000000000 bytes"),
        (header("big", &binary, b'0', ""), "the archive ends before"),
        (header("long", ten_gigabytes, b'L', ""), "the archive ends before"),
        (header("pax", ten_gigabytes, b'x', ""), "the archive ends before"),
        ([header("pax", b"10000000", b'x', ""), vec![0; 2 << 20]].concat(), "a name or record has 2097152 bytes"),
        ([file("a"), file("./a")].concat(), "comes twice"),
        (header("s", b"0", b'S', ""), "sparse"),
        (many, "more than 50000 members"),
        (broken, "checksum is wrong"),
        (b"not a tar at all".to_vec(), "ends within a header"),
        (Vec::new(), "no archive of an image"),
        ([header("manifest.json", b"0", b'2', "manifest.json")].concat(), "no archive of an image"),
    ] {
        let error = open(&bytes, &Selection::default()).unwrap_err();
        assert!(error.to_string().contains(part), "{part}: {error}");
        assert!(error.to_string().len() < 500, "{error}");
    }
}

#[test]
fn archives_that_lie_are_refused() {
    let (layers, config) = saved();
    let whole = |first: Vec<u8>, config: &[u8], names: &[&str]| {
        let manifest = manifest_json("app:1", names);
        tar(&owned(vec![
            ("a", first),
            ("b", layers[1].clone()),
            ("c.json", config.to_vec()),
            ("manifest.json", manifest),
        ]))
    };
    for (bytes, part) in [
        (whole(layers[0].clone(), &config, &["a"]), "it names 2 layers, and manifest.json names 1"),
        (whole(layers[0].clone(), &config, &["a", "c"]), "no member `c`"),
        (whole(layers[0].clone(), b"{}", &["a", "b"]), "missing field"),
        (whole(layers[0].clone(), &vec![b' '; 9 << 20], &["a", "b"]), "more than 8388608"),
    ] {
        let error = open(&bytes, &Selection::default()).unwrap_err();
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    let mut other = layers[0].clone();
    other[700] ^= 1;
    let gzipped = {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&other).unwrap();
        gzip.finish().unwrap()
    };
    let scratch = tempfile::tempdir().unwrap();
    for first in [other, gzipped] {
        let source = open(&whole(first, &config, &["a", "b"]), &Selection::default()).unwrap();
        let Source::Archive(archive) = source else { panic!() };
        let error = archive.layers()[0].compress(scratch.path(), 1).unwrap_err();
        assert!(matches!(error, Error::DigestMismatch(_)), "{error}");
    }
}

#[test]
fn long_names_agree_with_another_writer() {
    let directory = tempfile::tempdir().unwrap();
    let (layers, config) = saved();
    let (long, longer) = (format!("{}/layer.tar", "d".repeat(120)), format!("{}/ü.tar", "e/".repeat(300)));
    for gnu in [true, false] {
        let mut builder = tar::Builder::new(Vec::new());
        let manifest = manifest_json("app:1", &[&long, &longer]);
        let files =
            [(long.as_str(), &layers[0]), (&longer, &layers[1]), ("c.json", &config), ("manifest.json", &manifest)];
        for (name, bytes) in files {
            let mut header = if gnu { tar::Header::new_gnu() } else { tar::Header::new_ustar() };
            header.set_size(bytes.len() as u64);
            if gnu || name.len() < 90 {
                builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
            } else {
                builder.append_pax_extensions([("path", name.as_bytes())]).unwrap();
                builder.append_data(&mut header, "short", bytes.as_slice()).unwrap();
            }
        }
        let path = directory.path().join("long.tar");
        fs::write(&path, builder.into_inner().unwrap()).unwrap();
        assert_eq!(compressed(source::open(&path, &Selection::default()).unwrap()).layers().len(), 2);
    }
}
