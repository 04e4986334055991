//! Writes a large OCI image layout that is the same on each run: the image that `cargo xtask peers ecr` pushes.
//!
//!     cargo run --release -p benches --bin big_image -- DIRECTORY [MEBIBYTES]
//!
//! It has the tags `1.0-amd64` (six layers), `1.0-arm64` (three, two of them shared) and `1.0`, the index over both. The files
//! of the layers have sizes from 1 KiB to 8 MiB; half of their pages are noise, half are words, so that gzip makes them a
//! little smaller, as it does with the files of a language runtime.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

use ecr_push::digest::{Digest, HashingWriter};
use flate2::{Compression, GzBuilder, write::GzEncoder};
use serde_json::{Value, json};

/// Name and share of each layer, of 600. The last is that of the other platform.
const LAYERS: [(&str, u64); 7] =
    [("base", 170), ("runtime", 120), ("deps", 110), ("vendor", 80), ("app", 50), ("conf", 30), ("arm", 40)];
const PAGE: usize = 4096;
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// SplitMix64: the same numbers everywhere.
struct Numbers(u64);

impl Numbers {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or_default()
    }
}

/// A layer that was written.
struct Layer {
    descriptor: Value,
    diff_id: Digest,
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(out) = arguments.next() else {
        eprintln!("usage: big_image DIRECTORY [MEBIBYTES]");
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mebibytes: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(600);
    let out = Path::new(&out);
    let blobs = out.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    // Each layer has numbers of its own, so they can be made at once.
    let layers: Vec<Layer> = std::thread::scope(|scope| {
        let blobs = &blobs;
        let works: Vec<_> = LAYERS
            .iter()
            .zip(1..)
            .map(|((name, share), seed)| scope.spawn(move || layer(blobs, name, share * (mebibytes << 20) / 600, seed)))
            .collect();
        works
            .into_iter()
            .map(|work| work.join().map_err(|_| io::Error::other("a layer failed"))?)
            .collect::<io::Result<_>>()
    })?;
    let amd64 = image(&blobs, "amd64", &layers[..6])?;
    let arm64 = image(&blobs, "arm64", &layers[4..])?;
    let both = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [amd64, arm64]});
    let index = put(&blobs, &both, INDEX)?;
    let tagged = |mut descriptor: Value, tag: &str| {
        descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        descriptor
    };
    let entries = [tagged(index, "1.0"), tagged(amd64, "1.0-amd64"), tagged(arm64, "1.0-arm64")];
    fs::write(out.join("index.json"), json!({"schemaVersion": 2, "manifests": entries}).to_string())?;
    fs::write(out.join("oci-layout"), json!({"imageLayoutVersion": "1.0.0"}).to_string())?;
    println!("{}", out.display());
    Ok(())
}

fn put(blobs: &Path, document: &Value, media_type: &str) -> io::Result<Value> {
    let bytes = document.to_string();
    let digest = Digest::of(bytes.as_bytes());
    fs::write(blobs.join(digest.hex()), &bytes)?;
    Ok(json!({"mediaType": media_type, "digest": digest, "size": bytes.len()}))
}

fn image(blobs: &Path, architecture: &str, layers: &[Layer]) -> io::Result<Value> {
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| layer.diff_id).collect();
    let config = json!({"created": "2024-01-01T00:00:00Z", "architecture": architecture, "os": "linux",
        "config": {"Env": ["PATH=/usr/bin"], "Cmd": ["/usr/lib/app"]}, "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let config = put(blobs, &config, CONFIG)?;
    let layers: Vec<&Value> = layers.iter().map(|layer| &layer.descriptor).collect();
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
    let mut descriptor = put(blobs, &manifest, MANIFEST)?;
    descriptor["platform"] = json!({"architecture": architecture, "os": "linux"});
    Ok(descriptor)
}

type Gzip = GzEncoder<HashingWriter<BufWriter<File>>>;

fn layer(blobs: &Path, name: &str, target: u64, seed: u64) -> io::Result<Layer> {
    let partial = blobs.join(format!("{name}.partial"));
    let file = HashingWriter::new(BufWriter::with_capacity(1 << 20, File::create(&partial)?));
    let gzip: Gzip = GzBuilder::new().write(file, Compression::new(6));
    let mut tar = tar::Builder::new(HashingWriter::new(gzip));
    let mut numbers = Numbers(seed);
    let words = words(&mut numbers);
    // What gzip makes of it is seen late; noise stays as it is and words become a fourth.
    let (mut compressed, mut at) = (0, 0);
    while compressed < target {
        let size = (1024 << numbers.below(10)) + numbers.below(1024);
        let size = if at % 100 == 99 { 8 << 20 } else { size };
        let mut bytes = Vec::with_capacity(size + PAGE);
        while bytes.len() < size {
            if numbers.next().is_multiple_of(2) {
                (0..PAGE / 8).for_each(|_| bytes.extend_from_slice(&numbers.next().to_le_bytes()));
                compressed += PAGE as u64;
            } else {
                let start = numbers.below(words.len() - PAGE);
                bytes.extend_from_slice(&words[start..start + PAGE]);
                compressed += PAGE as u64 / 2;
            }
        }
        let mut header = tar::Header::new_ustar();
        header.set_size(size as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("usr/lib/{name}/d{:02}/f{at:06}.bin", at % 97), &bytes[..size])?;
        at += 1;
    }
    let (gzip, diff_id, _) = tar.into_inner()?.finish();
    let (mut file, digest, size) = gzip.finish()?.finish();
    file.flush()?;
    fs::rename(&partial, blobs.join(digest.hex()))?;
    let media_type = "application/vnd.oci.image.layer.v1.tar+gzip";
    Ok(Layer { descriptor: json!({"mediaType": media_type, "digest": digest, "size": size}), diff_id })
}

/// A megabyte of words out of six thousand.
fn words(numbers: &mut Numbers) -> Vec<u8> {
    let letters = b"etaoinshrdlucmfwypvbgkjqxz";
    let words: Vec<Vec<u8>> =
        (0..6000).map(|_| (0..2 + numbers.below(9)).map(|_| letters[numbers.below(letters.len())]).collect()).collect();
    let mut text = Vec::new();
    while text.len() < 1 << 20 {
        text.extend_from_slice(&words[numbers.below(words.len())]);
        text.push(if numbers.next().is_multiple_of(6) { b'\n' } else { b' ' });
    }
    text
}
