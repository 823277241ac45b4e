//! The clients of a server: those that were given, and how long their chains may be.

use x509_identity::Certificate;

use crate::files::Item;
use crate::finding::Finding;
use crate::report::Report;

use super::case::{Case, certificates};
use super::edit;
use super::settings::Server;

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
                    self.client_ca_directive()
                )),
            });
        }
    }
}
