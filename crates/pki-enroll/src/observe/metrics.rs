//! Metrics, for any recorder of the `metrics` facade. Without a recorder they cost next to nothing.
//!
//! | name | kind, unit | labels |
//! | --- | --- | --- |
//! | `pki_enroll_ocsp_responses_total` | counter | `status`: `successful`, or the RFC's word |
//! | `pki_enroll_crls_signed_total` | counter | `outcome`: `signed`, `failed` |
//! | `pki_enroll_crl_next_update_seconds` | gauge, s since 1970 | `crl`: its path |
//! | `pki_enroll_crl_entries` | gauge | `crl` |
//! | `pki_enroll_ca_not_after_seconds` | gauge, s since 1970 | `issuer` |
//! | `pki_enroll_responder_not_after_seconds` | gauge, s since 1970 | `issuer` |
//! | `pki_enroll_responders_issued_total` | counter | `outcome`: `issued`, `failed` |
//! | `pki_enroll_expiring` | gauge, what has passed a threshold before its end | `kind` |
//! | `pki_enroll_announcements_total` | counter | `outcome`: `told`, `failed` |
//! | `pki_enroll_refresh_failures_total` | counter of rounds of the timers | |
//! | `pki_enroll_clock_ahead_seconds` | gauge, by how much the clock is ahead of others that differ; 0 while it agrees | |
//! | `pki_enroll_replica_lag_seconds` | gauge, of a process that only reads: the age of what it knows; infinite if unknown | |

use metrics::{counter, gauge};
use pki_store::ClockState;
use time::{Duration, OffsetDateTime};

pub(crate) fn ocsp_answered(status: &'static str) {
    counter!("pki_enroll_ocsp_responses_total", "status" => status).increment(1);
}

pub(crate) fn crl_signed(outcome: &'static str) {
    counter!("pki_enroll_crls_signed_total", "outcome" => outcome).increment(1);
}

pub(crate) fn crl_published(path: &str, next_update: OffsetDateTime, entries: u64) {
    gauge!("pki_enroll_crl_next_update_seconds", "crl" => path.to_owned())
        .set(seconds(next_update));
    gauge!("pki_enroll_crl_entries", "crl" => path.to_owned()).set(entries as f64);
}

/// No other one is due.
pub(crate) fn crl_retired(path: &str) {
    gauge!("pki_enroll_crl_next_update_seconds", "crl" => path.to_owned()).set(f64::INFINITY);
}

pub(crate) fn issuer_published(name: &str, not_after: OffsetDateTime) {
    gauge!("pki_enroll_ca_not_after_seconds", "issuer" => name.to_owned()).set(seconds(not_after));
}

pub(crate) fn responder_issued(outcome: &'static str) {
    counter!("pki_enroll_responders_issued_total", "outcome" => outcome).increment(1);
}

pub(crate) fn responder(name: &str, not_after: OffsetDateTime) {
    gauge!("pki_enroll_responder_not_after_seconds", "issuer" => name.to_owned())
        .set(seconds(not_after));
}

pub(crate) fn expiring(kind: &'static str, count: usize) {
    gauge!("pki_enroll_expiring", "kind" => kind).set(count as f64);
}

pub(crate) fn announced(outcome: &'static str) {
    counter!("pki_enroll_announcements_total", "outcome" => outcome).increment(1);
}

pub(crate) fn refresh_failed() {
    counter!("pki_enroll_refresh_failures_total").increment(1);
}

pub(crate) fn clock(state: ClockState) {
    let ahead = match state {
        ClockState::Disputed { seconds } | ClockState::Wrong { seconds } => seconds,
        _ => 0,
    };
    gauge!("pki_enroll_clock_ahead_seconds").set(ahead as f64);
}

pub(crate) fn lag(lag: Option<Duration>) {
    let seconds = lag.map_or(f64::INFINITY, Duration::as_seconds_f64);
    gauge!("pki_enroll_replica_lag_seconds").set(seconds);
}

fn seconds(time: OffsetDateTime) -> f64 {
    time.unix_timestamp() as f64
}
