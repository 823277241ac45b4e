//! The path of a `GET` with an OCSP request in it.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use pki_core::ocsp::IncomingRequest;
use pki_enroll::fuzzing::ocsp_request_in;

fuzz_target!(|path: &str| {
    let Some(request) = ocsp_request_in(path) else {
        return;
    };
    assert!(path.starts_with("/ocsp/"));
    assert!(request.len() < path.len());
    // However it was written, this is how it is written in full.
    let base64 = STANDARD.encode(&request);
    let escaped = base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3d");
    for text in [base64.as_str(), &escaped] {
        assert_eq!(ocsp_request_in(&format!("/ocsp/{text}")).as_ref(), Some(&request));
    }
    let _ = IncomingRequest::from_der(&request);
});
