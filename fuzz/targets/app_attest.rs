//! An attestation and an assertion of Apple App Attest, and the statement of a managed Apple device.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki_attest::apple::{
    AppId, Categories, ClientData, Environment, ExpectedAssertion, ExpectedAttestation,
    ExpectedManagedDevice, app_attestation_root, enterprise_attestation_root, verify_assertion,
    verify_attestation, verify_managed_device,
};
use time::macros::datetime;

fuzz_target!(|bytes: &[u8]| {
    let Ok(app) = "1234567890.com.example.app".parse::<AppId>() else {
        return;
    };
    let attestation = ExpectedAttestation {
        app: &app,
        key_id: &[0; 32],
        client_data: ClientData::new(b"challenge"),
        environments: &[Environment::Production],
        categories: &Categories::Any,
    };
    let now = datetime!(2026-11-27 12:00 UTC);
    assert!(verify_attestation(bytes, &attestation, app_attestation_root(), now).is_err());
    let assertion = ExpectedAssertion {
        app: &app,
        public_key: &[],
        client_data: ClientData::new(b"challenge"),
        previous_counter: 0,
    };
    assert!(verify_assertion(bytes, &assertion).is_err());
    let device = ExpectedManagedDevice {
        token: b"token",
        public_key: None,
    };
    assert!(verify_managed_device(bytes, &device, enterprise_attestation_root(), now).is_err());
});
