//! Patterns of trigger filters: none may take longer than its text is long, or answer two things.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipeline_model::triggers::Glob;

fuzz_target!(|data: (&str, &str)| {
    let (pattern, text) = data;
    if let Ok(glob) = Glob::new(pattern) {
        let first = glob.matches(text);
        assert_eq!(first, glob.matches(text));
        // A pattern without anything special matches itself and nothing else.
        if pattern.chars().all(|c| c.is_alphanumeric() || c == '/' || c == '-') {
            assert_eq!(first, pattern == text);
        }
    }
});
