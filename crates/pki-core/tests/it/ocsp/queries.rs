//! Which OCSP answers are believed. RFC 6960 by section.

use pki_core::ocsp::{
    MAX_RESPONSE_LEN, Nonce, OcspAnswer, OcspError, OcspRequest, OcspStatus, ResponderError,
    must_staple,
};
use pki_core::verify::{Revocation, RevocationReason};
use rcgen::{
    CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
};
use time::Duration;
use x509_identity::Certificate;

use crate::ocsp_kit::{
    ECDSA_SHA1, NOCHECK, NONCE, UNHEARD_OF, UNKNOWN, UnsignedResponse, by_key, by_name, delegate,
    revoked, sha1_id, sha256_id,
};
use crate::verify_kit::{
    Ca, NOW, client, crl_der, crl_params, crls, extension, root_ca, tlv, with,
};

/// A CA, and a client of it.
struct World {
    ca: Ca,
    issuer: Certificate,
    client: CertificateParams,
    leaf: Certificate,
}

impl World {
    fn new() -> Self {
        let ca = root_ca("Root");
        let client = client("client1");
        Self {
            issuer: Certificate::from_der(ca.der()).unwrap(),
            leaf: Certificate::from_der(&ca.sign(&client)).unwrap(),
            client,
            ca,
        }
    }

    fn good(&self) -> UnsignedResponse {
        UnsignedResponse::good(&self.leaf, &self.issuer)
    }

    fn question(&self) -> OcspRequest<'_> {
        OcspRequest::for_certificate(&self.leaf, &self.issuer)
    }

    /// What becomes of an answer that is good but for `change`.
    fn judge(&self, change: impl FnOnce(&mut UnsignedResponse)) -> Result<OcspAnswer, OcspError> {
        let mut response = self.good();
        change(&mut response);
        self.question()
            .verify(&response.signed_by(self.ca.key()), NOW)
    }

    /// What becomes of a good answer by a certificate of its own.
    fn delegated(
        &self,
        question: OcspRequest<'_>,
        issued_by: &Ca,
        params: &CertificateParams,
    ) -> Result<OcspAnswer, OcspError> {
        let key = KeyPair::generate().unwrap();
        let der = issued_by.sign_for(params, &key);
        let certificate = Certificate::from_der(&der).unwrap();
        let mut response = self.good();
        response.responder_id = by_key(&certificate);
        response.certs = vec![der.to_vec()];
        question.verify(&response.signed_by(&key), NOW)
    }
}

#[test]
fn the_issuer_may_answer_by_name_and_by_key() {
    let world = World::new();
    for id in [by_name(&world.issuer), by_key(&world.issuer)] {
        let answer = world.judge(|response| response.responder_id = id).unwrap();
        assert_eq!(answer.status(), OcspStatus::Good);
        assert_eq!(answer.this_update(), NOW - Duration::hours(1));
        assert_eq!(answer.next_update(), Some(NOW + Duration::days(1)));
    }

    let other = Certificate::from_der(root_ca("Other").der()).unwrap();
    for id in [by_name(&other), by_key(&other)] {
        let error = world
            .judge(|response| response.responder_id = id)
            .unwrap_err();
        assert!(matches!(error, OcspError::UnknownResponder), "{error:?}");
    }
}

#[test]
fn each_status_is_told_as_it_is() {
    let world = World::new();
    let date = NOW - Duration::days(2);
    for (der, status) in [
        (UNKNOWN.to_vec(), OcspStatus::Unknown),
        (
            revoked(date, Some(1)),
            OcspStatus::Revoked {
                date,
                reason: RevocationReason::KeyCompromise,
            },
        ),
        (
            revoked(date, None),
            OcspStatus::Revoked {
                date,
                reason: RevocationReason::Unspecified,
            },
        ),
    ] {
        let answer = world.judge(|response| response.responses[0].status = der);
        assert_eq!(answer.unwrap().status(), status);
    }
    let unassigned = world.judge(|response| response.responses[0].status = revoked(date, Some(7)));
    assert!(matches!(unassigned, Err(OcspError::Malformed(_))));
}

#[test]
fn only_the_key_of_the_responder_signs() {
    let world = World::new();
    let response = world.good();
    let good = response.signed_by(world.ca.key());
    world.question().verify(&good, NOW).unwrap();

    let forged = response.signed_by(&KeyPair::generate().unwrap());
    let error = world.question().verify(&forged, NOW).unwrap_err();
    assert!(matches!(error, OcspError::BadSignature { .. }), "{error:?}");

    let weak = world.judge(|response| response.algorithm = ECDSA_SHA1.to_vec());
    assert!(matches!(weak, Err(OcspError::WeakSignature { .. })));
}

