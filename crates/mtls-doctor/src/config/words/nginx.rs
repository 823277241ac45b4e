//! nginx: directives that do not exist, stand where they may not, or stand there twice.

use std::path::Path;

use super::super::edit;
use super::super::load;
use super::super::read::directive::{Directive, last};
use super::super::read::nginx_directives;
use super::super::settings::{Server, resolve};
use super::arguments::surplus;
use super::nginx_requests::{header, refusal_page, underscores};
use super::resolver;
use super::unknown::{self, MAX_FINDINGS, NUMBER, Values, meant};
use crate::finding::Finding;

pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let base = path.parent().unwrap_or(Path::new(""));
    let mut findings = Vec::new();
    let directives = nginx_directives(path, text);
    let file = File {
        base,
        top: &directives,
    };
    file.walk(&directives, &[], &mut findings);
    findings
}

/// What is the same for every block.
struct File<'a> {
    /// Where its paths begin.
    base: &'a Path,
    /// What stands outside of all blocks.
    top: &'a [Directive],
}

/// A file that it reads at its start, and that no other check looks into.
fn file(directive: &Directive, base: &Path) -> Option<Finding> {
    let path = directive.argument().filter(|path| !path.contains('$'))?;
    let is_read = FILES.iter().any(|one| directive.is(one));
    is_read.then(|| {
        load::missing(
            &directive.name,
            &directive.at,
            &resolve(path, &[base.to_owned(), base.join("..")]),
        )
    })?
}

impl File<'_> {
    /// `above` are the blocks around these, outermost first.
    fn walk(&self, directives: &[Directive], above: &[&Directive], findings: &mut Vec<Finding>) {
        findings.extend(twice(directives));
        findings.extend(resolver::missing(directives, above, self.top));
        let bases = [self.base.to_owned(), self.base.join("..")];
        for directive in directives {
            if findings.len() >= MAX_FINDINGS {
                return;
            }
            let name = directive.name.as_str();
            if let Some(meant) = meant(name, &KNOWN, false).filter(|_| name.starts_with("ssl")) {
                findings.push(unknown::directive(
                    Server::Nginx,
                    &directive.at,
                    name,
                    meant,
                ));
            }
            findings.extend(surplus(Server::Nginx, directive, &SINGLE, &bases));
            findings.extend(unknown::value(Server::Nginx, directive, VALUES));
            findings.extend(misplaced(directive, above));
            findings.extend(header(directive));
            findings.extend(underscores(directive, self.top));
            findings.extend(refusal_page(directive));
            findings.extend(file(directive, self.base));
            let mut within = above.to_vec();
            within.push(directive);
            self.walk(&directive.children, &within, findings);
        }
    }
}

/// A directive that a block has twice, and that nginx takes once.
fn twice(directives: &[Directive]) -> Option<Finding> {
    let is_single = |one: &Directive| {
        KNOWN.contains(&one.name.as_str()) && !REPEATED.contains(&one.name.as_str())
    };
    let is_again = |index: &usize| {
        let one = &directives[*index];
        is_single(one)
            && directives[..*index]
                .iter()
                .any(|before| before.name == one.name)
    };
    let again = &directives[(0..directives.len()).find(is_again)?];
    let first = directives.iter().find(|one| one.name == again.name)?;
    let what = format!(
        "`{}` stands twice in one block, and in line {} first.",
        again.name, first.at.number
    );
    let finding = Finding::error("config-twice", again.at.place(), what).why(format!(
        "nginx does not start: `\"{}\" directive is duplicate`.",
        again.name
    ));
    let whole = format!(" {} {};", again.name, again.arguments.join(" "));
    let command = (first.arguments == again.arguments && first.at.number != again.at.number)
        .then(|| edit::replaced(&again.at, &whole, ""))
        .flatten();
    Some(finding.command_or(
        command,
        "Keep the one that is meant, and take the other out.",
    ))
}

