//! A CA of each kind of key, with all that it signs, judged by the chain verifier and by the readers of CRLs and OCSP.
use pki_core::ocsp::{IncomingRequest, OcspRequest, OcspResponder, OcspStatus, OcspValidity};
use pki_core::verify::{
    ChainVerifier, CrlSet, Purpose, Revocation, RevocationReason, TrustAnchors, VerifyError,
    unix_time,
};
use pki_core::{
    Authority, CertificateParameters, CertificateRequest, CrlBuilder, CsrError, IssueError, Issued,
    KeyKind, KeyPair, Profile, Signer as _, lint,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName, KeyUsageBit};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

struct Pki {
    root: Authority,
    issuing: Authority,
}

impl Pki {
    fn of(kind: KeyKind) -> Self {
        let key = || KeyPair::generate(kind).unwrap();
        let root_profile = Profile::root().with_keys([kind]);
        let root = Authority::root(named("Root"), key(), &root_profile, NOW).unwrap();
        let own = key();
        let parameters = CertificateParameters::for_key(own.public_key_der(), named("Issuing"));
        let profile = Profile::issuing_ca().with_keys([kind]);
        let issued = root.issue(&parameters, &profile, NOW).unwrap();
        let chain = vec![issued.certificate().clone(), root.certificate().clone()];
        let issuing = Authority::new(chain, own).unwrap();
        Self { root, issuing }
    }

    fn leaf(&self, key: &KeyPair, profile: &Profile) -> Issued {
        let name = "api.example.org";
        let request = request(key, name);
        let csr = CertificateRequest::from_der(&request).unwrap();
        assert_eq!(csr.key_kind(), key.kind());
        let parameters = CertificateParameters::from_csr(&csr);
        self.issuing.issue(&parameters, profile, NOW).unwrap()
    }

    fn verify(
        &self,
        leaf: &Certificate,
        purpose: Purpose,
        crls: Option<CrlSet>,
    ) -> Result<(), VerifyError> {
        let anchors =
            TrustAnchors::from_pem(pki_core::certificate_pem(self.root.certificate()).as_bytes());
        let mut verifier = ChainVerifier::builder(anchors.unwrap(), purpose);
        if let Some(crls) = crls {
            verifier = verifier.revocation(Revocation::new(crls));
        }
        let chain = [self.issuing.certificate().der().into()];
        let verdict = verifier
            .build()
            .verify(&leaf.der().into(), &chain, unix_time(NOW));
        verdict.map(drop)
    }
}

/// RSA of 4096 bits takes seconds to make, and differs from the smaller ones in nothing.
fn kinds() -> impl Iterator<Item = KeyKind> {
    KeyKind::ALL
        .into_iter()
        .filter(|kind| *kind != KeyKind::Rsa4096)
}

#[test]
fn a_chain_of_each_kind_is_accepted_until_it_is_revoked() {
    for kind in kinds() {
        let pki = Pki::of(kind);
        let key = KeyPair::generate(kind).unwrap();
        for (profile, purpose) in [
            (Profile::server(), Purpose::TlsServer),
            (Profile::client(), Purpose::TlsClient),
        ] {
            let issued = pki.leaf(&key, &profile.with_keys([kind]));
            let leaf = issued.certificate();
            // Browsers take few kinds.
            let findings = lint(leaf).into_iter();
            let rules: Vec<_> = findings.map(|finding| finding.rule).collect();
            let few = matches!(kind, KeyKind::P256 | KeyKind::P384) || kind.is_rsa();
            let noticed = purpose == Purpose::TlsServer && !few;
            assert_eq!(
                rules,
                Vec::from_iter(noticed.then_some("server-key-kind")),
                "{kind}"
            );
            let usage = leaf.key_usage().unwrap();
            assert!(usage.contains(KeyUsageBit::DigitalSignature));
            assert_eq!(
                usage.contains(KeyUsageBit::KeyEncipherment),
                kind.is_rsa() && purpose == Purpose::TlsServer
            );
            pki.verify(leaf, purpose, None).unwrap();

            let list = |revoked: bool| {
                let list = CrlBuilder::new(1, NOW, NOW + Duration::days(7));
                let serial = leaf.serial().clone();
                let list = if revoked {
                    list.revoke(serial, NOW, RevocationReason::KeyCompromise)
                } else {
                    list
                };
                let own = list.sign(&pki.issuing).unwrap();
                let roots = CrlBuilder::new(1, NOW, NOW + Duration::days(7));
                let roots = roots.sign(&pki.root).unwrap();
                CrlSet::from_pem_or_der([own.der(), roots.der()]).unwrap()
            };
            pki.verify(leaf, purpose, Some(list(false))).unwrap();
            let refused = pki.verify(leaf, purpose, Some(list(true))).unwrap_err();
            assert_eq!(refused.code(), "revoked", "{kind}");
        }
        assert_eq!(lint(pki.root.certificate()), [], "{kind}");
        assert_eq!(lint(pki.issuing.certificate()), [], "{kind}");
    }
}

