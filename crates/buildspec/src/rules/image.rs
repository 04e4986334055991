//! Which runtimes a build image has ready: data, as of spring 2026.
//!
//! The source are the files `runtimes.yml` of the images; the numbers there are texts (`3.10`, not 3.1).

/// A build image and its runtimes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// Its name without registry: `aws/codebuild/standard:7.0`.
    pub(crate) name: &'static str,
    /// Whether `/bin/sh` is dash, which has no `[[`.
    pub(crate) dash: bool,
    /// Per runtime the versions that are ready.
    pub(crate) runtimes: &'static [(&'static str, &'static [&'static str])],
}

const JAVA: &[&str] = &["corretto25", "corretto21", "corretto17", "corretto11", "corretto8"];

const SEVEN: &[(&str, &[&str])] = &[
    ("dotnet", &["6", "8", "10", "6.0", "8.0", "10.0"]),
    ("golang", &["1.20", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26"]),
    ("java", JAVA),
    ("nodejs", &["18", "20", "22", "24"]),
    ("php", &["8.2", "8.3", "8.4", "8.5"]),
    ("python", &["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]),
    ("ruby", &["3.1", "3.2", "3.3", "3.4", "4.0"]),
];

// The facts say nothing of Java here; that it is as before keeps rules from false alarms.
const EIGHT: &[(&str, &[&str])] = &[
    ("dotnet", &["8", "10", "8.0", "10.0"]),
    ("golang", &["1.24", "1.25", "1.26"]),
    ("java", JAVA),
    ("nodejs", &["22", "24"]),
    ("php", &["8.2", "8.3", "8.4", "8.5"]),
    ("python", &["3.10", "3.11", "3.12", "3.13", "3.14"]),
    ("ruby", &["3.3", "3.4", "4.0"]),
    ("rust", &["1.93"]),
];

/// The images whose runtimes are known exactly. Those for ARM are not among them: only what they add is known.
const IMAGES: [Image; 4] = [
    Image { name: "aws/codebuild/standard:7.0", dash: true, runtimes: SEVEN },
    Image { name: "aws/codebuild/standard:8.0", dash: true, runtimes: EIGHT },
    Image { name: "aws/codebuild/amazonlinux-x86_64-standard:5.0", dash: false, runtimes: SEVEN },
    Image { name: "aws/codebuild/amazonlinux-x86_64-standard:6.0", dash: false, runtimes: EIGHT },
];

impl Image {
    /// The image of a name as projects have it, if its runtimes are known.
    pub(crate) fn of(name: &str) -> Option<&'static Self> {
        static KNOWN: [Image; 4] = IMAGES;
        // `public.ecr.aws/codebuild/…` is the same image under another name.
        let name = name.trim().strip_prefix("public.ecr.aws/codebuild/").unwrap_or(name.trim());
        KNOWN.iter().find(|image| image.name == name || image.name.strip_prefix("aws/codebuild/") == Some(name))
    }

    /// The versions of a runtime that are ready; `None` if the image does not have it.
    pub(crate) fn versions(&self, runtime: &str) -> Option<&'static [&'static str]> {
        self.runtimes.iter().find(|(name, _)| *name == runtime).map(|(_, versions)| *versions)
    }
}
