//! Issuing: prepare, reserve, sign, record.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use pki_core::{Issued, Prepared, Profile};
use pki_upstream::UpstreamRequest;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::time::Instant;
use x509_identity::Certificate;

use super::authority::CertificateAuthority;
use super::order::{IssuedRecord, Order};
use crate::commit::{Operation, Outcome, Reservation, Reserved, Signed, UpstreamAsked};
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
        let clock = store.clock_state();
        if !clock.may_sign() {
            return Err(IssueError::Clock(clock));
        }
        let start = Instant::now();
        match self.issue_or_hear(&order, start, now).await {
            pending @ Err(IssueError::Pending { .. }) => {
                // In a place of its own, like all that is rare: whoever issues is copied each time it is handed on.
                Box::pin(self.wait(&order, pending, start, now)).await
            }
            issued => issued,
        }
    }

    /// The certificate, or what the upstream says instead.
    async fn issue_or_hear(
        &self,
        order: &Order<'_>,
        start: Instant,
        now: OffsetDateTime,
    ) -> Result<IssuedRecord, IssueError> {
        let store = &self.0.store;
        let mut committed = store.committed();
        loop {
            committed.mark_unchanged();
            if let Some(upstream) = self.upstream()
                && let Some(issued) = Box::pin(self.resume(upstream, order, now)).await?
            {
                return Ok(issued);
            }
            let started = self.start(order, now).await;
            if let Err(error) = &started {
                Box::pin(self.refused(order, error, now)).await?;
            }
            match started? {
                Started::Issued(issued) => return Ok(*issued),
                Started::Before(id) => return Box::pin(self.issued_before(id, now)).await,
                Started::Made(id) => {
                    let mut issued = Box::pin(self.issued_before(id, now)).await?;
                    issued.was_there = false;
                    return Ok(issued);
                }
                Started::UnderWay => {}
            }
            // By this process, or by another one, which may have ended.
            if start.elapsed() > store.0.lease + MARGIN {
                return Err(IssueError::UnderWay);
            }
            let _ = tokio::time::timeout(POLL, committed.changed()).await;
            // By now the reservation may be older than signing takes.
            Box::pin(store.recover(&order.actor, now + start.elapsed())).await?;
        }
    }

    async fn start(&self, order: &Order<'_>, now: OffsetDateTime) -> Result<Started, IssueError> {
        let ca = self.clone();
        let spki = Sha256::digest(order.parameters.public_key_der()).into();
        let partition = self.partition(&spki);
        let profile = self.profile_for(order.profile, partition)?;
        let prepared = self.0.authority.prepare(&order.parameters, &profile, now)?;
        self.0.store.step("prepared");
        let mut reservation = self.reservation(&prepared, order, spki, now)?;
        let request = match self.upstream() {
            Some(_) => Some(self.upstream_request(order, &prepared)?),
            None => None,
        };
        if let (Some(upstream), Some(request)) = (self.upstream(), &request)
            && upstream.remembers().is_some()
        {
            reservation.upstream = Some(UpstreamAsked {
                csr: request.csr_der.clone(),
                key: request.idempotency_key.clone(),
            });
        }
        // A caller that goes away leaves no reservation behind.
        let issuing =
            tokio::spawn(async move { ca.reserve_and_sign(reservation, prepared, request).await });
        issuing.await.map_err(|_| StoreError::Closed)?
    }

    async fn reserve_and_sign(
        self,
        reservation: Reservation,
        prepared: Prepared,
        request: Option<UpstreamRequest>,
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
        if let (Some(upstream), Some(request)) = (self.upstream(), &request) {
            return Box::pin(self.ask(upstream, &reservation, id, request)).await;
        }
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
        let issued = self.issued(reservation, issued, id, lineage);
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

    /// What an earlier order was answered with: the certificate of this [`id`](CertificateRecord::id), of whatever issuer.
    ///
    /// # Errors
    ///
    /// [`IssueError::Store`] if there is none, or it was not signed.
    pub async fn issued_before(
        &self,
        id: i64,
        now: OffsetDateTime,
    ) -> Result<IssuedRecord, IssueError> {
        let record = self.0.store.certificate(id, now).await?;
        let damaged = |_| StoreError::Corrupt {
            what: format!("certificate {} cannot be read", record.serial),
        };
        let der = record.der.as_deref().unwrap_or_default();
        let certificate = Certificate::from_der(der).map_err(damaged)?;
        // The CA may have been renewed since.
        let issuers = if record.issuer == self.0.issuer.id {
            self.0.issuer.chain.clone().into()
        } else {
            self.0.store.issuer(record.issuer).await?.chain.into()
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
        if matches!(
            error,
            IssueError::Issue(_) | IssueError::CrlUrl { .. } | IssueError::NoCsr
        ) && !matches!(error, IssueError::Issue(pki_core::IssueError::Sign(_)))
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
    fn partition(&self, spki: &[u8; 32]) -> u32 {
        let number = spki
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
        spki: [u8; 32],
        now: OffsetDateTime,
    ) -> Result<Reservation, StoreError> {
        let content = prepared.unsigned();
        let issuer = &self.0.issuer;
        let (sans, name_keys) = names_of(content);
        Ok(Reservation {
            issuer: issuer.id.0,
            issuer_subject: self.0.subject.clone(),
            issuer_fingerprint: *issuer.certificate().fingerprint_sha256(),
            ca: issuer.ca.clone(),
            serial: prepared.serial().clone(),
            serial_is_ours: self.upstream().is_none(),
            tbs: prepared.tbs_der().to_vec(),
            profile: order.profile_name.to_owned(),
            role: order.profile.role,
            subject: content.subject().to_string(),
            sans_text: sans_text(&sans)?,
            sans,
            name_keys,
            not_before: content.not_before(),
            not_after: content.not_after(),
            spki,
            partition: self.partition(&spki),
            actor: order.actor.clone(),
            idempotency: order.idempotency.as_ref().map(|it| kept(it, order.token)),
            token: order.token,
            approval: order.approval,
            attestation: order.attestation.clone(),
            evidence: order.evidence.clone(),
            replaces: order.replaces.clone(),
            of_revoked: order.of_revoked,
            key_reuse: order.key_reuse,
            upstream: None,
            holder: self.0.store.0.holder,
            now,
        })
    }

    fn issued(
        &self,
        reservation: Reservation,
        issued: Issued,
        id: i64,
        lineage: [u8; 16],
    ) -> IssuedRecord {
        let certificate = issued.into_certificate();
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
            issuers: self.0.authority.shared_chain(),
            was_there: false,
        }
    }
}

/// How far an order has come.
pub(super) enum Started {
    Issued(Box<IssuedRecord>),
    /// By an earlier order.
    Before(i64),
    /// By this order, and recorded.
    Made(i64),
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
