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
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::connection::end::{HARD, RETIRING};

    fn state(multiplexed: bool) -> ConnectionState {
        let clock = Arc::new(Clock::new());
        let state = ConnectionState::new(clock, &limits(), None);
        if multiplexed {
            state.multiplexes();
        }
        state
    }

    fn limits() -> Limits {
        Limits {
            max_age: Duration::from_secs(1000),
            ..Limits::default()
        }
    }

    fn due(state: &ConnectionState, now: Tick) -> Option<End> {
        state.overdue(now, &limits()).map(|(end, _)| end)
    }

    #[test]
    fn the_first_request_has_ten_seconds_and_the_next_sixty() {
        let state = state(false);
        assert_eq!(due(&state, 10_000), None);
        assert_eq!(due(&state, 10_500), Some(End::HeaderTimeout));
        state.request_begins(false);
        assert_eq!(due(&state, 500_000), None);
        state.request_ends();
        assert_eq!(due(&state, 60_000), None);
        assert_eq!(due(&state, 60_500), Some(End::Idle));
        state.clock.now.store(50_000, Relaxed);
        state.request_begins(false);
        state.request_ends();
        assert_eq!(due(&state, 110_000), None);
        assert_eq!(due(&state, 110_500), Some(End::Idle));
    }

    #[test]
    fn no_connection_is_older_than_allowed_and_no_client_good_beyond_its_time() {
        let left = Duration::from_secs(500);
        let reason = "expired";
        for (valid, end) in [
            (None, End::MaxAge),
            (Some(Valid { left, reason }), End::Certificate(reason)),
        ] {
            let state = ConnectionState::new(Arc::new(Clock::new()), &limits(), valid);
            state.request_begins(false);
            let over = state.old.min(state.expired);
            assert_eq!(due(&state, over - 1), None);
            assert_eq!(due(&state, over), Some(end));
        }
    }

    #[test]
    fn bytes_begin_a_header_in_http_1_only() {
        for (multiplexed, expected) in [(false, Some(End::HeaderTimeout)), (true, None)] {
            let state = state(multiplexed);
            state.request_begins(false);
            state.request_ends();
            state.received(b"GET");
            assert_eq!(due(&state, 11_000), expected);
        }
    }

    #[test]
    fn nothing_is_waited_for_while_another_request_runs_or_after_an_upgrade() {
        let state = state(true);
        state.request_begins(false);
        state.request_begins(false);
        state.request_ends();
        assert_eq!(due(&state, 100_000), None);
        state.upgrades();
        state.request_ends();
        assert_eq!(due(&state, 900_000), None);
        assert_eq!(due(&state, 1_001_000), Some(End::MaxAge));
    }

    #[test]
    fn a_tunnel_in_http_2_is_idle_when_nothing_but_pings_is_sent() {
        let state = state(true);
        state.request_begins(false);
        state.tunnels();
        state.request_ends();
        state.clock.now.store(50_000, Relaxed);
        state.received(b"a message in a frame");
        assert_eq!(due(&state, 100_000), None);
        state.clock.now.store(100_000, Relaxed);
        state.sent(PING);
        state.received(&[0; PING]);
        assert_eq!(due(&state, 110_500), Some(End::Idle));
        state.sent(PING + 1);
        assert_eq!(due(&state, 110_500), None);
    }

    #[test]
    fn bytes_without_a_request_or_a_tunnel_do_not_keep_http_2_open() {
        let state = state(true);
        state.request_begins(false);
        state.request_ends();
        state.clock.now.store(50_000, Relaxed);
        state.received(b"a message in a frame");
        state.sent(PING + 1);
        assert_eq!(due(&state, 60_500), Some(End::Idle));
    }

    #[test]
    fn what_a_peer_takes_of_a_response_is_counted_in_http_2_alone() {
        for multiplexed in [false, true] {
            let begun = state(multiplexed).response_begins();
            assert_eq!(begun.is_some(), multiplexed);
        }
    }

    #[test]
    fn a_peer_that_does_not_read_is_cut_off() {
        let state = state(false);
        state.request_begins(false);
        state.clock.now.store(500, Relaxed);
        state.stalls();
        assert_eq!(due(&state, 30_500), None);
        assert_eq!(due(&state, 30_501), Some(End::BodyTimeout));
        state.flows();
        assert_eq!(due(&state, 30_501), None);
        // However often somebody has tried to write meanwhile.
        for now in [40_000, 50_000, 60_000] {
            state.clock.now.store(now, Relaxed);
            state.stalls();
        }
        assert_eq!(due(&state, 70_000), None);
        assert_eq!(due(&state, 70_500), Some(End::BodyTimeout));
    }

    #[test]
    fn who_waits_for_a_pause_is_told_of_one_that_lasts() {
        let state = state(false);
        state.received(b"GET / HTTP/1.1\r\n\r\n");
        state.request_begins(false);
        let mut waits = std::pin::pin!(state.became_idle());
        assert!(waits.as_mut().now_or_never().is_none());
        state.note_idle();
        state.note_idle();
        assert!(waits.as_mut().now_or_never().is_none(), "a request runs");
        state.request_ends();
        state.request_begins(false);
        state.request_ends();
        state.note_idle();
        assert!(
            waits.as_mut().now_or_never().is_none(),
            "it was there just now"
        );
        state.note_idle();
        assert!(waits.as_mut().now_or_never().is_some());
    }

    #[test]
    fn a_connection_is_idle_when_nothing_of_it_is_held() {
        for (bytes, has_body, expected) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], false, true),
            (b"GET / HTTP/1.1\r\n\r\nGET", false, false),
            (b"POST / HTTP/1.1\r\n\r\n", true, false),
            (b"\r\n\r\n", false, true),
        ] {
            let state = state(false);
            state.received(bytes);
            assert!(!state.is_idle(), "the first request");
            state.request_begins(has_body);
            assert!(!state.is_idle(), "a request runs");
            state.request_ends();
            assert_eq!(state.is_idle(), expected, "{bytes:?}");
            state.stalls();
            assert!(!state.is_idle(), "the response was not taken");
            state.flows();
            assert_eq!(state.is_idle(), expected, "{bytes:?}");
            state.received(b"G");
            assert!(!state.is_idle(), "the next request has begun");
            state.received(bytes);
            state.request_begins(has_body);
            state.request_ends();
            state.end(End::MaxAge, RETIRING);
            assert!(!state.is_idle(), "it ends");
        }
    }

    #[test]
    fn a_peer_that_still_takes_a_response_is_not_idle() {
        for multiplexed in [false, true] {
            let state = state(multiplexed);
            state.request_begins(false);
            state.request_ends();
            state.clock.now.store(50_000, Relaxed);
            state.sent(4096);
            assert_eq!(due(&state, 100_000), None);
            state.clock.now.store(100_000, Relaxed);
            state.sent(17); // a ping
            assert_eq!(due(&state, 110_000), None);
            assert_eq!(due(&state, 110_500), Some(End::Idle));
        }
    }

    #[test]
    fn without_http_bytes_in_either_direction_count_and_a_client_that_is_no_longer_good_has_no_grace()
     {
        for multiplexed in [false, true] {
            let state = state(multiplexed);
            state.speaks_without_http();
            assert_eq!(due(&state, 59_000), None);
            state.clock.now.store(50_000, Relaxed);
            state.received(b"a");
            assert_eq!(due(&state, 110_000), None);
            state.clock.now.store(100_000, Relaxed);
            state.sent(1);
            assert_eq!(due(&state, 160_000), None);
            assert_eq!(due(&state, 160_500), Some(End::Idle));
            assert_eq!(due(&state, 1_001_000), Some(End::MaxAge));
            // A server that stops waits for it as for others.
            assert!(state.end(End::Shutdown, RETIRING));
            assert!(!state.is_cut(state.clock.now() + 1_000));
            assert!(state.end(End::Certificate("revoked"), HARD));
            assert!(state.is_cut(state.clock.now()));
            assert!(!state.end(End::Certificate("revoked"), HARD));
        }
    }

    #[test]
    fn a_request_that_runs_is_no_pause_whatever_was_noted_last() {
        let state = state(true);
        state.request_begins(false);
        state.request_begins(false);
        state.request_ends();
        // As by a thread that was slow to note that there was none.
        state.waiting.store(encode(1, Wait::NextRequest), Relaxed);
        assert_eq!(due(&state, 900_000), None);
        state.request_ends();
        assert_eq!(due(&state, 900_000), Some(End::Idle));
    }

    #[test]
    fn the_first_reason_stands_unless_the_client_is_no_longer_good_and_so_does_the_earliest_cut() {
        let state = state(false);
        assert!(state.end(End::MaxAge, RETIRING));
        assert!(!state.end(End::Reloaded, RETIRING));
        assert_eq!(state.ending(), Some(End::MaxAge));
        assert!(!state.is_cut(state.clock.now() + 1_000));
        assert!(state.end(End::Certificate("revoked"), HARD));
        assert!(!state.end(End::Shutdown, RETIRING));
        assert!(!state.end(End::Settings("no-certificate"), HARD));
        assert_eq!(state.ending(), Some(End::Certificate("revoked")));
        assert!(state.is_cut(state.clock.now() + 1_000));
    }

    #[test]
    fn nothing_is_a_reason_to_end_a_connection_whose_client_is_no_longer_good() {
        let state = state(false);
        assert!(state.end(End::Certificate("revoked"), HARD));
        assert!(!state.end(End::Shutdown, RETIRING));
        assert_eq!(state.ending(), Some(End::Certificate("revoked")));
    }

    #[test]
    fn a_certificate_expires_on_a_connection_that_ends_already() {
        let clock = Arc::new(Clock::new());
        let left = Duration::from_secs(1001);
        let valid = Some(Valid {
            left,
            reason: "expired",
        });
        let state = ConnectionState::new(clock, &limits(), valid);
        state.multiplexes();
        state.end(End::MaxAge, RETIRING);
        assert_eq!(due(&state, 1_000_500), None);
        assert_eq!(due(&state, 1_002_000), Some(End::Certificate("expired")));
        state.end(End::Certificate("expired"), HARD);
        assert_eq!(due(&state, 1_002_000), None);
    }
}
