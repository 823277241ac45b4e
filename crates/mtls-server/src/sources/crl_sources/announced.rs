//! Learning of a new CRL at once: a request that the server holds until there is one.
//!
//! What is asked is `HEAD`, with the version that is there and `Prefer: wait=30` (RFC 7240 section 4.3). A server
//! that knows the preference says so (`Preference-Applied: wait`), and answers when there is another version, or after
//! that time 304. The answer is no more than a reason to load: what is loaded is trusted as ever.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{ETAG, IF_NONE_MATCH},
    },
};
use tokio::time::{Instant, sleep};

use crate::sources::plain_http::{Bounds, HttpError, HttpUrl, exchange};

/// Waits until the server has another version of a URL.
#[derive(Debug)]
pub(super) struct Announced {
    pub(super) url: HttpUrl,
    /// The version that is there, as the headers of a conditional request.
    pub(super) version: HeaderMap,
    pub(super) holds: Arc<Holds>,
}

/// Whether the server holds requests. It is asked once, and an hour later again.
#[derive(Debug, Default)]
pub(super) struct Holds(Mutex<Option<Instant>>);

impl Holds {
    fn declined(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now + AGAIN);
    }

    fn may_be_asked(&self, now: Instant) -> bool {
        let not_before = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        not_before.is_none_or(|not_before| now >= not_before)
    }
}

/// What an answer means.
enum Answer {
    /// There is another version.
    Changed,
    /// There was none while the server waited.
    Same,
    /// The server does not hold requests.
    Declined,
}

impl Announced {
    /// Ends when there is another version; never, if the server holds no requests.
    pub(super) async fn wait(self) {
        if !self.holds.may_be_asked(Instant::now()) {
            return std::future::pending().await;
        }
        let mut failures = 0;
        loop {
            let asked = Instant::now();
            match self.ask().await {
                Ok(Answer::Changed) => return,
                Ok(Answer::Same) => {
                    failures = 0;
                    // A server that claims to have waited, and has not.
                    sleep(SHORTEST.saturating_sub(asked.elapsed())).await;
                }
                Ok(Answer::Declined) => {
                    self.holds.declined(Instant::now());
                    return std::future::pending().await;
                }
                Err(_) => {
                    // Whoever loads the CRLs finds the failure, too, and reports it.
                    sleep(SHORTEST * (1 << failures.min(5))).await;
                    failures += 1;
                }
            }
        }
    }

    async fn ask(&self) -> Result<Answer, HttpError> {
        let mut headers = self.version.clone();
        headers.insert(PREFER, HeaderValue::from_static("wait=30"));
        let bounds = Bounds {
            time: WAIT + GRACE,
            bytes: 0,
        };
        let response = exchange(&self.url, Method::HEAD, headers, Bytes::new(), bounds).await;
        let response = match response {
            // Such as 405: the server is there, and does not know this.
            Err(HttpError::Status(status)) if status.is_client_error() => {
                return Ok(Answer::Declined);
            }
            response => response?,
        };
        let is_same = match (
            self.version.get(IF_NONE_MATCH),
            response.headers().get(ETAG),
        ) {
            // Some servers take no notice of If-None-Match.
            (Some(known), Some(found)) => known == found,
            _ => false,
        };
        Ok(match response.status() {
            StatusCode::NOT_MODIFIED if has_waited(response.headers()) => Answer::Same,
            StatusCode::NOT_MODIFIED => Answer::Declined,
            _ if is_same => Answer::Declined,
            _ => Answer::Changed,
        })
    }
}

/// RFC 7240 section 3: `Preference-Applied` lists preferences by name, with a value or without.
fn has_waited(headers: &HeaderMap) -> bool {
    let applied = headers.get_all(PREFERENCE_APPLIED).iter();
    applied
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|preference| preference.split('=').next())
        .any(|name| name.trim().eq_ignore_ascii_case("wait"))
}

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// How long the server may hold a request: less than the idle time of most proxies and routers.
const WAIT: Duration = Duration::from_secs(30);
/// How much later its answer may come.
const GRACE: Duration = Duration::from_secs(10);
/// The shortest time between two requests.
const SHORTEST: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_holds_no_requests_is_asked_again_in_an_hour() {
        let (holds, now) = (Holds::default(), Instant::now());
        assert!(holds.may_be_asked(now));
        holds.declined(now);
        assert!(!holds.may_be_asked(now));
        let hour = now + Duration::from_secs(3600);
        assert!(!holds.may_be_asked(hour - Duration::from_millis(1)));
        assert!(holds.may_be_asked(hour));
    }

    #[test]
    fn a_server_that_has_waited_says_so() {
        for (applied, waited) in [
            ("wait", true),
            ("Wait=30", true),
            ("respond-async, wait=30", true),
            ("wait = 30", true),
            ("", false),
            ("waiting", false),
            ("respond-async", false),
        ] {
            let headers =
                HeaderMap::from_iter([(PREFERENCE_APPLIED, HeaderValue::from_static(applied))]);
            assert_eq!(has_waited(&headers), waited, "{applied:?}");
        }
        assert!(!has_waited(&HeaderMap::new()));
    }
}
