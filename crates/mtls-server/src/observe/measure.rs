//! Figures for whoever installs a recorder of the `metrics` facade; without one they cost next to
//! nothing.
//!
//! | name | kind, unit | labels |
//! | --- | --- | --- |
//! | `mtls_server_handshakes_total` | counter | `outcome`, `reason`, `alert`, `version`, `key_exchange`, `resumed` |
//! | `mtls_server_handshake_seconds` | histogram, s | `outcome` |
//! | `mtls_server_half_open` | gauge | |
//! | `mtls_server_connections` | gauge | |
//! | `mtls_server_connections_ended_total` | counter | `reason` |
//! | `mtls_server_requests_denied_total` | counter | `rule` |
//! | `mtls_server_spoofed_headers_total` | counter | |
//! | `mtls_server_reloads_total` | counter | `outcome` |
//! | `mtls_server_generation` | gauge | |
//! | `mtls_server_identity_not_after_seconds` | gauge, s since 1970 | |
//! | `mtls_server_crl_this_update_seconds` | gauge, s since 1970, of the oldest list | |
//! | `mtls_server_crl_next_update_seconds` | gauge, s since 1970, of the first to end | |
//! | `mtls_server_crl_entries` | gauge | |
//! | `mtls_server_crl_bytes` | gauge, bytes in memory | |
//!
//! Without lists the times are NaN, which no comparison of an alert is true for, and the sizes 0.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use time::OffsetDateTime;

use crate::{
    config::{mtls_config::MtlsConfig, site::Lists},
    connection::live::End,
    handshake::refusal::Refusal,
    peer::tls_info::TlsInfo,
};

pub(crate) fn let_in(tls: &TlsInfo, anonymous: bool, took: Duration) {
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

pub(crate) fn turned_away(refusal: &Refusal, took: Duration) {
    counter!(
        "mtls_server_handshakes_total",
        "outcome" => "refused",
        "reason" => refusal.reason().code(),
        "alert" => refusal.reason().alert().and_then(|alert| alert.as_str()).unwrap_or(""),
        "version" => refusal.version.unwrap_or(""),
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

pub(crate) fn ended(end: End) {
    counter!("mtls_server_connections_ended_total", "reason" => end.code()).increment(1);
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

pub(crate) fn generation(number: u64, config: &MtlsConfig) {
    gauge!("mtls_server_generation").set(number as f64);
    let ends = config.identity_ends().unix_timestamp();
    gauge!("mtls_server_identity_not_after_seconds").set(ends as f64);
    let lists = config.sites().filter_map(|site| site.lists);
    let lists = lists.reduce(Lists::beside);
    let time = |of: fn(&Lists) -> OffsetDateTime| {
        let lists = lists.as_ref();
        lists.map_or(f64::NAN, |lists| of(lists).unix_timestamp() as f64)
    };
    gauge!("mtls_server_crl_this_update_seconds").set(time(|lists| lists.this_update));
    gauge!("mtls_server_crl_next_update_seconds").set(time(|lists| lists.next_update));
    let size = |of: fn(&Lists) -> usize| lists.as_ref().map_or(0, of) as f64;
    gauge!("mtls_server_crl_entries").set(size(|lists| lists.entries));
    gauge!("mtls_server_crl_bytes").set(size(|lists| lists.memory));
}
