//! Lint: what this crate issues has no finding, and each change of it that breaks a rule is found, by the rule's name.
use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile, Severity, lint};
use test_pki::der::{content, extension, fields, tlv};
use time::OffsetDateTime;
use time::macros::datetime;
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

/// A change of the fields of the TBSCertificate, and of its extensions.
type Change = fn(&mut Vec<Vec<u8>>, &mut Vec<Vec<u8>>);

#[test]
fn each_rule_is_broken_by_the_change_that_breaks_it() {
    let base = Base::make();
    let wrong = CASES.iter().filter_map(|(of, rule, severity, change)| {
        let good = base.of(of);
        assert_eq!(lint(&good), [], "{of}");
        let changed = Certificate::from_der(&changed(good.der(), *change));
        let findings = match changed {
            Ok(changed) => lint(&changed),
            Err(error) => return Some(format!("{rule}: {error}")),
        };
        let is_found = findings.iter().any(|finding| {
            (finding.rule, finding.severity) == (*rule, *severity)
                && !finding.sentence.is_empty()
                && !finding.source.is_empty()
        });
        (!is_found).then(|| format!("{rule}: {findings:?}"))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}

use Severity::{Error, Notice, Warning};

/// Which certificate, the rule that is broken, and by which change.
const CASES: &[(&str, &str, Severity, Change)] = &[
    ("client", "subject-text", Error, |tbs, _| {
        tbs[5] = common_name(0x0c, b"")
    }),
    ("client", "subject-text", Error, |tbs, _| {
        tbs[5] = common_name(0x0c, b"a\nb")
    }),
    ("client", "basic-constraints-encoding", Error, |_, all| {
        put(all, BASIC_CONSTRAINTS, true, &tlv(0x30, [1, 1, 0]));
    }),
    ("client", "key-usage-encoding", Error, |_, all| {
        put(all, KEY_USAGE, true, &[3, 2, 0, 0x80]);
    }),
    ("client", "critical-extension", Warning, |_, all| {
        put(all, &[0x2a, 3, 4], true, &[5, 0])
    }),
    ("client", "serial-entropy", Error, |tbs, _| {
        tbs[1] = vec![2, 1, 7]
    }),
    ("client", "serial-number", Error, |tbs, _| {
        tbs[1] = tlv(2, [0x81; 16]);
    }),
    ("client", "serial-number", Error, |tbs, _| {
        tbs[1] = tlv(2, [0x41; 21]);
    }),
    ("client", "signature-hash", Error, |tbs, _| {
        tbs[2] = tlv(0x30, tlv(6, [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1]));
    }),
    ("client", "signature-parameters", Error, |tbs, _| {
        tbs[2] = tlv(0x30, [content(&tbs[2]), &[5, 0]].concat());
    }),
    ("client", "validity", Error, |tbs, _| {
        let times = [tlv(0x17, "270101000000Z"), tlv(0x17, "260101000000Z")];
        tbs[4] = tlv(0x30, times.concat());
    }),
    ("client", "time-encoding", Error, |tbs, _| {
        let times = [tlv(0x17, "260101000000Z"), tlv(0x18, "20270101000000Z")];
        tbs[4] = tlv(0x30, times.concat());
    }),
    ("root", "ca-subject", Error, |tbs, _| tbs[5] = tlv(0x30, [])),
    ("client", "subject-length", Error, |tbs, _| {
        tbs[5] = common_name(0x0c, &[b'a'; 65]);
    }),
    ("client", "string-kind", Warning, |tbs, _| {
        tbs[5] = common_name(0x14, b"client");
    }),
    ("client", "string-type", Error, |tbs, _| {
        tbs[5] = common_name(0x13, b"client@example");
    }),
    ("client", "alternative-name-critical", Error, |tbs, _| {
        tbs[5] = tlv(0x30, []);
    }),
    ("client", "subject", Error, |tbs, all| {
        tbs[5] = tlv(0x30, []);
        without(all, SAN);
    }),
    (
        "client",
        "alternative-name-not-critical",
        Warning,
        |_, all| {
            put(all, SAN, true, &tlv(0x30, tlv(0x82, "a.example.org")));
        },
    ),
    ("client", "dns-name", Error, |_, all| {
        put(all, SAN, false, &tlv(0x30, tlv(0x82, "a b")));
    }),
    ("client", "email", Error, |_, all| {
        put(all, SAN, false, &tlv(0x30, tlv(0x81, "alice")));
    }),
    ("client", "uri", Error, |_, all| {
        put(all, SAN, false, &tlv(0x30, tlv(0x86, "/path")));
    }),
    ("server", "server-name", Error, |_, all| {
        put(all, SAN, false, &tlv(0x30, tlv(0x81, "a@example.org")));
    }),
    ("server", "common-name", Error, |tbs, _| {
        tbs[5] = common_name(0x0c, b"other.example.org");
    }),
    ("server", "server-life", Error, |tbs, _| {
        let times = [tlv(0x17, "260101000000Z"), tlv(0x17, "290101000000Z")];
        tbs[4] = tlv(0x30, times.concat());
    }),
    ("server", "server-life-public", Notice, |tbs, _| {
        let times = [tlv(0x17, "260101000000Z"), tlv(0x17, "270601000000Z")];
        tbs[4] = tlv(0x30, times.concat());
    }),
    ("server", "two-purposes", Warning, |_, all| {
        put(
            all,
            EKU,
            false,
            &tlv(0x30, [SERVER_AUTH, CLIENT_AUTH].concat()),
        );
    }),
    ("server", "digital-signature", Error, |_, all| {
        put(all, KEY_USAGE, true, &[3, 2, 3, 8]);
    }),
    ("client", "key-usage", Error, |_, all| {
        without(all, KEY_USAGE)
    }),
    ("client", "key-usage-empty", Error, |_, all| {
        put(all, KEY_USAGE, true, &[3, 1, 0]);
    }),
    ("client", "key-usage-critical", Warning, |_, all| {
        put(all, KEY_USAGE, false, &[3, 2, 7, 0x80]);
    }),
    ("client", "key-usage-encipherment", Error, |_, all| {
        put(all, KEY_USAGE, true, &[3, 2, 5, 0xa0]);
    }),
    ("ed25519", "key-usage-signature", Error, |_, all| {
        put(all, KEY_USAGE, true, &[3, 2, 3, 0x88]);
    }),
    ("ml-dsa", "key-usage-signature", Error, |_, all| {
        put(all, KEY_USAGE, true, &[3, 2, 5, 0xa0]);
    }),
    ("client", "key-usage-needless", Notice, |_, all| {
        put(all, KEY_USAGE, true, &[3, 2, 6, 0xc0]);
    }),
    ("client", "leaf-signs", Error, |_, all| {
        put(all, KEY_USAGE, true, &[3, 2, 2, 0x84]);
    }),
    ("client", "extended-key-usage", Error, |_, all| {
        without(all, EKU)
    }),
    ("client", "extended-key-usage-critical", Error, |_, all| {
        put(all, EKU, true, &tlv(0x30, CLIENT_AUTH));
    }),
    ("client", "any-extended-key-usage", Error, |_, all| {
        put(all, EKU, false, &tlv(0x30, tlv(6, [0x55, 0x1d, 0x25, 0])));
    }),
    ("client", "basic-constraints", Error, |_, all| {
        without(all, BASIC_CONSTRAINTS)
    }),
    (
        "client",
        "leaf-basic-constraints-critical",
        Notice,
        |_, all| {
            put(all, BASIC_CONSTRAINTS, false, &tlv(0x30, []));
        },
    ),
    ("client", "leaf-path-length", Error, |_, all| {
        put(all, BASIC_CONSTRAINTS, true, &tlv(0x30, [2, 1, 0]));
    }),
    ("root", "ca-basic-constraints-critical", Error, |_, all| {
        put(all, BASIC_CONSTRAINTS, false, &tlv(0x30, [1, 1, 0xff]));
    }),
    ("root", "ca-key-cert-sign", Error, |_, all| {
        put(all, KEY_USAGE, true, &[3, 2, 1, 2]);
    }),
    ("root", "ca-crl-sign", Warning, |_, all| {
        put(all, KEY_USAGE, true, &[3, 2, 2, 4]);
    }),
    ("root", "ca-key-usage", Warning, |_, all| {
        put(all, KEY_USAGE, true, &[3, 2, 1, 0x0e]);
    }),
    ("root", "ca-subject-key-id", Error, |_, all| {
        without(all, SKI)
    }),
    ("root", "ca-ocsp-signing", Error, |_, all| {
        put(all, EKU, false, &tlv(0x30, OCSP_SIGNING));
    }),
    ("root", "name-constraints-critical", Error, |_, all| {
        put(
            all,
            NAME_CONSTRAINTS,
            false,
            &permitted(&tlv(0x82, "example.org")),
        );
    }),
    ("root", "name-constraints", Error, |_, all| {
        put(all, NAME_CONSTRAINTS, true, &tlv(0x30, []));
    }),
    ("root", "name-constraints-kind", Warning, |_, all| {
        put(
            all,
            NAME_CONSTRAINTS,
            true,
            &permitted(&tlv(0x82, ".example.org")),
        );
    }),
    ("root", "name-constraints-kind", Warning, |_, all| {
        put(
            all,
            NAME_CONSTRAINTS,
            true,
            &permitted(&tlv(0x81, "example.org")),
        );
    }),
    ("root", "name-constraints-distance", Error, |_, all| {
        let base = [tlv(0x82, "example.org"), tlv(0x80, [1])].concat();
        put(
            all,
            NAME_CONSTRAINTS,
            true,
            &tlv(0x30, tlv(0xa0, tlv(0x30, base))),
        );
    }),
    ("root", "policy-constraints-critical", Error, |_, all| {
        put(all, &[0x55, 0x1d, 0x24], false, &tlv(0x30, tlv(0x80, [0])));
    }),
    ("root", "inhibit-any-policy-critical", Error, |_, all| {
        put(all, &[0x55, 0x1d, 0x36], false, &[2, 1, 0]);
    }),
    ("client", "leaf-name-constraints", Error, |_, all| {
        put(
            all,
            NAME_CONSTRAINTS,
            true,
            &permitted(&tlv(0x82, "example.org")),
        );
    }),
    ("client", "leaf-inhibit-any-policy", Error, |_, all| {
        put(all, &[0x55, 0x1d, 0x36], true, &[2, 1, 0]);
    }),
    ("client", "subject-key-id", Warning, |_, all| {
        without(all, SKI)
    }),
    ("client", "subject-key-id-method", Notice, |_, all| {
        put(all, SKI, false, &tlv(4, [7; 20]));
    }),
    ("client", "key-identifier-critical", Error, |_, all| {
        put(all, SKI, true, &tlv(4, [7; 20]));
    }),
    ("client", "authority-key-id", Error, |_, all| {
        without(all, AKI)
    }),
    (
        "client",
        "authority-key-id-certificate",
        Warning,
        |_, all| {
            let name = tlv(0xa1, tlv(0x82, "ca.example.org"));
            let id = [tlv(0x80, [7; 20]), name, tlv(0x82, [7])].concat();
            put(all, AKI, false, &tlv(0x30, id));
        },
    ),
    (
        "client",
        "crl-distribution-points-critical",
        Warning,
        |_, all| {
            put(
                all,
                CRL_POINTS,
                true,
                &points("http://ca.example/a.crl", &[]),
            );
        },
    ),
    (
        "client",
        "crl-distribution-point-http",
        Warning,
        |_, all| {
            put(
                all,
                CRL_POINTS,
                false,
                &points("https://ca.example/a.crl", &[]),
            );
        },
    ),
    (
        "client",
        "crl-distribution-point-plain",
        Warning,
        |_, all| {
            let reasons = tlv(0x81, [6, 0x40]);
            put(
                all,
                CRL_POINTS,
                false,
                &points("http://ca.example/a.crl", &reasons),
            );
        },
    ),
    ("client", "freshest-crl-critical", Error, |_, all| {
        put(
            all,
            &[0x55, 0x1d, 0x2e],
            true,
            &points("http://ca.example/a.crl", &[]),
        );
    }),
    ("client", "authority-access-critical", Error, |_, all| {
        put(all, AIA, true, &ocsp("http://ca.example/ocsp"));
    }),
    ("client", "authority-access-http", Warning, |_, all| {
        put(all, AIA, false, &ocsp("https://ca.example/ocsp"));
    }),
    ("client", "authority-access", Error, |_, all| {
        put(all, AIA, false, &tlv(0x30, []));
    }),
    ("client", "no-rev-avail-critical", Error, |_, all| {
        put(all, NO_REV_AVAIL, true, &[5, 0]);
    }),
    ("client", "no-rev-avail-alone", Error, |_, all| {
        put(all, NO_REV_AVAIL, false, &[5, 0]);
        put(
            all,
            CRL_POINTS,
            false,
            &points("http://ca.example/a.crl", &[]),
        );
    }),
    ("client", "no-rev-avail-alone", Error, |_, all| {
        put(all, NO_REV_AVAIL, false, &[5, 0]);
        put(all, AIA, false, &ocsp("http://ca.example/ocsp"));
    }),
    ("root", "no-rev-avail-ca", Error, |_, all| {
        put(all, NO_REV_AVAIL, false, &[5, 0]);
    }),
    ("client", "ocsp-no-check", Warning, |_, all| {
        put(all, NO_CHECK, false, &[5, 0])
    }),
    ("responder", "ocsp-no-check-missing", Notice, |_, all| {
        without(all, NO_CHECK)
    }),
    ("responder", "ocsp-no-check-critical", Warning, |_, all| {
        put(all, NO_CHECK, true, &[5, 0]);
    }),
    ("responder", "ocsp-no-check-value", Error, |_, all| {
        put(all, NO_CHECK, false, &[4, 0]);
    }),
    ("responder", "ocsp-signing-alone", Error, |_, all| {
        put(
            all,
            EKU,
            false,
            &tlv(0x30, [OCSP_SIGNING, CLIENT_AUTH].concat()),
        );
    }),
    ("responder", "ocsp-digital-signature", Error, |_, all| {
        put(all, KEY_USAGE, true, &[3, 2, 6, 0x40]);
    }),
    ("client", "key-parameters", Error, |tbs, _| {
        // The parameters of Ed25519, spelled out.
        let algorithm = tlv(0x30, [tlv(6, [0x2b, 0x65, 0x70]), vec![5, 0]].concat());
        let key = tlv(3, [&[0][..], &[9; 32]].concat());
        tbs[6] = tlv(0x30, [algorithm, key].concat());
    }),
    ("client", "weak-key", Error, |tbs, _| {
        let mut fields = fields(content(&tbs[6]));
        *fields[1].last_mut().unwrap() ^= 1;
        tbs[6] = tlv(0x30, fields.concat());
    }),
];

const SAN: &[u8] = &[0x55, 0x1d, 0x11];
const EKU: &[u8] = &[0x55, 0x1d, 0x25];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
const SKI: &[u8] = &[0x55, 0x1d, 0x0e];
const AKI: &[u8] = &[0x55, 0x1d, 0x23];
const CRL_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];
const NO_REV_AVAIL: &[u8] = &[0x55, 0x1d, 0x38];
const AIA: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
const NO_CHECK: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 5];
const SERVER_AUTH: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTH: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
const OCSP_SIGNING: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 9];
/// A Name of one commonName.
fn common_name(tag: u8, text: &[u8]) -> Vec<u8> {
    let attribute = [tlv(6, [0x55, 4, 3]), tlv(tag, text)].concat();
    tlv(0x30, tlv(0x31, tlv(0x30, attribute)))
}

