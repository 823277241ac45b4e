//! YAML as a tree with lines, within limits. An alias is nothing: what it stands for is never copied.

use saphyr_parser::{Event, Parser};

/// A value, and the line where it begins.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) line: usize,
}

/// What it is.
#[derive(Debug)]
pub(crate) enum Value {
    Nothing,
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Reads the first document. `None` where it is not YAML, or larger or deeper than any configuration is.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut open: Vec<(Node, Option<String>)> = Vec::new();
        for (count, event) in Parser::new_from_str(text).enumerate() {
            let (event, span) = event.ok()?;
            if count > MAX_EVENTS || open.len() > MAX_DEPTH {
                return None;
            }
            let line = span.start.line();
            let value = match event {
                Event::Scalar(text, ..) => Value::Scalar(text.into_owned()),
                Event::Alias(_) => Value::Nothing,
                Event::SequenceStart(..) => {
                    open.push((
                        Node {
                            value: Value::List(Vec::new()),
                            line,
                        },
                        None,
                    ));
                    continue;
                }
                Event::MappingStart(..) => {
                    open.push((
                        Node {
                            value: Value::Map(Vec::new()),
                            line,
                        },
                        None,
                    ));
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let (node, _) = open.pop()?;
                    if open.is_empty() {
                        return Some(node);
                    }
                    put(&mut open, node);
                    continue;
                }
                _ => continue,
            };
            let node = Node { value, line };
            if open.is_empty() {
                return Some(node);
            }
            put(&mut open, node);
        }
        None
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, node)| node),
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

    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Every map below and at this node for which `wanted` holds.
    pub(crate) fn find<'a>(&'a self, wanted: &dyn Fn(&Node) -> bool, found: &mut Vec<&'a Node>) {
        if wanted(self) {
            found.push(self);
        }
        match &self.value {
            Value::List(items) => items.iter().for_each(|item| item.find(wanted, found)),
            Value::Map(entries) => entries
                .iter()
                .for_each(|(_, node)| node.find(wanted, found)),
            _ => {}
        }
    }
}

/// Into the innermost open list or map; in a map, a key and a value take turns.
fn put(open: &mut [(Node, Option<String>)], node: Node) {
    let Some((parent, key)) = open.last_mut() else {
        return;
    };
    match &mut parent.value {
        Value::List(items) => items.push(node),
        Value::Map(entries) => match key.take() {
            Some(key) => entries.push((key, node)),
            None => *key = Some(node.text().unwrap_or_default().to_owned()),
        },
        _ => {}
    }
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
        let bomb = "a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]\n";
        assert!(matches!(
            Node::read(bomb).unwrap().get("c").unwrap().items()[0].value,
            Value::Nothing
        ));
    }
}
