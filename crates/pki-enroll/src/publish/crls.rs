//! Keeping CRLs fresh: when one is signed again, and what is published of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use pki_core::crl_pem;
use pki_store::{CertificateAuthority, Issuer, IssuerId, IssuerRole, Store, StoredCrl};
use time::{Duration, OffsetDateTime};

use super::error::PublishError;
use super::paths;
use crate::http::document::Document;
use crate::observe::metrics;

/// When CRLs are signed again, although nobody was revoked.
#[derive(Clone, Copy, Debug)]
pub struct CrlSchedule {
    /// From thisUpdate to nextUpdate for an issuing CA: 7 days.
    pub lifetime: Duration,
    /// The same for a root: 90 days, as its key may be elsewhere most of the time.
    pub root_lifetime: Duration,
    /// From one CRL to the next: 24 hours. What is then left of the lifetime is the time in which a CA that is down can be
    /// repaired before its CRLs lapse.
    pub renewal: Duration,
}

impl Default for CrlSchedule {
    fn default() -> Self {
        Self {
            lifetime: Duration::days(7),
            root_lifetime: Duration::days(90),
            renewal: Duration::hours(24),
        }
    }
}

impl CrlSchedule {
    fn lifetime_of(self, issuer: &Issuer) -> Duration {
        match issuer.role {
            IssuerRole::Root => self.root_lifetime,
            _ => self.lifetime,
        }
    }

    /// Whether another one is due in place of `latest`, where somebody was last revoked at revision `revoked`.
    fn is_due(self, latest: Option<&StoredCrl>, revoked: u64, now: OffsetDateTime) -> bool {
        latest.is_none_or(|latest| {
            let is_of_the_future = now < latest.this_update - CLOCKS_DIFFER;
            latest.revision < revoked
                || now >= latest.this_update + self.renewal
                || now >= latest.next_update
                || is_of_the_future
        })
    }
}

/// The CRLs that were last seen, and what is known about newer revocations.
#[derive(Debug, Default)]
pub(super) struct Crls {
    latest: HashMap<(IssuerId, u32), StoredCrl>,
    /// The revision of the last revocation.
    revoked: HashMap<(IssuerId, u32), u64>,
    /// The revision up to which `revoked` is complete.
    seen: u64,
    /// The numbers of CRLs whose end was warned of.
    warned: HashMap<(IssuerId, u32), u64>,
}

impl Crls {
    /// Asks the store what was revoked since the last time.
    pub(super) async fn look(&mut self, store: &Store) -> Result<(), PublishError> {
        let revision = store.revision().await.map_err(PublishError::Store)?;
        let news = store.revoked_since(self.seen).await;
        for (issuer, partition, at) in news.map_err(PublishError::Store)? {
            self.revoked.insert((issuer, partition), at);
        }
        self.seen = self.seen.max(revision);
        Ok(())
    }

    /// The last CRL of a partition that is known.
    pub(super) fn latest(&self, issuer: &Issuer, partition: u32) -> Option<&StoredCrl> {
        self.latest.get(&(issuer.id, partition))
    }

    /// The revision up to which revocations are known.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Reads the last CRL of a partition, if it is not known, and signs none.
    pub(super) async fn keep(
        &mut self,
        store: &Store,
        (issuer, partition): (&Issuer, u32),
    ) -> Result<(), PublishError> {
        let key = (issuer.id, partition);
        if let Entry::Vacant(latest) = self.latest.entry(key) {
            let stored = store.latest_crl(issuer.id, partition).await;
            if let Some(stored) = stored.map_err(PublishError::Store)? {
                latest.insert(stored);
            }
        }
        Ok(())
    }

