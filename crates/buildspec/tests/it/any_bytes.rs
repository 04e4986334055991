//! The fuzz target's function on stable: any bytes, and buildspecs with something wrong in them.

use proptest::prelude::*;

use crate::exercise;

const WHOLE: &str = include_str!("../fixtures/ecs_web_app.yml");
const DEFINITIONS: &str = include_str!("../fixtures/nginx_definitions.yml");

/// A whole file of which a piece is replaced by something else.
fn broken() -> impl Strategy<Value = Vec<u8>> {
    let file = proptest::sample::select(vec![WHOLE, DEFINITIONS]);
    (file, any::<proptest::sample::Index>(), 0..40_usize, "[ -~\n\t]{0,12}").prop_map(|(file, at, length, new)| {
        let bytes = file.as_bytes();
        let start = at.index(bytes.len());
        let end = (start + length).min(bytes.len());
        [&bytes[..start], new.as_bytes(), &bytes[end..]].concat()
    })
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        exercise::buildspec(&bytes);
    }

    #[test]
    fn any_text(text in "[a-z:#\\-\\[\\]{}&*|>'\"\\\\ \n\t]{0,120}") {
        exercise::buildspec(text.as_bytes());
    }

    #[test]
    fn broken_files(bytes in broken()) {
        exercise::buildspec(&bytes);
    }
}
