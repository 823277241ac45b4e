//! Requests of ACME: JWS, keys, and what each route is asked for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki_enroll::fuzzing::{acme_payload, acme_request};

fuzz_target!(|body: &[u8]| {
    acme_request(body);
    // Without a signature, which no fuzzer makes.
    acme_payload(body);
});
