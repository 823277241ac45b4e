//! Signing CRLs.

use std::sync::Arc;

use pki_core::{CrlBuilder, CrlScope};
use time::{Duration, OffsetDateTime};

use super::authority::CertificateAuthority;
use crate::CrlError;
use crate::store::Store;
use crate::{Issuer, IssuerRole, StoreError, StoredCrl};

impl CertificateAuthority {
    /// Signs the CRL of a partition, valid from `now` for `lifetime`, and keeps it as the last one.
    ///
    /// Its number is higher than that of every CRL before it, and it lists what [`Store::revoked`] says. If another
    /// process has signed a later one meanwhile, that one is returned.
    ///
    /// # Errors
    ///
    /// [`CrlError`] says what is wrong. A number that was taken for it is not used again.
    pub async fn sign_crl(
        &self,
        partition: u32,
        lifetime: Duration,
        now: OffsetDateTime,
    ) -> Result<StoredCrl, CrlError> {
        let issuer = &self.0.issuer;
        if let Some(upstream) = self.upstream() {
            let upstream = upstream.name();
            return Err(CrlError::Upstream { upstream });
        }
        let store: &Store = &self.0.store;
        if partition >= issuer.partitions {
            return Err(CrlError::Partition(partition));
        }
        let clock = store.clock_state();
        if !clock.may_sign() {
            return Err(CrlError::Clock(clock));
        }
        // First the number, so that a CRL with a higher number knows of no fewer revocations.
        let number = store.next_crl_number(issuer.id, partition).await?;
        store.step("crl-numbered");
        let content = store.crl_content(issuer.id, partition, now).await?;
        let revision = content.revision;
        let entries = u64::try_from(content.entries.len()).unwrap_or(u64::MAX);
        let ca = self.clone();
        let signing = tokio::task::spawn_blocking(move || {
            let mut builder = CrlBuilder::new(number, now, now + lifetime);
            if let Some(covers) = scope(&ca.0.issuer, partition) {
                builder = builder.distribution_point(covers.0, covers.1);
            }
            for entry in content.entries {
                builder = builder.revoke(entry.serial, entry.revoked_at, entry.reason);
            }
            builder.sign(&ca.0.authority)
        });
        let signed = signing.await.map_err(|_| StoreError::Closed)??;
        store.step("crl-signed");
        let crl = Arc::new(StoredCrl {
            issuer: issuer.id,
            partition,
            number,
            this_update: now,
            next_update: now + lifetime,
            revision,
            entries,
            der: signed.der().to_vec(),
        });
        let is_last = store.record_crl(crl.clone(), issuer, &self.actor()).await?;
        store.step("crl-recorded");
        if is_last {
            return Ok(Arc::unwrap_or_clone(crl));
        }
        let later = store.latest_crl(issuer.id, partition).await?;
        Ok(later.ok_or(StoreError::Closed)?)
    }
}

/// What the CRL of a partition is limited to; `None` for all that the issuer has issued.
///
/// The one CRL of a root is not limited. A root itself names no distribution point, and OpenSSL looks for the root's own
/// number, too, where it checks all certificates (`X509_V_FLAG_CRL_CHECK_ALL`, as nginx does): a CRL with a name in its
/// issuing distribution point would not be about it, and every client would be refused. A root also issues certificates
/// of OCSP responders, which are none of CAs.
fn scope(issuer: &Issuer, partition: u32) -> Option<(String, CrlScope)> {
    let scope = match issuer.role {
        IssuerRole::Root if issuer.partitions == 1 => return None,
        IssuerRole::Root => CrlScope::All,
        IssuerRole::Issuing | IssuerRole::Upstream => CrlScope::LeafCertificates,
    };
    Some((issuer.crl_url(partition)?, scope))
}