/// NameConstraints that permit one subtree.
fn permitted(base: &[u8]) -> Vec<u8> {
    tlv(0x30, tlv(0xa0, tlv(0x30, base)))
}

/// CRLDistributionPoints with one point.
fn points(url: &str, more: &[u8]) -> Vec<u8> {
    let name = tlv(0xa0, tlv(0xa0, tlv(0x86, url)));
    tlv(0x30, tlv(0x30, [&name, more].concat()))
}

/// AuthorityInfoAccessSyntax with one responder.
fn ocsp(url: &str) -> Vec<u8> {
    let method = tlv(6, [0x2b, 6, 1, 5, 5, 7, 0x30, 1]);
    tlv(0x30, tlv(0x30, [method, tlv(0x86, url)].concat()))
}

fn is_of(element: &[u8], oid: &[u8]) -> bool {
    content(element).starts_with(&tlv(6, oid))
}

fn without(extensions: &mut Vec<Vec<u8>>, oid: &[u8]) {
    extensions.retain(|element| !is_of(element, oid));
}

fn put(extensions: &mut Vec<Vec<u8>>, oid: &[u8], critical: bool, value: &[u8]) {
    without(extensions, oid);
    extensions.push(extension(oid, critical, value));
}

/// The same certificate with other fields; its signature is no longer good, which lint does not look at.
fn changed(certificate: &[u8], change: Change) -> Vec<u8> {
    let mut outer = fields(content(certificate));
    let mut tbs = fields(content(&outer[0]));
    let mut extensions = fields(content(content(&tbs[7])));
    change(&mut tbs, &mut extensions);
    tbs[7] = tlv(0xa3, tlv(0x30, extensions.concat()));
    outer[1].clone_from(&tbs[2]);
    outer[0] = tlv(0x30, tbs.concat());
    tlv(0x30, outer.concat())
}

