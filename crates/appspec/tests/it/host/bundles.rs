//! Bundles of every form, and those that mean harm.

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use appspec::host::{Bundle, BundleKind, Limits};
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Site, WEB, scratch};

fn header(kind: EntryType, size: u64, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(mode);
    header.set_mtime(86_400);
    header
}

/// An entry whose name and target nothing has looked at.
fn raw(kind: EntryType, name: &str, target: &str, content: &[u8]) -> Vec<u8> {
    let mut header = header(kind, content.len() as u64, 0o755);
    header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_gnu_mut().unwrap().linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zipped(build: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    build(&mut archive);
    archive.finish().unwrap().into_inner()
}

fn app_spec() -> String {
    format!("version: 0.0\nos: linux\n{WEB}hooks:\n  AfterInstall:\n    - location: s.sh\n")
}

fn tarred(prefix: &str) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let long = format!("web/{}/page.html", "long".repeat(40));
    for (name, content, mode) in [
        ("appspec.yml", app_spec(), 0o644),
        ("s.sh", "#!/bin/sh\necho ran\n".to_owned(), 0o4755),
        ("web/index.html", "hello".to_owned(), 0o640),
        (&long, "long".to_owned(), 0o644),
    ] {
        let mut header = header(EntryType::Regular, content.len() as u64, mode);
        archive.append_data(&mut header, format!("{prefix}{name}"), content.as_bytes()).unwrap();
    }
    let mut link = header(EntryType::Symlink, 0, 0o777);
    archive.append_link(&mut link, format!("{prefix}web/link"), "index.html").unwrap();
    let mut second = header(EntryType::Link, 0, 0o640);
    archive.append_link(&mut second, format!("{prefix}web/second"), format!("{prefix}web/index.html")).unwrap();
    archive.into_inner().unwrap()
}

#[test]
fn every_form_gives_the_same_application() {
    let zip = zipped(|zip| {
        let file = |mode| SimpleFileOptions::default().unix_permissions(mode);
        for (name, content, mode) in
            [("appspec.yml", app_spec(), 0o644), ("s.sh", "#!/bin/sh\necho ran\n".to_owned(), 0o755)]
        {
            zip.start_file(name, file(mode)).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.start_file("web/index.html", file(0o640)).unwrap();
        zip.write_all(b"hello").unwrap();
        zip.add_symlink("web/link", "index.html", file(0o777)).unwrap();
    });
    let forms = [
        ("tar", BundleKind::Tar, tarred("")),
        ("dot-tar", BundleKind::Tar, tarred("./")),
        ("nested-tar", BundleKind::Tar, tarred("shop-1.0/")),
        ("tgz", BundleKind::Tgz, gzip(&tarred(""))),
        ("zip", BundleKind::Zip, zip),
    ];
    for (name, kind, bytes) in forms {
        let site = Site::new();
        let path = site.place(name);
        fs::write(&path, bytes).unwrap();
        assert_eq!(Bundle::detect(&path).unwrap().kind(), kind, "{name}");
        let ended = site.deploy(&path);
        assert!(ended.is_success(), "{name}: {ended:?}");
        assert_eq!((site.read("srv/web/index.html").as_str(), site.mode("srv/web/index.html")), ("hello", 0o640));
        assert_eq!(fs::read_link(site.root("srv/web/link")).unwrap(), Path::new("index.html"));
        assert_eq!(site.output(), ["ran"]);
        if kind != BundleKind::Zip {
            assert_eq!(site.read("srv/web/second"), "hello");
            assert_eq!(site.read(&format!("srv/web/{}/page.html", "long".repeat(40))), "long");
        }
    }
}

#[test]
fn harm_is_refused_and_nothing_leaves_the_directory() {
    let pax = |record: &str| {
        let record = format!("{} {record}\n", record.len() + 4);
        [raw(EntryType::XHeader, "x", "", record.as_bytes()), raw(EntryType::Regular, "a", "", b"x")].concat()
    };
    let options = SimpleFileOptions::default();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("leads out", raw(EntryType::Regular, "../evil", "", b"x")),
        ("leads out", raw(EntryType::Regular, "a/../../evil", "", b"x")),
        ("leads out", raw(EntryType::Regular, "/etc/evil", "", b"x")),
        ("leads out", raw(EntryType::Directory, "../evil/", "", b"")),
        ("leads out", raw(EntryType::Symlink, "l", "/etc", b"")),
        ("leads out", raw(EntryType::Symlink, "a/l", "../../x", b"")),
        ("leads out", raw(EntryType::Link, "l", "../x", b"")),
        ("no file before it", raw(EntryType::Link, "l", "missing", b"")),
        ("a device", raw(EntryType::Char, "d", "", b"")),
        ("a device", raw(EntryType::Block, "d", "", b"")),
        ("a pipe", raw(EntryType::Fifo, "p", "", b"")),
        ("leads out", pax("path=../../evil")),
        ("8 GiB", pax("size=99999999999")),
        ("4096 bytes", raw(EntryType::GNULongName, "x", "", &[b'a'; 5000])),
        ("extended header", raw(EntryType::XHeader, "x", "", b"no record at all")),
        ("not a tar archive", b"this is no archive of any kind, and longer than nothing".repeat(20)),
        ("leads out", zipped(|zip| zip.start_file("../evil", options).unwrap())),
        ("leads out", zipped(|zip| zip.start_file("/etc/evil", options).unwrap())),
        ("leads out", zipped(|zip| zip.add_symlink("l", "../../etc", options).unwrap())),
        ("not a zip archive", b"PK\x03\x04 no archive at all".to_vec()),
        // A link that a later entry goes through: the directory is there by then, so the link fails.
        ("exists", [raw(EntryType::Symlink, "d", "sub", b""), raw(EntryType::Regular, "d/x", "", b"x")].concat()),
        ("exists", [raw(EntryType::Regular, "f", "", b"x"), raw(EntryType::Regular, "f/x", "", b"x")].concat()),
    ];
    for (expected, bytes) in cases {
        let directory = scratch();
        let path = directory.path().join("bundle");
        fs::write(&path, bytes).unwrap();
        let inside = directory.path().join("in");
        let error = Bundle::detect(&path).unwrap().unpack(&inside).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        let mut names: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["bundle", "in"]);
    }
}

