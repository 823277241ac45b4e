//! What an upstream CA has left open: answers that were lost, orders that wait, revocations that it was not told.

use std::collections::HashMap;

use pki_upstream::{Revoked, UpstreamAnswer, UpstreamCa, UpstreamError};
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use super::authority::CertificateAuthority;
use super::upstream::Asked;
use crate::commit::{Operation, UpstreamResult, UpstreamTold};
use crate::query::UnfinishedOrder;
use crate::{Actor, IssueError, StoreError};

/// What [`CertificateAuthority::settle`] has done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Settled {
    /// Certificates that are recorded now: their answer had been lost, or they had to be waited for.
    pub certificates: u64,
    /// Revocations that the upstream knows of now.
    pub revocations: u64,
    /// Revocations that it does not know of yet.
    pub untold: u64,
}

impl CertificateAuthority {
    /// Finishes what an upstream CA has left open, as far as it can be finished now: looks for certificates whose answer
    /// was lost, asks what became of orders that wait, and has revoked what has to be. To be called when a process
    /// starts, and now and then. Without an upstream it does nothing.
    ///
    /// # Errors
    ///
    /// [`IssueError::Store`], and [`IssueError::Upstream`] if the upstream cannot be asked; what was done by then is done.
    pub async fn settle(&self, now: OffsetDateTime) -> Result<Settled, IssueError> {
        let mut settled = Settled::default();
        let Some(upstream) = self.upstream() else {
            return Ok(settled);
        };
        let (store, issuer) = (&self.0.store, self.0.issuer.id);
        (settled.revocations, settled.untold) = self.tell_all(upstream, now).await?;
        store.recover(&self.actor(), now).await?;
        for order in store.due_upstream_orders(issuer, now).await? {
            match self.follow(upstream, order, now).await {
                Ok(_) => settled.certificates += 1,
                Err(error @ IssueError::Store(_)) => return Err(error),
                // It still waits, or was decided against, which is recorded.
                Err(_) => {}
            }
        }
        if let Some(remembers) = upstream.remembers() {
            settled.certificates += self.ask_again(upstream, remembers, None, now).await?;
        }
        let lost = store.lost_upstream_orders(issuer).await?;
        if upstream.remembers().is_some() {
            self.nothing_left(lost, now).await?;
        } else if !lost.is_empty() {
            settled.certificates += self.search(upstream, lost, now).await?;
            let (told, untold) = self.tell_all(upstream, now).await?;
            settled.revocations += told;
            settled.untold = untold;
        }
        Ok(settled)
    }

    /// Closes those of which a wrong certificate came back: an upstream that keeps no list hides nothing that could be found.
    async fn nothing_left(
        &self,
        orders: Vec<UnfinishedOrder>,
        now: OffsetDateTime,
    ) -> Result<(), IssueError> {
        for order in orders.into_iter().filter(|it| it.is_refused) {
            let asked = self.asked(&order, now);
            self.note(&asked, UpstreamResult::NothingLeft).await?;
        }
        Ok(())
    }

