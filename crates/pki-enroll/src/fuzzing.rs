//! For the fuzz targets only: parsers of outside bytes that are not public.

use crate::acme::fuzzing;
use crate::ocsp::routes;

/// The OCSP request in the path of a `GET`, if there is one.
pub fn ocsp_request_in(path: &str) -> Option<Vec<u8>> {
    routes::request_in(path)
}

/// A request of ACME: a JWS, with what it says if its own key has signed it.
pub fn acme_request(body: &[u8]) {
    fuzzing::read_request(body);
}

/// What a request of ACME may say, whoever has signed it.
pub fn acme_payload(payload: &[u8]) {
    fuzzing::read_said(payload);
}
