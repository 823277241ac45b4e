//! HAProxy: words of a `bind` line that do not exist.

use std::path::Path;

use super::super::load;
use super::super::read::directive::Directive;
use super::super::read::haproxy_lines;
use super::super::settings::{Server, bases, resolve};
use super::unknown::{self, MAX_FINDINGS, Values, meant};
use crate::finding::Finding;

pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for line in haproxy_lines(path, text) {
        let is_tls = line
            .arguments
            .iter()
            .any(|word| ["ssl", "crt", "crt-list"].contains(&word.as_str()));
        let is_default = line.is("ssl-default-bind-options");
        if !(line.is("bind") && is_tls || is_default) {
            continue;
        }
        findings.extend(list(&line, path));
        let mut words = line.arguments.iter().skip(usize::from(!is_default));
        while let Some(word) = words.next() {
            if findings.len() >= MAX_FINDINGS {
                return findings;
            }
            if let Some(rule) = VALUES.iter().find(|rule| rule.directive == word) {
                let value = words.next();
                let wrong = value.filter(|value| !rule.known.contains(&value.as_str()));
                findings.extend(wrong.map(|wrong| {
                    unknown::no_value(
                        Server::HaProxy,
                        &line.at,
                        rule,
                        wrong,
                        std::slice::from_ref(wrong),
                    )
                }));
            } else if WITH_VALUE.contains(&word.as_str()) {
                words.next();
            } else if let Some(meant) = meant(word, &WORDS, false) {
                findings.push(unknown::directive(Server::HaProxy, &line.at, word, meant));
            }
        }
    }
    findings
}

/// The list of certificates that a `bind` line names.
fn list(line: &Directive, path: &Path) -> Option<Finding> {
    let list = line
        .arguments
        .windows(2)
        .find(|pair| pair[0] == "crt-list")?;
    let bases = bases(path);
    let is_known = !list[1].starts_with('@') && !list[1].contains("${");
    is_known.then(|| load::missing("crt-list", &line.at, &resolve(&list[1], &bases)))?
}

const VALUES: &[Values] = &[
    Values {
        directive: "verify",
        known: &["none", "optional", "required"],
        instead: "required",
    },
    Values {
        directive: "ssl-min-ver",
        known: VERSIONS,
        instead: "TLSv1.2",
    },
    Values {
        directive: "ssl-max-ver",
        known: VERSIONS,
        instead: "TLSv1.3",
    },
];

const VERSIONS: &[&str] = &["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/// Words that another one follows; it may be anything.
const WITH_VALUE: [&str; 27] = [
    "alpn",
    "backlog",
    "ca-file",
    "ca-ignore-err",
    "ca-sign-file",
    "ca-verify-file",
    "ciphers",
    "ciphersuites",
    "client-sigalgs",
    "crl-file",
    "crt",
    "crt-ignore-err",
    "crt-list",
    "curves",
    "ecdhe",
    "gid",
    "group",
    "id",
    "interface",
    "maxconn",
    "mode",
    "name",
    "namespace",
    "npn",
    "sigalgs",
    "tls-ticket-keys",
    "user",
];

/// Those that a slip is taken for. Words that begin with `no-` and `force-` are near each other.
const WORDS: [&str; 19] = [
    "accept-proxy",
    "ca-file",
    "ca-ignore-err",
    "ca-verify-file",
    "ciphers",
    "ciphersuites",
    "crl-file",
    "crt-ignore-err",
    "crt-list",
    "no-ca-names",
    "no-tls-tickets",
    "prefer-client-ciphers",
    "ssl-max-ver",
    "ssl-min-ver",
    "strict-sni",
    "tls-tickets",
    "tls-ticket-keys",
    "verify",
    "verifyhost",
];
