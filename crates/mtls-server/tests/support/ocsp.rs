//! A CA with a responder that answers as a test says.

use std::sync::{Arc, Mutex};

use pki_core::{
    Authority, CertificateParameters, KeyKind, KeyPair, Profile,
    ocsp::{IncomingRequest, OcspResponder, OcspStatus, OcspValidity},
    verify::{ChainVerifier, Path, Purpose, TrustAnchors, unix_time},
};
use rustls::pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName};

use super::origin::{Origin, Reply};

pub struct OcspWorld {
    pub root: Arc<Authority>,
    pub origin: Origin,
    says: Arc<Mutex<Says>>,
}

/// What the responder says.
#[derive(Clone)]
pub enum Says {
    Status(OcspStatus, Option<Duration>),
    Raw(Reply),
    /// The bytes of an answer from before.
    Again(Vec<u8>),
}

impl OcspWorld {
    pub async fn new() -> Self {
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        let now = OffsetDateTime::now_utc();
        let root = Authority::root(name("Root"), key, &Profile::root(), now).unwrap();
        let root = Arc::new(root);
        let says = Arc::new(Mutex::new(Says::Status(
            OcspStatus::Good,
            Some(Duration::DAY),
        )));
        let (authority, told) = (Arc::clone(&root), Arc::clone(&says));
        let origin = Origin::start(move |request| match told.lock().unwrap().clone() {
            Says::Status(status, life) => {
                let body = answer(&authority, &request.body, status, life);
                Reply::with(
                    "200 OK",
                    &[("Content-Type", "application/ocsp-response")],
                    body,
                )
            }
            Says::Raw(reply) => reply,
            Says::Again(body) => Reply::ok(body),
        })
        .await;
        Self { root, origin, says }
    }

    pub fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    pub fn status(&self, status: OcspStatus) {
        self.say(Says::Status(status, Some(Duration::DAY)));
    }

    pub fn asked(&self) -> usize {
        self.origin.requests().len()
    }

    /// A client that names this world's responder.
    pub fn client(&self) -> Path {
        self.client_naming(&[&self.origin.url("/ocsp")])
    }

    pub fn client_naming(&self, responders: &[&str]) -> Path {
        let mut profile = Profile::client();
        profile.ocsp = responders.iter().map(ToString::to_string).collect();
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        let certificate = self.issue(
            &CertificateParameters::for_key(key.public_key_der(), name("c")),
            &profile,
        );
        let anchors = TrustAnchors::from_certs([self.root.certificate().der()]).unwrap();
        ChainVerifier::builder(anchors, Purpose::TlsClient)
            .build()
            .verify(
                &CertificateDer::from(certificate.der()),
                &[],
                unix_time(OffsetDateTime::now_utc()),
            )
            .unwrap()
    }

    pub fn issue(&self, request: &CertificateParameters, profile: &Profile) -> Certificate {
        let now = OffsetDateTime::now_utc();
        let issued = self.root.issue(request, profile, now).unwrap();
        issued.certificate().clone()
    }
}

pub fn answer(
    authority: &Authority,
    request: &[u8],
    status: OcspStatus,
    life: Option<Duration>,
) -> Vec<u8> {
    let now = OffsetDateTime::now_utc();
    let validity = OcspValidity {
        this_update: now,
        next_update: life.map(|life| now + life),
    };
    let request = IncomingRequest::from_der(request).unwrap();
    OcspResponder::authority(authority)
        .respond(&request, &[status], validity, now)
        .unwrap()
}

pub fn name(common_name: &str) -> DistinguishedName {
    let name = DistinguishedName::builder().common_name(common_name);
    name.build().unwrap()
}
