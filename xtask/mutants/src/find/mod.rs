//! Finding what can be taken out of a file.
//!
//! | what | taken out by |
//! | --- | --- |
//! | a call, an assignment to a field, or a `?`, as a statement | it is not executed |
//! | the condition of an `if` or a guard, a comparison, the result of a test such as `is_empty` or `any` | it is true, or false |
//! | one side of `&&` or of `\|\|` | it is true, or false |
//! | `<`, `<=`, `>`, `>=` | the boundary is on the other side |
//! | a function that returns nothing, `Result<()>` or `Option` | it returns at once |
//!
//! Text that is only printed is left alone, and what the compiler evaluates.

mod condition;
mod finder;
mod function;

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};
use syn::visit::{self, Visit};
use syn::{Arm, Expr, ExprBinary, ExprClosure, ExprIf, ExprMacro, ExprMethodCall, Stmt};

use self::finder::Finder;
use crate::change::Change;
use crate::edits::Edits;

/// Adds the changes of a file to `changes`, whose index is their number, and returns how they are made.
pub(crate) fn changes(file: &str, text: &str, changes: &mut Vec<Change>) -> Result<Edits> {
    let parsed = syn::parse_file(text).with_context(|| format!("reading {file}"))?;
    let mut finder = Finder {
        file,
        text,
        changes,
        edits: Edits::default(),
        within: Vec::new(),
        handled: HashSet::new(),
        found: HashMap::new(),
    };
    finder.visit_file(&parsed);
    Ok(finder.edits)
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        self.item(item);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.function(&function.attrs, &function.sig, &function.block);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.attrs, &function.sig, block);
        }
    }

    // Evaluated by the compiler.
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_expr_repeat(&mut self, _: &'ast syn::ExprRepeat) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if let Stmt::Expr(expression, Some(_)) = statement
            && function::is_executed_for_its_effect(expression)
        {
            self.leave_out(statement);
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr_if(&mut self, expression: &'ast ExprIf) {
        self.condition(&expression.cond, &[true, false]);
        visit::visit_expr_if(self, expression);
    }

    fn visit_expr_while(&mut self, expression: &'ast syn::ExprWhile) {
        // One that is always true never ends.
        self.condition(&expression.cond, &[false]);
        visit::visit_expr_while(self, expression);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        if let Some((_, guard)) = &arm.guard {
            self.condition(guard, &[true, false]);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_binary(&mut self, expression: &'ast ExprBinary) {
        if condition::is_condition(&Expr::Binary(expression.clone())) {
            self.binary_condition(expression);
            self.move_boundary(expression);
        }
        visit::visit_expr_binary(self, expression);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        self.test(call);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_closure(&mut self, closure: &'ast ExprClosure) {
        self.visit_expr(&closure.body);
    }

    fn visit_expr_macro(&mut self, expression: &'ast ExprMacro) {
        if expression.mac.path.is_ident("matches") {
            self.macro_condition(expression);
        }
    }
}

#[cfg(test)]
mod tests;
