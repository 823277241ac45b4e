//! What has been found, and the changes that come of it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use syn::spanned::Spanned;
use syn::{ExprBinary, Stmt};

use crate::change::Change;
use crate::edits::Edits;

pub(super) struct Finder<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) changes: &'a mut Vec<Change>,
    pub(super) edits: Edits,
    /// The types and functions around.
    pub(super) within: Vec<String>,
    /// Conditions that are changed already.
    pub(super) handled: HashSet<Range<usize>>,
    /// How many changes say the same.
    pub(super) found: HashMap<String, usize>,
}

impl Finder<'_> {
    /// Notes a change, and returns its number and how the program asks whether it is on.
    pub(super) fn change(&mut self, at: &impl Spanned, what: &str) -> (usize, String) {
        let id = self.changes.len();
        let mut what = format!("{}: {what}", self.within.join("::"));
        let found = self.found.entry(what.clone()).or_default();
        *found += 1;
        if *found > 1 {
            what.push_str(&format!(", {found}"));
        }
        self.changes.push(Change {
            file: self.file.to_owned(),
            line: at.span().start().line,
            what,
        });
        (id, format!("crate::mutant::on({id})"))
    }

    /// The text of something, on one line and not too long.
    pub(super) fn shown(&self, of: &impl Spanned) -> String {
        let text = self.text[of.span().byte_range()].split_whitespace();
        let text = text.collect::<Vec<_>>().join(" ");
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }

    pub(super) fn leave_out(&mut self, statement: &Stmt) {
        let what = format!("without `{}`", self.shown(statement));
        let (id, on) = self.change(statement, &what);
        let range = statement.span().byte_range();
        self.edits.wrap(id, &range, &format!("if !{on} {{ "), " }");
    }

    pub(super) fn move_boundary(&mut self, comparison: &ExprBinary) {
        let (is, becomes) = match comparison.op {
            syn::BinOp::Lt(_) => ("<", "<="),
            syn::BinOp::Le(_) => ("<=", "<"),
            syn::BinOp::Gt(_) => (">", ">="),
            syn::BinOp::Ge(_) => (">=", ">"),
            _ => return,
        };
        let what = format!("`{becomes}` in `{}`", self.shown(comparison));
        let (id, on) = self.change(comparison, &what);
        let after = format!(")) {{ (l, r) => if {on} {{ l {becomes} r }} else {{ l {is} r }} }})");
        let range = comparison.span().byte_range();
        self.edits.wrap(id, &range, "(match (&(", &after);
        let operator = comparison.op.span().byte_range();
        self.edits.replace(id, &operator, "), &(");
    }
}

const LONGEST: usize = 90;