#[test]
fn an_answer_is_about_this_certificate_of_this_issuer() {
    let world = World::new();
    let second = World::new();
    let id = sha256_id(&world.leaf, &world.issuer);
    world
        .judge(|response| response.responses[0].cert_id = id)
        .unwrap();

    for id in [
        sha1_id(&second.leaf, &world.issuer),
        sha1_id(&world.leaf, &second.issuer),
        sha256_id(&second.leaf, &world.issuer),
    ] {
        let error = world
            .judge(|response| response.responses[0].cert_id = id)
            .unwrap_err();
        assert!(matches!(error, OcspError::OtherCertificate), "{error:?}");
    }
    let none = world.judge(|response| response.responses.clear());
    assert!(matches!(none, Err(OcspError::OtherCertificate)));
}

#[test]
fn of_several_answers_about_one_certificate_the_worst_counts() {
    let world = World::new();
    let answer = world.judge(|response| {
        let mut second = response.responses[0].clone();
        second.status = revoked(NOW, None);
        response.responses.insert(0, second);
    });
    assert!(matches!(
        answer.unwrap().status(),
        OcspStatus::Revoked { .. }
    ));
}

#[test]
fn an_answer_counts_from_this_update_to_next_update_and_five_minutes_around() {
    let world = World::new();
    let minute = Duration::minutes(1);
    for (this_update, next_update, code) in [
        (NOW, Some(NOW), "ok"),
        (NOW + 5 * minute, Some(NOW + 9 * minute), "ok"),
        (NOW + 6 * minute, Some(NOW + 9 * minute), "not-yet-valid"),
        (NOW - 9 * minute, Some(NOW - 5 * minute), "ok"),
        (NOW - 9 * minute, Some(NOW - 6 * minute), "stale"),
        (NOW - 5 * minute, None, "ok"),
        (NOW - 6 * minute, None, "no-next-update"),
    ] {
        let result = world.judge(|response| {
            response.responses[0].this_update = this_update;
            response.responses[0].next_update = next_update;
        });
        let got = match &result {
            Ok(_) => "ok",
            Err(OcspError::NotYetValid { .. }) => "not-yet-valid",
            Err(OcspError::Stale { .. }) => "stale",
            Err(OcspError::NoNextUpdate { .. }) => "no-next-update",
            Err(_) => "other",
        };
        assert_eq!(got, code, "{this_update} {next_update:?}: {result:?}");
    }
}

#[test]
fn a_nonce_that_was_sent_comes_back() {
    let world = World::new();
    let question = |byte| world.question().nonce(Nonce::new([byte; 32]));
    let nonce = extension(NONCE, false, &tlv(0x04, [7; 32]));
    let mut response = world.good();
    let without = response.signed_by(world.ca.key());
    response.extensions = vec![nonce.clone()];
    let with = response.signed_by(world.ca.key());
    response.extensions = vec![nonce.clone(), nonce];
    let twice = response.signed_by(world.ca.key());

    question(7).verify(&with, NOW).unwrap();
    world.question().verify(&with, NOW).unwrap();
    let error = question(8).verify(&with, NOW).unwrap_err();
    assert!(matches!(error, OcspError::NonceMismatch), "{error:?}");
    let error = question(7).verify(&without, NOW).unwrap_err();
    assert!(matches!(error, OcspError::NonceMissing), "{error:?}");
    let error = question(7).verify(&twice, NOW).unwrap_err();
    assert!(
        matches!(error, OcspError::DuplicateExtension(_)),
        "{error:?}"
    );
}

#[test]
fn a_critical_extension_is_obeyed_or_refused() {
    let world = World::new();
    for (critical, accepted) in [(false, true), (true, false)] {
        let unknown = extension(UNHEARD_OF, critical, &[5, 0]);
        let of_response = world.judge(|response| response.extensions.push(unknown.clone()));
        let of_single =
            world.judge(|response| response.responses[0].extensions.push(unknown.clone()));
        for result in [of_response, of_single] {
            match result {
                Ok(_) => assert!(accepted),
                Err(error) => assert!(
                    !accepted && matches!(error, OcspError::UnknownCriticalExtension(_)),
                    "{error:?}"
                ),
            }
        }
    }
}

