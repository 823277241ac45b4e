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

/// The first `limit` of these, of one CA, and whether there are more. No more is read than it takes.
///
/// # Errors
///
/// If the store cannot be read.
pub async fn expiring_first(
    store: &Store,
    ca: &str,
    within: Duration,
    now: OffsetDateTime,
    limit: usize,
) -> Result<(Vec<Expiring>, bool), StoreError> {
    let wanted = Wanted {
        ca: Some(ca),
        end: now.saturating_add(within),
        now,
        limit: limit.saturating_add(1),
    };
    let mut found = wanted.found(store, |_, _| true).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}

/// All, of certificates for which `matters` is true of their validity period and what is left of it.
///
/// Where certificates are valid for a day, most of them end soon, and nobody is to be told.
pub(crate) async fn expiring_of(
    store: &Store,
    within: Duration,
    now: OffsetDateTime,
    matters: impl Fn(Duration, Duration) -> bool,
) -> Result<Vec<Expiring>, StoreError> {
    let wanted = Wanted {
        ca: None,
        end: now.saturating_add(within),
        now,
        limit: usize::MAX,
    };
    wanted.found(store, matters).await
}

/// What is looked for.
struct Wanted<'a> {
    ca: Option<&'a str>,
    end: OffsetDateTime,
    now: OffsetDateTime,
    /// Certificates at most.
    limit: usize,
}

impl Wanted<'_> {
    async fn found(
        &self,
        store: &Store,
        matters: impl Fn(Duration, Duration) -> bool,
    ) -> Result<Vec<Expiring>, StoreError> {
        let issuers = store.issuers().await?;
        let mut found = Vec::new();
        for issuer in &issuers {
            let is_wanted = self.ca.is_none_or(|ca| issuer.ca == ca);
            if is_wanted && issuer.state != IssuerState::Retired {
                found.extend(self.of_issuer(store, issuer).await?);
            }
        }
        found.extend(self.certificates(store, matters).await?);
        found.sort_by_key(|it| it.not_after);
        Ok(found)
    }

    /// It and its CRLs.
    async fn of_issuer(&self, store: &Store, issuer: &Issuer) -> Result<Vec<Expiring>, StoreError> {
        let mut found = Vec::new();
        if issuer.not_after() <= self.end {
            found.push(of_issuer(issuer, self.now));
        }
        for partition in 0..issuer.partitions {
            if let Some(crl) = store.latest_crl_dates(issuer.id, partition).await?
                && crl.next_update <= self.end
            {
                let (path, span) = (
                    paths::crl(issuer, partition),
                    (crl.this_update, crl.next_update),
                );
                let kind = ExpiringKind::Crl;
                found.push(Expiring::new(kind, &issuer.ca, path, span, self.now));
            }
        }
        Ok(found)
    }

    async fn certificates(
        &self,
        store: &Store,
        matters: impl Fn(Duration, Duration) -> bool,
    ) -> Result<Vec<Expiring>, StoreError> {
        let (now, before) = (self.now, self.end.saturating_add(Duration::SECOND));
        let page = u32::try_from(self.limit).unwrap_or(PAGE).min(PAGE);
        let mut found = Vec::new();
        let mut responders = HashMap::new();
        let mut after = None;
        while found.len() < self.limit {
            let records = store.next_to_end(self.ca, before, after, page, now);
            let records = records.await?;
            let Some(last) = records.last() else {
                break;
            };
            after = Some((last.not_after, last.id));
            let matters =
                |it: &&CertificateRecord| matters(it.not_after - it.not_before, it.not_after - now);
            for record in records.iter().filter(matters) {
                let kind = kind_of(record);
                // A CA is among the issuers.
                if kind == ExpiringKind::Ca {
                    continue;
                }
                if kind == ExpiringKind::Responder {
                    // The last one that is found ends last.
                    let latest = (record.not_after, record.profile.clone());
                    responders.insert(record.issuer, latest);
                }
                found.push((record.issuer, of_record(record, kind, now)));
            }
            if records.len() < page as usize {
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
}

fn of_issuer(issuer: &Issuer, now: OffsetDateTime) -> Expiring {
    let certificate = issuer.certificate();
    let span = (certificate.not_before(), certificate.not_after());
    let name = certificate.subject().to_string();
    let mut found = Expiring::new(ExpiringKind::Ca, &issuer.ca, name, span, now);
    found.serial = Some(certificate.serial().to_string());
    found
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
