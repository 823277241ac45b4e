//! App Attest.

use std::slice::from_ref;

use pki_attest::apple::{
    AppId, Categories, ClientData, Environment, ExpectedAssertion, ExpectedAttestation,
    verify_assertion, verify_attestation,
};
use pki_attest::simulator::{AppleSimulator, SimulatedApp};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use super::cbor::{Cbor, Form, others};
use super::{NOW, each_octet_changed, each_order};

/// An attestation that is accepted as it is.
pub(super) struct Attestation {
    pub(super) bytes: Vec<u8>,
    pub(super) app: AppId,
    pub(super) key_id: Vec<u8>,
    pub(super) client_data: Vec<u8>,
    pub(super) environment: Environment,
    pub(super) root: Certificate,
    pub(super) now: OffsetDateTime,
}

/// An assertion that is accepted as it is.
pub(super) struct Assertion {
    pub(super) bytes: Vec<u8>,
    pub(super) app: AppId,
    pub(super) public_key: Vec<u8>,
    pub(super) client_data: Vec<u8>,
}

impl Attestation {
    fn accepts(&self, bytes: &[u8]) -> bool {
        self.accepts_as(bytes, |_| {})
    }

    fn accepts_as(&self, bytes: &[u8], change: impl FnOnce(&mut Self)) -> bool {
        let mut changed = Self {
            bytes: Vec::new(),
            app: self.app.clone(),
            key_id: self.key_id.clone(),
            client_data: self.client_data.clone(),
            environment: self.environment,
            root: self.root.clone(),
            now: self.now,
        };
        change(&mut changed);
        let expected = ExpectedAttestation {
            app: &changed.app,
            key_id: &changed.key_id,
            client_data: ClientData::new(&changed.client_data),
            environments: &[changed.environment],
            categories: &Categories::Any,
        };
        verify_attestation(bytes, &expected, &changed.root, changed.now).is_ok()
    }

    pub(super) fn change_in_each_way(&self) {
        assert!(self.accepts(&self.bytes));
        self.change_octets();
        self.change_structure();
        self.change_forms();
        self.change_certificates();
        self.change_expectations();
    }

    /// Nobody signs the receipt, which is for Apple's servers. Everything else is signed, or says what is signed.
    fn change_octets(&self) {
        let tree = Cbor::read(&self.bytes);
        let Cbor::Bytes(receipt) = tree.get("attStmt").get("receipt") else {
            panic!("no receipt");
        };
        let mut places = self.bytes.windows(receipt.len());
        let begin = places.position(|it| it == receipt).unwrap();
        let receipt = begin..begin + receipt.len();
        for (at, changed) in each_octet_changed(&self.bytes) {
            assert_eq!(self.accepts(&changed), receipt.contains(&at), "octet {at}");
        }
        for length in 0..self.bytes.len() {
            assert!(!self.accepts(&self.bytes[..length]), "{length} octets");
        }
        assert!(!self.accepts(&[&self.bytes[..], &[0]].concat()));
    }

    fn change_structure(&self) {
        let tree = Cbor::read(&self.bytes);
        assert!(self.accepts(&tree.written()));
        for path in [&[][..], &["attStmt"]] {
            let map = path.iter().fold(&tree, |it, key| it.get(key));
            let entries = map.entries();
            for at in 0..entries.len() {
                let (mut less, mut twice) = (entries.to_vec(), entries.to_vec());
                less.remove(at);
                twice.push(entries[at].clone());
                for wrong in [less, twice] {
                    let wrong = tree.with(path, Cbor::Map(wrong));
                    assert!(!self.accepts(&wrong.written()), "{path:?} {at}");
                }
            }
            // The order says nothing, and neither does what is not known.
            let backwards = entries.iter().rev().cloned().collect();
            let backwards = tree.with(path, Cbor::Map(backwards));
            assert!(self.accepts(&backwards.written()));
            for unknown in others() {
                let mut more = entries.to_vec();
                more.push(("more".to_owned(), unknown));
                let more = tree.with(path, Cbor::Map(more));
                assert!(self.accepts(&more.written()));
            }
        }
        for path in [
            &[][..],
            &["fmt"],
            &["attStmt"],
            &["attStmt", "x5c"],
            &["attStmt", "receipt"],
            &["authData"],
        ] {
            for other in others() {
                let is_receipt = path.ends_with(&["receipt"]);
                let may = is_receipt && matches!(other, Cbor::Bytes(_));
                let changed = tree.with(path, other.clone());
                assert_eq!(self.accepts(&changed.written()), may, "{path:?} {other:?}");
            }
        }
    }

