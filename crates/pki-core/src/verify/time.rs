//! One moment in the types of this crate and of rustls.

use rustls_pki_types::UnixTime;
use time::OffsetDateTime;

/// The same moment as rustls and webpki want it: whole seconds since 1970.
///
/// A moment before 1970 becomes 1970, when no certificate is valid yet.
#[must_use]
pub fn unix_time(now: OffsetDateTime) -> UnixTime {
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
}

/// Back again, for messages and comparisons; beyond the year 9999 it stays there.
pub(super) fn date_time(now: UnixTime) -> OffsetDateTime {
    i64::try_from(now.as_secs())
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .unwrap_or(time::macros::datetime!(9999-12-31 23:59:59 UTC))
}
