//! What one open connection is doing, what it waits for, and how it is ended.
//!
//! Nothing here knows TLS or HTTP. The stream and the service of a connection note what happens.
//! One task sweeps all connections every quarter of a second and ends those that have run out of
//! time. Times are coarse, so that noting something does not read the clock.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::sync::Notify;

use crate::{
    config::limits::Limits,
    connection::{
        clock::{Clock, Tick, ticks},
        end::{End, end_grace},
        idle::IdleWatch,
        responses::{Flow, Responses},
        wait::{Wait, decode, encode},
    },
};

/// What one connection is doing.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    /// How long a request body may make no progress.
    pub(crate) body: Duration,
    clock: Arc<Clock>,
    /// When it reaches its greatest age.
    old: Tick,
    /// When its client is no longer good, whatever happens; [`NEVER`] if there is none.
    expired: Tick,
    /// The code of the reason for that.
    expired_reason: &'static str,
    end: OnceLock<End>,
    /// The first reason that says that its client is no longer good; it may follow another reason.
    terminated: OnceLock<End>,
    /// When the socket is closed, whatever happens; [`NEVER`] until the connection is ended.
    cut_at: AtomicU64,
    /// Wakes those who wait for `end`.
    ended: Notify,
    requests: AtomicU32,
    /// Whether the last request has no response yet; of use to HTTP/1, where one follows the other.
    unanswered: AtomicBool,
    /// What it waits for from the peer, and since when; see [`encode`].
    waiting: AtomicU64,
    /// Since when a write has been blocked; 0 if none is.
    stalled: AtomicU64,
    responses: Responses,
    /// HTTP/2 has frames that belong to no request, so bytes do not mean that a header begins.
    multiplexed: AtomicBool,
    upgraded: AtomicBool,
    /// When a tunnel in HTTP/2 may last have been used; [`NEVER`] while there was none.
    tunnel: AtomicU64,
    idle: IdleWatch,
}

/// How long a client is still good, if nothing else happens.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Valid {
    pub(crate) left: Duration,
    /// The code of the reason for which it is not, after that.
    pub(crate) reason: &'static str,
}

const NEVER: Tick = u64::MAX;

/// The bytes of a ping of HTTP/2, and of its answer.
const PING: usize = 17;

impl ConnectionState {
    /// For a client that is still good for `valid`, if it has presented a certificate.
    pub(crate) fn new(clock: Arc<Clock>, limits: &Limits, valid: Option<Valid>) -> Self {
        let now = clock.advance();
        let after = |span| now.saturating_add(ticks(span));
        Self {
            body: limits.body,
            clock,
            old: after(limits.max_age),
            expired: valid.map_or(NEVER, |valid| after(valid.left)),
            expired_reason: valid.map_or("", |valid| valid.reason),
            end: OnceLock::new(),
            terminated: OnceLock::new(),
            cut_at: AtomicU64::new(NEVER),
            ended: Notify::new(),
            requests: AtomicU32::new(0),
            unanswered: AtomicBool::new(false),
            waiting: AtomicU64::new(encode(now, Wait::FirstRequest)),
            stalled: AtomicU64::new(0),
            responses: Responses::default(),
            multiplexed: AtomicBool::new(false),
            upgraded: AtomicBool::new(false),
            tunnel: AtomicU64::new(NEVER),
            idle: IdleWatch::default(),
        }
    }

    /// Bytes came from the peer.
    pub(crate) fn received(&self, bytes: &[u8]) {
        self.idle.received(bytes);
        self.uses_tunnel(bytes.len());
        let before = self.waiting.load(Relaxed);
        let wait = match decode(before).1 {
            Wait::NextRequest if !self.multiplexed.load(Relaxed) => Wait::Header,
            Wait::Bytes => Wait::Bytes,
            _ => return,
        };
        let after = encode(self.clock.now(), wait);
        // If a request has begun meanwhile, that counts.
        let _ = self
            .waiting
            .compare_exchange(before, after, Relaxed, Relaxed);
    }

