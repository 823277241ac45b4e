//! The CAs: issuers, their CRLs, and what is being replaced.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use pki_store::{CertificateState, CrlDates, Filter, Issuer, IssuerRole, IssuerState, Page};
use time::OffsetDateTime;

use crate::access::operator::Operator;
use crate::moment::{date, moment, remaining};
use crate::refusal::ConsoleRefusal;
use crate::shared::{Shared, now};
use crate::view::frame::{Frame, Tab};
use crate::view::state::State as Word;
use crate::view::text::{hex, shown};

#[derive(Template)]
#[template(path = "authorities.html")]
struct AuthoritiesPage {
    frame: Frame,
    issuers: Vec<IssuerView>,
    is_rotating: bool,
}

struct IssuerView {
    subject: String,
    role: &'static str,
    state: Word,
    serial: String,
    key: String,
    fingerprint: String,
    until: String,
    left: String,
    crls: Vec<CrlRow>,
    more_crls: usize,
    /// How many certificates still need an issuer that is being replaced.
    needed_by: Option<String>,
}

struct CrlRow {
    partition: u32,
    number: String,
    signed: String,
    due: String,
    state: Word,
}

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
) -> Result<Html<String>, ConsoleRefusal> {
    let now = now();
    let mut issuers = shared.store.issuers().await?;
    issuers.retain(|issuer| issuer.ca == shared.ca);
    // Those in use first, the newest of them at the top.
    issuers.sort_by_key(|issuer| {
        let rank = match issuer.state {
            IssuerState::Active => 0,
            IssuerState::Retiring => 1,
            _ => 2,
        };
        (
            rank,
            issuer.role == IssuerRole::Root,
            std::cmp::Reverse(issuer.id),
        )
    });
    let mut views = Vec::new();
    for issuer in &issuers {
        views.push(IssuerView::read(&shared, issuer, now).await?);
    }
    let page = AuthoritiesPage {
        frame: Frame::new(&shared, &operator, Tab::Authorities),
        is_rotating: issuers.iter().any(|it| it.state == IssuerState::Retiring),
        issuers: views,
    };
    Ok(Html(page.to_string()))
}

impl IssuerView {
    async fn read(
        shared: &Shared,
        issuer: &Issuer,
        now: OffsetDateTime,
    ) -> Result<Self, ConsoleRefusal> {
        let certificate = issuer.certificate();
        let shown_crls = issuer.partitions.min(CRLS);
        let mut crls = Vec::new();
        for partition in 0..shown_crls {
            let dates = shared.store.latest_crl_dates(issuer.id, partition).await?;
            crls.push(CrlRow::of(partition, dates, issuer.state, now));
        }
        let needed_by = match issuer.state {
            IssuerState::Retiring => Some(needed_by(shared, issuer, now).await?),
            _ => None,
        };
        Ok(Self {
            subject: shown(&certificate.subject().to_string()),
            role: match issuer.role {
                IssuerRole::Root => "root",
                _ => "issuing CA",
            },
            state: issuer.state.into(),
            serial: certificate.serial().to_string(),
            key: certificate.public_key_algorithm().to_string(),
            fingerprint: hex(certificate.fingerprint_sha256()),
            until: moment(issuer.not_after()),
            left: remaining(issuer.not_after(), now),
            crls,
            more_crls: (issuer.partitions - shown_crls) as usize,
            needed_by,
        })
    }
}

/// How many valid certificates an issuer has, as far as they are counted.
async fn needed_by(
    shared: &Shared,
    issuer: &Issuer,
    now: OffsetDateTime,
) -> Result<String, ConsoleRefusal> {
    let filter = Filter {
        issuer: Some(issuer.id),
        state: Some(CertificateState::Valid),
        ..Filter::default()
    };
    let found = shared
        .store
        .certificates(&filter, Page::first(COUNTED), now);
    Ok(match found.await?.len() {
        count if count >= COUNTED as usize => format!("{count} or more"),
        count => count.to_string(),
    })
}

impl CrlRow {
    fn of(
        partition: u32,
        dates: Option<CrlDates>,
        issuer: IssuerState,
        now: OffsetDateTime,
    ) -> Self {
        let Some(dates) = dates else {
            return Self {
                partition,
                number: "none".to_owned(),
                signed: "not yet".to_owned(),
                due: "\u{2013}".to_owned(),
                state: Word::new("missing", "wait"),
            };
        };
        let state = match (dates.next_update > now, issuer) {
            (true, _) => Word::new("fresh", "good"),
            // Of what issues no more and has nothing valid left, nobody asks.
            (false, IssuerState::Retired) => Word::new("over", "off"),
            (false, _) => Word::new("overdue", "bad"),
        };
        Self {
            partition,
            number: dates.number.to_string(),
            signed: date(dates.this_update),
            due: format!(
                "{}, {}",
                date(dates.next_update),
                remaining(dates.next_update, now)
            ),
            state,
        }
    }
}

/// CRLs of one issuer that are shown.
const CRLS: u32 = 32;

/// Certificates that are counted at most.
const COUNTED: u32 = 1000;
