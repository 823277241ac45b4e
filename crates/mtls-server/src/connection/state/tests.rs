//! When a connection is due, idle and ended, by the notes of its stream and service.

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
fn without_http_bytes_in_either_direction_count_and_a_client_that_is_no_longer_good_has_no_grace() {
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
