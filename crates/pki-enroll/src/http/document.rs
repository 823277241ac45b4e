//! What is the same for everybody who asks: bytes with a version, sent once to whoever keeps them.

use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

/// Signed bytes with the headers that go with them.
///
/// Its `ETag` is made of the bytes, so that all processes that publish the same have the same.
#[derive(Clone, Debug)]
pub struct Document {
    bytes: Bytes,
    media_type: &'static str,
    etag: HeaderValue,
    modified: SystemTime,
    max_age: Duration,
    expires: Option<OffsetDateTime>,
}

impl Document {
    /// `bytes` as of `modified`, which caches may keep for a minute.
    #[must_use]
    pub fn new(
        media_type: &'static str,
        bytes: impl Into<Bytes>,
        modified: OffsetDateTime,
    ) -> Self {
        let bytes = bytes.into();
        Self {
            etag: etag(&bytes),
            bytes,
            media_type,
            // A date before 1970 has no form in HTTP.
            modified: modified.max(OffsetDateTime::UNIX_EPOCH).into(),
            max_age: Duration::from_secs(60),
            expires: None,
        }
    }

    /// Caches may keep it for this long; a minute by default.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Caches may not keep it longer than until `at`, such as the nextUpdate of a CRL.
    #[must_use]
    pub fn expires(mut self, at: OffsetDateTime) -> Self {
        self.expires = Some(at);
        self
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(crate) fn etag(&self) -> &HeaderValue {
        &self.etag
    }

    /// Whether whoever sent these headers has this version (RFC 9110 section 13.2.2: by `If-None-Match`, and where
    /// that is missing by `If-Modified-Since`).
    pub(crate) fn is_known(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(IF_NONE_MATCH) {
            let known = headers.get_all(IF_NONE_MATCH).iter();
            return known
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .map(|tag| tag.trim())
                .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag);
        }
        headers
            .get(IF_MODIFIED_SINCE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| httpdate::parse_http_date(value).ok())
            .is_some_and(|since| whole_seconds(self.modified) <= since)
    }

    /// The response to a request with these headers: 200, or 304 without the bytes.
    pub(crate) fn respond(&self, headers: &HeaderMap, now: OffsetDateTime) -> Response {
        let mut response = if self.is_known(headers) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let media_type = HeaderValue::from_static(self.media_type);
            ([(CONTENT_TYPE, media_type)], self.bytes.clone()).into_response()
        };
        let to = response.headers_mut();
        to.insert(ETAG, self.etag.clone());
        let modified = httpdate::fmt_http_date(self.modified);
        for (name, value) in [
            (LAST_MODIFIED, modified),
            (CACHE_CONTROL, self.cache_control(now)),
        ] {
            // Both are visible ASCII.
            to.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
        }
        to.insert(VARY, HeaderValue::from_static("Prefer"));
        response
    }

    fn cache_control(&self, now: OffsetDateTime) -> String {
        let left = self.expires.map(|expires| expires - now);
        let left = left.map(|left| Duration::try_from(left).unwrap_or_default());
        let seconds = left
            .map_or(self.max_age, |left| left.min(self.max_age))
            .as_secs();
        format!("public, max-age={seconds}, must-revalidate, no-transform")
    }
}

fn etag(bytes: &[u8]) -> HeaderValue {
    let digest = Sha256::digest(bytes);
    let text = format!("\"{}\"", base16ct::lower::encode_string(&digest[..16]));
    HeaderValue::try_from(text).expect("hexadecimal digits between quotes are visible ASCII")
}

/// HTTP dates have no fractions of a second.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-27 12:00:00.5 UTC);

    fn document() -> Document {
        Document::new("application/pkix-crl", "a CRL", NOW)
    }

    fn headers(pairs: &[(axum::http::HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter().cloned();
        pairs
            .map(|(name, value)| (name, HeaderValue::try_from(value).expect("a value")))
            .collect()
    }

    #[test]
    fn who_has_this_version_is_told_so_and_nobody_else() {
        let etag = document().etag().to_str().expect("ASCII").to_owned();
        let (weak, list) = (format!("W/{etag}"), format!("\"other\", {etag}"));
        let same = "Fri, 27 Nov 2026 12:00:00 GMT";
        let earlier = "Fri, 27 Nov 2026 11:59:59 GMT";
        for (asked, known) in [
            (headers(&[]), false),
            (headers(&[(IF_NONE_MATCH, &etag)]), true),
            (headers(&[(IF_NONE_MATCH, &weak)]), true),
            (headers(&[(IF_NONE_MATCH, &list)]), true),
            (headers(&[(IF_NONE_MATCH, "*")]), true),
            (headers(&[(IF_NONE_MATCH, "\"other\"")]), false),
            (headers(&[(IF_MODIFIED_SINCE, same)]), true),
            (headers(&[(IF_MODIFIED_SINCE, earlier)]), false),
            (headers(&[(IF_MODIFIED_SINCE, "yesterday")]), false),
            // Only the first counts.
            (
                headers(&[(IF_NONE_MATCH, "\"other\""), (IF_MODIFIED_SINCE, same)]),
                false,
            ),
        ] {
            let response = document().respond(&asked, NOW);
            let expected = match known {
                true => StatusCode::NOT_MODIFIED,
                false => StatusCode::OK,
            };
            assert_eq!(response.status(), expected, "{asked:?}");
            assert_eq!(response.headers()[LAST_MODIFIED], same);
            assert_eq!(response.headers()[ETAG], etag.as_str());
        }
    }

    #[test]
    fn a_cache_keeps_it_for_a_minute_and_never_past_its_end() {
        let seconds = |expires: Option<time::Duration>| {
            let document = document();
            let document = match expires {
                Some(left) => document.expires(NOW + left),
                None => document,
            };
            document.cache_control(NOW)
        };
        for (left, age) in [
            (None, 60),
            (Some(time::Duration::DAY), 60),
            (Some(time::Duration::seconds(20)), 20),
            (Some(time::Duration::seconds(-5)), 0),
        ] {
            let expected = format!("public, max-age={age}, must-revalidate, no-transform");
            assert_eq!(seconds(left), expected);
        }
    }
}
