//! The clients of a server: those that were given, and how long their chains may be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_identity::{Certificate, SubjectAltName};

use crate::config::edit;
use crate::config::settings::{Comparison, Matcher, Matchers, Server};
use crate::files::Item;
use crate::finding::Finding;
use crate::report::Report;

use super::case::{Case, certificates};

impl Case<'_> {
    /// How long the chains of clients may be.
    pub(super) fn depth(&self, accepted: &[Item], report: &mut Report) {
        let settings = self.settings;
        let Some(depth) = &settings.depth else { return };
        let clients = self.given.chains().map(|chain| {
            chain
                .iter()
                .skip(1)
                .filter(|one| !one.is_self_issued())
                .count()
        });
        let known = certificates(accepted)
            .filter(|ca| ca.is_ca() && !ca.is_self_issued())
            .count()
            .min(1);
        let needed = clients.max().unwrap_or(0).max(known);
        let allowed = settings.server.intermediates(depth.value);
        // Apache counts the root, too.
        let accepts_none = settings.server == Server::Apache && depth.value == 0;
        if needed <= allowed as usize && !accepts_none {
            return;
        }
        let least = depth.value + (needed as u32 - allowed) + u32::from(accepts_none);
        let what = match accepts_none {
            true => format!(
                "{} 0 accepts no certificate that a CA has issued.",
                depth.name
            ),
            false => format!(
                "{} {} allows {allowed} intermediates, and the clients' chain has {needed}.",
                depth.name, depth.value
            ),
        };
        let finding = Finding::error("verify-depth", depth.at.place(), what)
            .why("The server refuses every client: OpenSSL and nginx `certificate chain too long`, Apache `Certificate Chain too long`.");
        let command = match settings.server {
            Server::Envoy => edit::replaced(
                &depth.at,
                &format!("max_verify_depth: {}", depth.value),
                &format!("max_verify_depth: {least}"),
            ),
            _ => edit::set(settings, depth, &least.to_string()),
        };
        report.finding(finding.command_or(command, format!("Set {} to {least}.", depth.name)));
    }

    /// The clients that were given, and what their certificates have to have besides.
    pub(super) fn matched(&self, report: &mut Report) {
        for matchers in &self.settings.matchers {
            let mut leaves = self
                .given
                .client_chains(self.options)
                .filter_map(|chain| chain.first().copied());
            let refused = leaves.find(|leaf| !matchers.all.iter().any(|one| matches(one, leaf)));
            report.findings_of(refused.map(|leaf| not_matched(matchers, leaf)));
        }
    }

    /// The clients that were given, as the server would judge them.
    pub(super) fn clients(&self, accepted: &[Item], report: &mut Report) {
        let Some(setting) = self.settings.client_ca.first() else {
            return;
        };
        let trusted: Vec<&Certificate> = certificates(accepted).collect();
        for refused in self.given.refused_by(&trusted, self.options) {
            if ![
                "unknown-issuer",
                "self-signed",
                "bad-signature",
                "issuer-key-differs",
            ]
            .contains(&refused.id)
            {
                report.finding(refused);
                continue;
            }
            let what = format!(
                "None of the CAs in {} issued the client's certificate in {}.",
                setting.value.display(),
                refused.place
            );
            let finding = Finding::error("client-ca-other", setting.at.place(), what).why(
                "The server refuses the client: nginx 400 `The SSL certificate error`, OpenSSL `unable to get local issuer \
                 certificate`, TLS alert 48 `unknown_ca`.",
            );
            let own = self.given.issuer_path().map(edit::whole);
            let command = own.and_then(|own| edit::set(self.settings, setting, &own));
            report.finding(finding.command_or(
                command,
                format!(
                    "Name the CA of the clients there ({}), or use a certificate of a CA that is.",
                    self.client_ca_directive()
                ),
            ));
        }
    }
}

fn matches(matcher: &Matcher, leaf: &Certificate) -> bool {
    match matcher {
        Matcher::Fingerprint(wanted) => {
            let own = leaf.fingerprint_sha256().iter();
            own.map(|byte| format!("{byte:02x}")).collect::<String>() == *wanted
        }
        Matcher::Spki(wanted) => STANDARD.encode(leaf.spki_sha256()) == *wanted,
        Matcher::Name { kind, is } => leaf.sans().iter().any(|name| {
            let (own, text) = match name {
                SubjectAltName::Dns(text) => ("DNS", text.clone()),
                SubjectAltName::Email(text) => ("EMAIL", text.clone()),
                SubjectAltName::Ip(address) => ("IP_ADDRESS", address.to_string()),
                SubjectAltName::Uri(text) => ("URI", text.clone()),
                _ => return false,
            };
            own == kind
                && match is {
                    Comparison::Contains(part) => text.contains(part.as_str()),
                    Comparison::Exact(whole) => text == *whole,
                    Comparison::Prefix(start) => text.starts_with(start.as_str()),
                    Comparison::Suffix(end) => text.ends_with(end.as_str()),
                    Comparison::Unknown => true,
                }
        }),
    }
}

fn not_matched(matchers: &Matchers, leaf: &Certificate) -> Finding {
    let is_name = |one: &Matcher| matches!(one, Matcher::Name { .. });
    let names: Vec<String> = leaf.sans().iter().map(ToString::to_string).collect();
    let (what, has) = match matchers.all.iter().any(is_name) {
        true if names.is_empty() => ("names", "none".to_owned()),
        true => ("names", names.join(", ")),
        false => ("keys", STANDARD.encode(leaf.spki_sha256())),
    };
    let sentence = format!(
        "The certificate of {} has none of the {what} that {} accepts; it has {has}.",
        leaf.subject(),
        matchers.name
    );
    Finding::error("client-not-matched", matchers.at.place(), sentence)
        .why("Envoy refuses the client although its CA is trusted: `verify SAN list` or `verify cert hash` in its log, TLS alert 46 `certificate_unknown`.")
        .step(format!("Add what the certificate has to {}, or have a certificate issued with what stands there.", matchers.name))
}
