//! One digest on every machine: if one of these numbers changes, images that users pinned change with it.

use ecr_push::{Image, ImageBuilder, Layer, Platform, image::ImageConfig};

use crate::context::{diff_id, entries};

fn build() -> Image {
    let text: String = (0..20_000).map(|n| format!("line {n} of a file that compresses\n")).collect();
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(120));
    let files = Layer::new()
        .file("/usr/bin/shop", "#!/bin/sh\nexec true\n", 0o755)
        .file("srv/web/text.txt", text, 0o644)
        .file(long, "long name", 0o600)
        .file("srv/web/ümläut.txt", "not ASCII", 0o644)
        .symlink("bin", "usr/bin")
        .created_by("COPY . /");
    ImageBuilder::new(Platform::parse("linux/arm64/v8").unwrap())
        .layer(files)
        .layer(Layer::new().directory("var/lib/shop", 0o700))
        .entrypoint(["/usr/bin/shop"])
        .cmd(["--port", "8080"])
        .env("A", "1")
        .env("B", "2")
        .env("A", "3")
        .label("org.example.b", "2")
        .label("org.example.a", "1")
        .user("1000:1000")
        .exposed_port("8080/tcp")
        .working_dir("/srv/web")
        .annotation("org.opencontainers.image.title", "shop")
        .build()
        .unwrap()
}

#[test]
fn the_digest_is_this_one() {
    let image = build();
    assert_eq!(image.digest(), build().digest());
    // Uncompressed first: if only the compressed ones differ, it is the compressor that has changed.
    let config = image.config().unwrap().unwrap();
    let diff_ids: Vec<String> = config.rootfs.diff_ids.iter().map(ToString::to_string).collect();
    assert_eq!(diff_ids, GOLDEN_DIFF_IDS);
    let layers: Vec<String> = image.layers().iter().map(|layer| layer.digest().to_string()).collect();
    assert_eq!(
        (layers, image.digest().to_string()),
        (GOLDEN_LAYERS.map(str::to_owned).to_vec(), GOLDEN_IMAGE.to_owned())
    );
}

const GOLDEN_DIFF_IDS: [&str; 2] = [
    "sha256:3435c5ae7f956c36b0b48fb123772fe72959addc96f71484ab56dc50bfbe3880",
    "sha256:e6011df272886d82fa018d12fb6249d8aee2c6bf91589d5a26f151571c37d4e6",
];
const GOLDEN_LAYERS: [&str; 2] = [
    "sha256:dd7e0325449414dd9437f11baab7dff95c84f50f2ea6465f2ce33bd62bfbea6e",
    "sha256:c70ae3fd0b87a469df2015cbdfc75b3289ea150ae2c4ee11f36b79f5c51735f4",
];
const GOLDEN_IMAGE: &str = "sha256:0d4f55c83046658f8d9ba7677cd34dcc2d27159ecdf7ab056ba7a0dce4b9ab61";

#[test]
fn the_configuration_says_what_was_asked() {
    let image = build();
    let ImageConfig { config, rootfs, history, .. } = image.config().unwrap().unwrap();
    assert_eq!(config.env, ["A=3", "B=2"]);
    assert_eq!(config.user, "1000:1000");
    assert_eq!(config.working_dir, "/srv/web");
    assert_eq!(config.entrypoint.unwrap(), ["/usr/bin/shop"]);
    assert_eq!(config.exposed_ports.keys().collect::<Vec<_>>(), ["8080/tcp"]);
    assert_eq!(rootfs.diff_ids, image.layers().iter().map(diff_id).collect::<Vec<_>>());
    assert_eq!(history.len(), 2);
    assert_eq!(image.platform().unwrap().unwrap().to_string(), "linux/arm64/v8");
    let paths: Vec<String> = entries(&image.layers()[1]).into_iter().map(|(path, _, _)| path).collect();
    assert_eq!(paths, ["var/", "var/lib/", "var/lib/shop/"]);
}
