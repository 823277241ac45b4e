//! What a responder of ours says, and that a client of ours believes it for what it is.

use pki_core::ocsp::{
    CertIdHash, IncomingRequest, IncomingRequestError, Nonce, OcspError, OcspRequest,
    OcspResponder, OcspStatus, OcspValidity, RespondError, UnsignedResponse, must_staple,
    responder_urls,
};
use pki_core::verify::RevocationReason;
use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName};

use crate::ocsp_kit::{NONCE, UNHEARD_OF, sha1_id};
use crate::verify_kit::tlv;

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
                let request = incoming(&question);
                assert!(request.serials().eq([client.serial().clone()]));
                let response = responder.respond(&request, &[status], day(), NOW);
                let answer = question.verify(&response.unwrap(), NOW).unwrap();
                assert_eq!(answer.status(), status);
                assert_eq!(answer.next_update(), Some(NOW + Duration::days(1)));
            }
        }
    }

    // A client's certificate makes no responder.
    let impostor = OcspResponder::delegate(root.certificate(), &client, &key);
    let response = impostor.respond(&incoming(&question), &[OcspStatus::Good], day(), NOW);
    let error = question.verify(&response.unwrap(), NOW).unwrap_err();
    assert!(matches!(error, OcspError::Responder { .. }), "{error:?}");
}

#[test]
fn a_responder_is_named_by_its_key_and_a_delegate_sends_its_certificate() {
    let root = root();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let client = issue(&root, &key, "client1", &Profile::client());
    let responder = issue(&root, &key, "responder", &Profile::ocsp_responder());
    let request = incoming(&OcspRequest::for_certificate(&client, root.certificate()));
    let contains = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|it| it == part);
    for (signer, responder, delegate) in [
        (root.certificate(), OcspResponder::authority(&root), false),
        (
            &responder,
            OcspResponder::delegate(root.certificate(), &responder, &key),
            true,
        ),
    ] {
        let response = responder.respond(&request, &[OcspStatus::Good], day(), NOW);
        let response = response.unwrap();
        // ResponderID: [2] EXPLICIT OCTET STRING.
        let by_key = [&[0xA2, 22, 4, 20], signer.subject_key_id().unwrap()].concat();
        assert!(contains(&response, &by_key));
        assert_eq!(contains(&response, signer.der()), delegate);
    }
}

#[test]
fn several_issuers_share_a_url_and_each_answers_for_its_own() {
    let roots = [root(), root()];
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let responders = roots.each_ref().map(OcspResponder::authority);
    for (root, other) in [(0, 1), (1, 0)] {
        let client = issue(&roots[root], &key, "client1", &Profile::client());
        for hash in [CertIdHash::Sha1, CertIdHash::Sha256] {
            let question =
                OcspRequest::for_certificate(&client, roots[root].certificate()).hash(hash);
            let request = incoming(&question);
            assert!(responders[root].is_for(&request));
            assert!(!responders[other].is_for(&request));
            let good = [OcspStatus::Good];
            let response = responders[root].respond(&request, &good, day(), NOW);
            question.verify(&response.unwrap(), NOW).unwrap();
            let refused = responders[other].respond(&request, &good, day(), NOW);
            assert!(matches!(refused, Err(RespondError::OtherIssuer)));
            let refused = responders[root].respond(&request, &[], day(), NOW);
            let Err(RespondError::StatusCount { asked: 1, given: 0 }) = refused else {
                unreachable!("{refused:?}");
            };
        }
    }
}

/// RFC 9654 section 2.1.
#[test]
fn a_nonce_of_1_to_128_octets_is_repeated_and_any_other_is_malformed() {
    let world = World::new();
    for len in [1, 16, 32, 128] {
        let nonce = vec![7; len];
        let request = world.request(&[&nonce_extension(&nonce)], &[]).unwrap();
        assert_eq!(request.nonce(), Some(nonce.as_slice()));
        let response = world.respond(&request);
        let repeated = nonce_extension(&nonce);
        assert!(response.windows(repeated.len()).any(|it| it == repeated));
    }
    for len in [0, 129, 1000] {
        let refused = world.request(&[&nonce_extension(&vec![7; len])], &[]);
        let Err(IncomingRequestError::NonceLength(got)) = refused else {
            unreachable!("{refused:?}");
        };
        assert_eq!(got, len);
    }
    // RFC 9654 has an OCTET STRING inside the extension's.
    let raw = tlv(0x30, [tlv(6, NONCE), tlv(4, [7; 16])].concat());
    let refused = world.request(&[&raw], &[]);
    assert!(matches!(refused, Err(IncomingRequestError::Malformed(_))));
    assert_eq!(world.request(&[], &[]).unwrap().nonce(), None);
}

