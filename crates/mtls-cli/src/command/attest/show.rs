//! `mtls attest show`.

use anyhow::{Context as _, Result, bail};
use clap::Args;
use pki_store::{AttestationRecord, Filter, Page};
use serde::Serialize;
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use crate::global::Global;
use crate::home::OpenCa;
use crate::output::{Fields, Outcome, Output};

/// Show what a device has proved to get a certificate
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls attest show 4f:6c:01")]
pub(super) struct Show {
    /// The serial number of the certificate
    #[arg(value_name = "SERIAL")]
    serial: SerialNumber,
}

#[derive(Serialize)]
struct Shown {
    serial: String,
    subject: String,
    attestation: AttestationRecord,
}

impl Show {
    pub(super) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = OpenCa::open_to_look(global).await?;
        let filter = Filter {
            ca: Some(ca.name().to_owned()),
            serial: Some(self.serial.clone()),
            ..Filter::default()
        };
        let now = OffsetDateTime::now_utc();
        let found = ca
            .store()
            .certificates(&filter, Page::first(1), now)
            .await?;
        let record = found
            .first()
            .with_context(|| format!("the CA `{}` has no such certificate", ca.name()))?;
        let Some(attestation) = ca.store().attestation(record.id).await? else {
            bail!(
                "the certificate {} was issued without evidence of a device",
                self.serial
            );
        };
        let shown = Shown {
            serial: record.serial.to_string(),
            subject: record.subject.clone(),
            attestation,
        };
        if out.is_json() {
            out.json(&shown)?;
            return Ok(Outcome::Done);
        }
        let proved = &shown.attestation;
        let mut fields = Fields::default();
        fields
            .add("serial", &shown.serial)
            .add("subject", &shown.subject)
            .add("evidence", &proved.kind)
            .add("tied to the key", &proved.binding)
            .add("attested key in", &proved.keeper)
            .add("device", &proved.device)
            .add("claims", serde_json::to_string_pretty(&proved.claims)?);
        out.line(fields.to_string())?;
        Ok(Outcome::Done)
    }
}
