//! Conditions, in three-valued logic: what depends on something unknown is unknown. Where a value must be had, the
//! question what the unknown will be is answered by the world that is being read.

use spec_report::{Node, Value};

use super::resolve::{Call, Resolver, call};
use super::template::{OTHER, referred};

impl Resolver<'_> {
    /// The value of a condition of the file, if it is known.
    pub(super) fn condition(&mut self, name: &str) -> Option<bool> {
        if let Some(known) = self.conditions.get(name) {
            return *known;
        }
        // While it is open a condition counts as unknown: one that refers to itself has no value. Keeping every
        // value also keeps a web of conditions from being walked along each of its paths.
        self.conditions.insert(name.to_owned(), None);
        let found = self.template.condition(name);
        let value = found.and_then(|node| self.truth(node));
        self.conditions.insert(name.to_owned(), value);
        value
    }

    /// The value of a condition in this world.
    pub(super) fn decide(&mut self, name: &str) -> bool {
        if let Some(known) = self.condition(name) {
            return known;
        }
        if let Some(decided) = self.decided.get(name) {
            return *decided;
        }
        let found = self.template.condition(name);
        // One that is not there, or leads back to itself, is a question of its own.
        let value = match found.filter(|_| self.deciding.insert(name.to_owned())) {
            Some(node) => {
                let value = self.decide_node(node);
                self.deciding.remove(name);
                value
            }
            None => None,
        };
        let value = value.unwrap_or_else(|| self.ask(&format!("condition {name}")));
        // In a circle the question was answered further inside.
        *self.decided.entry(name.to_owned()).or_insert(value)
    }

    /// Yes or no, by the world.
    fn ask(&mut self, question: &str) -> bool {
        self.answers.answer(question, 2) == 0
    }

    fn decide_node(&mut self, node: &Node) -> Option<bool> {
        if let Some(known) = self.truth(node) {
            return Some(known);
        }
        let node = node.resolved();
        self.descend(|resolver| match call(node) {
            Some(call) => resolver.decide_call(&call),
            None => match node.as_map()? {
                [entry] if entry.key.as_str() == Some("Condition") => Some(resolver.decide(entry.value.as_str()?)),
                _ => None,
            },
        })
    }

    fn decide_call(&mut self, call: &Call<'_>) -> Option<bool> {
        let arguments = arguments(call);
        match (call.name, arguments) {
            ("Condition", _) => Some(self.decide(call.argument.as_str()?)),
            ("Equals", [left, right]) => self.decide_equals(left, right),
            ("Not", [one]) => self.decide_node(one).map(|value| !value),
            ("And", all) => self.decide_all(all, false),
            ("Or", all) => self.decide_all(all, true),
            _ => None,
        }
    }

    fn decide_all(&mut self, arguments: &[Node], decisive: bool) -> Option<bool> {
        // What is known without asking comes first: it may make every question needless.
        if arguments.iter().any(|argument| self.truth(argument) == Some(decisive)) {
            return Some(decisive);
        }
        for argument in arguments {
            if self.decide_node(argument)? == decisive {
                return Some(decisive);
            }
        }
        Some(!decisive)
    }

    fn decide_equals(&mut self, left: &Node, right: &Node) -> Option<bool> {
        let before = self.unresolved.len();
        let sides = (self.text_of(left), self.text_of(right));
        self.unresolved.truncate(before);
        let (Some((left_text, left_known)), Some((right_text, right_known))) = sides else { return None };
        if left_text == right_text {
            return Some(true);
        }
        for (node, known, other, other_known) in
            [(left, left_known, &right_text, right_known), (right, right_known, &left_text, left_known)]
        {
            let name = referred(node).filter(|_| !known && other_known);
            if let Some((name, values)) = name.and_then(|name| Some((name, self.template.distinct(name)?))) {
                let answer = self.answers.answer(&format!("parameter {name}"), values.len());
                let value = values.get(answer).copied().unwrap_or(OTHER);
                return Some(value == other);
            }
        }
        let (low, high) = if left_text < right_text { (left_text, right_text) } else { (right_text, left_text) };
        Some(self.ask(&format!("{low} is {high}")))
    }

    fn truth(&mut self, node: &Node) -> Option<bool> {
        let node = node.resolved();
        self.descend(|resolver| match call(node) {
            Some(call) => resolver.function(&call),
            // The long form of a reference has no `Fn::`.
            None => match node.as_map()? {
                [entry] if entry.key.as_str() == Some("Condition") => resolver.condition(entry.value.as_str()?),
                _ => None,
            },
        })
    }

    fn function(&mut self, call: &Call<'_>) -> Option<bool> {
        match (call.name, arguments(call)) {
            ("Condition", _) => self.condition(call.argument.as_str()?),
            ("Equals", [left, right]) => {
                // Only the comparison matters here: what is unknown inside is no finding of its own.
                let before = self.unresolved.len();
                let sides = (self.text_of(left), self.text_of(right));
                self.unresolved.truncate(before);
                match sides {
                    (Some((left, true)), Some((right, true))) => Some(left == right),
                    _ => None,
                }
            }
            ("Not", [one]) => self.truth(one).map(|value| !value),
            ("And", all) => self.fold(all, false),
            ("Or", all) => self.fold(all, true),
            _ => None,
        }
    }

    /// One argument of the value `decisive` decides, however unknown the others are.
    fn fold(&mut self, arguments: &[Node], decisive: bool) -> Option<bool> {
        let mut certain = true;
        for argument in arguments {
            match self.truth(argument) {
                Some(value) if value == decisive => return Some(decisive),
                Some(_) => {}
                None => certain = false,
            }
        }
        certain.then_some(!decisive)
    }
}

fn arguments<'n>(call: &Call<'n>) -> &'n [Node] {
    match &call.argument.resolved().value {
        Value::Seq(items) => items.as_slice(),
        _ => &[],
    }
}