    /// Signs the CRL of a partition if it is due and `authority` is there, unless another process does so.
    pub(super) async fn refresh(
        &mut self,
        store: &Store,
        (issuer, partition): (&Issuer, u32),
        authority: Option<&CertificateAuthority>,
        schedule: CrlSchedule,
        now: OffsetDateTime,
    ) -> Result<Freshness, PublishError> {
        let key = (issuer.id, partition);
        let revoked = self.revoked.get(&key).copied().unwrap_or(0);
        let is_due = |latest: Option<&StoredCrl>| schedule.is_due(latest, revoked, now);
        if !is_due(self.latest.get(&key)) {
            return Ok(Freshness::Fresh);
        }
        self.take_other(store, key).await?;
        if !is_due(self.latest.get(&key)) {
            return Ok(Freshness::Fresh);
        }
        let path = paths::crl(issuer, partition);
        let Some(authority) = authority else {
            self.warn_of_end(key, &path, now);
            return Ok(Freshness::LeftToOthers);
        };
        // One process at a time. If it ends, another one signs when this is over.
        let lease = format!("crl {path}");
        let is_ours = store.lease(&lease, LEASE, now).await;
        if !is_ours.map_err(PublishError::Store)? {
            return Ok(Freshness::LeftToOthers);
        }
        // Another one may have signed, and ended the lease, since this one looked.
        self.take_other(store, key).await?;
        if !is_due(self.latest.get(&key)) {
            store.end_lease(&lease).await.map_err(PublishError::Store)?;
            return Ok(Freshness::Fresh);
        }
        let signed = authority
            .sign_crl(partition, schedule.lifetime_of(issuer), now)
            .await;
        store.end_lease(&lease).await.map_err(PublishError::Store)?;
        metrics::crl_signed(if signed.is_ok() { "signed" } else { "failed" });
        let signed = signed.map_err(|source| PublishError::Crl {
            path: path.clone(),
            source,
        })?;
        let (number, entries) = (signed.number, signed.entries);
        tracing::info!(target: "pki_enroll", crl = path, number, entries, "a CRL was signed");
        self.latest.insert(key, signed);
        Ok(Freshness::Fresh)
    }

    /// Reads the last CRL of a partition, if it is another one than is known.
    async fn take_other(
        &mut self,
        store: &Store,
        key: (IssuerId, u32),
    ) -> Result<(), PublishError> {
        let dates = store.latest_crl_dates(key.0, key.1).await;
        let number = dates.map_err(PublishError::Store)?.map(|it| it.number);
        if number == self.latest.get(&key).map(|known| known.number) {
            return Ok(());
        }
        let stored = store.latest_crl(key.0, key.1).await;
        if let Some(stored) = stored.map_err(PublishError::Store)? {
            self.latest.insert(key, stored);
        }
        Ok(())
    }

    /// Warns once of a CRL whose last third has begun, and whose key is not here.
    fn warn_of_end(&mut self, key: (IssuerId, u32), path: &str, now: OffsetDateTime) {
        let Some(latest) = self.latest.get(&key) else {
            return;
        };
        let left = latest.next_update - now;
        let period = latest.next_update - latest.this_update;
        if left < period / 3 && self.warned.get(&key) != Some(&latest.number) {
            self.warned.insert(key, latest.number);
            let next_update = latest.next_update;
            tracing::warn!(
                target: "pki_enroll",
                crl = path,
                %next_update,
                "a CRL lapses soon, and the key that signs it is not here",
            );
        }
    }
}

/// What became of a CRL that may have been due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Freshness {
    /// It is not due, or not any more.
    Fresh,
    /// It is due, and another process has to sign it, or does so now.
    LeftToOthers,
}

/// The CRL as it is sent.
pub(super) fn document(crl: &StoredCrl) -> Document {
    let document = Document::new("application/pkix-crl", crl.der.clone(), crl.this_update);
    document.expires(crl.next_update)
}

/// Several CRLs in one PEM file (RFC 7468 section 6).
pub(super) fn bundle(crls: &[&StoredCrl]) -> Document {
    // One of more than 256 MiB, which PEM does not take, is in its own place only.
    let pem: String = crls.iter().filter_map(|crl| crl_pem(&crl.der)).collect();
    let modified = crls.iter().map(|crl| crl.this_update).max();
    let expires = crls.iter().map(|crl| crl.next_update).min();
    let modified = modified.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let document = Document::new("application/x-pem-file", pem, modified);
    match expires {
        Some(expires) => document.expires(expires),
        None => document,
    }
}

/// How long signing a CRL may take, before another process tries.
const LEASE: std::time::Duration = std::time::Duration::from_secs(10);
/// A CRL that begins later than this from now was signed by a clock that was wrong.
const CLOCKS_DIFFER: Duration = Duration::HOUR;
