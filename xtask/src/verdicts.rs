//! The verdicts on AppSpecs against those of other people's programs, where a tree of files has them beside the files:
//! `agent-*.jsonl` with an answer a line, `oracle.tsv` with a column for each reader. The work is that of the example
//! `appspec_check`, so that this package stays quick to compile.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use serde_json::Value as Json;

use crate::workspace::{Workspace, show};

/// What a reader said to a file: `None` if it takes it, else its words, as far as they are known.
type Answer = Option<Option<String>>;

/// The columns of `oracle.tsv`: profile, verdict, words.
const COLUMNS: &[(&str, &str, Option<&str>)] = &[
    ("agent-v1-psych4", "linux_psych4", Some("message(linux_psych4)")),
    ("agent-v1-psych3", "linux_psych3", None),
    ("agent-v2", "agent_v2.0.x", Some("message(v2)")),
];

/// Compares wherever there is something to compare with, in the directory and those in it; lists every difference.
pub(crate) fn compare(workspace: &Workspace, directory: &Path) -> anyhow::Result<()> {
    let mut places = vec![directory.to_owned()];
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        places.extend(path.is_dir().then_some(path));
    }
    places.sort();
    let mut differences = 0;
    for place in places {
        for (profile, answers) in oracles(&place)? {
            differences += compare_one(workspace, &place, &profile, &answers)?;
        }
    }
    anyhow::ensure!(differences == 0, "{differences} verdicts are not those of the oracles");
    Ok(())
}

/// Every oracle of a directory: the profile, and the answer to each file.
fn oracles(place: &Path) -> anyhow::Result<Vec<(String, BTreeMap<String, Answer>)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(place)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(profile) = name.strip_suffix(".jsonl").filter(|stem| stem.starts_with("agent-")) {
            let profile = if profile.starts_with("agent-v2") { "agent-v2" } else { profile };
            all.push((profile.to_owned(), answers(&fs::read_to_string(&path)?)?));
        }
        if name == "oracle.tsv" {
            let text = fs::read_to_string(&path)?;
            all.extend(
                COLUMNS.iter().map(|(profile, verdict, words)| ((*profile).to_owned(), column(&text, verdict, *words))),
            );
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(all)
}

fn answers(lines: &str) -> anyhow::Result<BTreeMap<String, Answer>> {
    let mut all = BTreeMap::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let line: Json = serde_json::from_str(line)?;
        let file = line["file"].as_str().context("an answer without `file`")?.to_owned();
        let ok = line["ok"].as_bool().context("an answer without `ok`")?;
        all.insert(file, (!ok).then(|| line["message"].as_str().map(str::to_owned)));
    }
    Ok(all)
}

fn column(table: &str, verdict: &str, words: Option<&str>) -> BTreeMap<String, Answer> {
    let mut rows = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let head = rows.next().unwrap_or_default();
    let at = |name: &str| head.iter().position(|title| *title == name);
    let (verdict, words) = (at(verdict), words.and_then(at));
    let answer = |row: &[&str]| {
        let refused = row.get(verdict?)? != &"ok";
        let words = words.and_then(|words| row.get(words)).filter(|words| !words.is_empty());
        Some(refused.then(|| words.map(|words| (*words).to_owned())))
    };
    rows.filter_map(|row| Some(((*row.first()?).to_owned(), answer(&row)?))).collect()
}

/// The number of differences, each of which is printed.
fn compare_one(
    workspace: &Workspace,
    place: &Path,
    profile: &str,
    answers: &BTreeMap<String, Answer>,
) -> anyhow::Result<usize> {
    let mut command =
        workspace.cargo(["run", "--quiet", "--release", "--package", "examples", "--example", "appspec_check", "--"]);
    command.args(["--profile", profile, "--json"]).args(answers.keys().map(|file| place.join(file)));
    let output = command.output().with_context(|| format!("cannot run `{}`", show(&command)))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().collect();
    anyhow::ensure!(
        lines.len() == answers.len(),
        "appspec_check answered {} of {} files: {}",
        lines.len(),
        answers.len(),
        String::from_utf8_lossy(&output.stderr)
    );
    let mut differences = 0;
    for (line, (file, answer)) in lines.iter().zip(answers) {
        let line: Json = serde_json::from_str(line)?;
        let ours = line["error"].as_str();
        let same = match answer {
            None => ours.is_none(),
            Some(None) => ours.is_some(),
            Some(Some(words)) => ours == Some(words.as_str()),
        };
        if !same {
            differences += 1;
            println!("{profile} {file}\n  oracle: {answer:?}\n  here:   {ours:?}");
        }
    }
    println!("{profile}: {} files of {}, {differences} differences", answers.len(), place.display());
    Ok(differences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds_of_oracle() {
        let lines = "{\"file\":\"a.yml\",\"ok\":true}\n\n{\"file\":\"b.yml\",\"ok\":false,\"message\":\"no\"}\n";
        let read = answers(lines).unwrap();
        assert_eq!(read.into_values().collect::<Vec<_>>(), [None, Some(Some("no".to_owned()))]);
        let table = "file\tv1\twords\na.yml\tok\t\nb.yml\tError\tno\nc.yml\tError\t\n";
        let read = column(table, "v1", Some("words"));
        assert_eq!(read.into_values().collect::<Vec<_>>(), [None, Some(Some("no".to_owned())), Some(None)]);
        assert!(column(table, "v2", None).is_empty());
    }
}
