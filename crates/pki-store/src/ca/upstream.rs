//! Issuing by an upstream CA: ask, hold the answer against what was approved, record.

use std::sync::Arc;
use std::time::Duration;

use pki_core::{Prepared, ReturnedError};
use pki_upstream::{UpstreamAnswer, UpstreamCa, UpstreamError, UpstreamRequest};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_identity::{Certificate, SerialNumber};

use super::authority::CertificateAuthority;
use super::issue::Started;
use super::order::{IssuedRecord, Order};
use crate::commit::{Operation, Reservation, UpstreamOutcome, UpstreamRecorded, UpstreamResult};
use crate::query::UnfinishedOrder;
use crate::record::hex;
use crate::{Actor, IssueError, StoreError};

/// A reservation for which an upstream was asked, as far as its answer needs it.
pub(super) struct Asked {
    pub(super) id: i64,
    /// What was approved.
    pub(super) tbs: Vec<u8>,
    pub(super) actor: Actor,
    pub(super) now: OffsetDateTime,
}

/// What to say if the answer turns out to be wrong.
struct Difference {
    serial: SerialNumber,
    error: ReturnedError,
}

impl CertificateAuthority {
    /// What an upstream is asked for, once a reservation is recorded.
    ///
    /// # Errors
    ///
    /// [`IssueError::NoCsr`] if the order has none.
    pub(super) fn upstream_request(
        &self,
        order: &Order<'_>,
        prepared: &Prepared,
    ) -> Result<UpstreamRequest, IssueError> {
        let csr = order.parameters.csr_der().ok_or(IssueError::NoCsr)?;
        // The number that stands for the one of the certificate is in it, and is used once.
        let key: [u8; 32] = Sha256::digest(prepared.tbs_der()).into();
        Ok(UpstreamRequest {
            csr_der: csr.to_vec(),
            approved: prepared.unsigned().clone(),
            profile: order.profile_name.to_owned(),
            idempotency_key: hex(&key).chars().take(32).collect(),
        })
    }

    /// Asks for the certificate of a reservation.
    pub(super) async fn ask(
        &self,
        upstream: &dyn UpstreamCa,
        reservation: &Reservation,
        id: i64,
        request: &UpstreamRequest,
    ) -> Result<Started, IssueError> {
        let asked = Asked {
            id,
            tbs: reservation.tbs.clone(),
            actor: reservation.actor.clone(),
            now: reservation.now,
        };
        let answer = upstream.issue(request).await;
        self.0.store.step("answered");
        self.take(upstream, &asked, answer).await
    }

    /// What is left of the same order, made before: it waits for the upstream, or its answer was lost. `None` if nothing
    /// is, so that it is an order like the first one.
    pub(super) async fn resume(
        &self,
        upstream: &dyn UpstreamCa,
        order: &Order<'_>,
        now: OffsetDateTime,
    ) -> Result<Option<IssuedRecord>, IssueError> {
        let Some(request) = &order.idempotency else {
            return Ok(None);
        };
        let (store, ca) = (&self.0.store, &self.0.issuer.ca);
        let key = request.stored_key();
        let Some(found) = store.upstream_order_by_request(ca, &key).await? else {
            return Ok(None);
        };
        if found.is_lost {
            return match upstream.remembers() {
                Some(remembers) => self.hear(upstream, remembers, &found, now).await,
                None => {
                    self.search(upstream, vec![found], now).await?;
                    // If it was found, the order is answered by the certificate that is recorded now.
                    Ok(None)
                }
            };
        }
        match found.handle {
            Some(_) => self.follow(upstream, found, now).await.map(Some),
            None => Ok(None),
        }
    }

    /// What became of an order for which [`IssueError::Pending`] was the answer, by the number in it. `None` if `requester`
    /// has made no such order.
    ///
    /// # Errors
    ///
    /// [`IssueError::Pending`] if the upstream has still not decided, and otherwise as [`issue`](Self::issue).
    pub async fn pending(
        &self,
        id: i64,
        requester: &Actor,
        now: OffsetDateTime,
    ) -> Result<Option<IssuedRecord>, IssueError> {
        let Some(upstream) = self.upstream() else {
            return Ok(None);
        };
        let found = self.0.store.upstream_order(self.0.issuer.id, id).await?;
        let is_theirs = |order: &UnfinishedOrder| {
            order.handle.is_some() && order.requester.as_deref() == Some(requester.as_str())
        };
        match found.filter(is_theirs) {
            None => Ok(None),
            Some(order) if order.is_issued => self.issued_before(id, now).await.map(Some),
            Some(order) if order.is_refused => {
                let (upstream, said) = (upstream.name(), String::new());
                Err(IssueError::Upstream(UpstreamError::Refused {
                    upstream,
                    said,
                }))
            }
            Some(order) => self.follow(upstream, order, now).await.map(Some),
        }
    }

