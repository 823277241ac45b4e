//! App Attest: each check fails alone.

use base16ct::lower::encode_string;
use pki_attest::apple::{
    AppId, AppleRefusal, Categories, Category, ClientData, Environment, ExpectedAssertion,
    ExpectedAttestation, UnverifiedAttestation, app_attestation_root, verify_assertion,
    verify_attestation,
};
use pki_attest::simulator::{AppleFault, AppleSimulator, SimulatedApp};
use pki_attest::{Binding, ChainFault, Keeper};
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-27 12:00 UTC);
const BOTH: &[Environment] = &[Environment::Production, Environment::Development];

fn app_id() -> AppId {
    "1234567890.com.example.app".parse().unwrap()
}

struct Attested {
    apple: AppleSimulator,
    app: SimulatedApp,
    bytes: Vec<u8>,
}

fn attest(environment: Environment, fault: Option<AppleFault>) -> Attested {
    let apple = AppleSimulator::new(NOW).unwrap();
    let app = SimulatedApp::new(app_id()).unwrap();
    let data = ClientData::of_request(b"challenge", b"request");
    let bytes = apple.attest(&app, data, environment, fault).unwrap();
    Attested { apple, app, bytes }
}

/// What is expected of [`attest`], with one thing changed.
fn refusal(
    it: &Attested,
    change: impl FnOnce(&mut ExpectedAttestation<'_>),
) -> Option<AppleRefusal> {
    let (app, key_id) = (app_id(), it.app.key_id());
    let mut expected = ExpectedAttestation {
        app: &app,
        key_id: &key_id,
        client_data: ClientData::of_request(b"challenge", b"request"),
        environments: BOTH,
        categories: &Categories::Any,
    };
    change(&mut expected);
    verify_attestation(&it.bytes, &expected, it.apple.root(), NOW).err()
}

#[test]
fn a_genuine_app_is_recognized() {
    let it = attest(Environment::Production, None);
    let (app, key_id) = (app_id(), it.app.key_id());
    let expected = ExpectedAttestation {
        app: &app,
        key_id: &key_id,
        client_data: ClientData::of_request(b"challenge", b"request"),
        environments: &[Environment::Production],
        categories: &Categories::Only(vec![Category::AppStore]),
    };
    let verdict = verify_attestation(&it.bytes, &expected, it.apple.root(), NOW).unwrap();
    assert_eq!(verdict.binding, Binding::CsrHash);
    assert_eq!(verdict.keeper, Keeper::SecureElement);
    assert_eq!(verdict.claims.environment, Environment::Production);
    assert_eq!(verdict.claims.category, Some(Category::AppStore));
    assert_eq!(verdict.claims.bundle_version.as_deref(), Some("1"));
    assert_eq!(verdict.claims.public_key, it.app.public_key());
    assert_eq!(verdict.claims.receipt, b"a simulated receipt");
}

#[test]
fn what_was_made_for_something_else_is_refused() {
    let it = attest(Environment::Development, None);
    assert!(refusal(&it, |_| ()).is_none());
    assert!(matches!(
        refusal(&it, |expected| expected.client_data =
            ClientData::of_request(b"another", b"request")),
        Some(AppleRefusal::Nonce { .. })
    ));
    assert!(matches!(
        refusal(&it, |expected| expected.client_data =
            ClientData::of_request(b"challenge", b"another")),
        Some(AppleRefusal::Nonce { .. })
    ));
    assert!(matches!(
        refusal(&it, |expected| expected.key_id = &[0; 32]),
        Some(AppleRefusal::KeyId { .. })
    ));
    assert!(matches!(
        refusal(&it, |expected| expected.environments =
            &[Environment::Production]),
        Some(AppleRefusal::Environment {
            seen: Environment::Development,
            ..
        })
    ));
    let test_flight = Categories::OnlyOrMissing(vec![Category::TestFlight]);
    let (other, key_id): (AppId, _) = (
        "1234567890.com.example.ap".parse().unwrap(),
        it.app.key_id(),
    );
    let expected = ExpectedAttestation {
        app: &other,
        key_id: &key_id,
        client_data: ClientData::of_request(b"challenge", b"request"),
        environments: BOTH,
        categories: &test_flight,
    };
    let seen = verify_attestation(&it.bytes, &expected, it.apple.root(), NOW);
    assert!(matches!(seen, Err(AppleRefusal::App { .. })));
    let mine = app_id();
    let expected = ExpectedAttestation {
        app: &mine,
        ..expected
    };
    let seen = verify_attestation(&it.bytes, &expected, it.apple.root(), NOW);
    assert!(matches!(
        seen,
        Err(AppleRefusal::Category {
            seen: Some(Category::AppStore),
            ..
        })
    ));
    let seen = verify_attestation(
        &it.bytes,
        &ExpectedAttestation {
            categories: &Categories::Any,
            ..expected
        },
        app_attestation_root(),
        NOW,
    );
    assert!(matches!(
        seen,
        Err(AppleRefusal::Chain(ChainFault::Issuer { .. }))
    ));
}

#[test]
fn each_fault_has_its_own_refusal() {
    let refused = |fault| {
        let it = attest(Environment::Production, Some(fault));
        refusal(&it, |_| ()).unwrap()
    };
    assert!(matches!(
        refused(AppleFault::Aaguid),
        AppleRefusal::Authenticator { .. }
    ));
    assert!(matches!(
        refused(AppleFault::Counter),
        AppleRefusal::Used { seen: 1 }
    ));
    assert!(matches!(
        refused(AppleFault::CoseKey),
        AppleRefusal::PublicKey { .. }
    ));
    assert!(matches!(
        refused(AppleFault::CredentialId),
        AppleRefusal::KeyId { .. }
    ));
    assert!(matches!(
        refused(AppleFault::Extensions),
        AppleRefusal::Malformed { .. }
    ));
    assert!(matches!(
        refused(AppleFault::Format),
        AppleRefusal::Format { .. }
    ));
    assert!(matches!(
        refused(AppleFault::NoNonce),
        AppleRefusal::Nonce { seen: None, .. }
    ));
    assert!(matches!(
        refused(AppleFault::OneCertificate),
        AppleRefusal::CertificateCount { seen: 1 }
    ));
    assert!(matches!(
        refused(AppleFault::ThreeCertificates),
        AppleRefusal::CertificateCount { seen: 3 }
    ));
    let chain = |fault| match refused(fault) {
        AppleRefusal::Chain(fault) => fault,
        other => panic!("{other}"),
    };
    assert!(matches!(
        chain(AppleFault::Expired),
        ChainFault::Expired { .. }
    ));
    assert!(matches!(
        chain(AppleFault::IntermediateExpired),
        ChainFault::Expired { .. }
    ));
    assert!(matches!(
        chain(AppleFault::NotYetValid),
        ChainFault::NotYetValid { .. }
    ));
    assert!(matches!(
        chain(AppleFault::Extended),
        ChainFault::NotACa { .. }
    ));
    assert!(matches!(
        chain(AppleFault::OtherCa),
        ChainFault::Signature { .. }
    ));
}

#[test]
fn an_app_of_before_ios_27_does_not_say_how_it_came() {
    let it = attest(Environment::Production, Some(AppleFault::NoCategory));
    let store = || vec![Category::AppStore];
    for (categories, good) in [
        (Categories::Any, true),
        (Categories::OnlyOrMissing(store()), true),
        (Categories::Only(store()), false),
    ] {
        let (app, key_id) = (app_id(), it.app.key_id());
        let expected = ExpectedAttestation {
            app: &app,
            key_id: &key_id,
            client_data: ClientData::of_request(b"challenge", b"request"),
            environments: BOTH,
            categories: &categories,
        };
        match verify_attestation(&it.bytes, &expected, it.apple.root(), NOW) {
            Ok(verdict) => assert_eq!((good, verdict.claims.category), (true, None)),
            Err(AppleRefusal::Category { seen: None, .. }) => assert!(!good, "{categories:?}"),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn all_that_is_wrong_is_named_and_the_first_of_it_refuses() {
    let it = attest(Environment::Development, Some(AppleFault::Counter));
    let app: AppId = "1234567890.com.example.other".parse().unwrap();
    let expected = ExpectedAttestation {
        app: &app,
        key_id: &[0; 32],
        client_data: ClientData::of_request(b"another", b"request"),
        environments: &[Environment::Production],
        categories: &Categories::Only(vec![Category::TestFlight]),
    };
    let later = NOW + Duration::days(3);
    let read = UnverifiedAttestation::read(&it.bytes).unwrap();
    let faults = read.faults(&expected, it.apple.root(), later);
    assert!(
        matches!(
            faults.as_slice(),
            [
                AppleRefusal::Chain(ChainFault::Expired { .. }),
                AppleRefusal::Nonce { seen: Some(_), .. },
                AppleRefusal::KeyId { .. },
                AppleRefusal::App { .. },
                AppleRefusal::Used { seen: 1 },
                AppleRefusal::Environment { .. },
                AppleRefusal::Category { .. },
            ]
        ),
        "{faults:?}"
    );
    let first = verify_attestation(&it.bytes, &expected, it.apple.root(), later);
    assert!(matches!(first, Err(AppleRefusal::Chain(_))));
    let claims = read.claims();
    assert_eq!(claims.environment, Some(Environment::Development));
    assert_eq!(claims.category, Some(Category::AppStore));
    assert_eq!(claims.not_after, "2026-11-29T12:00:00Z");
}

#[test]
fn a_root_is_known_by_its_key_and_not_by_its_name() {
    let mut it = attest(Environment::Production, None);
    it.apple = AppleSimulator::new(NOW).unwrap();
    let seen = refusal(&it, |_| ());
    let Some(AppleRefusal::Chain(ChainFault::Signature { subject, .. })) = seen else {
        panic!("{seen:?}");
    };
    assert!(subject.contains("App Attestation CA 1"), "{subject}");
}

#[test]
fn a_large_attestation_is_not_read() {
    let mut it = attest(Environment::Production, None);
    it.bytes.resize(16 * 1024 + 1, 0);
    assert!(matches!(
        refusal(&it, |_| ()),
        Some(AppleRefusal::TooLarge { .. })
    ));
    it.bytes.truncate(16 * 1024);
    assert!(matches!(
        refusal(&it, |_| ()),
        Some(AppleRefusal::Malformed { .. })
    ));
}

#[test]
fn an_assertion_counts_up_and_is_about_its_client_data() {
    let mut app = SimulatedApp::new(app_id()).unwrap();
    let (id, key) = (app_id(), app.public_key());
    let data = || ClientData::of_request(b"challenge", b"request");
    let expected = |previous_counter| ExpectedAssertion {
        app: &id,
        public_key: &key,
        client_data: data(),
        previous_counter,
    };
    let first = app.assert(data()).unwrap();
    let second = app.assert(data()).unwrap();
    let good = verify_assertion(&first, &expected(0)).unwrap();
    assert_eq!((good.counter, good.binding), (1, Binding::CsrHash));
    assert_eq!(verify_assertion(&second, &expected(1)).unwrap().counter, 2);
    for (assertion, previous) in [(&first, 1), (&first, 2), (&second, 2)] {
        assert!(matches!(
            verify_assertion(assertion, &expected(previous)),
            Err(AppleRefusal::Counter { .. })
        ));
    }
    let other = ExpectedAssertion {
        client_data: ClientData::new(b"another"),
        ..expected(0)
    };
    assert!(matches!(
        verify_assertion(&first, &other),
        Err(AppleRefusal::Signature)
    ));
    let somebody = SimulatedApp::new(app_id()).unwrap().public_key();
    let other = ExpectedAssertion {
        public_key: &somebody,
        ..expected(0)
    };
    assert!(matches!(
        verify_assertion(&first, &other),
        Err(AppleRefusal::Signature)
    ));
    let app: AppId = "1234567890.com.example.other".parse().unwrap();
    let other = ExpectedAssertion {
        app: &app,
        ..expected(0)
    };
    assert!(matches!(
        verify_assertion(&first, &other),
        Err(AppleRefusal::App { .. })
    ));
    let cut = &first[..first.len() - 1];
    assert!(matches!(
        verify_assertion(cut, &expected(0)),
        Err(AppleRefusal::Malformed { .. })
    ));
    let large = vec![0; 4 * 1024 + 1];
    assert!(matches!(
        verify_assertion(&large, &expected(0)),
        Err(AppleRefusal::TooLarge { .. })
    ));
}

#[test]
fn the_root_is_apples() {
    let root = app_attestation_root();
    assert_eq!(
        encode_string(root.fingerprint_sha256()),
        "1cb9823ba28ba6ad2d33a006941de2ae4f513ef1d4e831b9f7e0fa7b6242c932"
    );
    assert!(NOW + Duration::days(365) < root.not_after());
}
