//! Key Attestation: each check fails alone.

use base16ct::lower::encode_string;
use pki_attest::android::{
    AllowedPackage, AndroidRefusal, ExpectedKey, KeyAttestation, KeyDescription, Origin, Policy,
    SecurityLevel, StatusList, VerifiedBootState, google_roots, verify,
};
use pki_attest::simulator::{AndroidFault, AndroidSimulator, Factory};
use pki_attest::{Binding, ChainFault, Keeper, Verdict};
use rcgen::KeyPair;
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-27 12:00 UTC);

fn status(entries: &str) -> StatusList {
    StatusList::from_json(format!(r#"{{"entries":{{{entries}}}}}"#).as_bytes(), NOW).unwrap()
}

fn description() -> KeyDescription {
    AndroidSimulator::description(b"challenge")
}

fn judge(
    factory: Factory,
    description: &KeyDescription,
    fault: Option<AndroidFault>,
    policy: &Policy,
) -> Result<Verdict<KeyAttestation>, AndroidRefusal> {
    let device = AndroidSimulator::new(factory, NOW).unwrap();
    let key = KeyPair::generate().unwrap();
    let chain = device.attest(&key, description, fault).unwrap();
    let public_key = AndroidSimulator::public_key(&key);
    let expected = ExpectedKey {
        challenge: b"challenge",
        public_key: Some(&public_key),
    };
    let roots = [device.root().clone()];
    verify(&chain, &expected, policy, &roots, Some(&status("")), NOW)
}

fn refusal(change: impl FnOnce(&mut KeyDescription), policy: &Policy) -> AndroidRefusal {
    let mut description = description();
    change(&mut description);
    judge(Factory::Remote, &description, None, policy).unwrap_err()
}

#[test]
fn a_key_in_hardware_is_recognized() {
    for factory in [Factory::Factory, Factory::Remote] {
        let verdict = judge(factory, &description(), None, &Policy::default()).unwrap();
        assert_eq!(verdict.binding, Binding::SameKey);
        assert_eq!(verdict.keeper, Keeper::TrustedEnvironment);
        assert_eq!(verdict.claims.description, description());
        let issued = (factory == Factory::Remote).then_some(2);
        assert_eq!(verdict.claims.certificates_issued, issued);
    }
    let mut strong = description();
    strong.attestation_security_level = SecurityLevel::StrongBox;
    strong.key_mint_security_level = SecurityLevel::StrongBox;
    let policy = Policy {
        keeper: SecurityLevel::StrongBox,
        ..Policy::default()
    };
    for factory in [Factory::Factory, Factory::Remote] {
        let verdict = judge(factory, &strong, None, &policy).unwrap();
        assert_eq!(verdict.keeper, Keeper::SecureElement);
        // A trusted environment that was broken into may write anything into a description.
        let fault = Some(AndroidFault::TrustedEnvironment);
        let verdict = judge(factory, &strong, fault, &Policy::default()).unwrap();
        assert_eq!(verdict.keeper, Keeper::TrustedEnvironment);
        assert!(matches!(
            judge(factory, &strong, fault, &policy),
            Err(AndroidRefusal::NoStrongBox)
        ));
    }
    assert!(matches!(
        refusal(|_| (), &policy),
        AndroidRefusal::SecurityLevel {
            seen: SecurityLevel::TrustedEnvironment,
            ..
        }
    ));
}

#[test]
fn a_chain_holds_from_the_key_to_the_root() {
    let refused =
        |factory, fault| judge(factory, &description(), fault, &Policy::default()).unwrap_err();
    let of_chain = |fault| match refused(Factory::Remote, Some(fault)) {
        AndroidRefusal::Chain(fault) => fault,
        other => panic!("{other}"),
    };
    assert!(matches!(
        of_chain(AndroidFault::OtherCa),
        ChainFault::Signature { .. }
    ));
    assert!(matches!(
        of_chain(AndroidFault::OtherIssuer),
        ChainFault::Issuer { .. }
    ));
    assert!(matches!(
        refused(Factory::Remote, Some(AndroidFault::Extended)),
        AndroidRefusal::ChainExtended { .. }
    ));
    for fault in [AndroidFault::NoDescription, AndroidFault::Critical] {
        assert!(matches!(
            refused(Factory::Remote, Some(fault)),
            AndroidRefusal::NoDescription
        ));
    }
    assert!(matches!(
        refused(Factory::Remote, Some(AndroidFault::Short)),
        AndroidRefusal::ChainLength { seen: 2 }
    ));
    assert!(matches!(
        refused(Factory::Remote, Some(AndroidFault::WrongOrder)),
        AndroidRefusal::WrongOrder
    ));
    assert!(matches!(
        refused(Factory::Remote, Some(AndroidFault::CrossCertified)),
        AndroidRefusal::UnknownRoot { .. }
    ));
    assert!(matches!(
        refused(Factory::RemoteExpired, None),
        AndroidRefusal::Chain(ChainFault::Expired { .. })
    ));
}

#[test]
fn a_chain_is_as_long_as_those_of_devices_are() {
    for (factory, expected) in [(Factory::Factory, 4), (Factory::Remote, 5)] {
        let fault = Some(AndroidFault::Longer);
        let seen = judge(factory, &description(), fault, &Policy::default());
        assert!(matches!(
            seen,
            Err(AndroidRefusal::ChainShape { expected: length, seen }) if length == expected && seen == expected + 1
        ));
    }
    // Without one of the certificates, too.
    let device = AndroidSimulator::new(Factory::Remote, NOW).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut chain = device.attest(&key, &description(), None).unwrap();
    chain.remove(1);
    let seen = KeyAttestation::read(&chain, &[device.root().clone()], None, NOW);
    assert!(matches!(seen, Err(AndroidRefusal::ChainShape { .. })));
}

#[test]
fn no_certificate_but_a_cas_issues_another() {
    let fault = Some(AndroidFault::NotACa);
    let seen = judge(Factory::Factory, &description(), fault, &Policy::default());
    assert!(matches!(
        seen,
        Err(AndroidRefusal::Chain(ChainFault::NotACa { .. }))
    ));
}

#[test]
fn a_chain_has_ten_certificates_at_most() {
    let device = AndroidSimulator::new(Factory::Remote, NOW).unwrap();
    let chain = device.attest(&KeyPair::generate().unwrap(), &description(), None);
    let mut chain = chain.unwrap();
    let intermediate = chain[2].clone();
    chain.splice(2..2, std::iter::repeat_n(intermediate, 6));
    let long = KeyAttestation::read(&chain, &[device.root().clone()], None, NOW);
    assert!(matches!(
        long,
        Err(AndroidRefusal::ChainLength { seen: 11 })
    ));
}

#[test]
fn a_chain_is_valid_from_its_beginning_on() {
    // Those of the factory may have expired, and yet not lie in the future.
    for factory in [Factory::Factory, Factory::Remote] {
        let device = AndroidSimulator::new(factory, NOW).unwrap();
        let chain = device.attest(&KeyPair::generate().unwrap(), &description(), None);
        let chain = chain.unwrap();
        let at = |now| KeyAttestation::read(&chain, &[device.root().clone()], None, now);
        assert!(at(NOW - Duration::days(364)).is_ok());
        assert!(matches!(
            at(NOW - Duration::days(366)),
            Err(AndroidRefusal::Chain(ChainFault::NotYetValid { .. }))
        ));
    }
}

#[test]
fn a_key_of_another_kind_is_attested_and_is_no_other_key() {
    let device = AndroidSimulator::new(Factory::Remote, NOW).unwrap();
    let key = KeyPair::generate_for(&rcgen::PKCS_ML_DSA_65).unwrap();
    let chain = device.attest(&key, &description(), None).unwrap();
    let judge = |public_key: &[u8]| {
        let expected = ExpectedKey {
            challenge: b"challenge",
            public_key: Some(public_key),
        };
        let (roots, policy) = ([device.root().clone()], Policy::default());
        verify(&chain, &expected, &policy, &roots, Some(&status("")), NOW)
    };
    let own = AndroidSimulator::public_key(&key);
    assert_eq!(judge(&own).unwrap().binding, Binding::SameKey);
    let other = AndroidSimulator::public_key(&KeyPair::generate().unwrap());
    assert!(matches!(judge(&other), Err(AndroidRefusal::Key { .. })));
}

#[test]
fn a_root_is_trusted_by_its_key() {
    let device = AndroidSimulator::new(Factory::Remote, NOW).unwrap();
    let key = KeyPair::generate().unwrap();
    let chain = device.attest(&key, &description(), None).unwrap();
    let other = AndroidSimulator::new(Factory::Remote, NOW).unwrap();
    for roots in [&[other.root().clone()][..], google_roots(), &[]] {
        let seen = KeyAttestation::read(&chain, roots, None, NOW);
        assert!(matches!(seen, Err(AndroidRefusal::UnknownRoot { .. })));
    }
    let roots = [other.root().clone(), device.root().clone()];
    assert!(KeyAttestation::read(&chain, &roots, None, NOW).is_ok());
    // Google's RSA root has several certificates, and one key.
    let mut reissued = chain.clone();
    reissued.pop();
    reissued.push(device.reissued_root().unwrap());
    assert_ne!(reissued.last(), chain.last());
    for chain in [&chain, &reissued] {
        for root in [device.root().clone(), device.reissued_root().unwrap()] {
            assert!(KeyAttestation::read(chain, &[root], None, NOW).is_ok());
        }
    }
    // The root itself has to be there.
    let without_root = &chain[..4];
    let seen = KeyAttestation::read(without_root, &roots, None, NOW);
    assert!(matches!(seen, Err(AndroidRefusal::UnknownRoot { .. })));
}

#[test]
fn what_the_hardware_says_is_judged() {
    let strict = Policy::default();
    assert!(matches!(
        refusal(|it| it.attestation_challenge = b"another".to_vec(), &strict),
        AndroidRefusal::Challenge { .. }
    ));
    assert!(matches!(
        refusal(
            |it| it.hardware_enforced.origin = Some(Origin::Imported),
            &strict
        ),
        AndroidRefusal::Origin { .. }
    ));
    assert!(matches!(
        refusal(
            |it| it.software_enforced.origin = it.hardware_enforced.origin.take(),
            &strict
        ),
        AndroidRefusal::Origin { seen: None }
    ));
    assert!(matches!(
        refusal(|it| it.hardware_enforced.root_of_trust = None, &strict),
        AndroidRefusal::NoRootOfTrust
    ));
    for purposes in [&[][..], &[0, 1], &[2, 5], &[2, 7], &[7]] {
        let seen = refusal(
            |it| it.hardware_enforced.purposes = Some(purposes.to_vec()),
            &strict,
        );
        assert!(
            matches!(seen, AndroidRefusal::Purposes { .. }),
            "{purposes:?}"
        );
    }
    let software = |it: &mut KeyDescription| {
        it.attestation_security_level = SecurityLevel::Software;
        it.key_mint_security_level = SecurityLevel::Software;
    };
    let lenient = Policy {
        keeper: SecurityLevel::Software,
        ..Policy::default()
    };
    for policy in [&strict, &lenient] {
        assert!(matches!(
            refusal(software, policy),
            AndroidRefusal::SecurityLevel { .. }
        ));
    }
    let mixed = |it: &mut KeyDescription| it.attestation_security_level = SecurityLevel::Software;
    assert!(matches!(
        refusal(mixed, &strict),
        AndroidRefusal::SecurityLevels { .. }
    ));
}

#[test]
fn an_unlocked_device_passes_only_where_the_policy_says_so() {
    let mut unlocked = description();
    let root = unlocked.hardware_enforced.root_of_trust.as_mut().unwrap();
    root.device_locked = false;
    root.verified_boot_state = VerifiedBootState::SelfSigned;
    let judge = |locked, verified_boot| {
        let policy = Policy {
            locked,
            verified_boot,
            ..Policy::default()
        };
        judge(Factory::Remote, &unlocked, None, &policy)
    };
    assert!(matches!(judge(true, true), Err(AndroidRefusal::Unlocked)));
    assert!(matches!(
        judge(false, true),
        Err(AndroidRefusal::Boot {
            seen: VerifiedBootState::SelfSigned
        })
    ));
    assert!(matches!(judge(true, false), Err(AndroidRefusal::Unlocked)));
    assert!(judge(false, false).is_ok());
}

#[test]
fn patches_and_apps_are_asked_for() {
    let judge = |policy: &Policy| judge(Factory::Remote, &description(), None, policy);
    let patched = |os_patch_level| Policy {
        os_patch_level: Some(os_patch_level),
        ..Policy::default()
    };
    assert!(judge(&patched(202_511)).is_ok());
    assert!(matches!(
        judge(&patched(202_512)),
        Err(AndroidRefusal::PatchLevel { .. })
    ));
    let app = |name: &str, signer: &str, least_version| Policy {
        packages: vec![AllowedPackage {
            name: name.to_owned(),
            signer: signer.to_owned(),
            least_version,
        }],
        ..Policy::default()
    };
    let (mine, other) = ("AB".repeat(32), "cd".repeat(32));
    assert!(judge(&app("com.example.app", &mine, 7)).is_ok());
    for policy in [
        app("com.example.app", &mine, 8),
        app("com.example.app", &other, 7),
        app("com.example.other", &mine, 7),
    ] {
        assert!(matches!(judge(&policy), Err(AndroidRefusal::App { .. })));
    }
    // Who has to look into it reads what was expected, and what was there.
    let refused = judge(&app("com.example.app", &other, 7)).unwrap_err();
    let said = refused.to_string();
    for part in [
        format!("com.example.app 7 signed by {}", "ab".repeat(32)),
        format!("com.example.app 7 signed by {other}"),
    ] {
        assert!(said.contains(&part), "{said}");
    }
}

#[test]
fn all_that_is_wrong_is_named_and_the_first_of_it_refuses() {
    let mut wrong = description();
    wrong.attestation_challenge = b"another".to_vec();
    wrong.hardware_enforced.origin = Some(Origin::Imported);
    wrong.hardware_enforced.purposes = Some(vec![7]);
    let root = wrong.hardware_enforced.root_of_trust.as_mut().unwrap();
    root.device_locked = false;
    root.verified_boot_state = VerifiedBootState::Failed;
    let device = AndroidSimulator::new(Factory::Remote, NOW).unwrap();
    let key = KeyPair::generate().unwrap();
    let other = AndroidSimulator::public_key(&KeyPair::generate().unwrap());
    let chain = device.attest(&key, &wrong, None).unwrap();
    let policy = Policy {
        os_patch_level: Some(202_612),
        ..Policy::default()
    };
    let expected = ExpectedKey {
        challenge: b"challenge",
        public_key: Some(&other),
    };
    let roots = [device.root().clone()];
    let read = KeyAttestation::read(&chain, &roots, None, NOW).unwrap();
    let faults = read.faults(&policy, &expected);
    assert!(
        matches!(
            faults.as_slice(),
            [
                AndroidRefusal::Challenge { expected, seen },
                AndroidRefusal::Key { .. },
                AndroidRefusal::Origin { .. },
                AndroidRefusal::Unlocked,
                AndroidRefusal::Boot { .. },
                AndroidRefusal::PatchLevel { .. },
                AndroidRefusal::Purposes { .. },
            ] if *expected == encode_string(b"challenge") && *seen == encode_string(b"another")
        ),
        "{faults:?}"
    );
    let first = read.check(&policy, &expected).unwrap_err();
    assert!(matches!(first, AndroidRefusal::Challenge { .. }));
}

#[test]
fn another_key_than_the_attested_one_is_refused() {
    let device = AndroidSimulator::new(Factory::Remote, NOW).unwrap();
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let chain = device.attest(&key, &description(), None).unwrap();
    let judge = |public_key: Option<&[u8]>| {
        let expected = ExpectedKey {
            challenge: b"challenge",
            public_key,
        };
        let roots = [device.root().clone()];
        verify(
            &chain,
            &expected,
            &Policy::default(),
            &roots,
            Some(&status("")),
            NOW,
        )
    };
    let other = AndroidSimulator::public_key(&other);
    assert!(matches!(
        judge(Some(&other)),
        Err(AndroidRefusal::Key { .. })
    ));
    assert_eq!(judge(None).unwrap().binding, Binding::None);
}

#[test]
fn what_google_has_withdrawn_is_refused() {
    let device = AndroidSimulator::new(Factory::Remote, NOW).unwrap();
    let key = KeyPair::generate().unwrap();
    let chain = device.attest(&key, &description(), None).unwrap();
    let judge = |status: Option<&StatusList>, max_age, now| {
        let expected = ExpectedKey {
            challenge: b"challenge",
            public_key: None,
        };
        let policy = Policy {
            status_max_age_hours: max_age,
            ..Policy::default()
        };
        verify(
            &chain,
            &expected,
            &policy,
            &[device.root().clone()],
            status,
            now,
        )
    };
    let hex = |certificate: &Certificate| {
        let hex = encode_string(certificate.serial().as_bytes());
        hex.trim_start_matches('0').to_owned()
    };
    for certificate in &chain {
        for state in ["REVOKED", "SUSPENDED"] {
            let list = status(&format!(r#""{}":{{"status":"{state}"}}"#, hex(certificate)));
            let seen = judge(Some(&list), Some(24), NOW);
            assert!(matches!(seen, Err(AndroidRefusal::Withdrawn { .. })));
            let written = format!("00{}", hex(certificate).to_uppercase());
            let list = status(&format!(r#""{written}":{{"status":"{state}"}}"#));
            let seen = judge(Some(&list), Some(24), NOW);
            assert!(matches!(seen, Err(AndroidRefusal::Withdrawn { .. })));
        }
    }
    let fresh = status(r#""1234":{"status":"REVOKED","reason":"KEY_COMPROMISE"}"#);
    assert!(judge(Some(&fresh), Some(24), NOW).is_ok());
    assert!(judge(Some(&fresh), Some(24), NOW + Duration::hours(24)).is_ok());
    assert!(matches!(
        judge(Some(&fresh), Some(24), NOW + Duration::hours(25)),
        Err(AndroidRefusal::StatusListTooOld { .. })
    ));
    assert!(matches!(
        judge(None, Some(24), NOW),
        Err(AndroidRefusal::NoStatusList)
    ));
    assert!(judge(None, None, NOW).is_ok());
    assert!(StatusList::from_json(b"{}", NOW).is_err());
}

#[test]
fn the_roots_are_googles() {
    let keys: Vec<String> = google_roots()
        .iter()
        .map(|root| encode_string(root.spki_sha256()))
        .collect();
    assert_eq!(
        keys,
        [
            "feb2ea7551ee316ed4bb443c8293b884dbfdea40b603ee3e4f4a897e4580fbae",
            "3ee44512a1af2beb39c889490c60ea3f82e43f5d5a5532f5ab9419f676cd07ec",
        ]
    );
}
