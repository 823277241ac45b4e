//! Where webpki stops and RFC 5280 section 6 goes on: self-issued CAs, name constraints of every kind,
//! and names that are fit for a log. `policies` is about certificate policies.

use pki_core::verify::TrustAnchors;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, SanType,
};

use super::policies::{POLICY_A, policies};
use crate::verify_kit::*;

type Change<'a> = &'a dyn Fn(&mut CertificateParams);

/// root -> issuing -> leaf, with one change each.
fn chain(root: Change<'_>, issuing: Change<'_>, leaf: Change<'_>) -> &'static str {
    let root = root_ca("root").with(root);
    let issuing = root.issuing("issuing").with(issuing);
    let leaf = issuing.sign(&with(client("alice"), leaf));
    let verifier = clients(anchors(&root)).build();
    verdict(&verifier.verify(&leaf, std::slice::from_ref(issuing.der()), at(NOW)))
}

#[test]
fn self_issued_cas_do_not_count_in_path_length() {
    for (limit, self_issued, expected) in
        [(0, true, "ok"), (0, false, "path-length"), (1, false, "ok")]
    {
        let root = root_ca("root");
        let limited = |ca: &mut CertificateParams| {
            ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(limit));
        };
        let old = root.issuing("issuing").with(limited);
        let name = if self_issued { "issuing" } else { "other" };
        let new = old.issuing(name);
        let beyond_webpki = with(client("alice"), |leaf| {
            leaf.custom_extensions = vec![policies(true, &[POLICY_A])];
        });
        for params in [client("alice"), beyond_webpki] {
            let leaf = new.sign(&params);
            let presented = [new.der().clone(), old.der().clone()];
            let verifier = clients(anchors(&root)).build();
            let got = verdict(&verifier.verify(&leaf, &presented, at(NOW)));
            assert_eq!(got, expected, "pathLen {limit}, self-issued {self_issued}");
        }
    }
}

const DNS: u8 = 0x82;
const EMAIL: u8 = 0x81;
const URI: u8 = 0x86;
const IP: u8 = 0x87;
const DIRECTORY: u8 = 0xa4;
const REGISTERED: u8 = 0x88;

fn organisation(name: &str) -> Vec<u8> {
    let value = tlv(0x0c, name.as_bytes());
    let attribute = tlv(0x30, [tlv(0x06, [0x55, 4, 10]), value].concat());
    tlv(0x30, tlv(0x31, &attribute))
}

/// nameConstraints with one subtree, permitted (0xa0) or excluded (0xa1).
fn constraint(side: u8, kind: u8, base: &[u8]) -> CustomExtension {
    let subtree = tlv(0x30, tlv(kind, base));
    custom(30, true, tlv(0x30, tlv(side, &subtree)))
}

fn alternative(kind: u8, name: &[u8]) -> CustomExtension {
    custom(17, false, tlv(0x30, tlv(kind, name)))
}

