//! Whatever comes from outside, nothing panics, and nothing that was changed is accepted.

use pki_attest::android::KeyDescription;
use pki_attest::apple::{
    AppId, Categories, ClientData, Environment, ExpectedAssertion, ExpectedAttestation,
    verify_assertion, verify_attestation,
};
use pki_attest::simulator::{AndroidSimulator, AppleSimulator, Factory, SimulatedApp};
use proptest::prelude::*;
use std::sync::LazyLock;
use time::OffsetDateTime;

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-27 12:00 UTC);

struct Samples {
    apple: AppleSimulator,
    app: AppId,
    key_id: [u8; 32],
    public_key: Vec<u8>,
    attestation: Vec<u8>,
    assertion: Vec<u8>,
    description: Vec<u8>,
}

static SAMPLES: LazyLock<Samples> = LazyLock::new(|| {
    let apple = AppleSimulator::new(NOW).unwrap();
    let app: AppId = "1234567890.com.example.app".parse().unwrap();
    let mut simulated = SimulatedApp::new(app.clone()).unwrap();
    let data = ClientData::new(b"challenge");
    let attestation = apple
        .attest(&simulated, data, Environment::Production, None)
        .unwrap();
    let device = AndroidSimulator::new(Factory::Remote, NOW).unwrap();
    let description = AndroidSimulator::description(b"challenge");
    let key = rcgen::KeyPair::generate().unwrap();
    let chain = device.attest(&key, &description, None).unwrap();
    let oid = "1.3.6.1.4.1.11129.2.1.17".parse().unwrap();
    Samples {
        apple,
        app,
        key_id: simulated.key_id(),
        public_key: simulated.public_key(),
        attestation,
        assertion: simulated.assert(data).unwrap(),
        description: chain[0].extension(oid).unwrap().value.to_vec(),
    }
});

fn attested(bytes: &[u8]) -> bool {
    let expected = ExpectedAttestation {
        app: &SAMPLES.app,
        key_id: &SAMPLES.key_id,
        client_data: ClientData::new(b"challenge"),
        environments: &[Environment::Production],
        categories: &Categories::Any,
    };
    verify_attestation(bytes, &expected, SAMPLES.apple.root(), NOW).is_ok()
}

fn asserted(bytes: &[u8]) -> bool {
    let expected = ExpectedAssertion {
        app: &SAMPLES.app,
        public_key: &SAMPLES.public_key,
        client_data: ClientData::new(b"challenge"),
        previous_counter: 0,
    };
    verify_assertion(bytes, &expected).is_ok()
}

#[test]
fn what_nobody_has_changed_is_accepted() {
    assert!(attested(&SAMPLES.attestation));
    assert!(asserted(&SAMPLES.assertion));
    let read = KeyDescription::from_der(&SAMPLES.description).unwrap();
    assert_eq!(read, AndroidSimulator::description(b"challenge"));
}

#[test]
fn nothing_that_was_cut_off_is_accepted() {
    for length in 0..SAMPLES.attestation.len() {
        assert!(!attested(&SAMPLES.attestation[..length]));
    }
    for length in 0..SAMPLES.assertion.len() {
        assert!(!asserted(&SAMPLES.assertion[..length]));
    }
    for length in 0..SAMPLES.description.len() {
        assert!(KeyDescription::from_der(&SAMPLES.description[..length]).is_err());
    }
}

proptest! {
    #[test]
    fn an_assertion_with_another_octet_is_refused(at in any::<prop::sample::Index>(), xor in 1_u8..) {
        let mut bytes = SAMPLES.assertion.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= xor;
        prop_assert!(!asserted(&bytes));
    }

    #[test]
    fn octets_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(!attested(&bytes));
        prop_assert!(!asserted(&bytes));
        let _ = KeyDescription::from_der(&bytes);
    }

    #[test]
    fn a_changed_description_is_read_or_refused(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = SAMPLES.description.clone();
        for (at, octet) in changes {
            let at = at.index(bytes.len());
            bytes[at] = octet;
        }
        if let Ok(read) = KeyDescription::from_der(&bytes) {
            prop_assert!(serde_json::to_string(&read).is_ok());
        }
    }
}
