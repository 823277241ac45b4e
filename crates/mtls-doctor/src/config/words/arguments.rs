//! Directives of nginx and Apache that take one value, and have more: a path with a blank in it, or a comment where there
//! can be none.

use std::path::PathBuf;

use super::super::edit;
use super::super::read::directive::Directive;
use super::super::settings::{Server, resolve};
use super::unknown::not_started;
use crate::finding::Finding;

/// What stands behind the first value, of one of the directives in `single`.
pub(super) fn surplus(
    server: Server,
    directive: &Directive,
    single: &[&str],
    bases: &[PathBuf],
) -> Option<Finding> {
    let [first, rest @ ..] = directive.arguments.as_slice() else {
        return None;
    };
    let next = rest.first()?;
    if !single.iter().any(|one| directive.is(one)) {
        return None;
    }
    let name = &directive.name;
    let finding = |what: String| {
        Finding::error("config-arguments", directive.at.place(), what).why(not_started(server))
    };
    if next.starts_with('#') {
        let what = format!(
            "A comment stands behind `{name} {first}`, and Apache takes it for a value: a comment has a line of its own."
        );
        return Some(finding(what).command_or(
            edit::cut(&directive.at, next),
            "Put the comment into a line of its own.",
        ));
    }
    let whole = directive.arguments.join(" ");
    let what = format!(
        "`{name}` takes one value, and has {}: {whole}.",
        rest.len() + 1
    );
    let is_path = resolve(&whole, bases).exists();
    let command = is_path
        .then(|| edit::replaced(&directive.at, &whole, &format!("\"{whole}\"")))
        .flatten();
    Some(finding(what).command_or(
        command,
        "Write what belongs together in quotation marks, and take out what does not belong there.",
    ))
}
