//! The connections that are made, in their order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ProtocolVersion;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;

use super::attempt::{Attempt, Outcome, Presented, Stage};
use super::known::Known;
use super::observation::{NotReached, Observation, Resumption, VERSIONS};
use super::revocation;
use super::stranger::{badly_signed, stranger};
use super::url::ServerUrl;
use super::wire::{self, Plan, Recorder};

/// Connects to the server as a client without a certificate, as one of a CA that nobody knows, and as `known`'s
/// identity, in TLS 1.3 and 1.2 each, and reads what it asks, says and accepts.
///
/// Each connection may take `timeout`. A server that never answers is not tried again and again.
pub(super) fn observe(
    url: &ServerUrl,
    known: &Known<'_>,
    now: OffsetDateTime,
    timeout: Duration,
) -> Observation {
    let mut seen = Observation::new(url.clone(), now);
    let found = wire::addresses(url.host(), url.port(), Instant::now() + timeout);
    let reached = found.and_then(|all| {
        let (_, address) = wire::dial(&all, Instant::now() + timeout)?;
        Ok(address)
    });
    seen.address = reached.clone();
    let Ok(address) = reached else {
        return seen;
    };
    let request = url.request();
    let plan = Plan {
        addresses: &[address],
        name: url.name(),
        request: &request,
        timeout,
    };
    if url.is_https() {
        Connecting::new(plan).all(known, now, &mut seen);
        seen.revocation = revocation::fetch(&seen, known, now, timeout);
    } else {
        seen.plain = wire::plain(&plan).ok();
    }
    seen
}

/// The connections to one server.
struct Connecting<'a> {
    plan: Plan<'a>,
    provider: Arc<CryptoProvider>,
}

impl<'a> Connecting<'a> {
    fn new(plan: Plan<'a>) -> Self {
        Self {
            plan,
            provider: Arc::new(wire::provider()),
        }
    }

    fn all(mut self, known: &Known<'_>, now: OffsetDateTime, seen: &mut Observation) {
        let Some(first) = self.once(Presented::Nothing, VERSIONS[0], None) else {
            return seen.address = Err(NotReached::Silent);
        };
        let broken = first.stage == Stage::Hello
            && matches!(first.outcome, Outcome::Closed | Outcome::Silent);
        let helped = broken.then(|| self.with_small_hello()).flatten();
        seen.needs_small_hello = helped.is_some();
        seen.attempts.push(helped.unwrap_or(first));
        let silent = |seen: &Observation| {
            let silent =
                |one: &Attempt| one.outcome == Outcome::Silent && one.stage < Stage::Finished;
            seen.attempts.iter().any(silent)
        };
        if silent(seen) {
            return;
        }
        seen.attempts
            .extend(self.once(Presented::Nothing, VERSIONS[1], None));
        if seen.attempts.iter().all(|one| !one.speaks()) || silent(seen) {
            return;
        }
        let stranger = stranger(now).map(|made| Arc::clone(made.certified_key()));
        for (presented, key) in [
            (Presented::Stranger, stranger.as_ref()),
            (
                Presented::Identity,
                known.identity.map(|identity| identity.certified_key()),
            ),
        ] {
            let Some(key) = key else { continue };
            for offered in VERSIONS {
                // A version that the server does not speak is not tried again.
                if seen
                    .attempt(Presented::Nothing, offered)
                    .is_some_and(Attempt::speaks)
                {
                    seen.attempts
                        .extend(self.once(presented, offered, Some(key)));
                }
            }
        }
        self.more(known, stranger.as_ref(), seen);
    }

    /// The first connection with a ClientHello that fits into one packet, which all others have as well if the server
    /// answers it.
    fn with_small_hello(&mut self) -> Option<Attempt> {
        let small = Arc::new(wire::provider_of_small_hello());
        let usual = std::mem::replace(&mut self.provider, small);
        let helped = self
            .once(Presented::Nothing, VERSIONS[0], None)
            .filter(Attempt::speaks);
        if helped.is_none() {
            self.provider = usual;
        }
        helped
    }

    /// What depends on how the server answered so far.
    fn more(
        &self,
        known: &Known<'_>,
        stranger: Option<&Arc<CertifiedKey>>,
        seen: &mut Observation,
    ) {
        let Some(offered) = VERSIONS.into_iter().find(|offered| {
            seen.attempt(Presented::Nothing, *offered)
                .is_some_and(Attempt::speaks)
        }) else {
            return;
        };
        let refused = seen.refuses_identity();
        if refused && let Some(completed) = known.completed_chain() {
            seen.completed = self.once(Presented::Identity, offered, Some(&completed));
        }
        if refused && let Some(damaged) = known.identity.and_then(badly_signed) {
            seen.badly_signed = self.once(Presented::Identity, offered, Some(&damaged));
        }
        let accepted = |presented| {
            seen.attempt(presented, offered)
                .is_some_and(|one| one.is_accepted() && one.outcome != Outcome::Silent)
        };
        if accepted(Presented::Identity) {
            let key = known.identity.map(|identity| identity.certified_key());
            seen.resumption = self.resumption(Presented::Identity, offered, key);
        } else if accepted(Presented::Nothing) {
            seen.resumption = self.resumption(Presented::Nothing, offered, None);
        }
        let refused_in_http = |one: &Attempt| {
            one.answer()
                .is_some_and(|answer| answer.refuses_certificate())
        };
        if seen
            .attempt(Presented::Stranger, offered)
            .is_some_and(refused_in_http)
        {
            // The handshake succeeded, so there may be a session: does the refusal hold on it?
            let twice = self.twice(Presented::Stranger, offered, stranger);
            seen.resumed_stranger = twice.filter(|second| second.resumed);
        }
    }

    fn once(
        &self,
        presented: Presented,
        offered: ProtocolVersion,
        key: Option<&Arc<CertifiedKey>>,
    ) -> Option<Attempt> {
        let connect = self.connections(presented, offered, key)?;
        connect()
    }

    /// The second of two connections with one session store.
    fn twice(
        &self,
        presented: Presented,
        offered: ProtocolVersion,
        key: Option<&Arc<CertifiedKey>>,
    ) -> Option<Attempt> {
        let connect = self.connections(presented, offered, key)?;
        connect()?;
        connect()
    }

    /// Connections with one session store.
    fn connections(
        &self,
        presented: Presented,
        offered: ProtocolVersion,
        key: Option<&Arc<CertifiedKey>>,
    ) -> Option<impl Fn() -> Option<Attempt>> {
        let recorder = Recorder::new(Arc::clone(&self.provider), key.cloned());
        let config = wire::config(&self.provider, &recorder, offered).ok()?;
        let plan = &self.plan;
        Some(move || wire::attempt(plan, &config, &recorder, presented, offered).ok())
    }

    fn resumption(
        &self,
        presented: Presented,
        offered: ProtocolVersion,
        key: Option<&Arc<CertifiedKey>>,
    ) -> Resumption {
        match self.twice(presented, offered, key) {
            Some(second) if second.resumed => Resumption::Resumed,
            Some(second) if second.speaks() => Resumption::Refused,
            _ => Resumption::Unknown,
        }
    }
}
