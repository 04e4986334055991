//! The script around one command.
//!
//! CodeBuild runs every command of version 0.2 in a shell of its own and hands directory and variables on through files.
//! So functions, aliases, shell options, traps and arrays are lost between commands, while every assigned variable is
//! kept, exported or not (`set -a`). The command begins on line 4, as in CodeBuild, which its users know from messages
//! such as `script.sh: line 4: docker: command not found`.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Variables that belong to the shell itself: set from outside they are wrong, and some cannot be set.
const OF_THE_SHELL: [&str; 8] = ["BASHOPTS", "EUID", "OLDPWD", "PPID", "PWD", "SHELLOPTS", "SHLVL", "UID"];

/// The files of a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Files<'a> {
    pub(super) env: &'a Path,
    pub(super) new_env: &'a Path,
    pub(super) new_directory: &'a Path,
}

/// The script that runs `command` in `directory`. Without `carry_over` nothing is written for the next one.
///
/// The state is written to new files, which replace the old ones only when both are there: a command that ends the shell
/// (`exit 0`, a syntax error, a signal) changes nothing for the next one.
pub(super) fn around(command: &str, directory: &Path, files: Files<'_>, carry_over: bool) -> Vec<u8> {
    let mut script = Vec::with_capacity(command.len() + 512);
    let mut add = |part: &[u8]| script.extend_from_slice(part);
    add(b"cd ");
    add(&quoted(directory));
    // Elsewhere the command would do its work in the wrong directory.
    add(b" || exit 1\nset -a\n. ");
    add(&quoted(files.env));
    add(b"\n");
    add(command.as_bytes());
    // One line, silent under `set -x`; the redirections hold under `set -C`, the builtins under functions of their names.
    add(b"\n{ CODEBUILD_LAST_EXIT=$?; set +x; } 2>/dev/null\n");
    if carry_over {
        add(b"command export -p >| ");
        add(&quoted(files.new_env));
        add(b"\ncommand pwd >| ");
        add(&quoted(files.new_directory));
        add(b"\n");
    }
    add(b"exit $CODEBUILD_LAST_EXIT\n");
    script
}

/// The script that writes the values of variables to `out`, each as `name=value` with a NUL behind.
pub(super) fn print_variables(names: &[String], files: Files<'_>, out: &Path) -> Vec<u8> {
    let mut script = b"set -a\n. ".to_vec();
    script.extend(quoted(files.env));
    script.extend_from_slice(b"\n{\n");
    for name in names.iter().filter(|name| is_identifier(name)) {
        let line = format!("[ -z \"${{{name}+set}}\" ] || printf '%s=%s\\0' '{name}' \"${name}\"\n");
        script.extend_from_slice(line.as_bytes());
    }
    script.extend_from_slice(b":\n} >| ");
    script.extend(quoted(out));
    script.push(b'\n');
    script
}

/// The script that writes a text to `out` as a shell expands it between double quotes.
///
/// A here-document is the only place where a shell expands a text and takes quotes in it as they are, while those inside
/// of `$(…)` still are quotes.
pub(super) fn print_expansion(text: &str, directory: &Path, bin: &Path, files: Files<'_>, out: &Path) -> Vec<u8> {
    let mut end = "end_of_text".to_owned();
    while text.contains(&end) {
        end.push('_');
    }
    let mut script = b"cd ".to_vec();
    script.extend(quoted(directory));
    script.extend_from_slice(b" || exit 1\nset -a\n. ");
    script.extend(quoted(files.env));
    script.push(b'\n');
    // A command may have set another path.
    script.extend(append_path(bin));
    script.extend_from_slice(b"cat >| ");
    script.extend(quoted(out));
    script.extend_from_slice(format!(" <<{end}\n{text}\n{end}\n").as_bytes());
    script
}

/// The line that puts a directory behind all others where programs are looked for.
pub(super) fn append_path(directory: &Path) -> Vec<u8> {
    let mut line = b"export PATH=\"${PATH:-/usr/local/bin:/usr/bin:/bin}:\"".to_vec();
    line.extend(quoted(directory));
    line.push(b'\n');
    line
}

/// The names of the variables that a shell has told with `export -p`, those of the shell itself left out.
pub(super) fn exported_names(told: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(told);
    let lines =
        text.lines().filter_map(|line| line.strip_prefix("export ").or_else(|| line.strip_prefix("declare -x ")));
    let names = lines.map(|line| line.split('=').next().unwrap_or_default());
    let mut names: Vec<String> =
        names.filter(|name| is_identifier(name) && !OF_THE_SHELL.contains(name)).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// The environment file that the first command reads.
pub(super) fn env_file(variables: &BTreeMap<String, String>) -> Vec<u8> {
    let mut file = Vec::new();
    for (name, value) in variables {
        if is_identifier(name) && !OF_THE_SHELL.contains(&name.as_str()) {
            file.extend(assignment(name, value));
        }
    }
    file
}

/// The line that sets a variable.
pub(super) fn assignment(name: &str, value: &str) -> Vec<u8> {
    let mut line = format!("export {name}=").into_bytes();
    line.extend(single_quoted(value.as_bytes()));
    line.push(b'\n');
    line
}

/// What a shell wrote about its variables, without the read-only mark that bash keeps and CodeBuild does not.
pub(super) fn without_readonly(env: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(env.len());
    for line in env.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"declare -rx ") {
            Some(rest) => {
                out.extend_from_slice(b"declare -x ");
                out.extend_from_slice(rest);
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

/// Whether a shell can have a variable of this name.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

fn quoted(path: &Path) -> Vec<u8> {
    single_quoted(path.as_os_str().as_bytes())
}

fn single_quoted(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'\''];
    for &byte in text {
        match byte {
            b'\'' => out.extend_from_slice(b"'\\''"),
            _ => out.push(byte),
        }
    }
    out.push(b'\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_on_line_four() {
        let files = Files { env: Path::new("/e"), new_env: Path::new("/n"), new_directory: Path::new("/d") };
        let script = around("echo a\necho b", Path::new("/it's here"), files, true);
        let script = String::from_utf8(script).unwrap();
        let lines: Vec<&str> = script.lines().collect();
        assert_eq!(lines[0], r"cd '/it'\''s here' || exit 1");
        assert_eq!(lines[3..5], ["echo a", "echo b"]);
        assert_eq!(lines.last(), Some(&"exit $CODEBUILD_LAST_EXIT"));
    }

    #[test]
    fn identifiers() {
        for name in ["A", "_", "a1_B"] {
            assert!(is_identifier(name), "{name}");
        }
        for name in ["", "1A", "A-B", "A.B", "A B", "Ä", "A=B", "A;rm"] {
            assert!(!is_identifier(name), "{name}");
        }
    }

    #[test]
    fn read_only_does_not_stay() {
        assert_eq!(without_readonly(b"declare -rx A=\"1\"\ndeclare -x B\n"), b"declare -x A=\"1\"\ndeclare -x B\n");
    }
}