    /// Looks for certificates of these orders, by their keys, among all that the upstream has issued and nobody here
    /// knows. Returns how many were found and recorded.
    pub(super) async fn search(
        &self,
        upstream: &dyn UpstreamCa,
        orders: Vec<UnfinishedOrder>,
        now: OffsetDateTime,
    ) -> Result<u64, IssueError> {
        let (store, issuer) = (&self.0.store, self.0.issuer.id);
        let mut orders: HashMap<_, _> = orders.into_iter().map(|it| (it.spki, it)).collect();
        let (mut found, mut read, mut after) = (0, 0_u32, None::<String>);
        loop {
            let page = upstream.list(after.as_deref()).await;
            let Some(page) = page.map_err(IssueError::Upstream)? else {
                return Ok(0);
            };
            for serial in store.serials_unknown(issuer, page.serials).await? {
                read += 1;
                if read > READ {
                    tracing::warn!(
                        limit = READ,
                        "the upstream CA has more certificates of others than are looked through"
                    );
                    return Ok(found);
                }
                let stored = upstream.certificate(&serial).await;
                let Some(stored) = stored.map_err(IssueError::Upstream)? else {
                    continue;
                };
                if stored.is_revoked {
                    continue;
                }
                let key = *stored.certificate.spki_sha256();
                let Some(order) = orders.get_mut(&key) else {
                    continue;
                };
                found += u64::from(self.found(upstream, order, stored.certificate, now).await?);
                // A second one for the same key is one too many.
                order.is_refused = true;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let lease = store.0.lease;
        for order in orders.into_values() {
            let asked = self.asked(&order, now);
            let result = match order.is_refused {
                true => UpstreamResult::NothingLeft,
                // Its request may still be on its way.
                false if now - order.reserved_at < lease => continue,
                false => UpstreamResult::Failed {
                    reason: "the upstream CA has no certificate for it".to_owned(),
                },
            };
            self.note(&asked, result).await?;
        }
        Ok(found)
    }

    /// `true` if it was recorded as the certificate of the order.
    async fn found(
        &self,
        upstream: &dyn UpstreamCa,
        order: &UnfinishedOrder,
        certificate: x509_identity::Certificate,
        now: OffsetDateTime,
    ) -> Result<bool, IssueError> {
        let asked = self.asked(order, now);
        let certificate = Box::new(certificate);
        if order.is_refused {
            let reason = "it is left of an order that was refused".to_owned();
            let result = UpstreamResult::Wrong {
                certificate,
                reason,
            };
            self.note(&asked, result).await?;
            return Ok(false);
        }
        let answer = Ok(UpstreamAnswer::Issued(certificate));
        match self.take(upstream, &asked, answer).await {
            Ok(_) => Ok(true),
            Err(error @ IssueError::Store(_)) => Err(error),
            // It was refused, and that is recorded.
            Err(_) => Ok(false),
        }
    }

    pub(super) fn asked(&self, order: &UnfinishedOrder, now: OffsetDateTime) -> Asked {
        let requester = order.requester.clone();
        Asked {
            id: order.id,
            tbs: order.tbs.clone(),
            actor: requester.map_or_else(|| self.actor(), Actor::new),
            now,
        }
    }

    /// Has revoked what has to be. What fails is tried again by [`settle`](Self::settle).
    pub(super) async fn tell(&self, upstream: &dyn UpstreamCa, now: OffsetDateTime) {
        if let Err(error) = self.tell_all(upstream, now).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what the upstream CA has to revoke is not known"
            );
        }
    }

    async fn tell_all(
        &self,
        upstream: &dyn UpstreamCa,
        now: OffsetDateTime,
    ) -> Result<(u64, u64), StoreError> {
        let (store, issuer) = (&self.0.store, &self.0.issuer);
        let (mut told, mut untold) = (0, 0);
        for (serial, reason) in store.untold_upstream_revocations(issuer.id).await? {
            match upstream.revoke(&serial, reason).await {
                Ok(answer) => {
                    self.told(serial, answer == Revoked::Done, now).await?;
                    told += 1;
                }
                Err(error) => {
                    untold += 1;
                    not_told(&serial, &error);
                }
            }
        }
        Ok((told, untold))
    }

    async fn told(
        &self,
        serial: SerialNumber,
        is_known: bool,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let issuer = &self.0.issuer;
        let told = UpstreamTold {
            issuer: issuer.id.0,
            ca: issuer.ca.clone(),
            serial,
            is_known,
            actor: self.actor(),
            now,
        };
        let _was_open: bool = self.0.store.commit(Operation::UpstreamTold(told)).await?;
        Ok(())
    }
}

fn not_told(serial: &SerialNumber, error: &UpstreamError) {
    tracing::warn!(
        serial = %serial,
        error = error as &dyn std::error::Error,
        "the upstream CA has not revoked a certificate, and is told again"
    );
}

/// Certificates of others that are read in one search.
const READ: u32 = 10_000;