    /// A write is blocked, as the peer does not read.
    pub(crate) fn stalls(&self) {
        if self.stalled.load(Relaxed) == 0 {
            self.stalled.store(self.clock.now().max(1), Relaxed);
        }
    }

    /// A write was not blocked.
    pub(crate) fn flows(&self) {
        if self.stalled.load(Relaxed) != 0 {
            self.stalled.store(0, Relaxed);
        }
    }

    /// The socket took this many bytes.
    pub(crate) fn sent(&self, bytes: usize) {
        let now = self.clock.now();
        self.responses.sent(bytes, now);
        self.uses_tunnel(bytes);
        if decode(self.waiting.load(Relaxed)).1 == Wait::Bytes {
            self.waiting.store(encode(now, Wait::Bytes), Relaxed);
        }
    }

    /// A response with a body begins; `None` where a blocked write tells enough.
    pub(crate) fn response_begins(&self) -> Option<Arc<Flow>> {
        let begin = || self.responses.begin(&self.clock);
        self.multiplexed.load(Relaxed).then(begin)
    }

    /// It speaks HTTP/2, which its first request tells: some servers find it out by its first bytes.
    pub(crate) fn multiplexes(&self) {
        if !self.multiplexed.load(Relaxed) {
            self.multiplexed.store(true, Relaxed);
        }
    }

    /// A request has begun; with a body or without.
    pub(crate) fn request_begins(&self, has_body: bool) {
        self.idle.request_begins(has_body);
        self.requests.fetch_add(1, SeqCst);
        self.unanswered.store(true, Relaxed);
        self.waiting.store(encode(0, Wait::Nothing), Relaxed);
    }

    /// The server has the head of a response.
    pub(crate) fn answers(&self) {
        self.unanswered.store(false, Relaxed);
    }

