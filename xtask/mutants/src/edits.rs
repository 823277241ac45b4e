//! Insertions into a text, which keep its lines, so that the compiler names lines of the original.

use std::ops::Range;

/// The insertions of all changes of a file.
#[derive(Debug, Default)]
pub(crate) struct Edits(Vec<Edit>);

#[derive(Debug)]
struct Edit {
    /// The change that it is of.
    id: usize,
    /// Empty for what is only inserted.
    at: Range<usize>,
    place: Place,
    text: String,
}

/// The order of insertions at one place: first what ends there, the innermost before what is around it; then what begins
/// there, the outermost first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Place {
    After(std::cmp::Reverse<usize>),
    Before(usize),
}

impl Edits {
    /// Puts something around `inner`. What is around more has to be put there first.
    pub(crate) fn wrap(&mut self, id: usize, inner: &Range<usize>, before: &str, after: &str) {
        let nth = self.0.len();
        self.0.push(Edit {
            id,
            at: inner.start..inner.start,
            place: Place::Before(nth),
            text: before.to_owned(),
        });
        self.0.push(Edit {
            id,
            at: inner.end..inner.end,
            place: Place::After(std::cmp::Reverse(nth)),
            text: after.to_owned(),
        });
    }

    /// Writes `text` in place of `old`.
    pub(crate) fn replace(&mut self, id: usize, old: &Range<usize>, text: &str) {
        let place = Place::Before(self.0.len());
        self.0.push(Edit {
            id,
            at: old.clone(),
            place,
            text: text.to_owned(),
        });
    }

    /// The text with the edits of all changes that are `wanted`.
    pub(crate) fn apply(&self, text: &str, wanted: impl Fn(usize) -> bool) -> String {
        let mut edits: Vec<&Edit> = self.0.iter().filter(|edit| wanted(edit.id)).collect();
        edits.sort_by_key(|edit| (edit.at.start, edit.place));
        let mut changed = String::with_capacity(2 * text.len());
        let mut done = 0;
        for edit in edits {
            changed.push_str(&text[done..edit.at.start]);
            changed.push_str(&edit.text);
            done = edit.at.end;
        }
        changed.push_str(&text[done..]);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_around_stays_around() {
        let mut edits = Edits::default();
        edits.wrap(0, &(0..6), "(", ")");
        edits.wrap(1, &(0..6), "[", "]");
        edits.wrap(2, &(0..1), "{", "}");
        edits.replace(3, &(2..4), "||");
        edits.wrap(4, &(5..6), "<", ">");
        assert_eq!(edits.apply("a && b", |_| true), "([{a} || <b>])");
        assert_eq!(edits.apply("a && b", |id| id == 1), "[a && b]");
    }
}
