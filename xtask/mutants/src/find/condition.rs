//! Conditions, which are made true, or false.

use syn::spanned::Spanned;
use syn::{BinOp, Block, Expr, ExprBinary, ExprMacro, ExprMethodCall, Stmt, UnOp};

use super::finder::Finder;

impl Finder<'_> {
    /// Makes a condition true, or false, or both, one after the other; and each of its sides what does not decide.
    pub(super) fn condition(&mut self, condition: &Expr, values: &[bool]) {
        let condition = peeled(condition);
        if !self.handled.insert(condition.span().byte_range()) {
            return;
        }
        match condition {
            Expr::Lit(_) => {}
            Expr::Let(_) => self.never(condition, values),
            Expr::Binary(both) if matches!(both.op, BinOp::And(_)) => {
                let sides = self.sides(both);
                if sides.iter().any(|side| matches!(side, Expr::Let(_))) {
                    self.never(condition, values);
                } else {
                    self.force(condition, values, false);
                }
                for side in sides {
                    if !matches!(side, Expr::Let(_)) {
                        self.condition(side, &[true]);
                    }
                }
            }
            Expr::Binary(either) if matches!(either.op, BinOp::Or(_)) => {
                self.force(condition, values, true);
                for side in self.sides(either) {
                    self.condition(side, &[false]);
                }
            }
            Expr::Unary(not) if matches!(not.op, UnOp::Not(_)) => {
                self.force(condition, values, true);
                self.force(condition, values, false);
                // Of what is negated, only what is within.
                self.condition(&not.expr, &[]);
            }
            _ => {
                self.force(condition, values, true);
                self.force(condition, values, false);
            }
        }
    }

    pub(super) fn binary_condition(&mut self, comparison: &ExprBinary) {
        self.condition(&Expr::Binary(comparison.clone()), &[true, false]);
    }

    pub(super) fn macro_condition(&mut self, expression: &ExprMacro) {
        self.condition(&Expr::Macro(expression.clone()), &[true, false]);
    }

    /// A method that is known to return a bool, to be called on one, or to take a closure that returns one.
    pub(super) fn test(&mut self, call: &ExprMethodCall) {
        let name = call.method.to_string();
        // Without a closure, `all` is a method of our own, and none that returns a bool.
        let is_own = name == "all" && call.args.is_empty();
        if TESTS.contains(&name.as_str()) && !is_own {
            self.condition(&Expr::MethodCall(call.clone()), &[true, false]);
        }
        if ["then", "then_some"].contains(&name.as_str()) {
            self.condition(&call.receiver, &[true, false]);
        }
        if TAKE_TESTS.contains(&name.as_str()) {
            for argument in &call.args {
                if let Expr::Closure(closure) = argument {
                    self.value_of(&closure.body);
                }
            }
        }
    }

    /// What a block or an expression that is a bool comes to.
    pub(super) fn value_of(&mut self, value: &Expr) {
        match value {
            Expr::Block(block) => {
                if let Some(last) = last(&block.block) {
                    self.value_of(last);
                }
            }
            Expr::If(_) | Expr::Match(_) => {}
            _ => self.condition(value, &[true, false]),
        }
    }

    fn force(&mut self, condition: &Expr, values: &[bool], value: bool) {
        if !values.contains(&value) {
            return;
        }
        let what = format!("`{}` is {value}", self.shown(condition));
        let (id, on) = self.change(condition, &what);
        let after = match value {
            true => format!(") || {on})"),
            false => format!(") && !{on})"),
        };
        let range = condition.span().byte_range();
        self.edits.wrap(id, &range, "((", &after);
    }

    /// What has a `let` in it, and so cannot be put into brackets.
    fn never(&mut self, condition: &Expr, values: &[bool]) {
        if values.contains(&false) {
            let what = format!("`{}` is false", self.shown(condition));
            let (id, on) = self.change(condition, &what);
            let range = condition.span().byte_range();
            self.edits.wrap(id, &range, "", &format!(" && !{on}"));
        }
    }

    /// Both sides of `&&` or `||`, and all of them where several follow each other.
    fn sides<'e>(&mut self, of: &'e ExprBinary) -> Vec<&'e Expr> {
        let mut sides = match &*of.left {
            Expr::Binary(left)
                if std::mem::discriminant(&left.op) == std::mem::discriminant(&of.op) =>
            {
                self.handled.insert(left.span().byte_range());
                self.sides(left)
            }
            left => vec![left],
        };
        sides.push(&of.right);
        sides
    }
}

/// Whether a binary expression is a bool.
pub(super) fn is_condition(expression: &Expr) -> bool {
    let Expr::Binary(binary) = expression else {
        return false;
    };
    matches!(
        binary.op,
        BinOp::And(_)
            | BinOp::Or(_)
            | BinOp::Eq(_)
            | BinOp::Ne(_)
            | BinOp::Lt(_)
            | BinOp::Le(_)
            | BinOp::Gt(_)
            | BinOp::Ge(_)
    )
}

/// The expression that a block comes to.
pub(super) fn last(block: &Block) -> Option<&Expr> {
    match block.stmts.last()? {
        Stmt::Expr(expression, None) => Some(expression),
        _ => None,
    }
}

fn peeled(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(inner) => peeled(&inner.expr),
        _ => expression,
    }
}

const TESTS: &[&str] = &[
    "all",
    "any",
    "contains",
    "contains_key",
    "ends_with",
    "eq_ignore_ascii_case",
    "is_empty",
    "is_err",
    "is_none",
    "is_none_or",
    "is_ok",
    "is_ok_and",
    "is_some",
    "is_some_and",
    "starts_with",
];

const TAKE_TESTS: &[&str] = &[
    "filter",
    "find",
    "position",
    "retain",
    "skip_while",
    "take_while",
];
