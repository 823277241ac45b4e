//! `mtls list`.

use anyhow::Result;
use clap::{Args, ValueEnum};
use const_oid::db::rfc5280::ID_KP_OCSP_SIGNING;
use pki_store::{CertificateRecord, CertificateState, Filter, NamePattern, Page};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::pages::all_pages;
use super::record::{RecordView, records_table};
use crate::command::serve::{CONSOLE_SERVER, ENROLLMENT_SERVER};
use crate::global::Global;
use crate::home::OpenCa;
use crate::issue::Life;
use crate::output::{Outcome, Output};

/// List what the CA has issued
///
/// The certificates of CAs, of OCSP responders and of the listeners of `mtls serve`, which it has made for itself, are left out without --all.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls list\n  mtls list --state valid --expiring 30d\n  mtls list --name '*.example.org' --json\n  mtls list --all"
)]
pub(crate) struct List {
    /// In this state only
    #[arg(long, value_enum)]
    state: Option<State>,

    /// With a name that matches: api.example.org, *.example.org, @example.org, 10.0.0.0/8, spiffe://example.org/**,
    /// or a common name
    #[arg(long, value_name = "PATTERN")]
    name: Option<NamePattern>,

    /// Issued with this profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Whose validity ends within this time: 30d, 12h
    #[arg(long, value_name = "TIME")]
    expiring: Option<Life>,

    /// CAs and OCSP responders, too
    #[arg(long)]
    all: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Valid,
    Revoked,
    Expired,
    /// May exist, since its process ended between approving and recording
    Unconfirmed,
}

impl List {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = OpenCa::open_to_look(global).await?;
        let now = OffsetDateTime::now_utc();
        let mut filter = Filter {
            ca: Some(ca.name().to_owned()),
            name: self.name,
            profile: self.profile,
            ..Filter::default()
        };
        filter.state = self.state.map(|state| match state {
            State::Valid => CertificateState::Valid,
            State::Revoked => CertificateState::Revoked,
            State::Expired => CertificateState::Expired,
            State::Unconfirmed => CertificateState::Unconfirmed,
        });
        filter.expiring_before = self
            .expiring
            .and_then(|span| now.checked_add(span.duration()));
        let mut records = all(&ca, &filter, now).await?;
        // Whoever names a profile wants to see what was issued with it.
        if !self.all && filter.profile.is_none() {
            records.retain(|record| !is_of_the_ca_itself(record));
        }
        let views = RecordView::attested(ca.store(), &records).await?;
        out.list(&views, "no certificates", records_table)?;
        Ok(Outcome::Done)
    }
}

/// Whether the CA has made it for itself: another CA, an OCSP responder, or a listener of `mtls serve`.
fn is_of_the_ca_itself(record: &CertificateRecord) -> bool {
    if [CONSOLE_SERVER, ENROLLMENT_SERVER].contains(&record.profile.as_str()) {
        return true;
    }
    let certificate = record.der.as_deref().map(Certificate::from_der);
    match certificate {
        Some(Ok(certificate)) => {
            let usages = certificate.extended_key_usage().unwrap_or_default();
            certificate.is_ca() || usages == [ID_KP_OCSP_SIGNING]
        }
        // Of one that was not signed there is no more than its profile.
        _ => ["issuing-ca", "cross-certificate", "ocsp"].contains(&record.profile.as_str()),
    }
}

/// All pages of a list.
pub(crate) async fn all(
    ca: &OpenCa,
    filter: &Filter,
    now: OffsetDateTime,
) -> Result<Vec<CertificateRecord>> {
    let read = async |page| ca.store().certificates(filter, page, now).await;
    let id = |record: &CertificateRecord| record.id;
    Ok(all_pages(Page::first(1000), id, read).await?)
}
