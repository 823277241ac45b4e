//! A directive or a value that does not exist, and what was meant.

use super::super::edit;
use super::super::read::directive::{Directive, Line};
use super::super::settings::Server;
use crate::finding::Finding;

/// The values of a directive, all of which are known.
pub(super) struct Values {
    pub(super) directive: &'static str,
    pub(super) known: &'static [&'static str],
    /// What to write instead.
    pub(super) instead: &'static str,
}

/// The word of `known` that was meant: the same but for two letters, at the most.
pub(super) fn meant<'a>(word: &str, known: &[&'a str], is_any_case: bool) -> Option<&'a str> {
    let plain = |text: &str| match is_any_case {
        true => text.to_ascii_lowercase(),
        false => text.to_owned(),
    };
    let word = plain(word);
    if word.len() > MAX_LEN {
        return None;
    }
    if known.iter().any(|one| plain(one) == word) {
        return None;
    }
    let near = |one: &&str| {
        let allowed = if one.len() < MIN_LEN { 1 } else { 2 };
        let distance = strsim::osa_distance(&word, &plain(one));
        (distance <= allowed).then_some(distance)
    };
    let near = known.iter().filter_map(|one| Some((near(one)?, *one)));
    near.min().map(|(_, one)| one)
}

/// A directive whose name is a slip.
pub(super) fn directive(server: Server, at: &Line, word: &str, meant: &str) -> Finding {
    let what = format!(
        "{} does not know the word `{word}`; `{meant}` is one.",
        server.name()
    );
    Finding::error("config-unknown-word", at.place(), what)
        .why(not_started(server))
        .command_or(edit::replaced(at, word, meant), format!("Write `{meant}`."))
}

/// The first value of the directive that does not exist.
pub(super) fn value(server: Server, directive: &Directive, rules: &[Values]) -> Option<Finding> {
    let rule = rules.iter().find(|rule| directive.is(rule.directive))?;
    let is_known = |word: &str| {
        let word = match server {
            Server::Apache => word.trim_start_matches(['+', '-']),
            _ => word,
        };
        // Of nginx and Caddy a variable may stand there.
        let is_variable = word.contains('$') || word.starts_with('{');
        let is_number = rule.known == [NUMBER] && word.parse::<u32>().is_ok();
        is_variable
            || is_number
            || rule
                .known
                .iter()
                .any(|known| known.eq_ignore_ascii_case(word))
    };
    if directive.arguments.is_empty() {
        let what = format!("`{}` has no value.", rule.directive);
        let whole = format!("{} {}", directive.name, rule.instead);
        return Some(
            Finding::error("config-unknown-value", directive.at.place(), what)
                .why(not_started(server))
                .command_or(
                    edit::replaced(&directive.at, &directive.name, &whole),
                    format!("Write `{whole}`."),
                ),
        );
    }
    let wrong = directive.arguments.iter().find(|word| !is_known(word))?;
    Some(no_value(
        server,
        &directive.at,
        rule,
        wrong,
        &directive.arguments,
    ))
}

/// The same, of one that is known to be wrong among what stands there.
pub(super) fn no_value(
    server: Server,
    at: &Line,
    rule: &Values,
    wrong: &str,
    all: &[String],
) -> Finding {
    let known = match rule.known {
        [NUMBER] => "it takes a number".to_owned(),
        known => format!("there are {}", known.join(", ")),
    };
    let what = format!("`{}` has no value `{wrong}`; {known}.", rule.directive);
    let joined = |mark: &str| format!("{}{mark}{}", rule.directive, all.join(" "));
    let instead = |mark: &str| format!("{}{mark}{}", rule.directive, rule.instead);
    let command = [" ", ": "]
        .iter()
        .find_map(|mark| edit::replaced(at, &joined(mark), &instead(mark)));
    // More than one blank between them.
    let command = command.or_else(|| edit::replaced(at, &all.join(" "), rule.instead));
    Finding::error("config-unknown-value", at.place(), what)
        .why(not_started(server))
        .command_or(
            command,
            format!("Write `{} {}`.", rule.directive, rule.instead),
        )
}

/// What it says at its start.
pub(super) fn not_started(server: Server) -> &'static str {
    match server {
        Server::Apache => {
            "Apache does not start: `Invalid command`, `Invalid argument`. One that runs goes on with the old configuration."
        }
        Server::Caddy => {
            "Caddy does not start: `unrecognized directive`, `unknown subdirective`, `unrecognized client auth mode`."
        }
        Server::Envoy => {
            "Envoy does not start: `no such field`, `invalid value`. One that gets its configuration over the network keeps the old one."
        }
        Server::HaProxy => {
            "HAProxy does not start: `unknown keyword`, `unknown verify method`, `unknown option`."
        }
        Server::Nginx => {
            "nginx does not start: `unknown directive`, `invalid value`. One that runs goes on with the old configuration."
        }
    }
}

/// What stands for any number among the values.
pub(super) const NUMBER: &str = "a number";
/// A shorter word is another one sooner.
const MIN_LEN: usize = 8;
/// No word of theirs is longer.
const MAX_LEN: usize = 64;
/// Nobody mends more at once.
pub(super) const MAX_FINDINGS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_a_word_that_is_new() {
        let known = ["ssl_verify_client", "ssl_certificate", "ssl_crl"];
        for (word, found) in [
            ("ssl_verify_clients", Some("ssl_verify_client")),
            ("ssl_certifcate", Some("ssl_certificate")),
            ("ssl_verify_client", None),
            ("ssl_certificate_cache", None),
            ("ssl_crll", Some("ssl_crl")),
            ("SSL_CRL", None),
        ] {
            assert_eq!(meant(word, &known, false), found, "{word}");
        }
        assert_eq!(meant("sslengin", &["SSLEngine"], true), Some("SSLEngine"));
    }
}
