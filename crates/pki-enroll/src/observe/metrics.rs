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

use metrics::{counter, gauge};
use time::OffsetDateTime;

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

fn seconds(time: OffsetDateTime) -> f64 {
    time.unix_timestamp() as f64
}
