//! Dockerfiles that need no container: what they make, and what is refused with its line.

use std::path::Path;

use ecr_push::{Error, Image, Platform, dockerfile};

use crate::context::{entries, files};

fn build_in(context: &Path, text: &str) -> Result<Image, Error> {
    let path = tempfile::tempdir().unwrap();
    let dockerfile = path.path().join("Dockerfile");
    std::fs::write(&dockerfile, text).unwrap();
    dockerfile::build(context, &dockerfile, &Platform::parse("linux/arm/v7").unwrap())
}

fn build(entries: &[(&str, &str)], text: &str) -> Result<Image, Error> {
    build_in(files(entries).path(), text)
}

/// Paths, modes and contents of all layers, one below the other, without directories.
fn contents(image: &Image) -> Vec<String> {
    let all = image.layers().iter().flat_map(entries).filter(|(path, _, _)| !path.ends_with('/'));
    all.map(|(path, mode, content)| format!("{path} {mode:o} {content}")).collect()
}

const SHOP: &[(&str, &str)] = &[
    ("shop*", "binary"),
    ("web/index.html", "index"),
    ("web/css/style.css", "style"),
    ("web/css/style.map", "map"),
    ("web/run*", "run"),
    ("empty/", ""),
];

#[test]
fn a_small_service() {
    let text = r#"# syntax=docker/dockerfile:1
ARG VERSION=1.0
FROM scratch AS final
ARG VERSION
ARG TARGETARCH
ENV SHOP_ROOT=/srv/web GREETING="hello world" SHOP_ROOT=/srv/web
ENV OLD  form  with spaces
LABEL org.example.version=$VERSION org.example.arch="${TARGETARCH}" \
      # a comment in between
      'single quoted'='$VERSION'
COPY --chmod=700 shop /usr/bin/shop
WORKDIR $SHOP_ROOT
COPY web .
COPY ["shop", "bin/"]
EXPOSE 8080 53/udp
USER 1000:1000
ENTRYPOINT ["/usr/bin/shop"]
CMD serve --port 8080
"#;
    let image = build(SHOP, text).unwrap();
    let config = image.config().unwrap().unwrap();
    assert_eq!(image.platform().unwrap().unwrap().to_string(), "linux/arm/v7");
    assert_eq!(
        config.config.env,
        [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "SHOP_ROOT=/srv/web",
            "GREETING=hello world",
            "OLD=form  with spaces",
        ]
    );
    let labels: Vec<(&str, &str)> = config.config.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(labels, [("org.example.arch", "arm"), ("org.example.version", "1.0"), ("single quoted", "$VERSION")]);
    assert_eq!(config.config.exposed_ports.keys().collect::<Vec<_>>(), ["53/udp", "8080/tcp"]);
    assert_eq!(config.config.user, "1000:1000");
    assert_eq!(config.config.working_dir, "/srv/web");
    assert_eq!(config.config.entrypoint.unwrap(), ["/usr/bin/shop"]);
    assert_eq!(config.config.cmd.unwrap(), ["/bin/sh", "-c", "serve --port 8080"]);
    assert_eq!(
        contents(&image),
        [
            "usr/bin/shop 700 binary",
            "srv/web/css/style.css 644 style",
            "srv/web/css/style.map 644 map",
            "srv/web/index.html 644 index",
            "srv/web/run 755 run",
            "srv/web/bin/shop 755 binary",
        ]
    );
    let history: Vec<_> = config.history.into_iter().filter_map(|entry| entry.created_by).collect();
    assert_eq!(history[1..3], ["WORKDIR /srv/web", "COPY web ."]);
}

