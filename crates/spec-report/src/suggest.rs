//! "Did you mean": the nearest of some known words.

/// Longer words are compared for equality only; the work per pair stays below 64 × 64 steps.
const LONGEST: usize = 64;

/// The word of `among` that was probably meant by `word`, if one is near enough.
///
/// Words that differ only in case and in `-`, `_`, `.` or blanks between their parts come first: `runAs`,
/// `run_as` and `RUN-AS` mean `run-as`. Otherwise the nearest word wins whose distance (insertions,
/// deletions, substitutions and swaps of neighbours) is at most a third of the longer word's length;
/// of equally near words the one with the longer common beginning, then the earlier one. The word itself is never suggested.
///
/// ```
/// use spec_report::did_you_mean;
/// assert_eq!(did_you_mean("comands", ["phases", "commands"]), Some("commands"));
/// assert_eq!(did_you_mean("runAs", ["run-as"]), Some("run-as"));
/// assert_eq!(did_you_mean("version", ["phases", "commands"]), None);
/// ```
pub fn did_you_mean<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = normal(word);
    let mut best: Option<(usize, usize, &'a str)> = None;
    for candidate in among {
        if candidate == word {
            continue;
        }
        let known = normal(candidate);
        if known == given {
            if given.is_empty() {
                continue;
            }
            return Some(candidate);
        }
        let limit = limit(given.len().max(known.len()));
        let limit = best.map_or(limit, |(distance, ..)| limit.min(distance));
        if limit == 0 {
            continue;
        }
        let Some(distance) = distance(&given, &known, limit) else {
            continue;
        };
        let common = given.iter().zip(&known).take_while(|(a, b)| a == b).count();
        let better = best.is_none_or(|(least, most, _)| distance < least || (distance == least && common > most));
        if better {
            best = Some((distance, common, candidate));
        }
    }
    best.map(|(_, _, candidate)| candidate)
}

/// Lower case, without what separates the parts of a name. One character more than is compared is
/// enough to see that a word is too long.
fn normal(word: &str) -> Vec<char> {
    word.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' ')).flat_map(char::to_lowercase).collect()
}

/// The largest distance at which a word of this length is still a misspelling: words of one or two
/// letters have none, for `on` is not a misspelt `os`.
fn limit(length: usize) -> usize {
    if length > LONGEST { 0 } else { length / 3 }
}

/// Optimal string alignment distance, if it is at most `limit`.
fn distance(a: &[char], b: &[char], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    // Rows of the table for the previous-but-one, previous and current character of `a`.
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut row: Vec<usize> = vec![0; b.len() + 1];
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let substituted = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = substituted.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row[j] = least;
        }
        // A swap reaches back two rows, so both must be beyond the limit.
        if row.iter().chain(&above).all(|&cost| cost > limit) {
            return None;
        }
        std::mem::swap(&mut before, &mut above);
        std::mem::swap(&mut above, &mut row);
    }
    Some(above[b.len()]).filter(|&cost| cost <= limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_suggested() {
        let phases = ["install", "pre_build", "build", "post_build", "env", "run-as", "on-failure"];
        for (word, expected) in [
            ("instal", Some("install")),
            ("isntall", Some("install")),
            ("prebuild", Some("pre_build")),
            ("preBuild", Some("pre_build")),
            ("pre-build", Some("pre_build")),
            ("BUILD", Some("build")),
            ("biuld", Some("build")),
            ("RunAs", Some("run-as")),
            ("onFailure", Some("on-failure")),
            ("post_biuld", Some("post_build")),
            ("envs", Some("env")),
            ("build", None),
            ("vne", None),
            ("e", None),
            ("", None),
            ("-", None),
            ("artifacts", None),
        ] {
            assert_eq!(did_you_mean(word, phases), expected, "{word}");
        }
    }

    #[test]
    fn nearest_then_longest_beginning_then_first() {
        assert_eq!(did_you_mean("abcdef", ["xbcdef", "abcdex", "abcdey"]), Some("abcdex"));
        assert_eq!(did_you_mean("abcdef", ["abcdxy", "abcdeg"]), Some("abcdeg"));
        assert_eq!(did_you_mean("abcd", ["abce", "ABCD"]), Some("ABCD"));
    }

    #[test]
    fn long_words_are_only_compared_for_equality() {
        let long = "x".repeat(1_000_000);
        let other = format!("{long}y");
        assert_eq!(did_you_mean(&long, [other.as_str(), "x"]), None);
        let upper = long.to_uppercase();
        assert_eq!(did_you_mean(&upper, [long.as_str()]), Some(long.as_str()));
    }

    /// The definition, without a table.
    fn naive(a: &[char], b: &[char]) -> usize {
        let (Some((x, a1)), Some((y, b1))) = (a.split_last(), b.split_last()) else {
            return a.len().max(b.len());
        };
        let mut least = (naive(a1, b1) + usize::from(x != y)).min(naive(a1, b) + 1).min(naive(a, b1) + 1);
        if let (Some((x2, a2)), Some((y2, b2))) = (a1.split_last(), b1.split_last())
            && x == y2
            && y == x2
        {
            least = least.min(naive(a2, b2) + 1);
        }
        least
    }

    proptest! {
        #[test]
        fn distance_is_its_definition(a in "[abc]{0,6}", b in "[abc]{0,6}", limit in 0usize..7) {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            let expected = Some(naive(&a, &b)).filter(|&cost| cost <= limit);
            prop_assert_eq!(distance(&a, &b, limit), expected);
            prop_assert_eq!(distance(&b, &a, limit), expected);
        }

        #[test]
        fn suggestions_are_near_and_nearest(word in "[ab_C]{0,7}", among in prop::collection::vec("[ab_C]{0,7}", 0..5)) {
            let cost = |candidate: &str| {
                let (a, b) = (normal(&word), normal(candidate));
                let cost = naive(&a, &b);
                let equal = a == b && !a.is_empty();
                let near = cost > 0 && cost <= a.len().max(b.len()) / 3;
                (candidate != word && (equal || near)).then_some(cost)
            };
            let least = among.iter().filter_map(|candidate| cost(candidate)).min();
            let suggested = did_you_mean(&word, among.iter().map(String::as_str));
            prop_assert_eq!(suggested.and_then(cost), least);
        }
    }
}
