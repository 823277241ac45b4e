//! `mtls expiring`.

use anyhow::Result;
use clap::Args;
use pki_store::{CertificateState, Filter};
use serde::Serialize;
use time::OffsetDateTime;

use super::list::all;
use super::record::RecordView;
use crate::global::Global;
use crate::home::OpenCa;
use crate::issue::Life;
use crate::output::{Outcome, Output, date, remaining, table};

/// List what ends soon: certificates and the CA itself
///
/// Exit code 1 where there is something. A certificate that was renewed is not listed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls expiring --within 14d")]
pub(crate) struct Expiring {
    /// Within this time
    #[arg(long, value_name = "TIME", default_value = "30d")]
    within: Life,
}

#[derive(Debug, Serialize)]
struct Ending {
    /// `certificate`, `root` or `issuing`.
    kind: &'static str,
    serial: String,
    subject: String,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
}

impl Expiring {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = OpenCa::open(global).await?;
        let now = OffsetDateTime::now_utc();
        let end = now.checked_add(self.within.duration());
        let ending = ending(&ca, end, now).await?;
        if out.is_json() {
            out.json(&ending)?;
        } else if ending.is_empty() {
            out.line("nothing ends in this time")?;
        } else {
            let rows = ending.iter().map(|one| {
                [
                    one.kind.to_owned(),
                    one.serial.clone(),
                    one.subject.clone(),
                    date(one.not_after),
                    remaining(one.not_after, now),
                ]
            });
            out.line(table(["what", "serial", "subject", "until", ""], rows))?;
        }
        Ok(Outcome::found(!ending.is_empty()))
    }
}

async fn ending(
    ca: &OpenCa,
    end: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<Vec<Ending>> {
    let before_end = |at: OffsetDateTime| end.is_none_or(|end| at < end);
    let mut ending = Vec::new();
    for issuer in ca.issuers().await? {
        let certificate = issuer.certificate();
        if before_end(certificate.not_after()) {
            ending.push(Ending {
                kind: issuer.role.as_str(),
                serial: certificate.serial().to_string(),
                subject: certificate.subject().to_string(),
                not_after: certificate.not_after(),
            });
        }
    }
    let filter = Filter {
        ca: Some(ca.name().to_owned()),
        state: Some(CertificateState::Valid),
        ..Filter::default()
    };
    let records = all(ca, &filter, now).await?;
    // The issuing CA is among what the root has issued.
    let is_ca = |record: &RecordView| record.profile == "issuing-ca";
    let views = RecordView::all(&records);
    let mut latest = std::collections::HashMap::new();
    for view in &views {
        let end = latest.entry(view.lineage.clone()).or_insert(view.not_after);
        *end = view.not_after.max(*end);
    }
    let last = |view: &RecordView| latest.get(&view.lineage) == Some(&view.not_after);
    for view in views.iter().filter(|view| !is_ca(view) && last(view)) {
        if before_end(view.not_after) {
            ending.push(Ending {
                kind: "certificate",
                serial: view.serial.clone(),
                subject: view.who(),
                not_after: view.not_after,
            });
        }
    }
    ending.sort_by_key(|one| one.not_after);
    Ok(ending)
}