#[test]
fn name_constraints_of_every_kind_are_obeyed() {
    let (acme, evil) = (organisation("Acme  Corp"), organisation("Evil"));
    let acme_upper = organisation("ACME CORP");
    // kind, base, name, whether it lies within
    let cases: &[(u8, &[u8], &[u8], bool)] = &[
        (DNS, b"example.com", b"example.com", true),
        (DNS, b"example.com", b"A.Example.COM", true),
        (DNS, b"example.com", b"badexample.com", false),
        (DNS, b"example.com", b"example.com.evil", false),
        (DNS, b"example.com", b"*.example.com", true),
        (DNS, b"", b"any.example", true),
        (EMAIL, b"alice@example.com", b"alice@EXAMPLE.com", true),
        (EMAIL, b"alice@example.com", b"bob@example.com", false),
        (EMAIL, b"example.com", b"bob@example.com", true),
        (EMAIL, b"example.com", b"bob@sub.example.com", false),
        (EMAIL, b"example.com", b"\"bob@example.com\"@evil", false),
        (EMAIL, b".example.com", b"bob@sub.example.com", true),
        (EMAIL, b".example.com", b"bob@example.com", false),
        (URI, b"example.com", b"spiffe://example.com/a", true),
        (URI, b"example.com", b"https://u@Example.com:80/?q", true),
        (URI, b"example.com", b"https://example.com@evil/", false),
        (URI, b"example.com", b"https://evil/@example.com", false),
        (URI, b".example.com", b"https://a.example.com", true),
        (URI, b".example.com", b"https://example.com", false),
        (IP, &[10, 0, 0, 0, 255, 0, 0, 0], &[10, 1, 2, 3], true),
        (IP, &[10, 0, 0, 0, 255, 0, 0, 0], &[11, 1, 2, 3], false),
        (IP, &[10, 0, 0, 0, 255, 0, 0, 0], &[0; 16], false),
        (DIRECTORY, &acme, &acme, true),
        (DIRECTORY, &acme, &acme_upper, true),
        (DIRECTORY, &acme, &evil, false),
    ];
    for (kind, base, name, within) in cases {
        for (side, expected) in [
            (0xa0, if *within { "ok" } else { "name-constraint" }),
            (0xa1, if *within { "name-constraint" } else { "ok" }),
        ] {
            let constrain = |ca: &mut CertificateParams| {
                ca.custom_extensions = vec![constraint(side, *kind, base)]
            };
            let name_it = |leaf: &mut CertificateParams| {
                leaf.custom_extensions = vec![alternative(*kind, name)];
                leaf.distinguished_name = DistinguishedName::new();
            };
            let what = format!(
                "{side:x} {kind:x} {:?} {:?}",
                String::from_utf8_lossy(base),
                String::from_utf8_lossy(name)
            );
            assert_eq!(chain(&|_| {}, &constrain, &name_it), expected, "{what}");
            // The root is named "root" itself; its constraints bind the CA below it, too.
            if *kind != DIRECTORY {
                assert_eq!(
                    chain(&constrain, &|_| {}, &name_it),
                    expected,
                    "root: {what}"
                );
            }
        }
    }
}

#[test]
fn names_that_cannot_be_compared_are_refused_on_either_side() {
    let cases: &[(u8, &[u8], &[u8])] = &[
        (URI, b"example.com", b"urn:example.com"),
        (URI, b"example.com", b"https://10.0.0.1/"),
        (URI, b"example.com", b"https://[::1]/"),
        (EMAIL, b"example.com", b"bob"),
        (IP, &[10, 0, 0, 0, 255, 0, 255, 0], &[10, 1, 0, 3]),
        (IP, &[10, 0, 0], &[10, 1, 0, 3]),
        (REGISTERED, &[42, 3], &[42, 3]),
    ];
    for (kind, base, name) in cases {
        for side in [0xa0, 0xa1] {
            let constrain = |ca: &mut CertificateParams| {
                ca.custom_extensions = vec![constraint(side, *kind, base)]
            };
            let name_it = |leaf: &mut CertificateParams| {
                leaf.custom_extensions = vec![alternative(*kind, name)]
            };
            let what = format!("{side:x} {kind:x} {name:?}");
            assert_eq!(
                chain(&|_| {}, &constrain, &name_it),
                "name-constraint",
                "{what}"
            );
        }
    }
}

#[test]
fn wildcard_is_excluded_by_any_name_it_stands_for() {
    for (base, expected) in [
        (&b"secret.example.com"[..], "name-constraint"),
        (b"secret.example.org", "ok"),
    ] {
        let constrain =
            |ca: &mut CertificateParams| ca.custom_extensions = vec![constraint(0xa1, DNS, base)];
        let name_it = |leaf: &mut CertificateParams| {
            leaf.custom_extensions = vec![alternative(DNS, b"*.example.com")];
        };
        assert_eq!(chain(&|_| {}, &constrain, &name_it), expected);
    }
}

#[test]
fn address_in_the_subject_is_constrained_like_an_alternative_name() {
    for (address, expected) in [("a@example.com", "ok"), ("a@evil", "name-constraint")] {
        let constrain = |ca: &mut CertificateParams| {
            ca.custom_extensions = vec![constraint(0xa0, EMAIL, b"example.com")];
        };
        let name_it = |leaf: &mut CertificateParams| {
            let email = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
            leaf.distinguished_name.push(email, address);
        };
        assert_eq!(chain(&|_| {}, &constrain, &name_it), expected);
    }
}

