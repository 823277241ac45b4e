//! YAML as a tree with lines, within limits. What an alias stands for is shared, and never copied.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use saphyr_parser::{Event, Parser};

/// A value, and the line where it begins.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) line: usize,
    /// How deep it is.
    height: usize,
}

/// What it is.
#[derive(Debug)]
pub(crate) enum Value {
    Nothing,
    Scalar(String),
    List(Vec<Rc<Node>>),
    Map(Vec<(String, Rc<Node>)>),
}

/// The line at which a text is not YAML any more, and why.
pub(crate) fn fault(text: &str) -> Option<(usize, String)> {
    let mut events = Parser::new_from_str(text).take(MAX_EVENTS);
    let error = events.find_map(Result::err)?;
    Some((error.marker().line(), error.info().to_owned()))
}

impl Node {
    /// Reads the first document. `None` where it is not YAML, or larger or deeper than any configuration is.
    pub(crate) fn read(text: &str) -> Option<Rc<Self>> {
        let mut open: Vec<Open> = Vec::new();
        let mut anchors: HashMap<usize, Rc<Node>> = HashMap::new();
        for (count, event) in Parser::new_from_str(text).enumerate() {
            let (event, span) = event.ok()?;
            if count > MAX_EVENTS || open.len() > MAX_DEPTH {
                return None;
            }
            let line = span.start.line();
            let (node, anchor) = match event {
                Event::Scalar(text, _, anchor, _) => {
                    (Self::new(Value::Scalar(text.into_owned()), line)?, anchor)
                }
                // One that stands within itself is nothing.
                Event::Alias(anchor) => match anchors.get(&anchor) {
                    Some(node) => (Rc::clone(node), 0),
                    None => (Self::new(Value::Nothing, line)?, 0),
                },
                Event::SequenceStart(anchor, _) => {
                    open.push(Open::new(Value::List(Vec::new()), line, anchor));
                    continue;
                }
                Event::MappingStart(anchor, _) => {
                    open.push(Open::new(Value::Map(Vec::new()), line, anchor));
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let closed = open.pop()?;
                    (Self::new(closed.value, closed.line)?, closed.anchor)
                }
                _ => continue,
            };
            if anchor > 0 {
                anchors.insert(anchor, Rc::clone(&node));
            }
            match open.last_mut() {
                Some(parent) => parent.put(node),
                None => return Some(node),
            }
        }
        None
    }

    /// `None` where it is too deep.
    fn new(value: Value, line: usize) -> Option<Rc<Self>> {
        let below = match &value {
            Value::List(items) => items.iter().map(|item| item.height).max(),
            Value::Map(entries) => entries.iter().map(|(_, node)| node.height).max(),
            _ => None,
        };
        let height = below.unwrap_or_default() + 1;
        let node = Self {
            value,
            line,
            height,
        };
        (height <= MAX_DEPTH).then(|| Rc::new(node))
    }

    /// Of a map, the value of a key; it may be written `likeThis`, too, as protobuf has it in JSON.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries
                .iter()
                .find(|(key, _)| is_called(key, name))
                .map(|(_, node)| node.as_ref()),
            _ => None,
        }
    }

    /// Through several maps.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> Vec<&Node> {
        match &self.value {
            Value::List(items) => items.iter().map(Rc::as_ref).collect(),
            _ => Vec::new(),
        }
    }

    /// The values of a map.
    pub(crate) fn values(&self) -> Vec<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().map(|(_, node)| node.as_ref()).collect(),
            _ => Vec::new(),
        }
    }

    /// Every map below and at this node for which `wanted` holds, each once.
    pub(crate) fn find<'a>(&'a self, wanted: &dyn Fn(&Node) -> bool, found: &mut Vec<&'a Node>) {
        self.look(wanted, found, &mut HashSet::new());
    }

    fn look<'a>(
        &'a self,
        wanted: &dyn Fn(&Node) -> bool,
        found: &mut Vec<&'a Node>,
        seen: &mut HashSet<*const Node>,
    ) {
        if !seen.insert(std::ptr::from_ref(self)) {
            return;
        }
        if wanted(self) {
            found.push(self);
        }
        match &self.value {
            Value::List(items) => items.iter().for_each(|item| item.look(wanted, found, seen)),
            Value::Map(entries) => entries
                .iter()
                .for_each(|(_, node)| node.look(wanted, found, seen)),
            _ => {}
        }
    }
}

/// A list or map whose end is not there yet.
struct Open {
    value: Value,
    line: usize,
    anchor: usize,
    /// In a map, a key and a value take turns.
    key: Option<String>,
}

impl Open {
    fn new(value: Value, line: usize, anchor: usize) -> Self {
        Self {
            value,
            line,
            anchor,
            key: None,
        }
    }

    fn put(&mut self, node: Rc<Node>) {
        match &mut self.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match self.key.take() {
                Some(key) => entries.push((key, node)),
                None => self.key = Some(node.text().unwrap_or_default().to_owned()),
            },
            _ => {}
        }
    }
}

/// Whether a key is this name: `trusted_ca`, or `trustedCa`.
pub(crate) fn is_called(key: &str, name: &str) -> bool {
    key == name || key.contains(|letter: char| letter.is_ascii_uppercase()) && snake(key) == name
}

/// `likeThis` as `like_this`.
pub(crate) fn snake(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

const MAX_EVENTS: usize = 200_000;
const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_tree_has_values_and_lines() {
        let node = Node::read("a: 1\nb:\n  - { c: x }\n  - \"y z\"\n").unwrap();
        assert_eq!(node.get("a").and_then(Node::text), Some("1"));
        let items = node.get("b").unwrap().items();
        assert_eq!(
            (items[0].get("c").and_then(Node::text), items[0].line),
            (Some("x"), 3)
        );
        assert_eq!(items[1].text(), Some("y z"));
        assert!(node.at(&["b", "c"]).is_none());
    }

    #[test]
    fn hostile_yaml_is_refused() {
        assert!(Node::read(&"[".repeat(1000)).is_none());
        assert!(Node::read("a: [1, 2").is_none());
        assert!(Node::read("a: \"").is_none());
        // Each alias doubles what it would be as a copy.
        let mut bomb = "a0: &a0 [1, 1]\n".to_owned();
        for level in 1..40 {
            let below = level - 1;
            bomb.push_str(&format!("a{level}: &a{level} [*a{below}, *a{below}]\n"));
        }
        let node = Node::read(&bomb).unwrap();
        let mut found = Vec::new();
        node.find(&|_| true, &mut found);
        assert_eq!(found.len(), 40 + 3);
        // And too many of them are deeper than any configuration.
        for level in 40..100 {
            bomb.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
        }
        assert!(Node::read(&bomb).is_none());
        // One that is within itself.
        let node = Node::read("a: &a { b: *a }\n");
        assert!(
            node.is_none_or(|node| matches!(node.at(&["a", "b"]).unwrap().value, Value::Nothing))
        );
    }

    #[test]
    fn an_alias_is_what_it_stands_for() {
        let node = Node::read("x: &x { filename: ca.crt }\ny: { trustedCa: *x }\n").unwrap();
        let file = node.at(&["y", "trusted_ca", "filename"]).unwrap();
        assert_eq!((file.text(), file.line), (Some("ca.crt"), 1));
        assert!(node.at(&["y", "trustedca"]).is_none());
    }
}