#[test]
fn the_same_files_make_the_same_image() {
    let text = "FROM scratch\nCOPY . /\n";
    let first = build(SHOP, text).unwrap();
    let mut reversed = SHOP.to_vec();
    reversed.reverse();
    let context = files(&reversed);
    // Neither times nor the group's bits of a mode count.
    let shop = context.path().join("shop");
    std::fs::set_permissions(&shop, std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    std::fs::File::options().append(true).open(&shop).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(build_in(context.path(), text).unwrap().digest(), first.digest());
    assert_ne!(build(&SHOP[1..], text).unwrap().digest(), first.digest());
}

#[test]
fn destinations() {
    for (instruction, expected) in [
        ("COPY shop /", &["shop 755 binary"][..]),
        ("COPY shop /a", &["a 755 binary"]),
        ("COPY shop /a/", &["a/shop 755 binary"]),
        ("COPY ./shop a/b", &["a/b 755 binary"]),
        ("COPY /web/css/*.css /", &["style.css 644 style"]),
        ("COPY web/css /a", &["a/style.css 644 style", "a/style.map 644 map"]),
        ("COPY web/cs? shop /a/", &["a/shop 755 binary", "a/style.css 644 style", "a/style.map 644 map"]),
        ("COPY --chmod=0400 --link web/css/style.css ../../x", &["x 400 style"]),
        ("COPY --chown=0:0 empty /empty", &[]),
        ("COPY empty/ /", &[]),
    ] {
        let image = build(SHOP, &format!("FROM scratch\n{instruction}\n")).unwrap();
        assert_eq!(contents(&image), expected, "{instruction}");
    }
    // An existing directory takes a file in, even without a slash.
    let image = build(SHOP, "FROM scratch\nCOPY web/css /a\nCOPY shop /a\n").unwrap();
    assert_eq!(contents(&image).last().unwrap(), "a/shop 755 binary");
}

#[test]
fn dockerignore_is_kept() {
    let mut entries = SHOP.to_vec();
    entries.push((".dockerignore", "web\n!web/css\nDockerfile\n.dockerignore\n**/*.map\n"));
    let image = build(&entries, "FROM scratch\nCOPY . /\n").unwrap();
    assert_eq!(contents(&image), ["shop 755 binary", "web/css/style.css 644 style"]);
    let image = build(&entries, "FROM scratch\nCOPY web /w\n").unwrap();
    assert_eq!(contents(&image), ["w/css/style.css 644 style"]);
    for source in ["web/index.html", "web/css/style.map", "web/*.html"] {
        let error = build(&entries, &format!("FROM scratch\nCOPY {source} /\n")).unwrap_err();
        assert!(error.to_string().contains(".dockerignore"), "{source}: {error}");
    }
    // Beside the Dockerfile it goes first.
    let context = files(&[
        ("a", "1"),
        ("b", "2"),
        (".dockerignore", "b"),
        ("D", "FROM scratch\nCOPY . /"),
        ("D.dockerignore", "*\n!b"),
    ]);
    let image = dockerfile::build(context.path(), &context.path().join("D"), &Platform::linux("amd64")).unwrap();
    assert_eq!(contents(&image), ["b 644 2"]);
}

#[test]
fn nothing_outside_the_context_is_read() {
    let outside = files(&[("secret", "secret"), ("dir/secret", "secret")]);
    let link = |name: &str, target: &Path| (format!("{name} -> {}", target.display()), "");
    let file = link("file", &outside.path().join("secret"));
    let directory = link("dir", &outside.path().join("dir"));
    let up = outside.path().file_name().unwrap().to_str().unwrap();
    let relative = (format!("sub/up -> ../../{up}/secret"), "");
    let entries = [
        (file.0.as_str(), ""),
        (directory.0.as_str(), ""),
        (relative.0.as_str(), ""),
        ("inside/target", "target"),
        ("inside/link -> target", ""),
        ("inside/deep/up -> ../target", ""),
        ("alias -> inside", ""),
        ("loop -> loop", ""),
    ];
    for source in ["file", "dir", "dir/secret", "sub/up", "sub", "..", "../x", "a/../../x", ".", "f*", "loop"] {
        let error = build(&entries, &format!("FROM scratch\nCOPY {source} /x/\n")).unwrap_err();
        // A link that leads to itself cannot be followed at all.
        assert!(matches!(error, Error::Dockerfile(_)) || source == "loop", "{source}: {error}");
    }
    let image = build(&entries, "FROM scratch\nCOPY inside /a\nCOPY alias/target alias/link /b/\n").unwrap();
    assert_eq!(
        contents(&image),
        [
            "a/deep/up 777 -> ../target",
            "a/link 777 -> target",
            "a/target 644 target",
            "b/link 644 target",
            "b/target 644 target",
        ]
    );
}

#[test]
fn links_into_the_image_must_find_their_target() {
    let entries = [("bin/busybox*", "busybox"), ("bin/sh -> /bin/busybox", ""), ("etc/passwd -> /etc/shadow", "")];
    let image = build(&entries, "FROM scratch\nCOPY bin /bin\n").unwrap();
    assert_eq!(contents(&image)[1], "bin/sh 777 -> /bin/busybox");
    let error = build(&entries, "FROM scratch\nCOPY bin /bin\nCOPY etc /etc\n").unwrap_err();
    let Error::Dockerfile(error) = error else { panic!("{error}") };
    assert_eq!(error.line(), 3);
    assert!(error.problem().contains("which is not in the image"), "{error}");
}

#[test]
fn what_needs_a_container_is_refused_with_its_line() {
    for (instruction, keyword, advice) in [
        ("RUN make", "RUN", "COPY its result"),
        ("FROM scratch", "FROM", "COPY its result"),
        ("ADD https://example.com/x /x", "ADD", "use COPY"),
        ("COPY --from=build /x /x", "COPY", "copy it from the context"),
        ("COPY --chown=app shop /x", "COPY", "remove --chown"),
        ("COPY --chmod=u+x shop /x", "COPY", "octal"),
        ("COPY --parents shop /x", "COPY", "remove it"),
        ("COPY shop", "COPY", "source destination"),
        ("COPY <<EOF /x", "COPY", "into the context"),
        ("COPY nothing /x", "COPY", "check its spelling"),
        ("COPY *.none /x", "COPY", "check the pattern"),
        ("COPY shop web/index.html /x", "COPY", "end the destination with `/`"),
        ("COPY shop /.wh.x", "", ".wh."),
        ("HEALTHCHECK CMD true", "HEALTHCHECK", "task definition"),
        ("VOLUME /data", "VOLUME", "task definition"),
        ("SHELL [\"a\"]", "SHELL", "JSON form"),
        ("STOPSIGNAL 9", "STOPSIGNAL", "SIGTERM"),
        ("ONBUILD USER x", "ONBUILD", "Docker"),
        ("MAINTAINER x", "MAINTAINER", "LABEL"),
        ("WROKDIR /x", "WROKDIR", "spelling"),
        ("CMD ['a']", "CMD", "double quotes"),
        ("EXPOSE 80:80", "EXPOSE", "8080"),
        ("ENV a", "ENV", "name=value"),
        ("ENV a=1 b", "ENV", "name=value"),
        ("ENV a='b", "ENV", "close it"),
        ("ARG 1a=b", "ARG", "letters"),
        ("USER ${a:?b}", "USER", "${NAME}"),
        ("USER", "USER", "remove it"),
        ("ENTRYPOINT --x [\"a\"]", "ENTRYPOINT", "remove it"),
    ] {
        let error = build(SHOP, &format!("FROM scratch\n\n{instruction}\n")).unwrap_err();
        assert!(error.to_string().contains(advice), "{instruction}: {error}");
        if keyword.is_empty() {
            continue;
        }
        let Error::Dockerfile(error) = error else { panic!("{instruction}: {error}") };
        assert_eq!((error.line(), error.instruction()), (3, keyword), "{error}");
        assert!(error.to_string().contains(&format!("Dockerfile:3: `{keyword}`: ")), "{error}");
    }
    for (text, line, advice) in [
        ("", 1, "begin with `FROM scratch`"),
        ("# nothing\nARG a=1\n", 2, "begin with `FROM scratch`"),
        ("USER x\nFROM scratch", 1, "begin with `FROM scratch`"),
        ("ARG base=alpine\nFROM ${base}:3", 2, "static binary"),
        ("FROM --platform=linux/amd64 scratch", 1, "given to the build"),
        ("FROM scratch as", 1, "write `FROM scratch`"),
    ] {
        let Error::Dockerfile(error) = build(SHOP, text).unwrap_err() else { panic!("{text}") };
        assert_eq!(error.line(), line, "{text}: {error}");
        assert!(error.advice().contains(advice), "{text}: {error}");
    }
}

#[test]
fn files_that_are_not_there_are_named() {
    let error = dockerfile::build(Path::new("/nowhere"), Path::new("/nowhere/Dockerfile"), &Platform::linux("amd64"));
    assert_eq!(error.unwrap_err().to_string(), "cannot read `/nowhere/Dockerfile`");
}
