//! Connections to backends, on which a server is the client: what it presents there, and whom it trusts.

use pki_core::verify::Purpose;

use crate::config::edit;
use crate::config::load::load;
use crate::config::settings::Backend;
use crate::files::{self, Item};
use crate::finding::Finding;
use crate::report::Report;
use crate::target::{Options, Role};

use super::presents::check as check_pair;

/// Checks each; several that name the same files are told once.
pub(crate) fn check(backends: &[Backend], options: &Options, report: &mut Report) {
    for backend in backends {
        backend.presents(options, report);
        if let Some(trusted) = &backend.trusted {
            let items: Vec<Item> = load(trusted, Role::Ca, options, report)
                .into_iter()
                .collect();
            files::check(&items, options, report);
        }
        report.findings_of(backend.trusts_nobody());
        report.findings_of(backend.unverified());
    }
}

impl Backend {
    fn presents(&self, options: &Options, report: &mut Report) {
        let Some(certificate) = &self.certificate else {
            return;
        };
        let mut items: Vec<Item> = Vec::new();
        items.extend(load(certificate, Role::Certificate, options, report));
        match &self.key {
            Some(key) => items.extend(load(key, Role::Key, options, report)),
            None if items.iter().any(|item| item.key.is_none()) => {
                let what = format!(
                    "No key is named for the certificate that is presented to a backend, and {} has none in it.",
                    certificate.value.display()
                );
                report.finding(
                    Finding::error("key-not-set", certificate.at.place(), what)
                        .why("The server does not start: nginx `no \"proxy_ssl_certificate_key\" is defined`, HAProxy `No Private Key found`.")
                        .step("Name the key, or put it where the server looks for it."),
                );
            }
            None => {}
        }
        let options = Options {
            purpose: Some(Purpose::TlsClient),
            host: None,
            ..options.clone()
        };
        check_pair(&items, self.key.as_ref(), &options, report);
    }

    fn trusts_nobody(&self) -> Option<Finding> {
        let (at, directive) = self.trusts_nobody.as_ref()?;
        let what = format!(
            "The backend's certificate is verified, and no CA is named that is trusted ({directive})."
        );
        Some(
            Finding::error("backend-ca-missing", at.place(), what)
                .why("No backend is trusted: nginx does not start (`no proxy_ssl_trusted_certificate for proxy_ssl_verify`), others answer 502 or 503.")
                .step(format!("Name the file of the CA that issued the backend's certificate: {directive}.")),
        )
    }

    /// With a certificate of its own, whoever sits between gets what was meant for the backend.
    fn unverified(&self) -> Option<Finding> {
        let (at, words, instead) = self.unverified.as_ref()?;
        self.certificate.as_ref()?;
        let what = "The server presents a certificate to its backend, and does not verify whom it presents it to.";
        Some(
            Finding::warning("backend-not-verified", at.place(), what)
                .why("Whoever gets between the two is taken for the backend, and is sent every request.")
                .command_or(
                    edit::replaced(at, words, instead),
                    format!("Write `{instead}`, and name the CA that issued the backend's certificate."),
                ),
        )
    }
}
