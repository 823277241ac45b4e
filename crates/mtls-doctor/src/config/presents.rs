//! What a server presents: its own certificate and key, and whether it speaks TLS at all.

use std::path::PathBuf;

use pki_core::verify::Purpose;
use tls_identity::{Found, read_file};

use crate::files::reading::text::rewritten;
use crate::files::{self, Item, shell};
use crate::finding::Finding;
use crate::report::Report;
use crate::target::{Options, Role};

use super::case::Case;
use super::edit;
use super::load::load;
use super::settings::{Server, Setting};

impl Case<'_> {
    /// Whether it speaks TLS at all.
    pub(super) fn speaks(&self) -> Option<Finding> {
        let at = self.settings.plain.as_ref()?;
        let what = format!(
            "{} has a certificate and listens without TLS: `ssl` is missing.",
            self.name()
        );
        let finding = Finding::error("listen-without-tls", at.place(), what)
            .why("Clients that speak TLS get an answer in plain text: OpenSSL `wrong version number`, curl `packet length too long`.");
        let command = match self.settings.server {
            Server::Nginx => edit::appended(at, " ssl"),
            _ => edit::replaced(at, " crt ", " ssl crt "),
        };
        Some(match command {
            Some(command) => finding.command(command),
            None => finding.step("Write `ssl` behind the address."),
        })
    }

    /// A key that the server would have to be told the password of.
    fn locked(&self, key: &Setting<PathBuf>) -> Option<Finding> {
        let bytes = read_file(&key.value, 1 << 16).ok()?;
        let server = self.settings.server;
        if Found::of(&bytes) != Found::EncryptedPrivateKey
            || self.settings.has_password
            || server == Server::Envoy
        {
            return None;
        }
        let what = format!(
            "The key {} is encrypted, and {} is not told its password.",
            key.value.display(),
            self.name()
        );
        let file = shell::path(&key.value);
        let password = self
            .options
            .password_file
            .as_deref()
            .map(|path| format!(" -passin file:{}", shell::path(path)));
        Some(
            Finding::error("key-encrypted", key.at.place(), what)
                .why("It asks at its start, where nobody answers, and does not start: nginx `bad password read`; HAProxy and Caddy cannot be told it.")
                .command(rewritten(&file, &format!("openssl pkey -in {file}{}", password.unwrap_or_default()))),
        )
    }

    /// Its own certificate and key.
    pub(super) fn presents(&self, report: &mut Report) {
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
        report.findings_of(self.settings.key.as_ref().and_then(|key| self.locked(key)));
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
        let leaf = items.first().and_then(|item| item.certificates.first());
        let is_other = |name: &&String| leaf.is_some_and(|leaf| !files::is_for(leaf, name));
        let host = self.settings.names.iter().find(is_other).cloned();
        let options = Options {
            purpose: Some(Purpose::TlsServer),
            host: self.options.host.clone().or(host),
            ..self.options.clone()
        };
        files::check(&items, &options, report);
        if !self.given.ca.is_empty() {
            report.findings_of(self.given.missing_behind(&items, &options));
        }
    }
}