#[test]
fn a_delegate_answers_if_the_issuer_itself_appointed_it() {
    let world = World::new();
    let delegated = |issued_by: &Ca, params| world.delegated(world.question(), issued_by, &params);
    delegated(&world.ca, delegate("Responder")).unwrap();

    let sub = world.ca.issuing("Issuing");
    let impostor = root_ca("Root");
    for (case, issued_by, params) in [
        ("a CA below", &sub, delegate("Responder")),
        ("another of that name", &impostor, delegate("Responder")),
    ] {
        let error = delegated(issued_by, params).unwrap_err();
        assert!(
            is_responder(&error, |source| matches!(source, ResponderError::NotIssued)),
            "{case}: {error:?}"
        );
    }
}

/// What a test looks for in the reason.
type Wanted = fn(&ResponderError) -> bool;

#[test]
fn a_delegate_is_valid_and_for_signing_answers() {
    let world = World::new();
    let critical = |oid: &[u64]| {
        let mut extension = CustomExtension::from_oid_content(oid, vec![5, 0]);
        extension.set_criticality(true);
        extension
    };
    let usage = |usages: Vec<KeyUsagePurpose>| {
        with(delegate("Responder"), |params| params.key_usages = usages)
    };
    let accepted = [
        ("no key usage", usage(vec![])),
        (
            "nonRepudiation",
            usage(vec![KeyUsagePurpose::ContentCommitment]),
        ),
        (
            "nocheck, critical",
            with(delegate("Responder"), |params| {
                params.custom_extensions = vec![critical(NOCHECK)];
            }),
        ),
        (
            "ends now",
            with(delegate("Responder"), |params| params.not_after = NOW),
        ),
        (
            "begins now",
            with(delegate("Responder"), |params| params.not_before = NOW),
        ),
    ];
    for (case, params) in accepted {
        let result = world.delegated(world.question(), &world.ca, &params);
        assert!(result.is_ok(), "{case}: {result:?}");
    }

    let eku = |usage| {
        with(delegate("Responder"), |params| {
            params.extended_key_usages = usage
        })
    };
    let refused: [(&str, CertificateParams, Wanted); 7] = [
        ("no usage", eku(vec![]), |e| {
            matches!(e, ResponderError::NoOcspSigning)
        }),
        ("any usage", eku(vec![ExtendedKeyUsagePurpose::Any]), |e| {
            matches!(e, ResponderError::NoOcspSigning)
        }),
        ("a client", client("client2"), |e| {
            matches!(e, ResponderError::NoOcspSigning)
        }),
        (
            "key usage",
            usage(vec![KeyUsagePurpose::KeyAgreement]),
            |e| matches!(e, ResponderError::KeyUsage),
        ),
        (
            "ended",
            with(delegate("Responder"), |params| {
                params.not_after = NOW - Duration::SECOND
            }),
            |e| matches!(e, ResponderError::Expired(_)),
        ),
        (
            "begins",
            with(delegate("Responder"), |params| {
                params.not_before = NOW + Duration::SECOND
            }),
            |e| matches!(e, ResponderError::NotYetValid(_)),
        ),
        (
            "critical extension",
            with(delegate("Responder"), |params| {
                params.custom_extensions = vec![critical(&[1, 3, 6, 1, 4, 1, 54458, 1])]
            }),
            |e| matches!(e, ResponderError::UnknownCriticalExtension(_)),
        ),
    ];
    for (case, params, wanted) in refused {
        let error = world
            .delegated(world.question(), &world.ca, &params)
            .unwrap_err();
        assert!(is_responder(&error, wanted), "{case}: {error:?}");
    }
}

#[test]
fn a_delegate_is_looked_up_unless_it_is_exempt() {
    let world = World::new();
    let plain = delegate("Responder");
    let exempt = with(delegate("Exempt"), |params| {
        params.custom_extensions = vec![CustomExtension::from_oid_content(NOCHECK, vec![5, 0])];
    });
    let list =
        |revoked: &[&CertificateParams]| crls(&[&crl_der(&world.ca, &crl_params(1, revoked))]);
    let (clean, dirty) = (list(&[&world.client]), list(&[&plain, &exempt]));
    let judge = |revocation: Option<&Revocation>, params| {
        let question = match revocation {
            Some(revocation) => {
                OcspRequest::for_certificate(&world.leaf, &world.issuer).delegates(revocation)
            }
            None => world.question(),
        };
        world.delegated(question, &world.ca, params)
    };
    judge(None, &plain).unwrap();
    judge(Some(&clean), &plain).unwrap();
    judge(Some(&dirty), &exempt).unwrap();
    let error = judge(Some(&dirty), &plain).unwrap_err();
    assert!(
        is_responder(&error, |e| matches!(e, ResponderError::Revocation(_))),
        "{error:?}"
    );
}

