//! Images built on others and out of tars: what is below stays as it is, and what a tar says about machines is left out.

use std::fs;

use ecr_push::{Error, Image, ImageBuilder, Layer, Platform};

fn base() -> Image {
    ImageBuilder::new(Platform::linux("arm64"))
        .layer(Layer::new().file("/etc/base", "base", 0o644).created_by("base"))
        .env("PATH", "/bin")
        .entrypoint(["/bin/base"])
        .label("from", "base")
        .build()
        .unwrap()
}

#[test]
fn a_base_stays_as_it_is() {
    let base = base();
    let image = ImageBuilder::from_image(&base)
        .unwrap()
        .layer(Layer::new().file("/app", "app", 0o755).created_by("app"))
        .env("PATH", "/bin:/app")
        .cmd(["serve"])
        .user("1000")
        .build()
        .unwrap();
    let config = image.config().unwrap().unwrap();
    assert_eq!(config.platform().to_string(), "linux/arm64");
    assert_eq!(image.layers().len(), 2);
    assert_eq!(image.layers()[0].digest(), base.layers()[0].digest());
    assert_eq!(config.rootfs.diff_ids[0], base.config().unwrap().unwrap().rootfs.diff_ids[0]);
    assert_eq!(config.config.env, ["PATH=/bin:/app"]);
    assert_eq!(config.config.entrypoint, Some(vec!["/bin/base".to_owned()]));
    assert_eq!(config.config.labels["from"], "base");
    let made: Vec<_> = config.history.iter().filter_map(|entry| entry.created_by.as_deref()).collect();
    assert_eq!(made, ["base", "app"]);
    let index = Image::index(vec![base]).unwrap();
    assert!(matches!(ImageBuilder::from_image(&index).unwrap_err(), Error::Document(_)));
}

/// A tar with entries in the given order, as a machine of its own would write it.
fn tar(seed: u64, order: &[usize]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for at in order {
        let mut header = tar::Header::new_gnu();
        header.set_mtime(1_700_000_000 + seed);
        header.set_uid(1000 + seed);
        header.set_gid(seed);
        match at {
            0 => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_mode(0o700 | seed as u32);
                header.set_size(0);
                builder.append_data(&mut header, "bin/", std::io::empty()).unwrap();
            }
            1 => {
                header.set_mode(0o711);
                header.set_size(4);
                builder.append_data(&mut header, "bin/tool", &b"tool"[..]).unwrap();
            }
            2 => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                builder.append_link(&mut header, "sh", "/bin/tool").unwrap();
            }
            _ => {
                header.set_entry_type(tar::EntryType::Link);
                header.set_size(0);
                builder.append_link(&mut header, "hard", "bin/tool").unwrap();
            }
        }
    }
    builder.into_inner().unwrap()
}

fn layer(bytes: &[u8]) -> Result<Layer, Error> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("layer.tar");
    fs::write(&path, bytes).unwrap();
    Layer::new().tar_from("/opt", &path)
}

#[test]
fn tars_with_the_same_contents_make_one_layer() {
    let first = layer(&tar(1, &[0, 1, 2, 3])).unwrap().build().unwrap();
    let second = layer(&tar(7, &[2, 0, 1, 3])).unwrap().build().unwrap();
    let by_hand = Layer::new()
        .directory("opt/bin", 0o755)
        .file("opt/bin/tool", "tool", 0o755)
        .file("opt/hard", "tool", 0o755)
        .symlink("opt/sh", "/bin/tool")
        .build()
        .unwrap();
    assert_eq!(first.blob().digest(), by_hand.blob().digest());
    assert_eq!(second.blob().digest(), by_hand.blob().digest());
}

#[test]
fn tars_that_no_layer_can_hold_are_refused() {
    let odd = |name: &str, kind: tar::EntryType| {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_cksum();
        [header.as_bytes().as_slice(), &[0; 1024]].concat()
    };
    for (bytes, part) in [
        (odd("../x", tar::EntryType::Regular), "`..` could lead out"),
        (odd("a/../../x", tar::EntryType::Symlink), "`..` could lead out"),
        (odd("dev/null", tar::EntryType::Char), "socket, pipe or device"),
        (odd("a/.wh.b", tar::EntryType::Regular), ".wh."),
        (tar(1, &[3]), "does not hold before it"),
    ] {
        let error = layer(&bytes).unwrap_err();
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    // An absolute name means the root of the image, which the prefix moves.
    assert!(layer(&odd("/etc/x", tar::EntryType::Regular)).is_ok());
}
