//! Headers of proxies that forward a client certificate: RFC 9440, XFCC, escaped PEM, base64 of DER.
//!
//! The first byte chooses the form. The rest are the values of its headers, a line each: the first for the certificate,
//! the others for the chain.

#![no_main]

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use mtls_server::{fuzzing, proxy::ForwardedFormat};

fuzz_target!(|bytes: &[u8]| {
    let Some((form, values)) = bytes.split_first() else {
        return;
    };
    let (format, leaf) = &FORMS[usize::from(*form) % FORMS.len()];
    let mut headers = HeaderMap::new();
    for (index, value) in values.split(|byte| *byte == b'\n').take(8).enumerate() {
        // What is no header value never gets as far as here.
        let Ok(value) = HeaderValue::from_bytes(value) else {
            return;
        };
        headers.append(if index == 0 { leaf } else { &CHAIN }.clone(), value);
    }
    if let Some(chain) = fuzzing::forwarded(format, &headers) {
        assert!(!chain.is_empty());
        for certificate in chain {
            let _ = certificate.subject().to_string();
        }
    }
});

static FORMS: LazyLock<[(ForwardedFormat, HeaderName); 4]> = LazyLock::new(|| {
    [
        (
            ForwardedFormat::rfc9440(),
            HeaderName::from_static("client-cert"),
        ),
        (
            ForwardedFormat::envoy_xfcc(),
            HeaderName::from_static("x-forwarded-client-cert"),
        ),
        (
            ForwardedFormat::nginx_escaped_pem(),
            HeaderName::from_static("x-ssl-client-cert"),
        ),
        (
            ForwardedFormat::traefik(),
            HeaderName::from_static("x-forwarded-tls-client-cert"),
        ),
    ]
});

static CHAIN: HeaderName = HeaderName::from_static("client-cert-chain");