/// A certificate of each role.
struct Base {
    root: Authority,
}

impl Base {
    fn make() -> Self {
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        let root = Authority::root(named("root"), key, &Profile::root(), NOW).unwrap();
        Self { root }
    }

    fn of(&self, what: &str) -> Certificate {
        let kind = match what {
            "ed25519" => KeyKind::Ed25519,
            "ml-dsa" => KeyKind::MlDsa44,
            _ => KeyKind::P256,
        };
        let (profile, san) = match what {
            "root" => return self.root.certificate().clone(),
            "responder" => (Profile::ocsp_responder(), None),
            "server" => (Profile::server(), Some("server.example.org")),
            _ => (
                Profile::client().with_keys([kind]),
                Some("client.example.org"),
            ),
        };
        let key = KeyPair::generate(kind).unwrap();
        let subject = named(&format!("{what}.example.org"));
        let parameters = CertificateParameters::for_key(key.public_key_der(), subject)
            .sans(san.map(|name| SubjectAltName::Dns(name.to_owned())));
        let issued = self.root.issue(&parameters, &profile, NOW).unwrap();
        issued.certificate().clone()
    }
}

fn named(common_name: &str) -> DistinguishedName {
    let name = DistinguishedName::builder().common_name(common_name);
    name.build().unwrap()
}
