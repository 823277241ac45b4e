//! Issuing: prepare, reserve, sign, record.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use pki_core::{CertificateParameters, Issued, Prepared, Profile};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::time::Instant;
use x509_identity::Certificate;

use super::authority::CertificateAuthority;
use super::order::{IssuedRecord, Order};
use crate::commit::{Operation, Outcome, Reservation, Reserved, Signed};
use crate::record::issuer::{PARTITION, with_partition};
use crate::record::name_pattern::names_of;
use crate::record::sans_text;
use crate::{CertificateRecord, CertificateState, Idempotency, IssueError, StoreError, TokenId};

impl CertificateAuthority {
    /// Issues a certificate, valid from `now`, and records it.
    ///
    /// An order with an idempotency key that was answered before gets the same certificate. Refusals are in the audit
    /// log, too. An order goes on if its caller stops waiting for it.
    ///
    /// # Errors
    ///
    /// [`IssueError`] says what speaks against it. After [`IssueError::Store`] the certificate may be signed, but it was
    /// not given out.
    pub async fn issue(
        &self,
        order: Order<'_>,
        now: OffsetDateTime,
    ) -> Result<IssuedRecord, IssueError> {
        let store = &self.0.store;
        let start = Instant::now();
        let mut committed = store.committed();
        loop {
            committed.mark_unchanged();
            let started = self.start(&order, now).await;
            if let Err(error) = &started {
                self.refused(&order, error, now).await?;
            }
            match started? {
                Started::Issued(issued) => return Ok(*issued),
                Started::Before(id) => return self.again(id, now).await,
                Started::UnderWay => {}
            }
            // By this process, or by another one, which may have ended.
            if start.elapsed() > store.0.lease + MARGIN {
                return Err(IssueError::UnderWay);
            }
            let _ = tokio::time::timeout(POLL, committed.changed()).await;
            // By now the reservation may be older than signing takes.
            store.recover(&order.actor, now + start.elapsed()).await?;
        }
    }

    async fn start(&self, order: &Order<'_>, now: OffsetDateTime) -> Result<Started, IssueError> {
        let ca = self.clone();
        let partition = self.partition(&order.parameters);
        let profile = self.profile_for(order.profile, partition)?;
        let prepared = self.0.authority.prepare(&order.parameters, &profile, now)?;
        self.0.store.step("prepared");
        let reservation = self.reservation(&prepared, order, partition, now)?;
        // A caller that goes away leaves no reservation behind.
        let issuing = tokio::spawn(async move { ca.reserve_and_sign(reservation, prepared).await });
        issuing.await.map_err(|_| StoreError::Closed)?
    }

    async fn reserve_and_sign(
        self,
        reservation: Reservation,
        prepared: Prepared,
    ) -> Result<Started, IssueError> {
        let store = &self.0.store;
        let reservation = Arc::new(reservation);
        let operation = Operation::Reserve(reservation.clone());
        let reserved: Result<Reserved, IssueError> = store.commit(operation).await?;
        let (id, lineage) = match reserved? {
            Reserved::New { id, lineage } => (id, lineage),
            Reserved::Before { id } => return Ok(Started::Before(id)),
            Reserved::UnderWay => return Ok(Started::UnderWay),
        };
        store.step("reserved");
        let signed = self.sign(prepared).await?;
        store.step("signed");
        let outcome = Outcome {
            id,
            ca: reservation.ca.clone(),
            serial: reservation.serial.clone(),
            request: reservation.idempotency.as_ref().map(|it| it.key.clone()),
            actor: reservation.actor.clone(),
            now: reservation.now,
            signed: match &signed {
                Ok(issued) => Signed::Certificate {
                    der: issued.certificate().der().to_vec(),
                    fingerprint: *issued.certificate().fingerprint_sha256(),
                },
                Err(error) => Signed::Refused {
                    reason: error.to_string(),
                },
            },
        };
        let given_out: bool = store.commit(Operation::Outcome(outcome)).await?;
        store.step("recorded");
        let issued = signed?;
        if !given_out {
            return Err(IssueError::Overtaken);
        }
        let reservation = Arc::unwrap_or_clone(reservation);
        let issued = self.issued(reservation, &issued, id, lineage);
        Ok(Started::Issued(Box::new(issued)))
    }

    /// A signer may be a token, or somewhere else.
    async fn sign(
        &self,
        prepared: Prepared,
    ) -> Result<Result<Issued, pki_core::IssueError>, StoreError> {
        if self.0.authority.signs_quickly() {
            return Ok(self.0.authority.sign(prepared));
        }
        let ca = self.clone();
        let signing = tokio::task::spawn_blocking(move || ca.0.authority.sign(prepared));
        signing.await.map_err(|_| StoreError::Closed)
    }

    /// An order that was answered before.
    async fn again(&self, id: i64, now: OffsetDateTime) -> Result<IssuedRecord, IssueError> {
        let record = self.0.store.certificate(id, now).await?;
        let damaged = |_| StoreError::Corrupt {
            what: format!("certificate {} cannot be read", record.serial),
        };
        let der = record.der.as_deref().unwrap_or_default();
        let certificate = Certificate::from_der(der).map_err(damaged)?;
        // The CA may have been renewed since.
        let issuers = if record.issuer == self.0.issuer.id {
            self.0.issuer.chain.clone()
        } else {
            self.0.store.issuer(record.issuer).await?.chain
        };
        Ok(IssuedRecord {
            record,
            certificate,
            issuers,
            was_there: true,
        })
    }

