//! Conditions, in three-valued logic: what depends on something unknown is unknown.

use spec_report::{Node, Value};

use super::resolve::{Call, Resolver, call};

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
        let arguments = match &call.argument.resolved().value {
            Value::Seq(items) => items.as_slice(),
            _ => &[],
        };
        match (call.name, arguments) {
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
