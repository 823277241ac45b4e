//! Asking an upstream CA for the same once more, and waiting for what it has not decided.

use std::time::Duration;

use pki_upstream::{UpstreamCa, UpstreamError, UpstreamRequest};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::authority::CertificateAuthority;
use super::order::{IssuedRecord, Order};
use crate::IssueError;
use crate::commit::UpstreamResult;
use crate::query::{LostRequest, UnfinishedOrder};

impl CertificateAuthority {
    /// Asks for those whose answer was lost once more, by the key by which the upstream knows the request: all of them, or
    /// the one with this number. Returns how many are recorded now.
    ///
    /// Where the upstream knows it no more, a second request would make a second certificate: that is for a person, whom
    /// the audit log tells the key.
    pub(super) async fn ask_again(
        &self,
        upstream: &dyn UpstreamCa,
        remembers: Duration,
        only: Option<i64>,
        now: OffsetDateTime,
    ) -> Result<u64, IssueError> {
        let (store, issuer) = (&self.0.store, self.0.issuer.id);
        let mut found = 0;
        for lost in store.lost_upstream_requests(issuer, only).await? {
            let asked = self.asked(&lost.order, now);
            if now - lost.order.reserved_at >= remembers {
                let reason = forgotten(upstream, &lost);
                self.note(&asked, UpstreamResult::Forgotten { reason })
                    .await?;
                continue;
            }
            let approved = self.0.authority.approved(&lost.order.tbs);
            let Ok(approved) = approved else {
                continue;
            };
            let request = UpstreamRequest {
                csr_der: lost.csr,
                approved,
                profile: lost.profile,
                idempotency_key: lost.key,
            };
            let answer = match upstream.issue(&request).await {
                Ok(answer) => answer,
                // That nothing was issued now says nothing about the first time.
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a lost answer of the upstream CA was not heard"
                    );
                    continue;
                }
            };
            match self.take(upstream, &asked, Ok(answer)).await {
                Ok(_) => found += 1,
                Err(error @ IssueError::Store(_)) => return Err(error),
                // It waits now, or was refused, and that is recorded.
                Err(_) => {}
            }
        }
        Ok(found)
    }

    /// What became of an order whose answer was lost, asked for once more. `None` if it was recorded, or nobody will know:
    /// then it is an order like the first one.
    pub(super) async fn hear(
        &self,
        upstream: &dyn UpstreamCa,
        remembers: Duration,
        lost: &UnfinishedOrder,
        now: OffsetDateTime,
    ) -> Result<Option<IssuedRecord>, IssueError> {
        let (store, issuer) = (&self.0.store, self.0.issuer.id);
        let only = Some(lost.id);
        self.ask_again(upstream, remembers, only, now).await?;
        if !store.lost_upstream_requests(issuer, only).await?.is_empty() {
            // Another request would make another certificate.
            return Err(IssueError::Upstream(UpstreamError::Unavailable {
                upstream: upstream.name(),
                source: "its answer to the same request was lost, and cannot be heard now".into(),
            }));
        }
        match store.upstream_order(issuer, lost.id).await? {
            Some(order) if order.handle.is_some() && !order.is_issued && !order.is_refused => {
                self.follow(upstream, order, now).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Waits for an order that is pending, as long as the upstream is worth it.
    pub(super) async fn wait(
        &self,
        order: &Order<'_>,
        mut answer: Result<IssuedRecord, IssueError>,
        start: Instant,
        now: OffsetDateTime,
    ) -> Result<IssuedRecord, IssueError> {
        let patience = self.upstream().map_or(Duration::ZERO, UpstreamCa::patience);
        while let Err(IssueError::Pending { id, retry_after }) = answer {
            if start.elapsed() + retry_after > patience {
                break;
            }
            tokio::time::sleep(retry_after).await;
            let now = now + start.elapsed();
            answer = match self.pending(id, &order.actor, now).await {
                Ok(Some(mut issued)) => {
                    issued.was_there = false;
                    Ok(issued)
                }
                // It was made by somebody else's request, who asks for himself.
                Ok(None) => break,
                Err(error) => Err(error),
            };
        }
        answer
    }
}

fn forgotten(upstream: &dyn UpstreamCa, lost: &LostRequest) -> String {
    format!(
        "{} no longer knows the request by its token {}, and nobody has heard whether it has issued a certificate",
        upstream.name(),
        lost.key
    )
}
