//! Caddy: what stands in `tls` and `client_auth` and does not exist.

use std::path::Path;

use super::super::read::directive::Directive;
use super::super::read::{caddy_sites, is_json};
use super::super::settings::{Server, bases, resolve};
use super::super::{edit, load};
use super::forwarded::{About, forwarded, of_client};
use super::unknown::{self, MAX_FINDINGS, Values, meant};
use crate::finding::Finding;

pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if is_json(text) {
        return findings;
    }
    for site in caddy_sites(path, text) {
        walk(&site, &mut findings);
        for tls in site.children.iter().filter(|one| one.is("tls")) {
            findings.extend(alone(tls));
            block(&tls.children, &OF_TLS, &mut findings);
            for auth in tls.children.iter().filter(|one| one.is("client_auth")) {
                block(&auth.children, &OF_CLIENT_AUTH, &mut findings);
            }
        }
    }
    findings
}

/// What may stand anywhere in a site.
fn walk(directive: &Directive, findings: &mut Vec<Finding>) {
    if findings.len() >= MAX_FINDINGS {
        return;
    }
    // It is left over where there is neither a snippet nor a file of that name.
    if let Some(name) = directive.argument().filter(|_| directive.is("import")) {
        let beside = directive.at.file.parent().unwrap_or(Path::new(""));
        let path = resolve(name, &[beside]);
        findings.extend(load::missing("import", &directive.at, &path));
    }
    findings.extend(header(directive));
    for child in &directive.children {
        walk(child, findings);
    }
}

/// What a backend is told of the client, by the client itself.
fn header(directive: &Directive) -> Option<Finding> {
    let [name, value] = directive.arguments.as_slice() else {
        return None;
    };
    let about = of_client(name).filter(|_| directive.is("header_up"))?;
    let said = ["{header.", "{http.request.header."];
    let said = said.iter().any(|one| value.starts_with(one));
    let wanted = match about {
        About::Certificate => "{http.request.tls.client.certificate_der_base64}",
        About::Subject => "{http.request.tls.client.subject}",
        About::Verdict => "{http.request.tls.client.fingerprint}",
    };
    said.then(|| forwarded(&directive.at, name, value, wanted))
}

/// A certificate without its key.
fn alone(tls: &Directive) -> Option<Finding> {
    let [only] = tls.arguments.as_slice() else {
        return None;
    };
    let is_other = ["internal", "force_automate"].contains(&only.as_str());
    if is_other || only.contains(['@', '{']) {
        return None;
    }
    let what = format!("`tls {only}` names a certificate, and not its key.");
    let key = Path::new(only).with_extension("key");
    let name = key.display().to_string();
    let is_there = resolve(&name, &bases(&tls.at.file)).is_file();
    let command = is_there
        .then(|| {
            edit::replaced(
                &tls.at,
                &format!("tls {only}"),
                &format!("tls {only} {name}"),
            )
        })
        .flatten();
    Some(
        Finding::error("config-arguments", tls.at.place(), what)
            .why("Caddy does not start: `single argument must either be 'internal', 'force_automate', or an email address`.")
            .command_or(command, "Write the key behind it: `tls CERTIFICATE KEY`."),
    )
}

fn block(directives: &[Directive], known: &[&'static str], findings: &mut Vec<Finding>) {
    for directive in directives {
        if findings.len() >= MAX_FINDINGS {
            return;
        }
        let name = directive.name.as_str();
        // Both blocks have few words, so that one that begins like another is it.
        let begins = || {
            known
                .iter()
                .find(|one| name.starts_with(*one) && !known.contains(&name))
                .copied()
        };
        if let Some(meant) = meant(name, known, false).or_else(begins) {
            findings.push(unknown::directive(
                Server::Caddy,
                &directive.at,
                name,
                meant,
            ));
        }
        findings.extend(unknown::value(Server::Caddy, directive, VALUES));
    }
}

const VALUES: &[Values] = &[
    Values {
        directive: "mode",
        known: &[
            "request",
            "require",
            "verify_if_given",
            "require_and_verify",
        ],
        instead: "require_and_verify",
    },
    Values {
        directive: "protocols",
        known: &["tls1.2", "tls1.3"],
        instead: "tls1.2 tls1.3",
    },
];

const OF_CLIENT_AUTH: [&str; 7] = [
    "mode",
    "trust_pool",
    "trusted_ca_cert",
    "trusted_ca_cert_file",
    "trusted_leaf_cert",
    "trusted_leaf_cert_file",
    "verifier",
];

const OF_TLS: [&str; 22] = [
    "alpn",
    "ca",
    "ca_root",
    "ciphers",
    "client_auth",
    "curves",
    "dns",
    "dns_challenge_override_domain",
    "dns_ttl",
    "eab",
    "force_automate",
    "get_certificate",
    "insecure_secrets_log",
    "issuer",
    "key_type",
    "load",
    "on_demand",
    "propagation_delay",
    "propagation_timeout",
    "protocols",
    "renewal_window_ratio",
    "resolvers",
];
