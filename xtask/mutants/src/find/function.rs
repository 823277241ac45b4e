//! Functions, whose work is taken out, and what is around them.

use syn::visit;
use syn::{
    Attribute, BinOp, Block, Expr, GenericArgument, Item, PathArguments, ReturnType, Signature,
    Stmt, Type, UnOp,
};

use super::condition::last;
use super::finder::Finder;

impl Finder<'_> {
    pub(super) fn item(&mut self, item: &Item) {
        match item {
            Item::Fn(function) => self.function(&function.attrs, &function.sig, &function.block),
            Item::Impl(implementation) if !is_of_tests(&implementation.attrs) => {
                let printed = implementation.trait_.as_ref();
                let printed = printed.and_then(|(_, path, _)| path.segments.last());
                if printed.is_some_and(|name| PRINTED.iter().any(|it| name.ident == it)) {
                    return;
                }
                self.within.push(name_of(&implementation.self_ty));
                visit::visit_item_impl(self, implementation);
                self.within.pop();
            }
            Item::Mod(module) if !is_of_tests(&module.attrs) => {
                visit::visit_item_mod(self, module);
            }
            Item::Trait(definition) => {
                self.within.push(definition.ident.to_string());
                visit::visit_item_trait(self, definition);
                self.within.pop();
            }
            _ => {}
        }
    }

    pub(super) fn function(
        &mut self,
        attributes: &[Attribute],
        signature: &Signature,
        body: &Block,
    ) {
        if signature.constness.is_some() || is_of_tests(attributes) {
            return;
        }
        self.within.push(signature.ident.to_string());
        match at_once(&signature.output) {
            // Its one statement is left out already.
            Some("return") if body.stmts.is_empty() || is_left_out(&body.stmts) => {}
            Some(ends) => self.return_at_once(body, ends),
            None => {}
        }
        if is_bool(&signature.output)
            && let Some(last) = last(body)
        {
            self.value_of(last);
        }
        visit::visit_block(self, body);
        self.within.pop();
    }

    fn return_at_once(&mut self, body: &Block, ends: &str) {
        let (id, on) = self.change(body, &format!("{ends} at once"));
        let begins = body.brace_token.span.open().byte_range().end;
        let text = format!(" if {on} {{ {ends}; }} ");
        self.edits.wrap(id, &(begins..begins), "", &text);
    }
}

/// How a function that returns nothing, or no value that others need, returns.
fn at_once(output: &ReturnType) -> Option<&'static str> {
    let ReturnType::Type(_, returned) = output else {
        return Some("return");
    };
    let Type::Path(path) = &**returned else {
        return None;
    };
    let last = path.path.segments.last()?;
    match last.ident.to_string().as_str() {
        "Option" => Some("return None"),
        "Result" => {
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return None;
            };
            let is_unit = |argument: &GenericArgument| matches!(argument, GenericArgument::Type(Type::Tuple(it)) if it.elems.is_empty());
            let first = arguments.args.first();
            first.is_some_and(is_unit).then_some("return Ok(())")
        }
        _ => None,
    }
}

fn is_bool(output: &ReturnType) -> bool {
    matches!(output, ReturnType::Type(_, it) if matches!(&**it, Type::Path(it) if it.path.is_ident("bool")))
}

fn is_left_out(statements: &[Stmt]) -> bool {
    matches!(statements, [Stmt::Expr(it, Some(_))] if is_executed_for_its_effect(it))
}

/// A statement that can be left out, and all others still compile: no value of it is used.
pub(super) fn is_executed_for_its_effect(expression: &Expr) -> bool {
    match expression {
        Expr::Call(it) => it.attrs.is_empty(),
        Expr::MethodCall(it) => it.attrs.is_empty(),
        Expr::Await(it) => is_executed_for_its_effect(&it.base),
        Expr::Try(it) => is_executed_for_its_effect(&it.expr),
        Expr::Assign(it) => is_place(&it.left),
        Expr::Binary(it) => matches!(
            it.op,
            BinOp::AddAssign(_)
                | BinOp::SubAssign(_)
                | BinOp::BitOrAssign(_)
                | BinOp::BitAndAssign(_)
        ),
        _ => false,
    }
}

/// What has a value before it is assigned to.
fn is_place(expression: &Expr) -> bool {
    match expression {
        Expr::Field(_) | Expr::Index(_) => true,
        Expr::Unary(it) => matches!(it.op, UnOp::Deref(_)),
        _ => false,
    }
}

fn is_of_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let is_test = path.segments.last().is_some_and(|it| it.ident == "test");
        let is_cfg = path.is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|it| it.is_ident("test") || it.is_ident("fuzzing"));
        is_test || is_cfg
    })
}

fn name_of(of: &Type) -> String {
    match of {
        Type::Path(path) => path.path.segments.last().map(|it| it.ident.to_string()),
        _ => None,
    }
    .unwrap_or_else(|| "impl".to_owned())
}

/// What is implemented for people, and what says nothing of its own.
const PRINTED: [&str; 4] = ["Clone", "Debug", "Display", "Error"];
