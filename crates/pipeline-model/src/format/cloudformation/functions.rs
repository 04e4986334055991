//! The intrinsic functions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use spec_report::{Node, Span, Value};

use super::Reason;
use super::resolve::{Call, Resolver, call};

impl Resolver<'_> {
    /// The value of a call; `None` for `AWS::NoValue`.
    pub(super) fn call(&mut self, call: &Call<'_>) -> Option<Node> {
        let span = call.span;
        match call.name {
            "Ref" => match call.argument.as_str() {
                Some(name) => self.reference(name, span),
                None => Some(self.malformed(call)),
            },
            "If" => self.branch(call),
            "GetAtt" => Some(self.attribute(call)),
            "Sub" => Some(self.sub(call)),
            "Join" => Some(self.join(call).unwrap_or_else(|| self.malformed(call))),
            "Split" => Some(self.split(call).unwrap_or_else(|| self.malformed(call))),
            "Select" => Some(self.select(call).unwrap_or_else(|| self.malformed(call))),
            "FindInMap" => Some(self.find_in_map(call).unwrap_or_else(|| self.malformed(call))),
            "ImportValue" => Some(self.import(call).unwrap_or_else(|| self.malformed(call))),
            "Base64" => Some(self.base64(call).unwrap_or_else(|| self.malformed(call))),
            "Cidr" => Some(self.cidr(call).unwrap_or_else(|| self.malformed(call))),
            "GetAZs" => Some(self.zones(call).unwrap_or_else(|| self.malformed(call))),
            "Length" => Some(self.length(call).unwrap_or_else(|| self.malformed(call))),
            "ToJsonString" => Some(self.json_text(call).unwrap_or_else(|| self.malformed(call))),
            _ => Some(self.malformed(call)),
        }
    }

    /// The function stays as a placeholder.
    fn malformed(&mut self, call: &Call<'_>) -> Node {
        self.unknown(&format!("${{Fn::{}}}", call.name), call.span, Reason::Function)
    }

    /// The arguments of a function that takes a list. A short form carries its own tag on that list.
    pub(super) fn arguments<'n>(&self, call: &Call<'n>) -> Option<&'n [Node]> {
        match &call.argument.resolved().value {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }

    fn branch(&mut self, call: &Call<'_>) -> Option<Node> {
        let Some([condition, then, otherwise]) = self.arguments(call) else { return Some(self.malformed(call)) };
        let Some(name) = condition.as_str() else { return Some(self.malformed(call)) };
        match self.condition(name) {
            Some(true) => self.resolve(then),
            Some(false) => self.resolve(otherwise),
            None => {
                // Not through `note`: the branch itself is read, so its own text may be fully known.
                self.unresolved.push(super::Unresolved {
                    expression: format!("${{Fn::If:{name}}}"),
                    span: call.span,
                    reason: Reason::Condition,
                });
                let holds = self.decide(name);
                self.assumed.insert(name.to_owned(), holds);
                self.resolve(if holds { then } else { otherwise })
            }
        }
    }

    fn attribute(&mut self, call: &Call<'_>) -> Node {
        let name = match &call.argument.resolved().value {
            Value::Scalar(scalar) => Some(scalar.text.clone()),
            Value::Seq(parts) => {
                let mut words = Vec::new();
                for part in parts {
                    words.push(self.text_of(part).map(|(text, _)| text));
                }
                words.into_iter().collect::<Option<Vec<_>>>().map(|words| words.join("."))
            }
            _ => None,
        };
        let Some(name) = name else { return self.malformed(call) };
        self.attribute_of(&name, call.span)
    }

    /// `Resource.Attribute`.
    pub(super) fn attribute_of(&mut self, name: &str, span: Span) -> Node {
        if let Some(value) = self.template.attribute(name) {
            return self.computed(value.to_owned(), span);
        }
        let resource = name.split('.').next().unwrap_or(name);
        let known = matches!(self.template.meaning(resource), super::template::Meaning::Resource);
        let reason = if known { Reason::Resource } else { Reason::Undefined };
        self.placeholder(name, span, reason)
    }

    fn join(&mut self, call: &Call<'_>) -> Option<Node> {
        let [separator, list] = self.arguments(call)? else { return None };
        let separator = separator.as_str()?.to_owned();
        let list = self.list(list)?;
        let mut known = true;
        let mut words = Vec::with_capacity(list.len());
        for item in &list {
            words.push(item.as_str()?);
            known &= !self.origins.symbolic.contains(&item.span);
        }
        let text = words.join(&separator);
        if !known {
            self.origins.symbolic.insert(call.span);
        }
        Some(self.computed(text, call.span))
    }

    fn split(&mut self, call: &Call<'_>) -> Option<Node> {
        let [separator, text] = self.arguments(call)? else { return None };
        let separator = separator.as_str().filter(|separator| !separator.is_empty())?;
        let (text, known) = self.text_of(text)?;
        if !known {
            // A placeholder may hold the separator: no part of it is certain.
            return Some(self.unknown(&format!("${{Fn::Split:{text}}}"), call.span, Reason::Function));
        }
        Some(self.split_text(&text, separator, call.span))
    }

    fn select(&mut self, call: &Call<'_>) -> Option<Node> {
        let [index, list] = self.arguments(call)? else { return None };
        let (index, known) = self.text_of(index)?;
        let index: usize = if known { index.trim().parse().ok()? } else { return None };
        let items = self.list(list)?;
        let item = items.get(index)?;
        let text = item.as_str()?.to_owned();
        if self.origins.symbolic.contains(&item.span) {
            self.origins.symbolic.insert(call.span);
        }
        Some(self.computed(text, call.span))
    }

    fn find_in_map(&mut self, call: &Call<'_>) -> Option<Node> {
        let [map, top, second] = self.arguments(call)?.get(..3)? else { return None };
        let mut words = Vec::new();
        let mut certain = true;
        for part in [map, top, second] {
            let (text, known) = self.text_of(part)?;
            certain &= known;
            words.push(text);
        }
        let found = if certain { self.template.mapping(&words[0], &words[1], &words[2]) } else { None };
        let Some(found) = found else {
            // `DefaultValue` comes with the transform `AWS::LanguageExtensions`.
            let default = self.arguments(call)?.get(3).and_then(|last| last.get("DefaultValue"));
            return match default.filter(|_| certain) {
                Some(default) => self.resolve(default),
                None => Some(self.placeholder(&words.join("."), call.span, Reason::Mapping)),
            };
        };
        Some(match found.as_str() {
            Some(text) => self.computed(text.to_owned(), call.span),
            None => {
                // A list of plain values; nothing in a mapping can be a function.
                let node = self.resolve(found)?;
                self.origins.computed.insert(call.span);
                node
            }
        })
    }

    fn import(&mut self, call: &Call<'_>) -> Option<Node> {
        let (name, known) = self.argument_text(call)?;
        if known && let Some(value) = self.template.export(&name) {
            return Some(self.computed(value.to_owned(), call.span));
        }
        Some(self.placeholder(&format!("Fn::ImportValue:{name}"), call.span, Reason::Import))
    }

    fn base64(&mut self, call: &Call<'_>) -> Option<Node> {
        let (text, known) = self.argument_text(call)?;
        if !known {
            return Some(self.unknown(&format!("${{Fn::Base64:{text}}}"), call.span, Reason::Function));
        }
        Some(self.computed(STANDARD.encode(text), call.span))
    }

    fn cidr(&mut self, call: &Call<'_>) -> Option<Node> {
        let (block, count, bits) = match self.arguments(call)? {
            [block, count] => (block, count, None),
            [block, count, bits] => (block, count, Some(bits)),
            _ => return None,
        };
        let mut certain = true;
        let mut texts = Vec::new();
        for part in [Some(block), Some(count), bits].into_iter().flatten() {
            let (text, known) = self.text_of(part)?;
            certain &= known;
            texts.push(text);
        }
        if !certain {
            return Some(self.unknown(&format!("${{Fn::Cidr:{}}}", texts[0]), call.span, Reason::Function));
        }
        let bits = texts.get(2).map_or(Ok(8), |bits| bits.trim().parse()).ok()?;
        let blocks = super::cidr::cidr(&texts[0], texts[1].trim().parse().ok()?, bits)?;
        Some(self.split_text(&blocks.join(","), ",", call.span))
    }

    /// Which zones a region has depends on the account.
    fn zones(&mut self, call: &Call<'_>) -> Option<Node> {
        let (region, mut known) = self.argument_text(call)?;
        let region = if region.is_empty() {
            let own = self.reference("AWS::Region", call.span)?;
            known &= !self.origins.symbolic.contains(&call.span);
            own.as_str()?.to_owned()
        } else {
            region
        };
        match self.template.zones(&region).filter(|_| known) {
            Some(zones) => Some(self.split_text(&zones.join(","), ",", call.span)),
            None => Some(self.unknown(&format!("${{Fn::GetAZs:{region}}}"), call.span, Reason::Zones)),
        }
    }

    fn length(&mut self, call: &Call<'_>) -> Option<Node> {
        let inner = Node { tag: call.argument.tag.clone().filter(|_| !call.short), ..call.argument.clone() };
        let items = self.list(&inner)?;
        Some(self.computed(items.len().to_string(), call.span))
    }

    fn json_text(&mut self, call: &Call<'_>) -> Option<Node> {
        let inner = Node { tag: call.argument.tag.clone().filter(|_| !call.short), ..call.argument.clone() };
        let before = self.unresolved.len();
        let text = self.resolve(&inner)?.to_json(spec_report::Schema::Yaml11).to_string();
        if self.unresolved.len() > before {
            self.origins.symbolic.insert(call.span);
        }
        Some(self.computed(text, call.span))
    }

    /// The text of an argument that is not a list. A short form carries its own tag on it.
    fn argument_text(&mut self, call: &Call<'_>) -> Option<(String, bool)> {
        if !call.short {
            return self.text_of(call.argument);
        }
        let inner = Node { tag: None, ..call.argument.clone() };
        self.text_of(&inner)
    }

    /// The items of a list, which may itself be the result of a function.
    fn list(&mut self, node: &Node) -> Option<Vec<Node>> {
        let node = node.resolved();
        if call(node).is_some() {
            return match self.resolve(node)?.value {
                Value::Seq(items) => Some(items),
                _ => None,
            };
        }
        Some(node.as_seq()?.iter().filter_map(|item| self.resolve(item)).collect())
    }
}
