//! `ecs-taskdef/image-reference`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds images with blanks, empty parts, capital letters in the repository, or a digest that is none.
    ///
    /// An empty part is what remains of a variable that was not set: `.dkr.ecr..amazonaws.com/:`.
    pub static IMAGE_REFERENCE = {
        id: "ecs-taskdef/image-reference",
        severity: Error,
        summary: "an image is not a name that can be pulled",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in &subject.containers {
        let Some(image) = container.image.as_ref().filter(|image| !image.value.is_empty()) else { continue };
        if placeholder::has_any(&image.value) || image.value.contains(['$', '<', '>']) {
            continue;
        }
        if let Some(problem) = objection(&image.value) {
            let message = format!("the image `{}` of {} {problem}", image.value, container.title());
            out.report(&IMAGE_REFERENCE, subject.source(), image.span, message)
                .set_help("images are written as `registry/repository:tag` or `registry/repository@sha256:…`");
        }
    }
}

fn objection(image: &str) -> Option<&'static str> {
    if image.contains(char::is_whitespace) {
        return Some("contains a blank");
    }
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Some("has a digest that is not `sha256:` and 64 hexadecimal digits");
    }
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let (path, tag) = match name[slash..].find(':') {
        Some(colon) => (&name[..slash + colon], Some(&name[slash + colon + 1..])),
        None => (name, None),
    };
    if tag.is_some_and(|tag| tag.is_empty() || tag.len() > 128 || tag.contains(':')) {
        return Some("has an empty or impossible tag");
    }
    let mut parts = path.split('/');
    let first = parts.clone().next().unwrap_or_default();
    if path.split('/').any(str::is_empty) || first.split(['.', ':']).any(str::is_empty) {
        return Some("has an empty part: a variable of it was not set");
    }
    // A registry may have capital letters, a repository may not.
    if path.contains('/') && (first.contains(['.', ':']) || first == "localhost") {
        parts.next();
    }
    // `IMAGE_URI` is somebody's own mark for what is filled in later.
    if !path.contains(|letter: char| letter.is_ascii_lowercase()) {
        return None;
    }
    let capital = parts.any(|part| part.contains(|letter: char| letter.is_ascii_uppercase()));
    capital.then_some("has capital letters in its repository, which no registry allows")
}

fn is_digest(digest: &str) -> bool {
    digest
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
