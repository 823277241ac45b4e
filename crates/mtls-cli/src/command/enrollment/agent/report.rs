//! What is printed of a certificate.

use std::path::PathBuf;

use anyhow::Result;
use mtls_client::EnrolledFiles;
use serde::Serialize;
use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::output::{Fields, Output, moment};

/// What became of the certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Change {
    /// It is the first one.
    Enrolled,
    /// It is the one before.
    Kept,
    /// It has replaced another one.
    Renewed,
}

#[derive(Debug, Serialize)]
struct Reported {
    outcome: Change,
    subject: String,
    serial: String,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    files: Vec<PathBuf>,
}

/// Prints it.
pub(super) fn report(
    outcome: Change,
    certificate: &Certificate,
    files: &EnrolledFiles,
    out: &mut Output,
) -> Result<()> {
    let reported = Reported {
        outcome,
        subject: certificate.subject().to_string(),
        serial: certificate.serial().to_string(),
        not_after: certificate.not_after(),
        files: files.paths().to_vec(),
    };
    if out.is_json() {
        out.json(&reported)?;
        return Ok(());
    }
    out.line(match outcome {
        Change::Enrolled => "enrolled a certificate",
        Change::Kept => "the certificate is not due for renewal",
        Change::Renewed => "renewed a certificate",
    })?;
    let mut fields = Fields::default();
    fields
        .add("subject", &reported.subject)
        .add("serial", &reported.serial)
        .add("until", moment(reported.not_after))
        .add_all("files", reported.files.iter().map(|path| path.display()));
    out.line(fields.to_string())?;
    Ok(())
}
