//! Whom a server accepts: whether it asks for certificates, and the CAs of clients.

use std::fs;
use std::path::PathBuf;

use crate::config::edit;
use crate::config::load::load;
use crate::config::read::JSON_MODE;
use crate::config::read::directive::Line;
use crate::config::settings::{Server, Setting, Verify};
use crate::files::reading::text::rewritten;
use crate::files::{self, Item, shell};
use crate::finding::Finding;
use crate::report::Report;
use crate::target::Role;

use super::case::{Case, certificates};

impl Case<'_> {
    /// Whom it accepts, if it asks at all.
    pub(super) fn accepts(&self, some_ask: bool, report: &mut Report) -> Option<Vec<Item>> {
        let settings = self.settings;
        let place = settings.verify.at.place();
        let (server, required) = (self.name(), settings.server.required());
        let mended =
            |finding: Finding| finding.command_or(self.required(), format!("Write `{required}`."));
        match (settings.verify.value, &settings.asks_later) {
            (Verify::Off, Some(at)) => report.finding(mended(asks_later(at))),
            (Verify::Off, None) if some_ask => return None,
            (Verify::Off, None) => {
                let what = format!("{server} asks clients for no certificate.");
                report.finding(mended(Finding::error("verify-off", place, what).why(
                    "Everybody is accepted, and a client's certificate is never sent: the application sees none.",
                )));
            }
            (Verify::Optional, _) if settings.compares => {}
            (Verify::Optional, _) => {
                let what = format!("{server} accepts clients without a certificate, too.");
                report.finding(mended(Finding::warning("verify-optional", place, what).why(
                    "Whoever presents none gets in, unless the application checks each request.",
                )));
            }
            (Verify::Unchecked, _) => {
                let what =
                    format!("{server} asks for a certificate, and accepts one of any issuer.");
                let at = settings.ignores.first().map_or(place, |(at, _)| at.place());
                let finding = Finding::error("verify-unchecked", at, what)
                    .why("Anybody can make such a certificate, with any name in it.");
                report.finding(self.checked(finding));
            }
            (Verify::Required, _) => {}
        }
        report.findings_of(settings.accepts_expired.as_ref().map(accepts_expired));
        report.findings_of(
            settings
                .unnamed
                .as_ref()
                .filter(|_| settings.verify.value != Verify::Off)
                .map(unnamed),
        );
        let directory = settings.client_ca_directory.as_ref();
        report.findings_of(
            directory
                .filter(|_| settings.verify.value != Verify::Off)
                .and_then(|directory| unhashed(directory, Hashed::Authorities)),
        );
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
            Server::Nginx => edit::set(settings, &settings.verify, "on"),
            Server::Apache => edit::set(settings, &settings.verify, "require"),
            Server::HaProxy if settings.verify.is_written => ["verify none", "verify optional"]
                .iter()
                .find_map(|old| edit::replaced(&settings.verify.at, old, "verify required")),
            Server::HaProxy => edit::replaced(&settings.at, " ssl ", " ssl verify required "),
            Server::Caddy => ["mode require", "mode request", "mode verify_if_given"]
                .iter()
                .rev()
                .find_map(|old| edit::replaced(&settings.verify.at, old, "mode require_and_verify"))
                .or_else(|| {
                    let quoted = ["\"require\"", "\"request\"", "\"verify_if_given\""];
                    let new = "\"require_and_verify\"";
                    let at = &settings.verify.at;
                    quoted.iter().find_map(|old| edit::replaced(at, old, new))
                }),
            Server::Envoy if !settings.verify.is_written => {
                edit::added_key(&settings.at, "require_client_certificate: true")
            }
            Server::Envoy => edit::replaced(
                &settings.verify.at,
                "require_client_certificate: false",
                "require_client_certificate: true",
            ),
        }
    }

    /// What has it verify the certificate that it asks for.
    fn checked(&self, finding: Finding) -> Finding {
        let settings = self.settings;
        let words: Vec<&str> = settings
            .ignores
            .iter()
            .map(|(_, word)| word.as_str())
            .collect();
        match (settings.server, settings.ignores.first()) {
            (Server::Envoy, None) => finding.step(
                "Name the CA of the clients below common_tls_context: `validation_context: { trusted_ca: { filename: ca.crt } }`.",
            ),
            (Server::Envoy, Some((at, word))) => finding.command_or(
                edit::replaced(at, word, "VERIFY_TRUST_CHAIN"),
                format!("Leave {word} out."),
            ),
            (_, Some((at, _))) => finding.command_or(
                edit::removed(at, &words),
                format!("Leave `{}` out.", words.join("` and `")),
            ),
            (server, None) => {
                finding.command_or(self.required(), format!("Write `{}`.", server.required()))
            }
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
            Server::Caddy if settings.verify.name == JSON_MODE => None,
            Server::Caddy => edit::added(&settings.verify.at, &format!("trust_pool file {ca}")),
            Server::Envoy => None,
        });
        finding.command_or(
            command,
            format!("Name the file of the CA that issued the clients' certificates: {directive}."),
        )
    }

    /// OpenSSL goes up to a root, and does not stop at an intermediate.
    fn root(&self, accepted: &[Item], report: &mut Report) {
        let mut certificates = certificates(accepted).peekable();
        let Some(setting) = self.settings.client_ca.first() else {
            return;
        };
        if certificates.peek().is_none()
            || !self.settings.server.needs_root()
            || certificates.any(|one| one.is_self_issued() || !one.is_ca())
        {
            return;
        }
        let what = format!(
            "{} holds an intermediate and not its root.",
            setting.value.display()
        );
        let target = shell::path(&setting.value);
        let root = files::root_beside(accepted);
        let command =
            root.map(|root| rewritten(&target, &format!("awk 1 {target} {}", shell::path(&root))));
        report.finding(
            Finding::error("client-ca-without-root", setting.at.place(), what)
                .why("OpenSSL goes up to a root that it knows: `unable to get issuer certificate`, and every client is refused.")
                .command_or(command, "Append the root to the file."),
        );
    }
}

