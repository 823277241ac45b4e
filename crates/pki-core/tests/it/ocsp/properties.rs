//! No bytes from outside panic, and none that nobody signed are believed.

use std::sync::LazyLock;

use pki_core::ocsp::{
    IncomingRequest, Nonce, OcspRequest, OcspResponder, OcspStatus, OcspValidity, RespondError,
};
use pki_core::{Authority, KeyKind, KeyPair, Profile};
use proptest::collection::vec;
use proptest::prelude::*;
use x509_identity::{Certificate, DistinguishedName};

use crate::ocsp_kit::UnsignedResponse;
use crate::verify_kit::{NOW, client, root_ca};

struct World {
    issuer: Certificate,
    leaf: Certificate,
    response: Vec<u8>,
    responder: Authority,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let ca = root_ca("Root");
    let issuer = Certificate::from_der(ca.der()).unwrap();
    let leaf = Certificate::from_der(&ca.sign(&client("client1"))).unwrap();
    let response = UnsignedResponse::good(&leaf, &issuer).signed_by(ca.key());
    let name = DistinguishedName::builder().common_name("Root");
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    World {
        issuer,
        leaf,
        response,
        responder: Authority::root(name.build().unwrap(), key, &Profile::root(), NOW).unwrap(),
    }
});

impl World {
    fn question(&self) -> OcspRequest<'_> {
        OcspRequest::for_certificate(&self.leaf, &self.issuer)
    }

    /// A request that can be read can be answered, with a nonce or without.
    fn answer(&self, request: &[u8]) {
        let validity = OcspValidity {
            this_update: NOW,
            next_update: None,
        };
        let Ok(request) = IncomingRequest::from_der(request) else {
            return;
        };
        assert!(
            request
                .nonce()
                .is_none_or(|nonce| (1..=128).contains(&nonce.len()))
        );
        let statuses = vec![OcspStatus::Good; request.serials().len()];
        let responder = OcspResponder::authority(&self.responder);
        match responder.respond(&request, &statuses, validity, NOW) {
            Ok(_) => assert!(responder.is_for(&request)),
            Err(error) => assert!(matches!(error, RespondError::OtherIssuer), "{error:?}"),
        }
    }
}

/// `original` with a part replaced.
fn spliced(original: &[u8], at: usize, len: usize, with: &[u8]) -> Vec<u8> {
    let at = at % original.len();
    let end = (at + len).min(original.len());
    [&original[..at], with, &original[end..]].concat()
}

proptest! {
    #[test]
    fn a_response_is_believed_as_it_was_signed_or_not_at_all(
        at in 0..1000_usize,
        len in 0..20_usize,
        with in vec(any::<u8>(), 0..20),
    ) {
        let bytes = spliced(&WORLD.response, at, len, &with);
        let believed = WORLD.question().verify(&bytes, NOW).is_ok();
        prop_assert_eq!(believed, bytes == WORLD.response);
    }

    #[test]
    fn a_request_of_any_bytes_is_answered(
        at in 0..1000_usize,
        len in 0..20_usize,
        with in vec(any::<u8>(), 0..40),
    ) {
        let issuer = WORLD.responder.certificate();
        let question = OcspRequest::for_certificate(&WORLD.leaf, issuer);
        let request = question.nonce(Nonce::new([7; 32])).to_der().unwrap();
        WORLD.answer(&spliced(&request, at, len, &with));
        WORLD.answer(&with);
    }
}
