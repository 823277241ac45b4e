//! What a responder of ours says, and that a client of ours believes it for what it is.

#![allow(clippy::unwrap_used, reason = "tests")]

use pki_core::ocsp::{
    CertIdHash, Nonce, OcspError, OcspRequest, OcspResponder, OcspStatus, OcspValidity,
    must_staple, responder_urls,
};
use pki_core::verify::RevocationReason;
use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName};

const NOW: OffsetDateTime = datetime!(2025-06-01 12:00 UTC);

fn name(common_name: &str) -> DistinguishedName {
    let name = DistinguishedName::builder().common_name(common_name);
    name.build().unwrap()
}

fn root() -> Authority {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    Authority::root(name("Root"), key, &Profile::root(), NOW).unwrap()
}

fn issue(root: &Authority, key: &KeyPair, common_name: &str, profile: &Profile) -> Certificate {
    let request = CertificateParameters::for_key(key.public_key_der(), name(common_name));
    let issued = root.issue(&request, profile, NOW).unwrap();
    issued.certificate().clone()
}

fn day() -> OcspValidity {
    OcspValidity {
        this_update: NOW,
        next_update: Some(NOW + Duration::days(1)),
    }
}

#[test]
fn a_ca_and_its_delegate_answer_what_they_are_told() {
    let root = root();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let client = issue(&root, &key, "client1", &Profile::client());
    let responder = issue(&root, &key, "responder", &Profile::ocsp_responder());
    let question = OcspRequest::for_certificate(&client, root.certificate());
    let revoked = OcspStatus::Revoked {
        date: NOW - Duration::HOUR,
        reason: RevocationReason::KeyCompromise,
    };
    for responder in [
        OcspResponder::authority(&root),
        OcspResponder::delegate(root.certificate(), &responder, &key),
    ] {
        for hash in [CertIdHash::Sha1, CertIdHash::Sha256] {
            for status in [OcspStatus::Good, OcspStatus::Unknown, revoked] {
                let question = question.clone().nonce(Nonce::random()).hash(hash);
                let request = question.to_der().unwrap();
                let response = responder.respond(&request, day(), NOW, |serial| {
                    assert_eq!(serial, client.serial().as_bytes());
                    status
                });
                let answer = question.verify(&response.unwrap(), NOW).unwrap();
                assert_eq!(answer.status(), status);
                assert_eq!(answer.next_update(), Some(NOW + Duration::days(1)));
            }
        }
    }

    // A client's certificate makes no responder.
    let impostor = OcspResponder::delegate(root.certificate(), &client, &key);
    let response = impostor.respond(&question.to_der().unwrap(), day(), NOW, |_| {
        OcspStatus::Good
    });
    let error = question.verify(&response.unwrap(), NOW).unwrap_err();
    assert!(matches!(error, OcspError::Responder { .. }), "{error:?}");
}

#[test]
fn what_is_no_question_to_this_ca_gets_no_answer() {
    let (root, other) = (root(), root());
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let client = issue(&root, &key, "client1", &Profile::client());
    let question = OcspRequest::for_certificate(&client, root.certificate());
    let request = question.to_der().unwrap();
    let responder = OcspResponder::authority(&other);
    let status_of = |request: &[u8]| {
        let response = responder.respond(request, day(), NOW, |_| OcspStatus::Good);
        match question.verify(&response.unwrap(), NOW).unwrap_err() {
            OcspError::Unsuccessful { status } => status,
            error => unreachable!("{error:?}"),
        }
    };
    assert_eq!(status_of(&request), "unauthorized");
    for request in [
        &b""[..],
        b"hello",
        &request[..request.len() - 1],
        &[0x30; 20_000],
    ] {
        assert_eq!(status_of(request), "malformedRequest");
    }
}

#[test]
fn a_certificate_names_its_responders() {
    let root = root();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let urls = vec![
        "http://a.test/ocsp".to_owned(),
        "http://b.test/ocsp".to_owned(),
    ];
    let mut profile = Profile::client();
    assert!(responder_urls(&issue(&root, &key, "client1", &profile)).is_empty());
    profile.ocsp.clone_from(&urls);
    profile.ca_issuers = vec!["http://a.test/ca.crt".to_owned()];
    let client = issue(&root, &key, "client1", &profile);
    assert_eq!(responder_urls(&client), urls);
    assert!(!must_staple(&client));
}
