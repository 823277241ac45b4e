//! Whom a server accepts: whether it asks for certificates, and the CAs of clients.

use std::path::PathBuf;

use x509_identity::Certificate;

use crate::files::{self, Item};
use crate::finding::Finding;
use crate::report::Report;
use crate::target::Role;

use super::case::{Case, certificates};
use super::edit;
use super::load::load;
use super::settings::{Server, Setting, Verify};

impl Case<'_> {
    /// Whom it accepts, if it asks at all.
    pub(super) fn accepts(&self, some_ask: bool, report: &mut Report) -> Option<Vec<Item>> {
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
        let (server, directive) = (self.name(), self.client_ca_directive());
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
}