    /// What the store has not written down itself.
    async fn refused(
        &self,
        order: &Order<'_>,
        error: &IssueError,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        if matches!(error, IssueError::Issue(_) | IssueError::CrlUrl { .. })
            && !matches!(error, IssueError::Issue(pki_core::IssueError::Sign(_)))
        {
            let ca = &self.0.issuer.ca;
            let subject = order.parameters.subject().to_string();
            let reason = error.to_string();
            let refusal = self
                .0
                .store
                .record_refusal(ca, &subject, &reason, &order.actor, now);
            refusal.await?;
        }
        Ok(())
    }

    /// Which of the CRLs covers the certificate: by its key, so that nobody has to count.
    fn partition(&self, parameters: &CertificateParameters) -> u32 {
        let hash = Sha256::digest(parameters.public_key_der());
        let number = hash
            .iter()
            .take(4)
            .fold(0, |number, octet| number << 8 | u32::from(*octet));
        number % self.0.issuer.partitions.max(1)
    }

    /// The profile with the distribution point of this partition.
    fn profile_for<'p>(
        &self,
        profile: &'p Profile,
        partition: u32,
    ) -> Result<Cow<'p, Profile>, IssueError> {
        let mut profile = Cow::Borrowed(profile);
        let has_place = |url: &String| url.contains(PARTITION);
        if profile.crl_distribution_points.iter().any(has_place) {
            let urls = &mut profile.to_mut().crl_distribution_points;
            for url in urls.iter_mut().filter(|url| has_place(url)) {
                *url = with_partition(url, partition);
            }
        }
        let urls = &profile.crl_distribution_points;
        if let (Some(issuer), Some(first)) = (self.0.issuer.crl_url(partition), urls.first())
            && !urls.contains(&issuer)
        {
            return Err(IssueError::CrlUrl {
                profile: first.clone(),
                issuer,
            });
        }
        Ok(profile)
    }

    fn reservation(
        &self,
        prepared: &Prepared,
        order: &Order<'_>,
        partition: u32,
        now: OffsetDateTime,
    ) -> Result<Reservation, StoreError> {
        let content = prepared.unsigned();
        let issuer = &self.0.issuer;
        let (sans, name_keys) = names_of(content);
        Ok(Reservation {
            issuer: issuer.id.0,
            issuer_subject: issuer.certificate().subject().to_string(),
            issuer_fingerprint: *issuer.certificate().fingerprint_sha256(),
            ca: issuer.ca.clone(),
            serial: prepared.serial().clone(),
            tbs: prepared.tbs_der().to_vec(),
            profile: order.profile_name.to_owned(),
            role: order.profile.role,
            subject: content.subject().to_string(),
            sans_text: sans_text(&sans)?,
            sans,
            name_keys,
            not_before: content.not_before(),
            not_after: content.not_after(),
            spki: *content.spki_sha256(),
            partition,
            actor: order.actor.clone(),
            idempotency: order.idempotency.as_ref().map(|it| kept(it, order.token)),
            token: order.token,
            replaces: order.replaces.clone(),
            key_reuse: order.key_reuse,
            holder: self.0.store.0.holder,
            now,
        })
    }

    fn issued(
        &self,
        reservation: Reservation,
        issued: &Issued,
        id: i64,
        lineage: [u8; 16],
    ) -> IssuedRecord {
        let certificate = issued.certificate().clone();
        let record = CertificateRecord {
            id,
            ca: reservation.ca,
            issuer: self.0.issuer.id,
            serial: reservation.serial,
            state: CertificateState::Valid,
            profile: reservation.profile,
            subject: reservation.subject,
            sans: reservation.sans,
            not_before: reservation.not_before,
            not_after: reservation.not_after,
            spki_sha256: Some(reservation.spki),
            fingerprint_sha256: Some(*certificate.fingerprint_sha256()),
            lineage,
            partition: reservation.partition,
            revoked: None,
            der: Some(certificate.der().to_vec()),
        };
        IssuedRecord {
            record,
            certificate,
            issuers: self.0.authority.chain().to_vec(),
            was_there: false,
        }
    }
}

/// How far an order has come.
enum Started {
    Issued(Box<IssuedRecord>),
    Before(i64),
    UnderWay,
}

fn kept(request: &Idempotency, token: Option<TokenId>) -> Idempotency {
    let payload_sha256 = match token {
        // With another token it is another order, which uses that one up.
        Some(token) => Sha256::new()
            .chain_update(request.payload_sha256)
            .chain_update(token.0.to_be_bytes())
            .finalize()
            .into(),
        None => request.payload_sha256,
    };
    Idempotency {
        key: request.stored_key(),
        payload_sha256,
    }
}

/// Times are stored in whole seconds, so that an age is known to two of them.
const MARGIN: Duration = Duration::from_secs(3);

/// How often it is looked whether another process has answered it.
const POLL: Duration = Duration::from_millis(100);
