//! Requests that wait: `Prefer: wait=30` (RFC 7240 section 4.3).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// How long the sender of these headers would wait: whole seconds, at most [`LONGEST`].
pub(crate) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let preferences = headers.get_all(PREFER).iter();
    preferences
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|preference| {
            // Parameters after a semicolon have no meaning here.
            let (name, value) = preference.split(';').next()?.split_once('=')?;
            name.trim().eq_ignore_ascii_case("wait").then_some(value)
        })
        // Of two the first counts (section 2).
        .map(|seconds| seconds.trim().trim_matches('"').parse().ok())
        .next()?
        .map(|seconds| Duration::from_secs(seconds).min(LONGEST))
}

/// Tells it that this was done.
pub(crate) fn applied(headers: &mut HeaderMap) {
    headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static("wait"));
}

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// What proxies in between bear, most of them.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_and_limited() {
        for (text, seconds) in [
            ("wait=30", Some(30)),
            ("respond-async, Wait=5", Some(5)),
            ("wait = \"7\"; x", Some(7)),
            ("wait=1, wait=2", Some(1)),
            ("wait=99999999999999999", Some(60)),
            ("wait=99999999999999999999999", None),
            ("wait=-1", None),
            ("wait", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(PREFER, HeaderValue::from_static(text))]);
            assert_eq!(wait(&headers), seconds.map(Duration::from_secs), "{text:?}");
        }
        assert_eq!(wait(&HeaderMap::new()), None);
    }
}
