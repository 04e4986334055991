//! What the image contains so far: Docker's COPY depends on it (does the destination exist as a directory?), and a link
//! that leads nowhere can be named before it is deployed.

use std::collections::BTreeMap;

use super::Problem;

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    Directory,
    File,
    Link,
}

#[derive(Debug, Default)]
pub(super) struct Tree {
    /// By path without leading slash; the root is not listed.
    nodes: BTreeMap<String, Node>,
    /// Absolute targets of links, and the line that brought them.
    targets: Vec<(usize, String, String)>,
}

impl Tree {
    /// Adds a path and its parents. Says whether anything new came; refuses what Docker could not write either, and
    /// destinations behind a link of the image, which would be replaced by a directory.
    pub(super) fn add(&mut self, path: &str, node: Node) -> Result<bool, Problem> {
        let path = path.trim_matches('/');
        if path.is_empty() {
            return Ok(false);
        }
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        for parent in parents {
            if *self.nodes.entry(parent.to_owned()).or_insert(Node::Directory) != Node::Directory {
                return Err(Problem::new(
                    format!("`/{parent}` in the image is a file or link, not a directory"),
                    "copy to the directory itself",
                ));
            }
        }
        let before = self.nodes.get(path).copied();
        if before.is_some_and(|before| (before == Node::Directory) != (node == Node::Directory)) {
            let problem = format!("`/{path}` is a directory in one place and a file or link in the other");
            return Err(Problem::new(problem, "copy to another name"));
        }
        self.nodes.insert(path.to_owned(), node);
        Ok(before != Some(node))
    }

    pub(super) fn is_directory(&self, path: &str) -> bool {
        let path = path.trim_matches('/');
        path.is_empty() || self.nodes.get(path) == Some(&Node::Directory)
    }

    /// Remembers a link with an absolute target, which can only mean a path in the image.
    pub(super) fn expect(&mut self, line: usize, link: &str, target: &str) {
        self.targets.push((line, link.to_owned(), target.to_owned()));
    }

    /// A link whose absolute target is not in the image, and the line that brought it.
    pub(super) fn dangling(&self) -> Option<(usize, Problem)> {
        let (line, link, target) = self.targets.iter().find(|(_, _, target)| !self.reaches(target))?;
        let problem = format!("the link `{link}` points to `{target}`, which is not in the image");
        Some((*line, Problem::new(problem, "copy the file itself, or leave the link out with .dockerignore")))
    }

    fn reaches(&self, target: &str) -> bool {
        let path = join("/", target);
        let path = path.trim_matches('/');
        // Behind another link anything can lie; links in the context were checked when they were copied.
        let mut parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        path.is_empty()
            || self.nodes.contains_key(path)
            || parents.any(|parent| self.nodes.get(parent) == Some(&Node::Link))
    }
}

/// An absolute, clean path: `path` seen from `directory`. As in Docker, `..` stops at the root.
pub(super) fn join(directory: &str, path: &str) -> String {
    let base = if path.starts_with('/') { "" } else { directory };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_join() {
        for (directory, path, expected) in [
            ("/", "a", "/a"),
            ("/srv", "a/", "/srv/a"),
            ("/srv", "/a//b", "/a/b"),
            ("/srv/x", "../a/./b", "/srv/a/b"),
            ("/", "../..", "/"),
            ("/srv", ".", "/srv"),
        ] {
            assert_eq!(join(directory, path), expected);
        }
    }

    #[test]
    fn files_and_directories_do_not_mix() {
        let mut tree = Tree::default();
        assert_eq!(tree.add("/a/b", Node::File), Ok(true));
        assert_eq!(tree.add("/a/b", Node::File), Ok(false));
        assert_eq!(tree.add("/a", Node::Directory), Ok(false));
        assert!(tree.add("/a", Node::File).is_err());
        assert!(tree.add("/a/b/c", Node::File).is_err());
        assert_eq!(tree.add("/l", Node::Link), Ok(true));
        assert!(tree.add("/l/x", Node::File).is_err());
        assert!(tree.is_directory("/a/") && tree.is_directory("/") && !tree.is_directory("/a/b"));
    }

    #[test]
    fn links_into_the_image() {
        let mut tree = Tree::default();
        tree.add("/bin/busybox", Node::File).unwrap();
        tree.add("/lib", Node::Link).unwrap();
        for target in ["/bin/busybox", "/bin/../bin/busybox", "/", "/lib/anything"] {
            tree.expect(3, "/x", target);
            assert_eq!(tree.dangling(), None, "{target}");
        }
        tree.expect(4, "/y", "/etc/passwd");
        assert_eq!(tree.dangling().unwrap().0, 4);
    }
}
