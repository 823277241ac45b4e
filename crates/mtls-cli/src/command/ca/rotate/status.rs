//! What still needs an issuer that was replaced.

use anyhow::Result;
use const_oid::db::rfc5280::ID_KP_OCSP_SIGNING;
use pki_store::{CertificateRecord, CertificateState, Filter, Issuer, IssuerRole};
use serde::Serialize;
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::replaced::is_old;
use crate::command::records::list::all;
use crate::command::records::record::{RecordView, records_table};
use crate::home::{CaKey, CaRole, OpenCa};
use crate::output::{Outcome, Output, table};

/// An issuer that was replaced, and the certificates that cannot do without it.
pub(super) struct Old {
    pub(super) key: CaKey,
    pub(super) issuer: Issuer,
    /// Leaves below it that may be valid.
    pub(super) needed_by: Vec<CertificateRecord>,
}

#[derive(Debug, Serialize)]
struct Status {
    name: String,
    root: String,
    issuing: String,
    replaced: Vec<Replaced>,
    certificates: Vec<RecordView>,
}

#[derive(Debug, Serialize)]
struct Replaced {
    role: &'static str,
    state: &'static str,
    subject: String,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    /// How many certificates need it.
    needed_by: usize,
}

/// The issuers that were replaced and are not retired.
pub(super) async fn old_issuers(ca: &OpenCa, now: OffsetDateTime) -> Result<Vec<Old>> {
    let keys = ca.keys().await?;
    let mut old: Vec<Old> = Vec::new();
    for (key, issuer) in &keys {
        // What is below an old root is old, too.
        if key.role == CaRole::Issuing && is_old(ca, *key) {
            old.push(Old {
                key: *key,
                needed_by: live(ca, issuer, now).await?,
                issuer: issuer.clone(),
            });
        }
    }
    for (key, issuer) in keys {
        if key.role == CaRole::Root && is_old(ca, key) {
            let root = issuer.certificate();
            let below = old
                .iter()
                .filter(|it| it.issuer.certificate().names_issuer(root));
            let needed_by = below.flat_map(|it| it.needed_by.clone()).collect();
            old.push(Old {
                key,
                issuer,
                needed_by,
            });
        }
    }
    Ok(old)
}

/// The leaves of an issuer that are valid, or may be. Its own OCSP responders are there for them.
async fn live(ca: &OpenCa, issuer: &Issuer, now: OffsetDateTime) -> Result<Vec<CertificateRecord>> {
    let mut live = Vec::new();
    for state in [
        CertificateState::Valid,
        CertificateState::Unconfirmed,
        CertificateState::Reserved,
    ] {
        let filter = Filter {
            ca: Some(ca.name().to_owned()),
            issuer: Some(issuer.id),
            state: Some(state),
            ..Filter::default()
        };
        live.extend(all(ca, &filter, now).await?);
    }
    live.retain(|record| record.not_after >= now && !is_responder(record));
    Ok(live)
}

fn is_responder(record: &CertificateRecord) -> bool {
    let certificate = record.der.as_deref().map(Certificate::from_der);
    certificate.is_some_and(|it| {
        it.is_ok_and(|it| {
            it.extended_key_usage()
                .is_some_and(|usages| usages.contains(&ID_KP_OCSP_SIGNING))
        })
    })
}

pub(super) async fn run(ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
    let old = old_issuers(ca, OffsetDateTime::now_utc()).await?;
    let status = Status::of(ca, &old)?;
    if out.is_json() {
        out.json(&status)?;
    } else {
        status.print(out)?;
    }
    Ok(Outcome::Done)
}

impl Status {
    fn of(ca: &OpenCa, old: &[Old]) -> Result<Self> {
        let subject = |key: CaKey| -> Result<String> {
            Ok(ca.directory().certificate(key)?.subject().to_string())
        };
        let replaced = old.iter().map(|old| Replaced {
            role: old.issuer.role.as_str(),
            state: old.issuer.state.as_str(),
            subject: old.issuer.certificate().subject().to_string(),
            not_after: old.issuer.not_after(),
            needed_by: old.needed_by.len(),
        });
        // Those of an old root are those of the issuing CAs below it.
        let leaves = old
            .iter()
            .filter(|old| old.issuer.role == IssuerRole::Issuing)
            .flat_map(|old| &old.needed_by);
        Ok(Self {
            name: ca.name().to_owned(),
            root: subject(ca.directory().root())?,
            issuing: subject(ca.directory().issuing())?,
            replaced: replaced.collect(),
            certificates: leaves.map(RecordView::of).collect(),
        })
    }

    fn print(&self, out: &mut Output) -> Result<()> {
        out.line(format!("`{}` issues, below `{}`", self.issuing, self.root))?;
        if self.replaced.is_empty() {
            out.line("nothing is being replaced")?;
            return Ok(());
        }
        let rows = self.replaced.iter().map(|it| {
            [
                it.subject.clone(),
                it.role.to_owned(),
                it.state.to_owned(),
                it.needed_by.to_string(),
            ]
        });
        out.line(table(["replaced", "role", "state", "needed by"], rows))?;
        if self.certificates.is_empty() {
            out.line("no certificate needs it any more: `mtls ca rotate --finish` retires it")?;
            return Ok(());
        }
        let shown = self.certificates.len().min(SHOWN);
        out.line("\nto be renewed, or to expire:")?;
        out.line(records_table(
            self.certificates.get(..shown).unwrap_or_default(),
        ))?;
        if self.certificates.len() > shown {
            let more = self.certificates.len() - shown;
            out.line(format!("and {more} more: --json lists all"))?;
        }
        Ok(())
    }
}

/// Rows for people.
const SHOWN: usize = 50;