#[test]
fn paths_beyond_webpki_are_checked_in_full() {
    // Whatever webpki would have refused itself is refused after the second search, too.
    let critical = || policies(true, &[POLICY_A]);
    let cases: &[(&str, Change<'_>, Change<'_>, &str)] = &[
        ("good", &|_| {}, &|_| {}, "ok"),
        (
            "expired leaf",
            &|_| {},
            &|leaf| leaf.not_after = NOW - time::Duration::SECOND,
            "expired",
        ),
        (
            "expired CA",
            &|ca| ca.not_after = NOW - time::Duration::SECOND,
            &|_| {},
            "expired",
        ),
        (
            "early CA",
            &|ca| ca.not_before = NOW + time::Duration::SECOND,
            &|_| {},
            "not-yet-valid",
        ),
        (
            "no CA",
            &|ca| ca.is_ca = IsCa::ExplicitNoCa,
            &|_| {},
            "not-a-ca",
        ),
        (
            "CA for servers",
            &|ca| ca.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth],
            &|_| {},
            "wrong-extended-key-usage",
        ),
        (
            "leaf for servers",
            &|_| {},
            &|leaf| leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth],
            "wrong-extended-key-usage",
        ),
        (
            "a CA as leaf",
            &|_| {},
            &|leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            "ca-as-leaf",
        ),
        (
            "unknown critical extension",
            &|_| {},
            &|leaf| leaf.custom_extensions.push(custom(99, true, vec![5, 0])),
            "unknown-critical-extension",
        ),
        (
            "unknown critical extension of the CA",
            &|ca| ca.custom_extensions.push(custom(99, true, vec![5, 0])),
            &|_| {},
            "unknown-critical-extension",
        ),
    ];
    for (name, issuing, leaf, expected) in cases {
        let leaf = |params: &mut CertificateParams| {
            params.custom_extensions = vec![critical()];
            leaf(params);
        };
        assert_eq!(chain(&|_| {}, issuing, &leaf), *expected, "{name}");
    }

    let (root, stranger) = (root_ca("root"), root_ca("root"));
    let params = with(client("alice"), |leaf| {
        leaf.custom_extensions = vec![critical()]
    });
    let verifier = clients(anchors(&root)).build();
    let forged = stranger.sign(&params);
    assert_ne!(verdict(&verifier.verify(&forged, &[], at(NOW))), "ok");
    assert_eq!(
        verdict(&verifier.verify(&root.sign(&params), &[], at(NOW))),
        "ok"
    );
    let both = TrustAnchors::from_certs([stranger.der(), root.der()]).unwrap();
    let verifier = clients(both).build();
    assert_eq!(
        verdict(&verifier.verify(&root.sign(&params), &[], at(NOW))),
        "ok"
    );
}

#[test]
fn names_can_be_written_to_a_log() {
    let long = |chars| "x".repeat(chars);
    for (name, expected) in [
        ("Åsa \"X\", O=Evil\\, Ltd+#=;".to_owned(), "ok"),
        ("a\r\nb".to_owned(), "unfit-name"),
        ("a\u{7f}".to_owned(), "unfit-name"),
        ("nimda\u{202e}".to_owned(), "unfit-name"),
        ("a\u{2028}outcome=allowed".to_owned(), "unfit-name"),
        ("\u{5d0}\u{200f}".to_owned(), "ok"),
        (long(256), "ok"),
        (long(257), "unfit-name"),
        (long(10_000), "unfit-name"),
    ] {
        let got = chain(&|_| {}, &|_| {}, &|leaf| {
            leaf.distinguished_name = DistinguishedName::new();
            leaf.distinguished_name
                .push(DnType::CommonName, name.as_str());
            leaf.subject_alt_names = vec![SanType::DnsName("x".try_into().unwrap())];
        });
        assert_eq!(got, expected, "{:?}", &name[..name.len().min(20)]);
    }
}

#[test]
fn a_name_that_cannot_be_read_names_nobody() {
    let readable = tlv(DNS, b"alice.test");
    let unreadable = tlv(DNS, "\u{e5}sa.test");
    for (names, expected) in [
        (unreadable.clone(), "no-name"),
        ([unreadable, readable].concat(), "ok"),
    ] {
        let got = chain(&|_| {}, &|_| {}, &|leaf| {
            leaf.distinguished_name = DistinguishedName::new();
            leaf.custom_extensions = vec![custom(17, true, tlv(0x30, &names))];
        });
        assert_eq!(got, expected);
    }
}

#[test]
fn ca_without_a_name_is_refused() {
    let root = root_ca("root");
    let issuing = root.issuing("");
    let leaf = issuing.sign(&client("alice"));
    let verifier = clients(anchors(&root)).build();
    let got = verdict(&verifier.verify(&leaf, std::slice::from_ref(issuing.der()), at(NOW)));
    assert_eq!(got, "no-name");
}
