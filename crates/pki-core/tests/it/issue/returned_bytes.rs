//! Certificates that the upstream's key has signed, and that no CA of ours would make: each is read by nobody, or refused.

use der::asn1::{Any, BitString, ObjectIdentifier, OctetString};
use der::{Decode as _, Encode as _, Tag, TagNumber};
use pki_core::{
    AllowedNames, AllowedSubject, Authority, CertificateParameters, KeyKind, KeyPair, Profile,
    ReturnedError, Signer as _,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

/// A CA elsewhere, what was approved here, and what it has made of it, in parts.
struct Made {
    key: KeyPair,
    here: Authority,
    approved_tbs: Vec<u8>,
    certificate: Certificate,
}

/// RFC 5280 section 4.1, of which only the order is known here.
#[derive(Clone)]
struct Parts(Vec<Any>);

const SERIAL: usize = 1;
const INNER_ALGORITHM: usize = 2;
const VALIDITY: usize = 4;
const SUBJECT: usize = 5;
const EXTENSIONS: usize = 7;

impl Made {
    fn new(subject: &DistinguishedName) -> Self {
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        let again = KeyPair::from_pem(key.secret_pkcs8_pem().as_bytes(), None).unwrap();
        let name = "CN=Upstream".parse().unwrap();
        let begin = NOW - Duration::DAY;
        let elsewhere = Authority::root(name, again, &Profile::root(), begin).unwrap();
        let here = Authority::without_key(elsewhere.chain().to_vec()).unwrap();
        let of_device = KeyPair::generate(KeyKind::P256).unwrap();
        let sans = ["a.example.org", "b.example.org"].map(|it| SubjectAltName::Dns(it.into()));
        let parameters =
            CertificateParameters::for_key(of_device.public_key_der(), subject.clone()).sans(sans);
        let mut profile = Profile::client().with_subject(AllowedSubject::any());
        profile.names = AllowedNames::any();
        let approved = here.prepare(&parameters, &profile, NOW).unwrap();
        let issued = elsewhere.issue(&parameters, &profile, NOW).unwrap();
        Self {
            key,
            approved_tbs: approved.tbs_der().to_vec(),
            certificate: issued.certificate().clone(),
            here,
        }
    }

    fn parts(&self) -> Parts {
        Parts(Vec::from_der(self.certificate.tbs_der()).unwrap())
    }

    /// What is found of these parts, signed by the upstream's key; `None` if they are no certificate.
    fn found(&self, parts: &Parts) -> Option<Result<(), ReturnedError>> {
        let tbs = parts.0.to_der().unwrap();
        let whole = Vec::<Any>::from_der(self.certificate.der()).unwrap();
        let signature = BitString::from_bytes(&self.key.sign(&tbs).unwrap()).unwrap();
        let certificate = [
            Any::from_der(&tbs).unwrap(),
            whole[1].clone(),
            Any::encode_from(&signature).unwrap(),
        ];
        let returned = Certificate::from_der(&certificate.to_vec().to_der().unwrap()).ok()?;
        Some(self.here.check_returned(&self.approved_tbs, &returned))
    }
}

impl Parts {
    fn extensions(&self) -> Vec<Any> {
        Vec::from_der(self.0[EXTENSIONS].value()).unwrap()
    }

    fn with_extensions(&self, extensions: Vec<Any>) -> Self {
        let tag = Tag::ContextSpecific {
            constructed: true,
            number: TagNumber(3),
        };
        self.with(
            EXTENSIONS,
            Any::new(tag, extensions.to_der().unwrap()).unwrap(),
        )
    }

    fn with(&self, index: usize, part: Any) -> Self {
        let mut parts = self.clone();
        parts.0[index] = part;
        parts
    }

    /// The extension with this number has this content; is critical or not.
    fn with_extension(&self, oid: &str, critical: bool, content: &[u8]) -> Self {
        let mut extensions = self.extensions();
        extensions.retain(|it| oid_of(it) != oid.parse().unwrap());
        extensions.push(extension(oid, critical, content));
        self.with_extensions(extensions)
    }

    fn content(&self, oid: &str) -> Vec<u8> {
        let extensions = self.extensions();
        let found = extensions
            .iter()
            .find(|it| oid_of(it) == oid.parse().unwrap());
        let fields = Vec::<Any>::from_der(&found.unwrap().to_der().unwrap()).unwrap();
        fields.last().unwrap().value().to_vec()
    }
}

fn oid_of(extension: &Any) -> ObjectIdentifier {
    let fields = Vec::<Any>::from_der(&extension.to_der().unwrap()).unwrap();
    fields[0].decode_as().unwrap()
}

fn extension(oid: &str, critical: bool, content: &[u8]) -> Any {
    let oid: ObjectIdentifier = oid.parse().unwrap();
    let mut fields = vec![Any::encode_from(&oid).unwrap()];
    if critical {
        fields.push(Any::encode_from(&true).unwrap());
    }
    let content = OctetString::new(content).unwrap();
    fields.push(Any::encode_from(&content).unwrap());
    Any::from_der(&fields.to_der().unwrap()).unwrap()
}

fn integer(content: &[u8]) -> Any {
    Any::new(Tag::Integer, content).unwrap()
}

fn sequence(content: &[Any]) -> Vec<u8> {
    content.to_vec().to_der().unwrap()
}

fn usages(oids: &[&str]) -> Vec<u8> {
    let oids = oids
        .iter()
        .map(|it| it.parse::<ObjectIdentifier>().unwrap());
    sequence(
        &oids
            .map(|it| Any::encode_from(&it).unwrap())
            .collect::<Vec<_>>(),
    )
}

const SAN: &str = "2.5.29.17";
const BASIC: &str = "2.5.29.19";
const USAGES: &str = "2.5.29.37";
const CLIENT: &str = "1.3.6.1.5.5.7.3.2";

#[test]
fn what_only_looks_otherwise_is_accepted() {
    let made = Made::new(&"CN=sensor-1".parse().unwrap());
    let parts = made.parts();
    made.found(&parts).unwrap().unwrap();
    // Another serial number, and the names in another order.
    made.found(&parts.with(SERIAL, integer(&[0x17; 16])))
        .unwrap()
        .unwrap();
    let mut names = Vec::<Any>::from_der(&parts.content(SAN)).unwrap();
    names.reverse();
    let reversed = parts.with_extension(SAN, false, &sequence(&names));
    made.found(&reversed).unwrap().unwrap();
    // An extension for whoever knows it.
    let more = parts.with_extension("1.3.6.1.4.1.99999.1", false, b"\x05\x00");
    made.found(&more).unwrap().unwrap();
    let nameless = Made::new(&DistinguishedName::default());
    nameless.found(&nameless.parts()).unwrap().unwrap();
}

#[test]
fn what_is_otherwise_is_refused_or_not_read() {
    let made = Made::new(&"CN=sensor-1".parse().unwrap());
    let parts = made.parts();
    let mut twice = parts.extensions();
    twice.push(extension(USAGES, false, &usages(&["1.3.6.1.5.5.7.3.1"])));
    let mut names = Vec::<Any>::from_der(&parts.content(SAN)).unwrap();
    // UPN, which Windows logs people in by.
    let upn = [
        Any::encode_from(
            &"1.3.6.1.4.1.311.20.2.3"
                .parse::<ObjectIdentifier>()
                .unwrap(),
        )
        .unwrap(),
        Any::new(
            Tag::ContextSpecific {
                constructed: true,
                number: TagNumber(0),
            },
            Any::new(Tag::Utf8String, b"admin@example.org".as_slice())
                .unwrap()
                .to_der()
                .unwrap(),
        )
        .unwrap(),
    ];
    let upn = Vec::<u8>::from(Any::from_der(&sequence(&upn)).unwrap().value());
    let other_name = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(0),
    };
    names.push(Any::new(other_name, upn).unwrap());
    let subject = DistinguishedName::builder()
        .common_name("sensor-1")
        .common_name("admin");
    let subject = subject.build().unwrap().to_der();
    let utc = |text: &[u8]| Any::new(Tag::UtcTime, text).unwrap();
    let validity =
        |from: &[u8], until: &[u8]| Any::from_der(&sequence(&[utc(from), utc(until)])).unwrap();
    // ecdsa-with-SHA1.
    let sha1: ObjectIdentifier = "1.2.840.10045.4.1".parse().unwrap();
    let sha1 = sequence(&[Any::encode_from(&sha1).unwrap()]);
    for (case, changed) in [
        ("serial 0", parts.with(SERIAL, integer(&[0]))),
        ("a negative serial", parts.with(SERIAL, integer(&[0x80, 1]))),
        (
            "a serial of 21 octets",
            parts.with(SERIAL, integer(&[0x11; 21])),
        ),
        ("usages twice", parts.with_extensions(twice)),
        (
            "one usage more",
            parts.with_extension(USAGES, false, &usages(&[CLIENT, "1.3.6.1.5.5.7.3.1"])),
        ),
        (
            "any usage",
            parts.with_extension(USAGES, false, &usages(&[CLIENT, "2.5.29.37.0"])),
        ),
        ("no usage", {
            let mut extensions = parts.extensions();
            extensions.retain(|it| oid_of(it) != USAGES.parse().unwrap());
            parts.with_extensions(extensions)
        }),
        (
            "CA:TRUE",
            parts.with_extension(BASIC, true, b"\x30\x03\x01\x01\xff"),
        ),
        (
            "CA:TRUE, not critical",
            parts.with_extension(BASIC, false, b"\x30\x03\x01\x01\xff"),
        ),
        (
            "a path length",
            parts.with_extension(BASIC, true, b"\x30\x03\x02\x01\x00"),
        ),
        (
            "keyCertSign",
            parts.with_extension("2.5.29.15", true, b"\x03\x02\x02\x84"),
        ),
        (
            "an unknown critical extension",
            parts.with_extension("1.3.6.1.4.1.99999.1", true, b"\x05\x00"),
        ),
        (
            "another kind of name",
            parts.with_extension(SAN, false, &sequence(&names)),
        ),
        (
            "a second common name",
            parts.with(SUBJECT, Any::from_der(&subject).unwrap()),
        ),
        (
            "an end before the begin",
            parts.with(VALIDITY, validity(b"261124120000Z", b"261124115959Z")),
        ),
        (
            "a year of two digits",
            parts.with(VALIDITY, validity(b"491124120000Z", b"501124115959Z")),
        ),
        (
            "two algorithms",
            parts.with(INNER_ALGORITHM, Any::from_der(&sha1).unwrap()),
        ),
    ] {
        match made.found(&changed) {
            None => {}
            Some(found) => assert!(found.is_err(), "{case} is accepted"),
        }
    }
    // Without a subject the names have to be critical.
    let nameless = Made::new(&DistinguishedName::default());
    let parts = nameless.parts();
    let not_critical = parts.with_extension(SAN, false, &parts.content(SAN));
    let found = nameless.found(&not_critical).unwrap().unwrap_err();
    assert!(matches!(found, ReturnedError::Lint(_)), "{found}");
}