#[test]
fn a_delegate_that_did_not_sign_is_none() {
    let world = World::new();
    let der = world.ca.sign(&delegate("Responder"));
    let certificate = Certificate::from_der(&der).unwrap();
    let mut response = world.good();
    response.responder_id = by_name(&certificate);
    response.certs = vec![der.to_vec()];
    let forged = response.signed_by(&KeyPair::generate().unwrap());
    let error = world.question().verify(&forged, NOW).unwrap_err();
    assert!(matches!(error, OcspError::BadSignature { .. }), "{error:?}");
}

#[test]
fn what_is_no_answer_says_so() {
    let world = World::new();
    for (status, name) in [
        (1, "malformedRequest"),
        (2, "internalError"),
        (3, "tryLater"),
        (5, "sigRequired"),
        (6, "unauthorized"),
    ] {
        let bytes = tlv(0x30, tlv(0x0A, [status]));
        let error = world.question().verify(&bytes, NOW).unwrap_err();
        assert!(
            matches!(error, OcspError::Unsuccessful { status } if status == name),
            "{error:?}"
        );
    }
    let bare_success = tlv(0x30, tlv(0x0A, [0]));
    let mut trailing = world.good().signed_by(world.ca.key());
    trailing.push(0);
    for bytes in [
        &b""[..],
        b"<html>",
        &bare_success,
        &trailing,
        &tlv(0x30, tlv(0x0A, [4])),
    ] {
        let error = world.question().verify(bytes, NOW).unwrap_err();
        assert!(matches!(error, OcspError::Malformed(_)), "{error:?}");
    }
    let other_type = world.judge(|response| response.response_type = UNHEARD_OF.to_vec());
    assert!(matches!(other_type, Err(OcspError::UnknownType(_))));
}

#[test]
fn an_answer_has_a_limit_on_everything() {
    let world = World::new();
    let too_large = |result: Result<OcspAnswer, OcspError>| {
        assert!(matches!(result, Err(OcspError::TooLarge)), "{result:?}");
    };
    too_large(
        world
            .question()
            .verify(&vec![0x30; MAX_RESPONSE_LEN + 1], NOW),
    );
    too_large(world.judge(|response| response.certs = vec![world.ca.der().to_vec(); 11]));
    too_large(world.judge(|response| response.responses = vec![response.responses[0].clone(); 65]));
    too_large(world.judge(|response| {
        response.extensions = (0..17)
            .map(|n| extension(&[0x2A, n], false, &[5, 0]))
            .collect();
    }));
    world
        .judge(|response| response.certs = vec![world.ca.der().to_vec(); 10])
        .unwrap();
}

#[test]
fn an_answer_that_is_cut_or_changed_anywhere_is_not_believed() {
    let world = World::new();
    let good = world.good().signed_by(world.ca.key());
    for cut in 0..good.len() {
        assert!(world.question().verify(&good[..cut], NOW).is_err(), "{cut}");
    }
    for position in 0..good.len() {
        for flip in [1, 0x80] {
            let mut bytes = good.clone();
            bytes[position] ^= flip;
            let result = world.question().verify(&bytes, NOW);
            assert!(result.is_err(), "octet {position} of {}", good.len());
        }
    }
}

#[test]
fn a_certificate_says_whether_it_needs_a_staple() {
    const TLS_FEATURE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 24];
    let ca = root_ca("Root");
    for (value, needs) in [
        (Some(vec![0x30, 3, 2, 1, 5]), true),
        (Some(vec![0x30, 6, 2, 1, 17, 2, 1, 5]), true),
        (Some(vec![0x30, 3, 2, 1, 17]), false),
        (Some(vec![0x05, 0]), false),
        (None, false),
    ] {
        let params = with(client("client1"), |params| {
            let value = value.clone();
            let extension = |value| CustomExtension::from_oid_content(TLS_FEATURE, value);
            params.custom_extensions = value.map(extension).into_iter().collect();
        });
        let certificate = Certificate::from_der(&ca.sign(&params)).unwrap();
        assert_eq!(must_staple(&certificate), needs, "{value:?}");
    }
}

fn is_responder(error: &OcspError, wanted: impl Fn(&ResponderError) -> bool) -> bool {
    matches!(error, OcspError::Responder { source, .. } if wanted(source))
}
