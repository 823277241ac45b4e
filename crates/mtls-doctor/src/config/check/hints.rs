//! The names of CAs that a server sends to clients, where its configuration has a file for them.

use super::case::{Case, certificates};
use crate::config::edit;
use crate::config::load::load;
use crate::config::settings::Server;
use crate::files::Item;
use crate::finding::Finding;
use crate::report::Report;
use crate::stories::hints;
use crate::target::Role;

impl Case<'_> {
    /// Whether the issuer of the clients is among the names.
    pub(super) fn hints(&self, accepted: &[Item], report: &mut Report) {
        let Some(setting) = &self.settings.hints else {
            return;
        };
        let Some(named) = load(setting, Role::Ca, self.options, report) else {
            return;
        };
        let is_named = |name: &[u8]| named.certificates.iter().any(|ca| ca.subject_der() == name);
        let mut chains = self.given.client_chains(self.options).peekable();
        let fits = if chains.peek().is_some() {
            chains.all(|chain| chain.iter().any(|one| is_named(one.issuer_der())))
        } else {
            // nginx's other file is for OCSP responses, too, and not only for clients.
            self.settings.server == Server::Nginx
                || certificates(accepted).any(|ca| is_named(ca.subject_der()))
        };
        if fits || named.certificates.is_empty() {
            return;
        }
        let what = format!(
            "The server names the CAs in {} to its clients, and none of them issued the clients' certificates.",
            setting.value.display()
        );
        let own = self.given.issuer_path().map(edit::whole);
        let command = own.and_then(|own| edit::set(self.settings, setting, &own));
        // Without a file of its own, Apache names the CAs that it trusts.
        let is_apache = self.settings.server == Server::Apache;
        let command = command.or_else(|| is_apache.then(|| edit::deleted(&setting.at)));
        report.finding(
            Finding::error("hints-without-issuer", setting.at.place(), what)
                .why(hints::WITHOUT_ISSUER)
                .command_or(
                    command,
                    format!(
                        "Give {} the CAs of the clients, or leave it out, so that the CAs that are trusted are named.",
                        setting.name
                    ),
                ),
        );
    }
}
