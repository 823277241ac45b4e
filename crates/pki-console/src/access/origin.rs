//! Whether a form was sent by a page of this very server.

use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::request::Parts;

use crate::refusal::ConsoleRefusal;

/// A browser presents the client certificate whoever had it send the request, so that the certificate says nothing about
/// who that was. The browser does: by `Sec-Fetch-Site`, by `Origin`, and today by both. What says neither is refused.
pub(super) fn check(parts: &Parts) -> Result<(), ConsoleRefusal> {
    let text = |name: HeaderName| parts.headers.get(name).map(|value| value.to_str().ok());
    let site = text(SEC_FETCH_SITE);
    let origin = text(ORIGIN);
    if site.is_none() && origin.is_none() {
        return Err(ConsoleRefusal::CrossSite);
    }
    let is_same_site = site.is_none_or(|site| site == Some("same-origin"));
    let is_same_origin = origin.is_none_or(|origin| {
        let authority = authority(parts);
        origin
            .and_then(|it| it.strip_prefix("https://"))
            .is_some_and(|it| authority.is_some_and(|authority| authority.eq_ignore_ascii_case(it)))
    });
    match is_same_site && is_same_origin {
        true => Ok(()),
        false => Err(ConsoleRefusal::CrossSite),
    }
}

/// To whom the request was sent: of HTTP/2 its `:authority`, of HTTP/1 its `Host`.
fn authority(parts: &Parts) -> Option<&str> {
    let host = || parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    parts.uri.authority().map(|it| it.as_str()).or_else(host)
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use axum::http::Request;

    use super::*;

    #[test]
    fn only_a_page_of_the_same_origin_may_send_a_form() {
        let own = "https://ca.example:8445";
        for (origin, site, accepted) in [
            (Some(own), Some("same-origin"), true),
            (Some("https://CA.example:8445"), None, true),
            (None, Some("same-origin"), true),
            (None, None, false),
            (Some("null"), Some("same-origin"), false),
            (Some("null"), None, false),
            (Some("http://ca.example:8445"), None, false),
            (Some("https://ca.example"), None, false),
            (Some("https://ca.example:8445.evil.example"), None, false),
            (Some("https://evil.example"), Some("same-origin"), false),
            (Some(own), Some("cross-site"), false),
            (Some(own), Some("same-site"), false),
            (Some(own), Some("none"), false),
            (Some(own), Some("\u{fc}"), false),
        ] {
            for in_uri in [true, false] {
                let mut request = match in_uri {
                    true => Request::post("https://ca.example:8445/tokens"),
                    false => Request::post("/tokens").header("host", "ca.example:8445"),
                };
                for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
                    if let Some(value) = value {
                        request = request.header(name, value.as_bytes());
                    }
                }
                let (parts, ()) = request.body(()).unwrap().into_parts();
                let checked = check(&parts).is_ok();
                assert_eq!(checked, accepted, "{origin:?} {site:?} {in_uri}");
            }
        }
    }
}
