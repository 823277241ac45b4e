//! What both platforms are asked about.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use pki_core::CertificateRequest;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::files;
use crate::look::Source;

/// What both platforms are asked about.
#[derive(Args, Debug)]
pub(super) struct Common {
    /// The certificate request that the evidence has to be tied to (PEM or DER)
    #[arg(long, value_name = "FILE")]
    csr: Option<PathBuf>,

    /// Judge as if it were this moment, such as 2026-04-21T18:13:12Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<OffsetDateTime>,

    /// Roots of a simulator in place of the platform's (PEM)
    #[arg(long, value_name = "FILE")]
    pub(super) root: Option<Source>,
}

fn moment(text: &str) -> Result<OffsetDateTime, time::error::Parse> {
    OffsetDateTime::parse(text, &Rfc3339)
}

impl Common {
    pub(super) fn now(&self) -> OffsetDateTime {
        self.at.unwrap_or_else(OffsetDateTime::now_utc)
    }

    pub(super) fn request(&self) -> Result<Option<CertificateRequest>> {
        let read = |path: &PathBuf| {
            let request = CertificateRequest::from_pem_or_der(&files::read(path)?);
            request.with_context(|| format!("cannot use {}", path.display()))
        };
        self.csr.as_ref().map(read).transpose()
    }
}
