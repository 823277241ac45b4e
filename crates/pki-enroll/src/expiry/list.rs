//! What of a store ends soon.

use std::collections::HashMap;

use const_oid::db::rfc5280::ID_KP_OCSP_SIGNING;
use pki_store::{
    CertificateRecord, CertificateState, Filter, Issuer, IssuerId, IssuerState, Page, Store,
    StoreError,
};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use super::notice::{Expiring, ExpiringKind};
use crate::publish::paths;

/// Everything of `store` that is good at `now`, and ends by `now + within`: the next to end first.
///
/// A certificate that was renewed is left out, and so is an OCSP responder that has a successor. What is revoked does not
/// end any more. A CRL is there by its nextUpdate, an issuer until it is retired.
///
/// # Errors
///
/// If the store cannot be read.
pub async fn expiring(
    store: &Store,
    within: Duration,
    now: OffsetDateTime,
) -> Result<Vec<Expiring>, StoreError> {
    expiring_of(store, within, now, |_, _| true).await
}

/// The same, of certificates for which `matters` is true of their validity period and what is left of it.
///
/// Where certificates are valid for a day, most of them end soon, and nobody is to be told.
pub(crate) async fn expiring_of(
    store: &Store,
    within: Duration,
    now: OffsetDateTime,
    matters: impl Fn(Duration, Duration) -> bool,
) -> Result<Vec<Expiring>, StoreError> {
    let end = now.saturating_add(within);
    let issuers = store.issuers().await?;
    let mut found = Vec::new();
    for issuer in &issuers {
        if issuer.state == IssuerState::Retired {
            continue;
        }
        if issuer.not_after() <= end {
            found.push(of_issuer(issuer, now));
        }
        for partition in 0..issuer.partitions {
            if let Some(crl) = store.latest_crl_dates(issuer.id, partition).await?
                && crl.next_update <= end
            {
                let span = (crl.this_update, crl.next_update);
                let path = paths::crl(issuer, partition);
                found.push(Expiring::new(
                    ExpiringKind::Crl,
                    &issuer.ca,
                    path,
                    span,
                    now,
                ));
            }
        }
    }
    found.extend(certificates(store, end, now, matters).await?);
    found.sort_by_key(|it| it.not_after);
    Ok(found)
}

fn of_issuer(issuer: &Issuer, now: OffsetDateTime) -> Expiring {
    let certificate = issuer.certificate();
    let span = (certificate.not_before(), certificate.not_after());
    let name = certificate.subject().to_string();
    let mut found = Expiring::new(ExpiringKind::Ca, &issuer.ca, name, span, now);
    found.serial = Some(certificate.serial().to_string());
    found
}

async fn certificates(
    store: &Store,
    end: OffsetDateTime,
    now: OffsetDateTime,
    matters: impl Fn(Duration, Duration) -> bool,
) -> Result<Vec<Expiring>, StoreError> {
    let filter = Filter {
        state: Some(CertificateState::Valid),
        expiring_before: Some(end.saturating_add(Duration::SECOND)),
        ..Filter::default()
    };
    let mut found = Vec::new();
    let mut responders = HashMap::new();
    let mut renewed = HashMap::new();
    let mut page = Page::first(PAGE);
    loop {
        let records = store.certificates(&filter, page, now).await?;
        let Some(last) = records.last() else {
            break;
        };
        page.after = last.id;
        let matters =
            |it: &&CertificateRecord| matters(it.not_after - it.not_before, it.not_after - now);
        for record in records.iter().filter(matters) {
            match kind_of(record) {
                // It is among the issuers.
                ExpiringKind::Ca => {}
                ExpiringKind::Responder => {
                    responders
                        .entry(record.issuer)
                        .and_modify(|(end, _): &mut (OffsetDateTime, _)| {
                            *end = record.not_after.max(*end);
                        })
                        .or_insert_with(|| (record.not_after, record.profile.clone()));
                    found.push((
                        record.issuer,
                        of_record(record, ExpiringKind::Responder, now),
                    ));
                }
                kind => {
                    if !has_successor(store, &mut renewed, record, now).await? {
                        found.push((record.issuer, of_record(record, kind, now)));
                    }
                }
            }
        }
        if records.len() < PAGE as usize {
            break;
        }
    }
    for (issuer, (end, profile)) in &mut responders {
        *end = latest_end(store, *issuer, profile, *end, now).await?;
    }
    let is_latest = |issuer: &IssuerId, it: &Expiring| {
        it.kind != ExpiringKind::Responder
            || responders
                .get(issuer)
                .is_some_and(|(end, _)| *end == it.not_after)
    };
    found.retain(|(issuer, it)| is_latest(issuer, it));
    Ok(found.into_iter().map(|(_, it)| it).collect())
}

/// When the last certificate of a profile ends, which may be later than what was asked for.
async fn latest_end(
    store: &Store,
    issuer: IssuerId,
    profile: &str,
    found: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<OffsetDateTime, StoreError> {
    let filter = Filter {
        state: Some(CertificateState::Valid),
        issuer: Some(issuer),
        profile: Some(profile.to_owned()),
        ..Filter::default()
    };
    let mut latest = found;
    let mut page = Page::first(PAGE);
    loop {
        let records = store.certificates(&filter, page, now).await?;
        let Some(last) = records.last() else {
            return Ok(latest);
        };
        page.after = last.id;
        let ends = records.iter().map(|record| record.not_after);
        latest = ends.fold(latest, OffsetDateTime::max);
        if records.len() < PAGE as usize {
            return Ok(latest);
        }
    }
}

/// Whether a certificate of the same lineage ends later. `known` has the end of each lineage.
async fn has_successor(
    store: &Store,
    known: &mut HashMap<[u8; 16], OffsetDateTime>,
    record: &CertificateRecord,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    if let Some(end) = known.get(&record.lineage) {
        return Ok(record.not_after < *end);
    }
    let filter = Filter {
        state: Some(CertificateState::Valid),
        lineage: Some(record.lineage),
        ..Filter::default()
    };
    let same = store.certificates(&filter, Page::first(PAGE), now).await?;
    let end = same.iter().map(|it| it.not_after).max();
    let end = end.unwrap_or(record.not_after);
    known.insert(record.lineage, end);
    Ok(record.not_after < end)
}

fn kind_of(record: &CertificateRecord) -> ExpiringKind {
    let certificate = record.der.as_deref().map(Certificate::from_der);
    match certificate {
        Some(Ok(certificate)) if certificate.is_ca() => ExpiringKind::Ca,
        Some(Ok(certificate))
            if certificate
                .extended_key_usage()
                .is_some_and(|purposes| purposes.contains(&ID_KP_OCSP_SIGNING)) =>
        {
            ExpiringKind::Responder
        }
        _ => ExpiringKind::Leaf,
    }
}

fn of_record(record: &CertificateRecord, kind: ExpiringKind, now: OffsetDateTime) -> Expiring {
    let span = (record.not_before, record.not_after);
    // A certificate without a subject is known by its first name.
    let name = match (record.subject.as_str(), record.sans.first()) {
        ("", Some(first)) => first.to_string(),
        (subject, _) => subject.to_owned(),
    };
    let mut found = Expiring::new(kind, &record.ca, name, span, now);
    found.serial = Some(record.serial.to_string());
    found
}

const PAGE: u32 = 1000;