    /// Whether the last request has no response yet, not even its head.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.unanswered.load(Relaxed)
    }

    /// The last byte of a response is on its way.
    pub(crate) fn request_ends(&self) {
        if self.requests.fetch_sub(1, SeqCst) == 1 && !self.upgraded.load(Relaxed) {
            let idle = encode(self.clock.now(), Wait::NextRequest);
            self.waiting.store(idle, Relaxed);
        }
    }

    /// Whether there is a request whose response is not complete.
    pub(crate) fn is_asked(&self) -> bool {
        self.requests.load(SeqCst) > 0
    }

    /// The connection speaks another protocol than HTTP, from its first byte.
    pub(crate) fn speaks_without_http(&self) {
        let now = self.clock.now();
        self.waiting.store(encode(now, Wait::Bytes), Relaxed);
    }

    /// The connection speaks something else from now on, such as WebSocket.
    pub(crate) fn upgrades(&self) {
        self.upgraded.store(true, Relaxed);
    }

    /// One stream of HTTP/2 speaks something else from now on. When it ends is not known here, so it
    /// counts as long as anything is sent or received.
    pub(crate) fn tunnels(&self) {
        self.tunnel.store(self.clock.now(), Relaxed);
    }

    /// Bytes were sent or received, which may be those of a tunnel.
    fn uses_tunnel(&self, bytes: usize) {
        if bytes != PING && self.tunnel.load(Relaxed) != NEVER {
            self.tunnel.store(self.clock.now(), Relaxed);
        }
    }

    /// Whether an HTTP/1 server holds nothing of this connection but complete requests in its buffer.
    pub(crate) fn is_idle(&self) -> bool {
        let (_, wait) = decode(self.waiting.load(Relaxed));
        wait == Wait::NextRequest
            && self.idle.is_between_requests()
            && self.stalled.load(Relaxed) == 0
            && self.ending().is_none()
    }

    /// How many requests have begun.
    pub(crate) fn requests_begun(&self) -> u64 {
        self.idle.begun()
    }

    /// Waits until it has been idle for a while.
    pub(crate) async fn became_idle(&self) {
        self.idle.told().await;
    }

    /// Tells whoever waits in [`Self::became_idle`], if it is idle and was at the last sweep.
    pub(crate) fn note_idle(&self) {
        if self.idle.is_quiet() && self.is_idle() {
            self.idle.tell();
        }
    }

    /// Ends the connection: at once for new requests, after `grace` for everything. The first reason
    /// stands, unless a later one says that the client is no longer good. True if this one stands.
    pub(crate) fn end(&self, end: End, grace: Duration) -> bool {
        let grace = match end.terminates() && self.is_without_http() {
            true => Duration::ZERO,
            false => grace,
        };
        let cut_at = self.clock.advance().saturating_add(ticks(grace));
        self.cut_at.fetch_min(cut_at, SeqCst);
        let first = match end.terminates() {
            true => self.terminated.set(end).is_ok(),
            false => self.terminated.get().is_none() && self.end.set(end).is_ok(),
        };
        self.ended.notify_waiters();
        first
    }

    /// Whether it speaks another protocol than HTTP, which cannot answer 403.
    fn is_without_http(&self) -> bool {
        decode(self.waiting.load(Relaxed)).1 == Wait::Bytes
    }

    /// Why it was ended, if it was.
    pub(crate) fn ending(&self) -> Option<End> {
        self.terminated.get().or_else(|| self.end.get()).copied()
    }

    /// Waits until it is ended for a reason of this kind.
    pub(crate) async fn ended(&self, kind: fn(End) -> bool) -> End {
        loop {
            // Made before `ending` is read, it is notified of an end between the two.
            let ended = self.ended.notified();
            if let Some(end) = self.ending().filter(|end| kind(*end)) {
                return end;
            }
            ended.await;
        }
    }

    /// The reason to end it now, if there is one, and how long it may still take.
    pub(crate) fn overdue(&self, now: Tick, limits: &Limits) -> Option<(End, Duration)> {
        let end = match self.ending() {
            Some(end) if end.terminates() => return None,
            _ if now >= self.expired => End::Certificate(self.expired_reason),
            Some(_) => return None,
            None => self.waited_too_long(now, limits)?,
        };
        Some((end, end_grace(end)))
    }

    fn waited_too_long(&self, now: Tick, limits: &Limits) -> Option<End> {
        let (since, wait) = decode(self.waiting.load(Relaxed));
        let waited = |limit: Duration| now.saturating_sub(since) > ticks(limit);
        let write = Some(self.stalled.load(Relaxed)).filter(|since| *since != 0);
        let is_stalled = |since: Tick| now.saturating_sub(since) > ticks(limits.body);
        match wait {
            _ if now >= self.old => Some(End::MaxAge),
            _ if write.is_some_and(is_stalled) => Some(End::BodyTimeout),
            _ if self.responses.stalled_since().is_some_and(is_stalled) => Some(End::BodyTimeout),
            Wait::FirstRequest | Wait::Header if waited(limits.header) => Some(End::HeaderTimeout),
            Wait::Bytes if waited(limits.idle) => Some(End::Idle),
            // Another thread may note the end of one request after the beginning of the next.
            Wait::NextRequest if self.is_asked() => None,
            // Servers buffer the end of a response, which a slow peer may still be taking.
            Wait::NextRequest
                if waited(limits.idle)
                    && now.saturating_sub(self.last_moved()) > ticks(limits.idle) =>
            {
                Some(End::Idle)
            }
            _ => None,
        }
    }

    /// When anything but a ping was last sent that belongs to a response, or sent or received by a
    /// tunnel.
    fn last_moved(&self) -> Tick {
        let tunnel = self.tunnel.load(Relaxed);
        let tunnel = Some(tunnel).filter(|it| *it != NEVER).unwrap_or(0);
        self.responses.moved().max(tunnel)
    }

    /// Whether it is time to close the socket.
    pub(crate) fn is_cut(&self, now: Tick) -> bool {
        now >= self.cut_at.load(SeqCst)
    }
}

#[cfg(test)]
mod tests;
