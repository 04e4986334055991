//! The worlds of a template: every way in which its unknown conditions can turn out.
//!
//! Reading asks a question where a condition depends on something unknown, and takes the first answer. What was asked
//! is kept, so that the next reading can take another answer to the last question that has one: a walk over exactly the
//! worlds that differ for what is read. Questions are about values, not about conditions, so that `IsTest` and
//! `IsProduction` of one parameter are never both true.

use std::collections::BTreeMap;

/// How many worlds are looked at one by one. Beyond that: the first, its opposite, and each answer changed alone.
const MOST: usize = 64;

/// One question and the answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    question: String,
    options: usize,
    answer: usize,
}

/// The answers of one world.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    /// In the order of asking; the first ones may be given before.
    asked: Vec<Asked>,
    known: BTreeMap<String, usize>,
    /// Answers by question, for worlds that do not come from the walk; everything else is answered by `otherwise`.
    given: Option<(BTreeMap<String, usize>, Otherwise)>,
    next: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Otherwise {
    First,
    Last,
}

impl Answers {
    /// The answer to a question with so many options, counted from zero.
    pub(super) fn answer(&mut self, question: &str, options: usize) -> usize {
        if let Some(known) = self.known.get(question) {
            return *known;
        }
        let last = options.saturating_sub(1);
        let answer = match (&self.given, self.asked.get(self.next)) {
            (Some((given, otherwise)), _) => {
                let default = if *otherwise == Otherwise::First { 0 } else { last };
                given.get(question).copied().unwrap_or(default).min(last)
            }
            (None, Some(asked)) => asked.answer.min(last),
            (None, None) => 0,
        };
        if self.given.is_some() || self.next >= self.asked.len() {
            self.asked.push(Asked { question: question.to_owned(), options, answer });
        }
        self.next += 1;
        self.known.insert(question.to_owned(), answer);
        answer
    }
}

/// The walk.
#[derive(Debug, Default)]
pub(super) struct Worlds {
    seen: usize,
    first: Vec<Asked>,
    /// What is left to look at when there are too many to look at each.
    rest: Option<Vec<Answers>>,
}

impl Worlds {
    /// Whether there were more worlds than were looked at.
    pub(super) const fn are_too_many(&self) -> bool {
        self.rest.is_some()
    }

    /// The answers of the next world, after one that was read; `None` when all were.
    pub(super) fn after(&mut self, read: Answers) -> Option<Answers> {
        self.seen += 1;
        if self.seen == 1 {
            self.first = read.asked.clone();
            // Every independent question at least doubles the number: no walk would end.
            if self.first.len() >= usize::BITS as usize || 1_usize << self.first.len() > MOST {
                self.rest = Some(self.corners());
            }
        }
        if let Some(rest) = &mut self.rest {
            return rest.pop();
        }
        if self.seen >= MOST {
            self.rest = Some(Vec::new());
            return None;
        }
        let mut asked = read.asked;
        while let Some(mut last) = asked.pop() {
            if last.answer + 1 < last.options {
                last.answer += 1;
                asked.push(last);
                return Some(Answers { asked, ..Answers::default() });
            }
        }
        None
    }

    /// The opposite of the first world, and each answer changed alone, from both of them.
    fn corners(&self) -> Vec<Answers> {
        let opposite = Answers { given: Some((BTreeMap::new(), Otherwise::Last)), ..Answers::default() };
        let mut corners = Vec::new();
        for (otherwise, answer) in [(Otherwise::Last, 0), (Otherwise::First, usize::MAX)] {
            for asked in self.first.iter().take(MOST / 2 - 1) {
                let given = BTreeMap::from([(asked.question.clone(), answer)]);
                corners.push(Answers { given: Some((given, otherwise)), ..Answers::default() });
            }
        }
        // Taken from the end.
        corners.push(opposite);
        corners
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a tree of questions in all its worlds.
    fn walk(mut read: impl FnMut(&mut Answers) -> String) -> (Vec<String>, bool) {
        let (mut worlds, mut seen, mut next) = (Worlds::default(), Vec::new(), Some(Answers::default()));
        while let Some(mut answers) = next {
            seen.push(read(&mut answers));
            next = worlds.after(answers);
        }
        (seen, worlds.are_too_many())
    }

    #[test]
    fn every_world_is_seen_once() {
        let (seen, too_many) = walk(|answers| {
            let first = answers.answer("a", 3);
            // The second question is only there in one of the worlds.
            let second = if first == 1 { answers.answer("b", 2) } else { 9 };
            assert_eq!(answers.answer("a", 3), first);
            format!("{first}{second}")
        });
        assert_eq!(seen, ["09", "10", "11", "29"]);
        assert!(!too_many);
    }

    #[test]
    fn too_many_worlds_are_looked_at_from_their_corners() {
        let (seen, too_many) =
            walk(|answers| (0..30).map(|at| answers.answer(&at.to_string(), 2).to_string()).collect());
        assert!(too_many);
        assert!(seen.len() <= 2 * MOST, "{}", seen.len());
        assert_eq!(seen[0], "0".repeat(30));
        assert_eq!(seen[1], "1".repeat(30));
        assert!(seen.contains(&format!("1{}", "0".repeat(29))));
        assert!(seen.contains(&format!("0{}", "1".repeat(29))));
    }
}
