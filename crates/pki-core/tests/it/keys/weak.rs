//! Public keys that must not be certified, made by the definition of what is wrong with them, and those beside them that
//! are good. How they were made is in `data/README.md`.
use pki_core::{
    Authority, CertificateParameters, CertificateRequest, CsrError, IssueError, KeyBlocklist,
    KeyKind, KeyPair, Profile, WeakKey, check_public_key,
};
use time::OffsetDateTime;
use time::macros::datetime;
use x509_identity::{DistinguishedName, PublicKeyAlgorithm};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
const WEAK: &str = include_str!("../../data/keys-weak.txt");

/// Each name with its `SubjectPublicKeyInfo`.
fn keys() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    WEAK.split("# ").skip(1).map(|section| {
        let (name, pem) = section.split_once('\n').unwrap();
        let (_, der) = der::pem::decode_vec(pem.as_bytes()).unwrap();
        (name, der)
    })
}

fn expected(name: &str) -> Result<(), WeakKey> {
    Err(match name {
        "good" | "factor-757" | "close-131-rounds" | "exponent-65539" | "p256-good"
        | "ed25519-good" => return Ok(()),
        "exponent-3" | "exponent-65536" | "exponent-2-to-256-plus-1" => WeakKey::Exponent,
        "modulus-even" => WeakKey::SmallFactor { factor: 2 },
        "factor-751" => WeakKey::SmallFactor { factor: 751 },
        "square" | "close-95-rounds" => WeakKey::ClosePrimes,
        "roca-2048" | "roca-3072" => WeakKey::Roca,
        "p256-compressed" | "p256-off-curve" | "p256-infinity" | "p256-short" => {
            WeakKey::NotOnCurve
        }
        "ed25519-short" | "ml-dsa-44-short" => WeakKey::Malformed,
        point if point.starts_with("ed25519-small-order") => WeakKey::SmallOrder,
        other => panic!("{other}"),
    })
}

#[test]
fn a_weak_key_is_told_from_the_good_one_beside_it() {
    for (name, key) in keys() {
        assert_eq!(check_public_key(&key), expected(name), "{name}");
    }
    for kind in KeyKind::ALL {
        let key = KeyPair::generate(kind).unwrap();
        assert_eq!(check_public_key(key.public_key_der()), Ok(()), "{kind}");
    }
    assert_eq!(check_public_key(b""), Err(WeakKey::Malformed));
}

#[test]
fn a_weak_key_is_not_certified_whoever_asks_for_it() {
    let root = root();
    for (name, key) in keys() {
        let algorithm = PublicKeyAlgorithm::from_spki(&key).unwrap();
        if KeyKind::of_public_key(algorithm).is_none() {
            continue; // of no size that anybody gets
        }
        let parameters = CertificateParameters::for_key(&key, named("device"));
        let profile = Profile::client().with_keys(KeyKind::ALL);
        match (root.issue(&parameters, &profile, NOW), expected(name)) {
            (Ok(issued), Ok(())) => assert_eq!(issued.certificate().spki_der(), key),
            (Err(IssueError::Refused(findings)), Err(weak)) => {
                assert_eq!(findings.len(), 1, "{name}: {findings:?}");
                assert_eq!(findings[0].rule, "weak-key");
                assert_eq!(findings[0].sentence, weak.to_string());
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// The key is looked at before its signature, which cannot be made for all of these.
#[test]
fn a_request_for_a_weak_key_is_refused_for_that() {
    for (name, key) in keys().filter(|(name, _)| !name.starts_with("ml-dsa")) {
        let algorithm = PublicKeyAlgorithm::from_spki(&key).unwrap();
        if KeyKind::of_public_key(algorithm).is_none() {
            continue;
        }
        let request = rcgen::CertificateParams::default()
            .serialize_request(&Unsigned::of(&key))
            .unwrap();
        match (CertificateRequest::from_der(request.der()), expected(name)) {
            (Err(CsrError::UnsafeKey(found)), Err(weak)) => assert_eq!(found, weak, "{name}"),
            (Err(CsrError::BadSignature), Ok(())) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_blocked_key_is_not_certified_and_another_is() {
    let [leaked, other] = [(); 2].map(|()| KeyPair::generate(KeyKind::P256).unwrap());
    let mut blocked = KeyBlocklist::default();
    blocked.block(leaked.public_key_der());
    let root = root().with_blocked_keys(blocked);
    let issue = |key: &KeyPair| {
        let parameters = CertificateParameters::for_key(key.public_key_der(), named("device"));
        root.issue(&parameters, &Profile::client(), NOW)
    };
    assert!(issue(&other).is_ok());
    let Err(IssueError::Refused(findings)) = issue(&leaked) else {
        panic!("a blocked key was certified");
    };
    assert_eq!(findings[0].rule, "blocked-key");
}

/// A public key as rcgen takes it, with a signature of nothing.
struct Unsigned {
    algorithm: &'static rcgen::SignatureAlgorithm,
    bits: Vec<u8>,
}

impl Unsigned {
    fn of(spki: &[u8]) -> Self {
        let algorithm = match PublicKeyAlgorithm::from_spki(spki).unwrap() {
            PublicKeyAlgorithm::EcP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            PublicKeyAlgorithm::Ed25519 => &rcgen::PKCS_ED25519,
            _ => &rcgen::PKCS_RSA_SHA256,
        };
        let spki = spki::SubjectPublicKeyInfoRef::try_from(spki).unwrap();
        let bits = spki.subject_public_key.raw_bytes().to_vec();
        Self { algorithm, bits }
    }
}

impl rcgen::PublicKeyData for Unsigned {
    fn der_bytes(&self) -> &[u8] {
        &self.bits
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.algorithm
    }
}

impl rcgen::SigningKey for Unsigned {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(vec![0; 64])
    }
}

fn root() -> Authority {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    Authority::root(named("root"), key, &Profile::root(), NOW).unwrap()
}

fn named(common_name: &str) -> DistinguishedName {
    let name = DistinguishedName::builder().common_name(common_name);
    name.build().unwrap()
}

#[test]
fn the_csr_of_another_key_does_not_make_a_weak_one_good() {
    let issuer = KeyPair::generate(KeyKind::P256).unwrap();
    let root = Authority::root("CN=Root".parse().unwrap(), issuer, &Profile::root(), NOW).unwrap();
    let own = KeyPair::generate(KeyKind::P256).unwrap();
    let csr = CertificateRequest::build(&own, &"CN=a".parse().unwrap(), &[]).unwrap();
    let weak = keys()
        .find(|(name, _)| *name == "p256-off-curve")
        .unwrap()
        .1;
    for (key, is_good) in [(own.public_key_der(), true), (&weak, false)] {
        let parameters = CertificateParameters::for_key(key, "CN=a".parse().unwrap());
        let issued = root.issue(&parameters.proven_by(&csr), &Profile::client(), NOW);
        match issued {
            Ok(_) => assert!(is_good),
            Err(IssueError::Refused(findings)) => {
                assert!(
                    !is_good && findings.iter().any(|it| it.rule == "weak-key"),
                    "{findings:?}"
                );
            }
            Err(other) => panic!("{other}"),
        }
    }
}
