//! For the fuzz target of ACME: a request before it is known who has signed it, and what it may say.

use super::jose::{Jwk, Jws, KeyReference};
use super::routes::read_payload;

/// Reads a request, and what it says if its own key has signed it.
pub(crate) fn read_request(body: &[u8]) {
    let Ok(jws) = Jws::read(body) else {
        return;
    };
    if let KeyReference::Jwk(key) = &jws.header.key {
        let key = key.clone();
        // What is stored is the same key.
        let stored = Jwk::from_json(&key.canonical()).expect("the canonical form is a key");
        assert_eq!(stored, key);
        assert_eq!(stored.thumbprint(), key.thumbprint());
        if let Ok(payload) = jws.verified(&key) {
            read_said(&payload);
        }
    }
}

/// Reads what a request says: of a route, or by the new key of an account.
pub(crate) fn read_said(payload: &[u8]) {
    read_payload(payload);
    let _ = Jws::read(payload);
}