#[test]
fn a_responder_of_each_kind_is_believed_and_another_is_not() {
    for kind in kinds() {
        let pki = Pki::of(kind);
        let key = KeyPair::generate(kind).unwrap();
        let client = pki.leaf(&key, &Profile::client().with_keys([kind]));
        let parameters = CertificateParameters::for_key(key.public_key_der(), named("OCSP"));
        let delegate = pki
            .issuing
            .issue(&parameters, &Profile::ocsp_responder(), NOW);
        let delegate = delegate.unwrap();
        let question =
            OcspRequest::for_certificate(client.certificate(), pki.issuing.certificate());
        let validity = OcspValidity {
            this_update: NOW,
            next_update: Some(NOW + Duration::days(1)),
        };
        let ask = |key: &KeyPair| {
            let issuer = pki.issuing.certificate();
            let responder = OcspResponder::delegate(issuer, delegate.certificate(), key);
            let request = question.to_der().unwrap();
            let request = IncomingRequest::from_der(&request).unwrap();
            let response = responder.respond(&request, &[OcspStatus::Good], validity, NOW);
            question.verify(&response.unwrap(), NOW)
        };
        assert_eq!(ask(&key).unwrap().status(), OcspStatus::Good, "{kind}");
        assert!(ask(&KeyPair::generate(kind).unwrap()).is_err(), "{kind}");
    }
}

#[test]
fn a_request_with_another_signature_is_refused() {
    for kind in kinds() {
        let key = KeyPair::generate(kind).unwrap();
        let mut request = request(&key, "client1.example.org");
        *request.last_mut().unwrap() ^= 1;
        let refused = CertificateRequest::from_der(&request);
        assert!(matches!(refused, Err(CsrError::BadSignature)), "{kind}");
    }
}

#[test]
fn a_leaf_gets_a_kind_that_few_peers_know_only_where_its_profile_asks_for_it() {
    let pki = Pki::of(KeyKind::P256);
    for (kind, profile, allowed) in [
        (KeyKind::P521, Profile::client(), true),
        (KeyKind::P521, Profile::server(), false),
        (KeyKind::MlDsa65, Profile::client(), false),
        (KeyKind::MlDsa65, Profile::server(), false),
        (
            KeyKind::MlDsa65,
            Profile::client().with_keys([KeyKind::MlDsa65]),
            true,
        ),
        (
            KeyKind::MlDsa44,
            Profile::client().with_keys([KeyKind::MlDsa65]),
            false,
        ),
    ] {
        let key = KeyPair::generate(kind).unwrap();
        let csr = CertificateRequest::from_der(&request(&key, "api.example.org")).unwrap();
        let parameters = CertificateParameters::from_csr(&csr);
        match pki.issuing.issue(&parameters, &profile, NOW) {
            Ok(_) => assert!(allowed, "{kind}"),
            Err(IssueError::Refused(findings)) => {
                assert!(!allowed && findings[0].rule == "key-kind", "{kind}");
                assert!(findings[0].sentence.contains(&kind.to_string()));
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn kinds_are_written_in_toml_as_they_are_documented() {
    let names = [
        "p256", "p384", "p521", "rsa2048", "rsa3072", "rsa4096", "ed25519",
    ];
    let names = names
        .into_iter()
        .chain(["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"]);
    for (kind, name) in KeyKind::ALL.into_iter().zip(names) {
        assert_eq!(
            toml::Value::try_from(kind).unwrap(),
            toml::Value::from(name)
        );
        assert_eq!(toml::Value::from(name).try_into::<KeyKind>().unwrap(), kind);
    }
}

/// A CSR by rcgen, signed by the key.
fn request(key: &KeyPair, name: &str) -> Vec<u8> {
    let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    let request = params.serialize_request(&Applicant::of(key)).unwrap();
    request.der().to_vec()
}

/// A key as rcgen takes it, which cannot read ML-DSA keys itself.
struct Applicant<'a> {
    key: &'a KeyPair,
    bits: Vec<u8>,
}

impl<'a> Applicant<'a> {
    fn of(key: &'a KeyPair) -> Self {
        let spki = spki::SubjectPublicKeyInfoRef::try_from(key.public_key_der()).unwrap();
        let bits = spki.subject_public_key.raw_bytes().to_vec();
        Self { key, bits }
    }
}

impl rcgen::PublicKeyData for Applicant<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.bits
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match self.key.kind() {
            KeyKind::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyKind::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            KeyKind::P521 => &rcgen::PKCS_ECDSA_P521_SHA512,
            KeyKind::Ed25519 => &rcgen::PKCS_ED25519,
            KeyKind::MlDsa44 => &rcgen::PKCS_ML_DSA_44,
            KeyKind::MlDsa65 => &rcgen::PKCS_ML_DSA_65,
            KeyKind::MlDsa87 => &rcgen::PKCS_ML_DSA_87,
            _ => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl rcgen::SigningKey for Applicant<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.key
            .sign(message)
            .map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

fn named(common_name: &str) -> DistinguishedName {
    DistinguishedName::builder()
        .common_name(common_name)
        .build()
        .unwrap()
}
