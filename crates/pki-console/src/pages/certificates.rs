//! The list of certificates.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use const_oid::db::rfc5280::ID_KP_OCSP_SIGNING;
use pki_store::{CertificateRecord, CertificateState, Filter};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use super::selection::{hash, pattern, serial};
use crate::access::form::{Fields, Query};
use crate::access::operator::Operator;
use crate::refusal::ConsoleRefusal;
use crate::shared::{Shared, now};
use crate::view::choice::Choice;
use crate::view::frame::{Frame, Tab};
use crate::view::link::link;
use crate::view::row::CertificateRow;
use crate::view::text::shown;

#[derive(Template)]
#[template(path = "certificates.html")]
struct CertificatesPage {
    frame: Frame,
    search: String,
    kinds: Vec<Choice>,
    states: Vec<Choice>,
    profiles: Vec<Choice>,
    ends: Vec<Choice>,
    with_own: bool,
    problem: Option<String>,
    rows: Vec<CertificateRow>,
    newest: Option<String>,
    older: Option<String>,
}

/// The first page leads to the list.
pub(crate) async fn first(State(shared): State<Arc<Shared>>) -> Redirect {
    Redirect::to(&link(&shared.base, "/certificates", &[]))
}

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    Query(query): Query,
) -> Result<Response, ConsoleRefusal> {
    let now = now();
    let before = query.position("before")?;
    let with_own = query.get("own") == "yes";
    let (status, problem, found) = match filter(&shared, &query, now) {
        Ok(filter) => {
            // Whoever names a profile wants to see what was issued with it.
            let all = with_own || filter.profile.is_some();
            let found = Found::read(&shared, &filter, before, all, now).await?;
            (StatusCode::OK, None, found)
        }
        Err(refusal) => (refusal.status(), Some(refusal.sentence()), Found::default()),
    };
    let again = |before: &str| {
        let fields = ["by", "q", "state", "profile", "ends", "own"];
        let mut pairs: Vec<_> = fields.map(|name| (name, query.get(name))).to_vec();
        pairs.push(("before", before));
        link(&shared.base, "/certificates", &pairs)
    };
    let page = CertificatesPage {
        frame: Frame::new(&shared, &operator, Tab::Certificates),
        search: query.get("q").chars().take(300).collect(),
        kinds: Choice::of(KINDS, query.get("by")),
        states: states(query.get("state")),
        profiles: profiles(&shared, query.get("profile")),
        ends: Choice::of(ENDS, query.get("ends")),
        with_own,
        problem,
        rows: CertificateRow::all(&found.records, now),
        newest: before.map(|_| again("")),
        older: found.older.map(|id| again(&id.to_string())),
    };
    Ok((status, Html(page.to_string())).into_response())
}

/// A page of the list, and from where it goes on.
#[derive(Default)]
struct Found {
    records: Vec<CertificateRecord>,
    older: Option<i64>,
}

impl Found {
    async fn read(
        shared: &Shared,
        filter: &Filter,
        mut before: Option<i64>,
        with_own: bool,
        now: OffsetDateTime,
    ) -> Result<Self, ConsoleRefusal> {
        let mut found = Self::default();
        // What is left out may be much: then a page is shorter, and the next one goes on from there.
        for _ in 0..READS {
            let records = shared
                .store
                .latest_certificates(filter, before, ROWS + 1, now)
                .await?;
            let is_last = records.len() <= ROWS as usize;
            for record in records {
                if found.records.len() == ROWS as usize {
                    found.older = before;
                    return Ok(found);
                }
                before = Some(record.id);
                if with_own || !is_of_the_ca_itself(shared, &record) {
                    found.records.push(record);
                }
            }
            if is_last {
                return Ok(found);
            }
        }
        found.older = before;
        Ok(found)
    }
}

/// Whether the CA has made it for itself: another CA, an OCSP responder, or one of its servers.
fn is_of_the_ca_itself(shared: &Shared, record: &CertificateRecord) -> bool {
    if shared.own_profiles.contains(&record.profile) {
        return true;
    }
    match record.der.as_deref().map(Certificate::from_der) {
        Some(Ok(certificate)) => {
            let usages = certificate.extended_key_usage().unwrap_or_default();
            certificate.is_ca() || usages == [ID_KP_OCSP_SIGNING]
        }
        _ => false,
    }
}

/// The conditions of a search.
fn filter(shared: &Shared, query: &Fields, now: OffsetDateTime) -> Result<Filter, ConsoleRefusal> {
    let mut filter = Filter {
        ca: Some(shared.ca.clone()),
        ..Filter::default()
    };
    let text = query.text("q", "search", MAX_SEARCH)?;
    let field = "search";
    match (text, query.get("by")) {
        ("", _) => {}
        (text, "serial") => filter.serial = Some(serial(field, text)?),
        (text, "key") => filter.spki_sha256 = Some(hash(field, text)?),
        (text, "fingerprint") => filter.fingerprint_sha256 = Some(hash(field, text)?),
        (text, _) => filter.name = Some(pattern(field, text)?),
    }
    filter.state = match query.get("state") {
        "" => None,
        text => {
            let known = STATES.iter().find(|state| state.as_str() == text);
            let unknown = || ConsoleRefusal::field("state", "there is no such state");
            Some(*known.ok_or_else(unknown)?)
        }
    };
    let profile = query.text("profile", "profile", MAX_SEARCH)?;
    filter.profile = Some(profile.to_owned()).filter(|name| !name.is_empty());
    filter.expiring_before = match query.get("ends") {
        "" => None,
        hours => {
            let is_known = ENDS.iter().any(|(value, _)| *value == hours);
            let hours = hours.parse().ok().filter(|_| is_known);
            let unknown = || ConsoleRefusal::field("ends within", "there is no such choice");
            let hours: i64 = hours.ok_or_else(unknown)?;
            Some(now.saturating_add(Duration::hours(hours)))
        }
    };
    Ok(filter)
}

/// All states.
fn states(chosen: &str) -> Vec<Choice> {
    let known = STATES.iter().map(|state| (state.as_str(), state.as_str()));
    Choice::of([("", "any state")].into_iter().chain(known), chosen)
}

/// The profiles of the console, and the one that was asked for, if it is none of them.
fn profiles(shared: &Shared, chosen: &str) -> Vec<Choice> {
    let mut names = vec![(String::new(), "any profile".to_owned())];
    let mut known = (shared.profiles)();
    known.extend(shared.own_profiles.iter().cloned());
    names.extend(known.into_iter().map(|name| (name.clone(), name)));
    if !names.iter().any(|(name, _)| name == chosen) {
        let title = shown(chosen);
        names.push((chosen.to_owned(), title));
    }
    Choice::of(names, chosen)
}

const KINDS: [(&str, &str); 4] = [
    ("", "name"),
    ("serial", "serial number"),
    ("key", "SHA-256 of the key"),
    ("fingerprint", "SHA-256 of the certificate"),
];

const STATES: [CertificateState; 6] = [
    CertificateState::Valid,
    CertificateState::Revoked,
    CertificateState::Expired,
    CertificateState::Reserved,
    CertificateState::Unconfirmed,
    CertificateState::Failed,
];

/// Hours.
const ENDS: [(&str, &str); 5] = [
    ("", "at any time"),
    ("24", "within a day"),
    ("168", "within 7 days"),
    ("720", "within 30 days"),
    ("2160", "within 90 days"),
];

/// Certificates of a page.
const ROWS: u32 = 50;

/// How often the store is asked for a page.
const READS: usize = 20;

/// Bytes of a text that is searched for.
const MAX_SEARCH: usize = 2048;
