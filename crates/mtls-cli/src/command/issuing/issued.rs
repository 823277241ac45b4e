//! What was issued, written and reported.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use pki_core::KeyPair;
use pki_store::IssuedRecord;
use serde::Serialize;
use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::home::OpenCa;
use crate::issue::{Bundles, Destination, IssuedFiles};
use crate::look::NameView;
use crate::output::{Fields, Outcome, Output, hex, moment, remaining};

/// A certificate that was issued, and its files.
#[derive(Debug, Serialize)]
pub(crate) struct Issued {
    serial: String,
    subject: String,
    sans: Vec<NameView>,
    profile: String,
    #[serde(with = "time::serde::rfc3339")]
    not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    spki_sha256: String,
    fingerprint_sha256: String,
    files: Vec<PathBuf>,
}

impl Issued {
    pub(crate) fn new(certificate: &Certificate, profile: &str, files: Vec<PathBuf>) -> Self {
        Self {
            serial: certificate.serial().to_string(),
            subject: certificate.subject().to_string(),
            sans: NameView::all(certificate.sans()),
            profile: profile.to_owned(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            spki_sha256: hex(certificate.spki_sha256()),
            fingerprint_sha256: hex(certificate.fingerprint_sha256()),
            files,
        }
    }

    pub(crate) fn serial(&self) -> &str {
        &self.serial
    }

    pub(crate) fn report(&self, out: &mut Output) -> Result<Outcome> {
        if out.is_json() {
            out.json(self)?;
            return Ok(Outcome::Done);
        }
        let left = remaining(self.not_after, OffsetDateTime::now_utc());
        let mut fields = Fields::default();
        fields
            .add("subject", &self.subject)
            .add_all("names", &self.sans)
            .add("serial", &self.serial)
            .add("until", format!("{}, {left}", moment(self.not_after)))
            .add_all("files", self.files.iter().map(|path| path.display()));
        out.line(format!("issued a {} certificate", self.profile))?;
        out.line(fields.to_string())?;
        Ok(Outcome::Done)
    }
}

/// Writes the files of what was issued.
///
/// # Errors
///
/// If they cannot be written: the certificate exists, and the error says how to revoke it.
pub(crate) fn issued_files(
    ca: &OpenCa,
    issued: &IssuedRecord,
    key: Option<&KeyPair>,
    bundles: Option<Bundles>,
    destination: Destination,
    profile: &str,
) -> Result<Issued> {
    let certificate = &issued.certificate;
    let roots = ca.directory().roots()?;
    let files = destination
        .write(&IssuedFiles {
            presented: issued.presented().collect(),
            roots: roots.iter().collect(),
            key,
            bundles,
        })
        .with_context(|| {
            let serial = certificate.serial();
            format!(
                "the certificate {serial} was issued and its files were not written; revoke it with \
                 `mtls revoke {serial} --yes`"
            )
        })?;
    Ok(Issued::new(certificate, profile, files))
}