#[test]
fn bombs_stop_at_the_limits() {
    let zeros = vec![0; 1 << 20];
    let bomb = gzip(&raw(EntryType::Regular, "zeros", "", &zeros));
    let many: Vec<u8> = (0..20).flat_map(|at| raw(EntryType::Regular, &format!("f{at}"), "", b"")).collect();
    let directory = scratch();
    let unpacked = |name: &str, bytes: &[u8], limits: Limits| {
        let path = directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        let into = directory.path().join(format!("{name}-unpacked"));
        let result = Bundle::detect(&path).unwrap().with_limits(limits).unpack(&into);
        (result.map(|listing| listing.len()).map_err(|error| error.to_string()), into)
    };
    let (result, into) = unpacked("bytes", &bomb, Limits::default().with_bytes(1000));
    assert!(result.unwrap_err().contains("more than 1000 bytes"));
    assert!(fs::metadata(into.join("zeros")).unwrap().len() <= 1001);
    let (result, _) = unpacked("entries", &many, Limits::default().with_entries(19));
    assert!(result.unwrap_err().contains("more than 19 entries"));
    assert_eq!(unpacked("fits", &bomb, Limits::default()).0, Ok(1));
    // Members of a gzip file follow each other: 20 MiB in a few KiB.
    let file = raw(EntryType::Regular, "zeros", "", b"");
    let mut header = Header::new_gnu();
    header.as_mut_bytes().copy_from_slice(&file[..512]);
    header.set_size(20 << 20);
    header.set_cksum();
    let large = [gzip(header.as_bytes()), gzip(&zeros).repeat(20)].concat();
    let (result, _) = unpacked("ratio", &large, Limits::default().with_ratio(20));
    assert!(result.unwrap_err().contains("more than 20 for each byte"));
}

#[test]
fn directories_are_looked_at_as_hard() {
    let site = Site::new();
    let bundle = site.bundle("b", WEB, &[("web/x", "x")]);
    symlink("/etc/passwd", bundle.join("web/passwords")).unwrap();
    let failure = site.deploy(&bundle).failure.unwrap();
    assert!(failure.message.contains("leads out of the bundle"), "{}", failure.message);
    fs::remove_file(bundle.join("web/passwords")).unwrap();
    let pipe = bundle.join("web/pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let failure = site.deploy(&bundle).failure.unwrap();
    assert!(failure.message.contains("neither a file"), "{}", failure.message);
    fs::remove_file(pipe).unwrap();
    fs::set_permissions(bundle.join("web/x"), fs::Permissions::from_mode(0o6755)).unwrap();
    assert!(site.deploy(&bundle).is_success());
    // Set-user-id is the AppSpec's to give.
    assert_eq!(site.mode("srv/web/x"), 0o755);
}