/// A directive of TLS within a `location`, whose connection is open already.
fn misplaced(directive: &Directive, above: &[&Directive]) -> Option<Finding> {
    let name = directive.name.as_str();
    let within = above
        .last()
        .filter(|block| block.is("location") || block.is("if"))?;
    if !KNOWN.contains(&name) {
        return None;
    }
    let what = format!(
        "`{name}` stands in a `{}`, and belongs into its `server`.",
        within.name
    );
    let finding = Finding::error("config-misplaced", directive.at.place(), what).why(format!(
        "nginx does not start: `\"{name}\" directive is not allowed here`. A certificate is asked for before the path of a request \
         is known; for some paths alone, write `ssl_verify_client optional;` and compare $ssl_client_verify there."
    ));
    let server = above.iter().rev().find(|block| block.is("server"));
    let certificate = server.and_then(|server| last(&server.children, "ssl_certificate"));
    let behind = certificate
        .filter(|one| one.at.file == directive.at.file && one.at.number < directive.at.number);
    let whole = format!("{name} {};", directive.arguments.join(" "));
    // Taken out first: what is added above it moves its line.
    let commands = behind.and_then(|behind| {
        Some([
            edit::replaced(&directive.at, &format!(" {whole}"), "")?,
            edit::added(&behind.at, &whole)?,
        ])
    });
    Some(match commands {
        Some([out, into]) => finding.command(out).command(into),
        None => finding.step("Move it into the `server` block."),
    })
}

const VALUES: &[Values] = &[
    Values {
        directive: "ssl_verify_client",
        known: &["on", "off", "optional", "optional_no_ca"],
        instead: "on",
    },
    Values {
        directive: "ssl_protocols",
        known: &["SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"],
        instead: "TLSv1.2 TLSv1.3",
    },
    Values {
        directive: "ssl_session_tickets",
        known: &["on", "off"],
        instead: "off",
    },
    Values {
        directive: "ssl_prefer_server_ciphers",
        known: &["on", "off"],
        instead: "off",
    },
    Values {
        directive: "ssl_verify_depth",
        known: &[NUMBER],
        instead: "2",
    },
    Values {
        directive: "ssl_ocsp",
        known: &["on", "off", "leaf"],
        instead: "on",
    },
];

/// Those of TLS that take one value.
const SINGLE: [&str; 16] = [
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_ciphers",
    "ssl_client_certificate",
    "ssl_crl",
    "ssl_dhparam",
    "ssl_ecdh_curve",
    "ssl_password_file",
    "ssl_prefer_server_ciphers",
    "ssl_session_ticket_key",
    "ssl_session_tickets",
    "ssl_session_timeout",
    "ssl_stapling_file",
    "ssl_trusted_certificate",
    "ssl_verify_client",
    "ssl_verify_depth",
];

/// Those of ngx_http_ssl_module; a newer nginx has more.
const KNOWN: [&str; 30] = [
    "ssl_buffer_size",
    "ssl_certificate",
    "ssl_certificate_cache",
    "ssl_certificate_key",
    "ssl_ciphers",
    "ssl_client_certificate",
    "ssl_conf_command",
    "ssl_crl",
    "ssl_dhparam",
    "ssl_early_data",
    "ssl_ecdh_curve",
    "ssl_key_log",
    "ssl_ocsp",
    "ssl_ocsp_cache",
    "ssl_ocsp_responder",
    "ssl_password_file",
    "ssl_prefer_server_ciphers",
    "ssl_protocols",
    "ssl_reject_handshake",
    "ssl_session_cache",
    "ssl_session_ticket_key",
    "ssl_session_tickets",
    "ssl_session_timeout",
    "ssl_stapling",
    "ssl_stapling_file",
    "ssl_stapling_responder",
    "ssl_stapling_verify",
    "ssl_trusted_certificate",
    "ssl_verify_client",
    "ssl_verify_depth",
];

/// An `include` is left over where it could not be followed.
const FILES: [&str; 5] = [
    "include",
    "ssl_dhparam",
    "ssl_password_file",
    "ssl_session_ticket_key",
    "ssl_stapling_file",
];

const REPEATED: [&str; 4] = [
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_conf_command",
    "ssl_session_ticket_key",
];
