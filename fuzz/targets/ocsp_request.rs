//! An OCSP request, and the response to it.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pki_core::Authority;
use pki_core::ocsp::{IncomingRequest, OcspResponder, OcspStatus, OcspValidity, RespondError};

#[path = "../world.rs"]
#[allow(dead_code, reason = "the client is for other targets")]
mod world;

fuzz_target!(|bytes: &[u8]| {
    let Ok(request) = IncomingRequest::from_der(bytes) else {
        return;
    };
    if let Some(nonce) = request.nonce() {
        assert!((1..=128).contains(&nonce.len()));
    }
    let statuses = vec![OcspStatus::Good; request.serials().len()];
    assert!((1..=16).contains(&statuses.len()));
    let responder = OcspResponder::authority(&ROOT);
    match responder.respond(&request, &statuses, VALIDITY, world::NOW) {
        Ok(_) => assert!(responder.is_for(&request)),
        Err(error) => assert!(matches!(error, RespondError::OtherIssuer), "{error}"),
    }
});

static ROOT: LazyLock<Authority> = LazyLock::new(world::root);

const VALIDITY: OcspValidity = OcspValidity {
    this_update: world::NOW,
    next_update: None,
};
