//! Metrics, for any recorder of the `metrics` facade. Without a recorder they cost next to nothing.
//!
//! | name | kind, unit | labels |
//! | --- | --- | --- |
//! | `mtls_server_handshakes_total` | counter | `outcome`, `reason`, `alert`, `version`, `key_exchange`, `resumed` |
//! | `mtls_server_handshake_seconds` | histogram, s | `outcome` |
//! | `mtls_server_accepted_without_client_auth_total` | counter | `resumed` |
//! | `mtls_server_half_open` | gauge | |
//! | `mtls_server_connections` | gauge | |
//! | `mtls_server_connections_ended_total` | counter | `reason` |
//! | `mtls_server_requests_denied_total` | counter | `rule` |
//! | `mtls_server_spoofed_headers_total` | counter | |
//! | `mtls_server_reloads_total` | counter | `outcome` |
//! | `mtls_server_generation` | gauge | |
//! | `mtls_server_identity_not_after_seconds` | gauge, s since 1970 | |
//! | `mtls_server_crl_this_update_seconds` | gauge, s since 1970, of the oldest CRL | |
//! | `mtls_server_crl_next_update_seconds` | gauge, s since 1970, of the CRL that expires first | |
//! | `mtls_server_crl_entries` | gauge | |
//! | `mtls_server_crl_bytes` | gauge, bytes in memory | |
//!
//! Without CRLs the times are NaN, for which no comparison in an alert is true, and the sizes are 0.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use time::OffsetDateTime;

use crate::peer::tls_info::TlsInfo;

/// A handshake succeeded.
pub(crate) fn accepted(tls: &TlsInfo, anonymous: bool, took: Duration) {
    let outcome = if anonymous { "anonymous" } else { "accepted" };
    counter!(
        "mtls_server_handshakes_total",
        "outcome" => outcome,
        "reason" => "",
        "alert" => "",
        "version" => tls.version().to_owned(),
        "key_exchange" => tls.key_exchange().to_owned(),
        "resumed" => if tls.resumed() { "true" } else { "false" },
    )
    .increment(1);
    histogram!("mtls_server_handshake_seconds", "outcome" => outcome).record(took);
}

/// A client without clientAuth was accepted.
pub(crate) fn accepted_without_client_auth(resumed: bool) {
    counter!(
        "mtls_server_accepted_without_client_auth_total",
        "resumed" => if resumed { "true" } else { "false" },
    )
    .increment(1);
}

/// A handshake failed. What is not known is an empty label.
pub(crate) fn refused(
    reason: &'static str,
    alert: Option<&'static str>,
    version: Option<&'static str>,
    took: Duration,
) {
    counter!(
        "mtls_server_handshakes_total",
        "outcome" => "refused",
        "reason" => reason,
        "alert" => alert.unwrap_or(""),
        "version" => version.unwrap_or(""),
        "key_exchange" => "",
        "resumed" => "false",
    )
    .increment(1);
    histogram!("mtls_server_handshake_seconds", "outcome" => "refused").record(took);
}

pub(crate) fn half_open(count: usize) {
    gauge!("mtls_server_half_open").set(count as f64);
}

pub(crate) fn connections(count: usize) {
    gauge!("mtls_server_connections").set(count as f64);
}

pub(crate) fn ended(reason: &'static str) {
    counter!("mtls_server_connections_ended_total", "reason" => reason).increment(1);
}

pub(crate) fn denied(rule: &dyn std::fmt::Display) {
    counter!("mtls_server_requests_denied_total", "rule" => rule.to_string()).increment(1);
}

pub(crate) fn spoofed() {
    counter!("mtls_server_spoofed_headers_total").increment(1);
}

pub(crate) fn reloaded(outcome: &'static str) {
    counter!("mtls_server_reloads_total", "outcome" => outcome).increment(1);
}

/// A configuration became active: its number, when the first server certificate expires, and its CRLs.
pub(crate) fn generation(number: u64, identity_ends: OffsetDateTime, crls: Option<CrlFigures>) {
    gauge!("mtls_server_generation").set(number as f64);
    let ends = identity_ends.unix_timestamp();
    gauge!("mtls_server_identity_not_after_seconds").set(ends as f64);
    let time = |of: fn(&CrlFigures) -> OffsetDateTime| {
        let crls = crls.as_ref();
        crls.map_or(f64::NAN, |crls| of(crls).unix_timestamp() as f64)
    };
    gauge!("mtls_server_crl_this_update_seconds").set(time(|crls| crls.this_update));
    gauge!("mtls_server_crl_next_update_seconds").set(time(|crls| crls.next_update));
    let size = |of: fn(&CrlFigures) -> usize| crls.as_ref().map_or(0, of) as f64;
    gauge!("mtls_server_crl_entries").set(size(|crls| crls.entries));
    gauge!("mtls_server_crl_bytes").set(size(|crls| crls.memory));
}

/// Age and size of some CRLs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CrlFigures {
    pub(crate) this_update: OffsetDateTime,
    pub(crate) next_update: OffsetDateTime,
    pub(crate) entries: usize,
    pub(crate) memory: usize,
}

impl CrlFigures {
    /// The oldest `this_update`, the earliest `next_update`, and the sums of the sizes.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            this_update: self.this_update.min(other.this_update),
            next_update: self.next_update.min(other.next_update),
            entries: self.entries + other.entries,
            memory: self.memory + other.memory,
        }
    }
}
