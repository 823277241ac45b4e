//! `/ocsp`, by `GET` and `POST`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use pki_core::ocsp::UnsignedResponse;
use time::OffsetDateTime;

use super::responder::{Answer, Responder};
use crate::http::document::Document;

/// Answers OCSP requests at `/ocsp`: a `POST` has the request as its body, a `GET` in its path, in Base64
/// (RFC 6960 appendix A.1). A request has at most 16 KiB.
///
/// Where there is no signed response, an unsigned one says why, with status 200. A response without a nonce to a `GET`
/// may be kept by caches for a minute, and by its nextUpdate by clients.
pub fn ocsp(responder: Responder) -> Router {
    Router::new()
        .route("/ocsp", post(by_post))
        .route("/ocsp/", post(by_post))
        .route("/ocsp/{*request}", get(by_get))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_LEN))
        .with_state(responder)
}

async fn by_post(
    State(responder): State<Responder>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next());
    if !media_type.is_some_and(|it| it.trim().eq_ignore_ascii_case(REQUEST)) {
        let sentence =
            "the body of a POST is an OCSP request, of the type application/ocsp-request\n";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence).into_response();
    }
    match body {
        Ok(body) => {
            let now = OffsetDateTime::now_utc();
            not_stored(responder.answer(&body, now).await.into_der())
        }
        Err(error) => error.into_response(),
    }
}

async fn by_get(State(responder): State<Responder>, uri: Uri, headers: HeaderMap) -> Response {
    let now = OffsetDateTime::now_utc();
    match request_in(uri.path()) {
        Some(request) => match responder.answer(&request, now).await {
            Answer::Reusable {
                der,
                this_update,
                next_update,
            } => Document::new(RESPONSE, der, this_update)
                .expires(next_update)
                .respond(&headers, now),
            answer => not_stored(answer.into_der()),
        },
        None => not_stored(UnsignedResponse::MalformedRequest.to_der()),
    }
}

/// `{url}/{url-encoding of base-64 encoding of the DER encoding of the OCSPRequest}`. Many clients leave out the URL
/// encoding, so that `/` and `+` of Base64 are in the path as they are.
pub(crate) fn request_in(path: &str) -> Option<Vec<u8>> {
    let encoded = path.strip_prefix("/ocsp/")?;
    let text: Vec<u8> = percent_decode_str(encoded).collect();
    BASE64.decode(text).ok()
}

/// With padding, which some clients leave out, since `=` is not for paths.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn not_stored(der: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(RESPONSE)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, der).into_response()
}

const REQUEST: &str = "application/ocsp-request";
const RESPONSE: &str = "application/ocsp-response";
const MAX_REQUEST_LEN: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_from_the_path_encoded_or_not() {
        let der = [0x30, 0xff, 0xef, 0xbe, 0x01];
        for path in [
            "/ocsp/MP/vvgE=",
            "/ocsp/MP%2FvvgE%3D",
            "/ocsp/MP%2fvvgE",
            "/ocsp/MP/vvgE",
        ] {
            assert_eq!(request_in(path).as_deref(), Some(&der[..]), "{path}");
        }
        for path in ["/ocsp", "/ocsp/M", "/ocsp/MP_vvgE=", "/ocsp/MP/vvgE=/x"] {
            assert_eq!(request_in(path), None, "{path}");
        }
        assert_eq!(request_in("/ocsp/").as_deref(), Some(&[][..]));
    }
}
