//! What a server presents: its own certificate and key, and whether it speaks TLS at all.

use std::path::{Path, PathBuf};

use pki_core::ocsp::must_staple;
use pki_core::verify::Purpose;
use tls_identity::{Found, read_file};
use x509_identity::{Certificate, PublicKeyAlgorithm};

use crate::config::edit;
use crate::config::load::load;
use crate::config::read::directive::Line;
use crate::config::settings::{Server, Setting};
use crate::files::reading::text::rewritten;
use crate::files::{self, Item, shell};
use crate::finding::Finding;
use crate::report::Report;
use crate::target::{Options, Role};

use super::case::Case;

/// Checks a certificate and its key. Where the key is another certificate's, the configuration is at fault, and not the
/// file.
pub(super) fn check(
    items: &[Item],
    key: Option<&Setting<PathBuf>>,
    options: &Options,
    report: &mut Report,
) {
    let mut of_pair = Report::default();
    files::check(items, options, &mut of_pair);
    let right = files::key_beside(items);
    let command = key
        .zip(right)
        .and_then(|(key, right)| edit::renamed(&key.at, &key.value, &right));
    of_pair.mend("key-mismatch", command);
    report.append(of_pair);
}

impl Case<'_> {
    /// Whether it speaks TLS at all.
    pub(super) fn speaks(&self) -> Option<Finding> {
        let at = self.settings.plain.as_ref()?;
        let missing = match self.settings.server {
            Server::Apache => "SSLEngine on",
            Server::Caddy => "https://",
            _ => "ssl",
        };
        let what = format!(
            "{} has a certificate and listens without TLS: `{missing}` is missing.",
            self.name()
        );
        let finding = Finding::error("listen-without-tls", at.place(), what)
            .why("Clients that speak TLS get an answer in plain text: OpenSSL `wrong version number`, curl `packet length too long`.");
        let command = match self.settings.server {
            Server::Nginx => edit::appended(at, " ssl"),
            Server::Apache => edit::replaced(at, "SSLEngine off", "SSLEngine on")
                .or_else(|| edit::added(at, "SSLEngine on")),
            Server::Caddy => Some(edit::everywhere(at, "http://", "https://")),
            _ => edit::replaced(at, " crt ", " ssl crt "),
        };
        let text = match self.settings.server {
            Server::Apache => "Write `SSLEngine on`.",
            Server::Caddy => "Write `https://` in front of the name.",
            _ => "Write `ssl` behind the address.",
        };
        Some(finding.command_or(command, text))
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

    /// A certificate that clients take with an OCSP response alone, from a server that sends none.
    fn staple(&self, leaf: &Certificate, at: &Line) -> Option<Finding> {
        let server = self.settings.server;
        // Caddy staples wherever a certificate names a responder.
        if !must_staple(leaf) || self.settings.has_staple || server == Server::Caddy {
            return None;
        }
        let what = format!(
            "The certificate of {} demands an OCSP response with it (must-staple), and {} sends none.",
            leaf.subject(),
            self.name()
        );
        let finding = Finding::error("staple-missing", at.place(), what).why(
            "Firefox refuses it (MOZILLA_PKIX_ERROR_REQUIRED_TLS_FEATURE_MISSING), and so do Apple's systems and GnuTLS \
             (RFC 7633).",
        );
        Some(match server {
            Server::Nginx if self.settings.has_resolver => finding.command_or(
                edit::added(at, "ssl_stapling on;"),
                "Write `ssl_stapling on;`.",
            ),
            Server::Nginx => match edit::added(at, "ssl_stapling on;").zip(edit::resolver(at)) {
                Some((on, resolver)) => finding.command(resolver).command(on),
                None => finding.step(
                    "Write `ssl_stapling on;`, and `resolver` with the address of a DNS server.",
                ),
            },
            Server::Apache => finding.step(
                "Write `SSLStaplingCache shmcb:stapling(65536)` outside of the virtual hosts and `SSLUseStapling on` within, and \
                 load mod_socache_shmcb.",
            ),
            Server::HaProxy => finding.step(
                "Write `ocsp-update on` in its crt-list (HAProxy 2.8), or keep the response in a file of its name with `.ocsp` behind it.",
            ),
            _ => finding.step(
                "Keep the response of its CA's responder in a file, and name it: `ocsp_staple: { filename: ... }`.",
            ),
        })
    }

    /// The command that gives the server a key that lies beside its certificate.
    fn with_key(&self, certificate: &Setting<PathBuf>, key: &Path) -> Option<String> {
        let path = edit::whole(key);
        match self.settings.server {
            Server::Nginx => edit::added(&certificate.at, &format!("ssl_certificate_key {path};")),
            Server::Apache => {
                edit::added(&certificate.at, &format!("SSLCertificateKeyFile {path}"))
            }
            // It looks for the name of the certificate with `.key` behind it.
            Server::HaProxy => Some(format!(
                "cp -p {} {}.key",
                shell::path(key),
                shell::path(&certificate.value)
            )),
            Server::Envoy => edit::added_beside(
                &certificate.at,
                certificate.name,
                &format!("private_key: {{ filename: {path} }}"),
            ),
            Server::Caddy => None,
        }
    }

    /// Its own certificate and key. The kind of the key is in the answer, where it is known.
    pub(super) fn presents(&self, report: &mut Report) -> Option<PublicKeyAlgorithm> {
        let server = self.settings.server;
        let Some(certificate) = &self.settings.certificate else {
            let has_another = self.settings.has_certificate_provider;
            if matches!(server, Server::Nginx | Server::Apache) && !has_another {
                let what = format!("{} has no certificate to present.", self.name());
                report.finding(
                    Finding::error("certificate-not-set", self.settings.at.place(), what)
                        .why("It does not start: nginx `no \"ssl_certificate\" is defined`, Apache `no certificate configured`.")
                        .step("Set its certificate and its key."),
                );
            }
            return None;
        };
        for (other, key) in &self.settings.more {
            self.pair(other, key.as_ref(), report);
        }
        let key = self.pair(certificate, self.settings.key.as_ref(), report);
        // Of several, one may fit what another does not.
        key.filter(|_| self.settings.more.is_empty())
    }

    /// One certificate and its key.
    fn pair(
        &self,
        certificate: &Setting<PathBuf>,
        key: Option<&Setting<PathBuf>>,
        report: &mut Report,
    ) -> Option<PublicKeyAlgorithm> {
        let server = self.settings.server;
        report.findings_of(key.and_then(|key| self.locked(key)));
        let mut items: Vec<Item> = Vec::new();
        items.extend(load(certificate, Role::Certificate, self.options, report));
        let chain = self.settings.chain.as_ref();
        let chain = chain.and_then(|chain| load(chain, Role::Certificate, self.options, report));
        if let (Some(item), Some(chain)) = (items.first_mut(), chain) {
            item.append(chain.certificates);
        }
        match key {
            Some(key) => items.extend(load(key, Role::Key, self.options, report)),
            None if items.iter().any(|item| item.key.is_none())
                && server != Server::Caddy
                && !self.settings.has_key_provider =>
            {
                let what = format!(
                    "No key is named, and {} has none in it.",
                    certificate.value.display()
                );
                report.finding(
                    Finding::error("key-not-set", certificate.at.place(), what)
                        .why("The server does not start: nginx `no \"ssl_certificate_key\" is defined`, HAProxy `No Private Key found`.")
                        .command_or(
                            files::key_beside(&items).and_then(|key| self.with_key(certificate, &key)),
                            "Name the key, or put it where the server looks for it.",
                        ),
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
        check(&items, key, &options, report);
        if !self.given.ca.is_empty() {
            report.findings_of(self.given.missing_behind(&items, &options));
        }
        report.findings_of(leaf.and_then(|leaf| self.staple(leaf, &certificate.at)));
        leaf.map(Certificate::public_key_algorithm)
    }
}