#[test]
fn extensions_that_are_not_understood_are_passed_over_unless_they_are_critical() {
    let world = World::new();
    let plain = tlv(0x30, [tlv(6, UNHEARD_OF), tlv(4, [5, 0])].concat());
    let critical = tlv(
        0x30,
        [tlv(6, UNHEARD_OF), tlv(1, [0xff]), tlv(4, [5, 0])].concat(),
    );
    for (first, second) in [(&[&plain[..]][..], &[][..]), (&[], &[&plain[..]])] {
        let request = world.request(first, second).unwrap();
        assert_eq!(request.serials().len(), 1);
        let response = world.respond(&request);
        assert!(!response.windows(plain.len()).any(|it| it == plain));
    }
    for (first, second) in [(&[&critical[..]][..], &[][..]), (&[], &[&critical[..]])] {
        let refused = world.request(first, second);
        let Err(IncomingRequestError::UnknownCriticalExtension(_)) = refused else {
            unreachable!("{refused:?}");
        };
    }
    let refused = world.request(&[&plain, &plain], &[]);
    let Err(IncomingRequestError::DuplicateExtension(_)) = refused else {
        unreachable!("{refused:?}");
    };
}

#[test]
fn one_request_may_be_about_several_certificates_of_one_issuer() {
    let world = World::new();
    let other = World::new();
    let mine = sha1_id(&world.client, world.root.certificate());
    let ids = |ids: &[&[u8]]| {
        let list: Vec<_> = ids.iter().map(|id| tlv(0x30, id)).collect();
        IncomingRequest::from_der(&tlv(0x30, tlv(0x30, tlv(0x30, list.concat()))))
    };
    let responder = OcspResponder::authority(&world.root);

    let request = ids(&[&mine, &mine]).unwrap();
    assert_eq!(request.serials().len(), 2);
    let revoked = OcspStatus::Revoked {
        date: NOW,
        reason: RevocationReason::Unspecified,
    };
    let response = responder.respond(&request, &[OcspStatus::Good, revoked], day(), NOW);
    let question = OcspRequest::for_certificate(&world.client, world.root.certificate());
    let answer = question.verify(&response.unwrap(), NOW).unwrap();
    assert_eq!(answer.status(), revoked);

    let theirs = sha1_id(&other.client, other.root.certificate());
    assert!(!responder.is_for(&ids(&[&mine, &theirs]).unwrap()));
    assert!(ids(&[&mine[..]; 16]).is_ok());
    let refused = ids(&[&mine[..]; 17]);
    assert!(matches!(refused, Err(IncomingRequestError::TooLarge)));
    let refused = ids(&[]);
    assert!(matches!(refused, Err(IncomingRequestError::NoCertificate)));
}

#[test]
fn what_is_no_request_is_malformed() {
    let world = World::new();
    let question = OcspRequest::for_certificate(&world.client, world.root.certificate());
    let request = question.to_der().unwrap();
    for request in [&b""[..], b"hello", &request[..request.len() - 1]] {
        let refused = IncomingRequest::from_der(request);
        assert!(matches!(refused, Err(IncomingRequestError::Malformed(_))));
    }
    let refused = IncomingRequest::from_der(&[0x30; 20_000]);
    assert!(matches!(refused, Err(IncomingRequestError::TooLarge)));
}

#[test]
fn a_response_without_an_answer_says_why() {
    let world = World::new();
    let question = OcspRequest::for_certificate(&world.client, world.root.certificate());
    for (response, name) in [
        (UnsignedResponse::InternalError, "internalError"),
        (UnsignedResponse::MalformedRequest, "malformedRequest"),
        (UnsignedResponse::TryLater, "tryLater"),
        (UnsignedResponse::Unauthorized, "unauthorized"),
    ] {
        let error = question.verify(&response.to_der(), NOW).unwrap_err();
        let OcspError::Unsuccessful { status } = error else {
            unreachable!("{error:?}");
        };
        assert_eq!(status, name);
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

    // A certificate of somebody else may hold what a terminal obeys.
    let mut der = client.der().to_vec();
    let at = der
        .windows(urls[0].len())
        .position(|octets| octets == urls[0].as_bytes())
        .unwrap();
    der[at + 7] = 0x1b;
    let changed = Certificate::from_der(&der).unwrap();
    assert_eq!(responder_urls(&changed), urls[1..]);
}

fn incoming(question: &OcspRequest<'_>) -> IncomingRequest {
    IncomingRequest::from_der(&question.to_der().unwrap()).unwrap()
}

fn nonce_extension(nonce: &[u8]) -> Vec<u8> {
    tlv(0x30, [tlv(6, NONCE), tlv(4, tlv(4, nonce))].concat())
}

/// A CA and its client.
struct World {
    root: Authority,
    client: Certificate,
}

impl World {
    fn new() -> Self {
        let root = root();
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        let client = issue(&root, &key, "client1", &Profile::client());
        Self { root, client }
    }

    /// A request about the client, with these extensions of its own and of the part about the client.
    fn request(
        &self,
        extensions: &[&[u8]],
        single: &[&[u8]],
    ) -> Result<IncomingRequest, IncomingRequestError> {
        let list = |tag, extensions: &[&[u8]]| match extensions {
            [] => Vec::new(),
            some => tlv(tag, tlv(0x30, some.concat())),
        };
        let id = sha1_id(&self.client, self.root.certificate());
        let about = tlv(0x30, tlv(0x30, [id, list(0xA0, single)].concat()));
        let tbs = tlv(0x30, [about, list(0xA2, extensions)].concat());
        IncomingRequest::from_der(&tlv(0x30, tbs))
    }

    fn respond(&self, request: &IncomingRequest) -> Vec<u8> {
        let responder = OcspResponder::authority(&self.root);
        let response = responder.respond(request, &[OcspStatus::Good], day(), NOW);
        response.unwrap()
    }
}