    fn change_forms(&self) {
        let tree = Cbor::read(&self.bytes);
        let lengths = [0, 1, 1 << 32, u64::MAX >> 1, u64::MAX].map(Form::Length);
        for number in 0..tree.count() {
            for form in [Form::Indefinite].into_iter().chain(lengths) {
                let changed = tree.written_with(number, form);
                assert!(!self.accepts(&changed), "value {number}, {form:?}");
            }
        }
    }

    fn change_certificates(&self) {
        let tree = Cbor::read(&self.bytes);
        let path = ["attStmt", "x5c"];
        let Cbor::Array(chain) = tree.get("attStmt").get("x5c") else {
            panic!("no certificates");
        };
        let root = Cbor::Bytes(self.root.der().to_vec());
        let mut chains = each_order(chain);
        chains.push([&chain[..], from_ref(&root)].concat());
        chains.push(vec![chain[0].clone(), root.clone()]);
        chains.push(vec![root.clone(), root]);
        chains.extend(others().into_iter().map(|it| vec![chain[0].clone(), it]));
        for wrong in chains {
            let changed = tree.with(&path, Cbor::Array(wrong));
            assert!(!self.accepts(&changed.written()));
        }
    }

    fn change_expectations(&self) {
        for (_, key_id) in each_octet_changed(&self.key_id) {
            assert!(!self.accepts_as(&self.bytes, |it| it.key_id = key_id));
        }
        for (_, client_data) in each_octet_changed(&self.client_data) {
            assert!(!self.accepts_as(&self.bytes, |it| it.client_data = client_data));
        }
        let other = format!("{}x", self.app).parse().unwrap();
        assert!(!self.accepts_as(&self.bytes, |it| it.app = other));
        let other = match self.environment {
            Environment::Production => Environment::Development,
            Environment::Development => Environment::Production,
        };
        assert!(!self.accepts_as(&self.bytes, |it| it.environment = other));
        for days in [-400, 400] {
            let now = self.now + Duration::days(days);
            assert!(!self.accepts_as(&self.bytes, |it| it.now = now));
        }
        let other = AppleSimulator::new(self.now).unwrap();
        let root = other.root().clone();
        assert!(!self.accepts_as(&self.bytes, |it| it.root = root));
    }
}

impl Assertion {
    fn accepts(&self, bytes: &[u8], client_data: &[u8], previous_counter: u32) -> bool {
        let expected = ExpectedAssertion {
            app: &self.app,
            public_key: &self.public_key,
            client_data: ClientData::new(client_data),
            previous_counter,
        };
        verify_assertion(bytes, &expected).is_ok()
    }

    pub(super) fn change_in_each_way(&self) {
        let accepts = |bytes: &[u8]| self.accepts(bytes, &self.client_data, 0);
        assert!(accepts(&self.bytes));
        assert!(!self.accepts(&self.bytes, &self.client_data, 1));
        assert!(!self.accepts(&self.bytes, &self.client_data, u32::MAX));
        for (_, other) in each_octet_changed(&self.client_data) {
            assert!(!self.accepts(&self.bytes, &other, 0));
        }
        for (at, changed) in each_octet_changed(&self.bytes) {
            assert!(!accepts(&changed), "octet {at}");
        }
        let tree = Cbor::read(&self.bytes);
        for number in 0..tree.count() {
            let lengths = [0, 1 << 32, u64::MAX].map(Form::Length);
            for form in [Form::Indefinite].into_iter().chain(lengths) {
                assert!(!accepts(&tree.written_with(number, form)));
            }
        }
        for (key, _) in tree.entries() {
            for other in others() {
                assert!(!accepts(&tree.with(&[key], other).written()), "{key}");
            }
        }
        let entries = tree.entries();
        for wrong in each_order(entries) {
            let has_both = wrong.len() == 2 && wrong[0].0 != wrong[1].0;
            assert_eq!(accepts(&Cbor::Map(wrong).written()), has_both);
        }
    }
}

#[test]
fn no_changed_attestation_or_assertion_is_accepted() {
    let apple = AppleSimulator::new(NOW).unwrap();
    let app: AppId = "1234567890.com.example.app".parse().unwrap();
    let mut simulated = SimulatedApp::new(app.clone()).unwrap();
    let data = b"challenge";
    for environment in [Environment::Production, Environment::Development] {
        let bytes = apple.attest(&simulated, ClientData::new(data), environment, None);
        let attestation = Attestation {
            bytes: bytes.unwrap(),
            app: app.clone(),
            key_id: simulated.key_id().to_vec(),
            client_data: data.to_vec(),
            environment,
            root: apple.root().clone(),
            now: NOW,
        };
        attestation.change_in_each_way();
    }
    let assertion = Assertion {
        bytes: simulated.assert(ClientData::new(data)).unwrap(),
        app,
        public_key: simulated.public_key(),
        client_data: data.to_vec(),
    };
    assertion.change_in_each_way();
}
