//! What is wrong with a server's TLS settings, whichever server it is.

use std::path::PathBuf;

use pki_core::verify::Purpose;
use x509_identity::Certificate;

use crate::files::{self, Given, Item};
use crate::finding::Finding;
use crate::report::Report;
use crate::target::{Options, Role};

use super::load::load;
use super::settings::{Server, ServerSettings, Setting, Verify};
use super::{edit, revocation, versions};

/// Checks every virtual host of a configuration.
pub(crate) fn all(found: &[ServerSettings], given: &Given, options: &Options, report: &mut Report) {
    let some_ask = found
        .iter()
        .any(|settings| settings.verify.value != Verify::Off);
    for settings in found {
        let case = Case {
            settings,
            given,
            options,
        };
        case.presents(report);
        let accepted = case.accepts(some_ask, report);
        report.findings_of(versions::check(settings));
        if let Some(accepted) = accepted {
            case.depth(&accepted, report);
            revocation::check(settings, &accepted, given, options, report);
            case.clients(&accepted, report);
        }
    }
}

struct Case<'a> {
    settings: &'a ServerSettings,
    given: &'a Given,
    options: &'a Options,
}

impl Case<'_> {
    fn name(&self) -> &'static str {
        self.settings.server.name()
    }

    /// Its own certificate and key.
    fn presents(&self, report: &mut Report) {
        let server = self.settings.server;
        let Some(certificate) = &self.settings.certificate else {
            if matches!(server, Server::Nginx | Server::Apache) {
                let what = format!("{} has no certificate to present.", self.name());
                report.finding(
                    Finding::error("certificate-not-set", self.settings.at.place(), what)
                        .why("It does not start: nginx `no \"ssl_certificate\" is defined`, Apache `no certificate configured`.")
                        .step("Set its certificate and its key."),
                );
            }
            return;
        };
        let mut items: Vec<Item> = Vec::new();
        items.extend(load(certificate, Role::Certificate, self.options, report));
        match &self.settings.key {
            Some(key) => items.extend(load(key, Role::Key, self.options, report)),
            None if items.iter().any(|item| item.key.is_none())
                && server != Server::Caddy
                && server != Server::Envoy =>
            {
                let what = format!(
                    "No key is named, and {} has none in it.",
                    certificate.value.display()
                );
                report.finding(
                    Finding::error("key-not-set", certificate.at.place(), what)
                        .why("The server does not start: nginx `no \"ssl_certificate_key\" is defined`, HAProxy `No Private Key found`.")
                        .step("Name the key, or put it where the server looks for it."),
                );
            }
            None => {}
        }
        let options = Options {
            purpose: Some(Purpose::TlsServer),
            ..self.options.clone()
        };
        files::check(&items, &options, report);
        if !self.given.ca.is_empty() {
            report.findings_of(self.given.missing_behind(&items, &options));
        }
    }

    /// Whom it accepts, if it asks at all.
    fn accepts(&self, some_ask: bool, report: &mut Report) -> Option<Vec<Item>> {
        let settings = self.settings;
        let place = settings.verify.at.place();
        let (server, required) = (self.name(), settings.server.required());
        let mended = |finding: Finding| match self.required() {
            Some(command) => finding.command(command),
            None => finding.step(format!("Write `{required}`.")),
        };
        match settings.verify.value {
            Verify::Off if some_ask => return None,
            Verify::Off => {
                let what = format!("{server} asks clients for no certificate.");
                report.finding(mended(Finding::error("verify-off", place, what).why(
                    "Everybody is accepted, and a client's certificate is never sent: the application sees none.",
                )));
            }
            Verify::Optional => {
                let what = format!("{server} accepts clients without a certificate, too.");
                report.finding(mended(Finding::warning("verify-optional", place, what).why(
                    "Whoever presents none gets in, unless the application checks each request.",
                )));
            }
            Verify::Unchecked => {
                let what =
                    format!("{server} asks for a certificate, and accepts one of any issuer.");
                let finding = Finding::error("verify-unchecked", place, what)
                    .why("Anybody can make such a certificate, with any name in it.");
                report.finding(mended(finding));
            }
            Verify::Required => {}
        }
        if settings.client_ca.is_empty() {
            if !settings.has_client_ca_directory && settings.verify.value != Verify::Off {
                report.finding(self.client_ca_missing());
            }
            return None;
        }
        let load = |setting: &Setting<PathBuf>| load(setting, Role::Ca, self.options, report);
        let accepted: Vec<Item> = settings.client_ca.iter().filter_map(load).collect();
        files::check(&accepted, self.options, report);
        self.root(&accepted, report);
        Some(accepted)
    }

    /// The command that has it ask.
    fn required(&self) -> Option<String> {
        let settings = self.settings;
        match settings.server {
            Server::Nginx => edit::set(settings, &settings.verify, "ssl_verify_client", "on"),
            Server::Apache => edit::set(settings, &settings.verify, "SSLVerifyClient", "require"),
            Server::HaProxy if settings.verify.is_written => ["verify none", "verify optional"]
                .iter()
                .find_map(|old| edit::replaced(&settings.verify.at, old, "verify required")),
            Server::HaProxy => edit::replaced(&settings.at, " ssl ", " ssl verify required "),
            Server::Caddy => ["mode require", "mode request", "mode verify_if_given"]
                .iter()
                .rev()
                .find_map(|old| {
                    edit::replaced(&settings.verify.at, old, "mode require_and_verify")
                }),
            Server::Envoy => edit::replaced(
                &settings.verify.at,
                "require_client_certificate: false",
                "require_client_certificate: true",
            ),
        }
    }

    fn client_ca_missing(&self) -> Finding {
        let settings = self.settings;
        let (server, directive) = (self.name(), client_ca_directive(settings.server));
        let what = format!(
            "{server} asks for certificates of clients, and no CA is named that issues them ({directive})."
        );
        let finding = Finding::error("client-ca-missing", settings.verify.at.place(), what).why(
            "nginx does not start (`no ssl_client_certificate for ssl_verify_client`), HAProxy neither; Apache refuses \
             every client; Envoy accepts whatever is presented.",
        );
        let ca = self.given.trusted_path().map(edit::whole);
        let command = ca.as_deref().and_then(|ca| match settings.server {
            Server::Nginx | Server::Apache => {
                let end = if settings.server == Server::Nginx {
                    ";"
                } else {
                    ""
                };
                edit::added(&settings.verify.at, &format!("{directive} {ca}{end}"))
            }
            Server::HaProxy => {
                edit::replaced(&settings.at, " ssl ", &format!(" ssl ca-file {ca} "))
            }
            Server::Caddy => edit::added(&settings.verify.at, &format!("trust_pool file {ca}")),
            Server::Envoy => None,
        });
        match command {
            Some(command) => finding.command(command),
            None => finding.step(format!(
                "Name the file of the CA that issued the clients' certificates: {directive}."
            )),
        }
    }

    /// OpenSSL goes up to a root, and does not stop at an intermediate.
    fn root(&self, accepted: &[Item], report: &mut Report) {
        let mut certificates = certificates(accepted).peekable();
        let Some(setting) = self.settings.client_ca.first() else {
            return;
        };
        if certificates.peek().is_none()
            || !self.settings.server.needs_root()
            || certificates.any(Certificate::is_self_issued)
        {
            return;
        }
        let what = format!(
            "{} holds an intermediate and not its root.",
            setting.value.display()
        );
        report.finding(
            Finding::error("client-ca-without-root", setting.at.place(), what)
                .why("OpenSSL goes up to a root that it knows: `unable to get issuer certificate`, and every client is refused.")
                .step("Append the root to the file."),
        );
    }

    /// How long the chains of clients may be.
    fn depth(&self, accepted: &[Item], report: &mut Report) {
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
        if needed <= allowed as usize {
            return;
        }
        let least = depth.value + (needed as u32 - allowed);
        let what = format!(
            "{} {} allows {allowed} intermediates, and the clients' chain has {needed}.",
            depth.name, depth.value
        );
        let finding = Finding::error("verify-depth", depth.at.place(), what)
            .why("The server refuses every client: OpenSSL and nginx `certificate chain too long`, Apache `Certificate Chain too long`.");
        let command = match settings.server {
            Server::Envoy => edit::replaced(
                &depth.at,
                &format!("max_verify_depth: {}", depth.value),
                &format!("max_verify_depth: {least}"),
            ),
            _ => edit::set(settings, depth, depth.name, &least.to_string()),
        };
        report.finding(match command {
            Some(command) => finding.command(command),
            None => finding.step(format!("Set {} to {least}.", depth.name)),
        });
    }

    /// The clients that were given, as the server would judge them.
    fn clients(&self, accepted: &[Item], report: &mut Report) {
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
            let old = setting.value.file_name().and_then(|name| name.to_str());
            let command = own
                .zip(old)
                .and_then(|(own, _)| match self.settings.server {
                    Server::Nginx | Server::Apache => {
                        edit::set(self.settings, setting, setting.name, &own)
                    }
                    _ => None,
                });
            report.finding(match command {
                Some(command) => finding.command(command),
                None => finding.step(format!(
                    "Name the CA of the clients there ({}), or use a certificate of a CA that is.",
                    client_ca_directive(self.settings.server)
                )),
            });
        }
    }
}

fn certificates(items: &[Item]) -> impl Iterator<Item = &Certificate> {
    items.iter().flat_map(|item| &item.certificates)
}

fn client_ca_directive(server: Server) -> &'static str {
    match server {
        Server::Apache => "SSLCACertificateFile",
        Server::Caddy => "trust_pool file",
        Server::Envoy => "validation_context.trusted_ca",
        Server::HaProxy => "ca-file",
        Server::Nginx => "ssl_client_certificate",
    }
}