    /// Asks what became of an order that waits, if it is time to.
    pub(super) async fn follow(
        &self,
        upstream: &dyn UpstreamCa,
        order: UnfinishedOrder,
        now: OffsetDateTime,
    ) -> Result<IssuedRecord, IssueError> {
        let left = order.ask_at.map_or(time::Duration::ZERO, |at| at - now);
        if let Ok(retry_after) = Duration::try_from(left)
            && !retry_after.is_zero()
        {
            let id = order.id;
            return Err(IssueError::Pending { id, retry_after });
        }
        let asked = self.asked(&order, now);
        let answer = upstream.collect(order.handle.as_deref().unwrap_or_default());
        match self
            .take(upstream, &asked, keep_waiting(&order.handle, answer.await))
            .await?
        {
            Started::Before(id) | Started::Made(id) => self.issued_before(id, now).await,
            Started::Issued(issued) => Ok(*issued),
            Started::UnderWay => Err(IssueError::UnderWay),
        }
    }

    /// Holds an answer against what was approved, and records what came of it.
    pub(super) async fn take(
        &self,
        upstream: &dyn UpstreamCa,
        asked: &Asked,
        answer: Result<UpstreamAnswer, UpstreamError>,
    ) -> Result<Started, IssueError> {
        let mut wrong = None;
        let mut waits = None;
        let mut failed = None;
        let mut serial = None;
        let result = match answer {
            Ok(UpstreamAnswer::Issued(certificate)) => {
                serial = Some(certificate.serial().clone());
                let authority = &self.0.authority;
                let checked = authority.check_returned(&asked.tbs, &certificate);
                match checked.and_then(|()| check_usable(&certificate, asked.now)) {
                    Ok(()) => UpstreamResult::Certificate(certificate),
                    Err(error) => {
                        let reason = error.to_string();
                        let serial = certificate.serial().clone();
                        wrong = Some(Difference { serial, error });
                        UpstreamResult::Wrong {
                            certificate,
                            reason,
                        }
                    }
                }
            }
            Ok(UpstreamAnswer::Pending {
                handle,
                retry_after,
            }) => {
                let retry_after = retry_after.clamp(SHORTEST, LONGEST);
                waits = Some(retry_after);
                let ask_at = asked.now + retry_after;
                UpstreamResult::Pending { handle, ask_at }
            }
            // Something that this version does not know.
            Ok(_) => UpstreamResult::Lost {
                reason: "the answer is of an unknown kind".to_owned(),
            },
            Err(error) => {
                let reason = sentence(&error);
                let nothing_was_issued = error.nothing_was_issued();
                failed = Some(error);
                match nothing_was_issued {
                    true => UpstreamResult::Failed { reason },
                    false => UpstreamResult::Lost { reason },
                }
            }
        };
        let recorded = self.note(asked, result).await?;
        self.0.store.step("recorded");
        if recorded == UpstreamRecorded::SerialUsed {
            let serial = serial.ok_or(StoreError::Closed)?;
            let error = ReturnedError::SerialUsed;
            wrong = Some(Difference { serial, error });
        }
        if let Some(Difference { serial, error }) = wrong {
            self.tell(upstream, asked.now).await;
            return Err(IssueError::Returned {
                upstream: upstream.name(),
                serial,
                source: error,
            });
        }
        if let Some(retry_after) = waits {
            let id = asked.id;
            return Err(IssueError::Pending { id, retry_after });
        }
        if let Some(error) = failed {
            return Err(IssueError::Upstream(error));
        }
        match recorded {
            UpstreamRecorded::GivenOut => Ok(Started::Made(asked.id)),
            _ => {
                self.tell(upstream, asked.now).await;
                Err(IssueError::Overtaken)
            }
        }
    }

    pub(super) async fn note(
        &self,
        asked: &Asked,
        result: UpstreamResult,
    ) -> Result<UpstreamRecorded, StoreError> {
        let issuer = &self.0.issuer;
        let outcome = UpstreamOutcome {
            id: asked.id,
            issuer: issuer.id.0,
            ca: issuer.ca.clone(),
            actor: asked.actor.clone(),
            now: asked.now,
            result,
        };
        self.0
            .store
            .commit(Operation::Upstream(Arc::new(outcome)))
            .await
    }
}

/// Within what was approved, a certificate could still begin so late that it is of no use.
fn check_usable(returned: &Certificate, now: OffsetDateTime) -> Result<(), ReturnedError> {
    let (from, until) = (returned.not_before(), returned.not_after());
    if from > now + AHEAD || until <= now {
        return Err(ReturnedError::NotValidNow { from, until, now });
    }
    Ok(())
}

/// An upstream that cannot be asked at the moment has not decided.
fn keep_waiting(
    handle: &Option<String>,
    answer: Result<UpstreamAnswer, UpstreamError>,
) -> Result<UpstreamAnswer, UpstreamError> {
    match (answer, handle) {
        (Err(error), Some(handle)) if !error.is_decision() => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the upstream CA was not asked"
            );
            Ok(UpstreamAnswer::Pending {
                handle: handle.clone(),
                retry_after: AFTER_FAILURE,
            })
        }
        (answer, _) => answer,
    }
}

/// With its causes, for the audit log.
fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// How much the upstream's clock may be ahead of ours.
const AHEAD: time::Duration = time::Duration::minutes(1);
/// How long a device is told to wait, at least and at most.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(3600);
const AFTER_FAILURE: Duration = Duration::from_secs(15);