/// A part of the server asks on a connection that is open already.
fn asks_later(at: &Line) -> Finding {
    let what = "A certificate is asked for only for some paths, on the open connection.";
    Finding::error("asks-after-the-handshake", at.place(), what).why(
        "TLS 1.3 has post-handshake authentication for that, which browsers, iOS, Go and rustls do not do: Apache answers 403 \
         \"Cannot perform Post-Handshake Authentication\". Give the paths that need no certificate another host name.",
    )
}

fn accepts_expired(at: &Line) -> Finding {
    let what = "Certificates of clients are accepted after they have expired.";
    Finding::warning("expired-accepted", at.place(), what)
        .why("Whoever has the key of an old certificate gets in; CAs take expired certificates off their CRLs.")
        .command_or(
            edit::replaced(at, "allow_expired_certificate: true", "allow_expired_certificate: false"),
            "Leave allow_expired_certificate out.",
        )
}

/// What a directory is of.
#[derive(Clone, Copy)]
pub(super) enum Hashed {
    Authorities,
    Crls,
}

/// OpenSSL finds a CA in a directory by the hash of its subject, as the name of a file, and a CRL likewise.
pub(super) fn unhashed(directory: &Setting<PathBuf>, kind: Hashed) -> Option<Finding> {
    let place = directory.at.place();
    let (what_for, ending, named_by) = match kind {
        Hashed::Authorities => ("CA", "", "SSLCACertificateFile"),
        Hashed::Crls => ("CRL", "r", "SSLCARevocationFile"),
    };
    let Ok(entries) = fs::read_dir(&directory.value) else {
        let what = format!(
            "{} names {}, which is not a directory.",
            directory.name,
            directory.value.display()
        );
        return Some(
            Finding::error("file-missing", place, what)
                .why("No client is accepted: `unable to get local issuer certificate`.")
                .step(format!(
                    "Correct the path, or name the file of the {what_for} with {named_by}."
                )),
        );
    };
    let is_hash = |name: &str| {
        let mut parts = name.split('.');
        let hash = parts.next().unwrap_or_default();
        let number = parts.next().unwrap_or_default();
        let number = number.strip_prefix(ending).unwrap_or_default();
        hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    if names.any(|name| is_hash(&name)) {
        return None;
    }
    let what = format!(
        "{} names {}, where no file is called by the hash of a CA's subject.",
        directory.name,
        directory.value.display()
    );
    let (id, why) = match kind {
        Hashed::Authorities => (
            "client-ca-directory",
            "OpenSSL looks for a CA by such a name alone, such as `9d66eef0.0`: no client is accepted, `unable to get local issuer \
             certificate`.",
        ),
        Hashed::Crls => (
            "crl-directory",
            "OpenSSL looks for a CRL by such a name alone, such as `9d66eef0.r0`: no client is accepted, `unable to get certificate \
             CRL`.",
        ),
    };
    let finding = Finding::error(id, place, what).why(why);
    let is_empty = fs::read_dir(&directory.value).is_ok_and(|mut entries| entries.next().is_none());
    let command = (!is_empty).then(|| format!("openssl rehash {}", shell::path(&directory.value)));
    Some(finding.command_or(
        command,
        format!(
            "Put the {what_for} there, and run `openssl rehash {}`.",
            shell::path(&directory.value)
        ),
    ))
}

/// nginx knows the CAs and does not name them.
fn unnamed(at: &Line) -> Finding {
    let what = "nginx has the CAs of its clients as ssl_trusted_certificate, and no ssl_client_certificate.";
    Finding::error("client-ca-missing", at.place(), what)
        .why(
            "Before 1.27 it does not start (`no ssl_client_certificate for ssl_verify_client`); a newer one names no CA, and \
             phones and browsers then offer every identity or none.",
        )
        .command_or(
            edit::replaced(at, "ssl_trusted_certificate", "ssl_client_certificate"),
            "Name the same file as ssl_client_certificate.",
        )
}
