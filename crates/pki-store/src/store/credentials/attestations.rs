//! Evidence of devices.

use std::collections::BTreeMap;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::commit::{CreateChallenge, Operation};
use crate::store::Store;
use crate::{AttestationRecord, AttestedKey, Challenge, ChallengePurpose, StoreError, query};

impl Store {
    /// Records a challenge, by its hash, which [`Order::evidence`](crate::Order::evidence) uses once. Those that have
    /// expired are deleted.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] if 100,000 are open.
    pub async fn create_challenge(
        &self,
        ca: &str,
        challenge: &Challenge,
        purpose: ChallengePurpose,
        expires_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let operation = Operation::CreateChallenge(CreateChallenge {
            ca: ca.to_owned(),
            hash: challenge.hash(),
            purpose,
            expires_at,
            now,
        });
        self.commit::<bool>(operation).await.map(drop)
    }

    /// The key of a CA that signs assertions under this identifier.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn attested_key(
        &self,
        ca: &str,
        key_id: [u8; 32],
    ) -> Result<Option<AttestedKey>, StoreError> {
        let ca: Arc<str> = ca.into();
        self.read(move |session| {
            let ca = ca.clone();
            Box::pin(async move { query::attested_key(session, &ca, key_id).await })
        })
        .await
    }

    /// What evidence has proved of who asked for the certificate with this
    /// [`id`](crate::CertificateRecord::id); `None` if it was issued without.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn attestation(
        &self,
        certificate: i64,
    ) -> Result<Option<AttestationRecord>, StoreError> {
        let mut found = self.attestations(&[certificate]).await?;
        Ok(found.remove(&certificate))
    }

    /// The same for the certificates of a page, by their ids.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn attestations(
        &self,
        certificates: &[i64],
    ) -> Result<BTreeMap<i64, AttestationRecord>, StoreError> {
        let certificates: Arc<[i64]> = certificates.into();
        let found = self
            .read(move |session| {
                let certificates = certificates.clone();
                Box::pin(async move { query::attestations(session, &certificates).await })
            })
            .await?;
        Ok(found.into_iter().collect())
    }
}
