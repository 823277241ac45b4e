//! Which names are within which subtrees, and that each counts on the side that refuses where nobody can tell.

use der::asn1::{Ia5String, OctetString};
use test_pki::Ca;

use super::*;

fn ia5(text: &str) -> Ia5String {
    Ia5String::new(text).expect("ASCII")
}

/// What a name counts as among permitted and among excluded subtrees.
fn sides(base: &GeneralName, name: &SubjectAltName) -> [Option<bool>; 2] {
    [Side::Permitted, Side::Excluded].map(|side| within(base, name, side))
}

const IN: [Option<bool>; 2] = [Some(true), Some(true)];
const OUT: [Option<bool>; 2] = [Some(false), Some(false)];
/// Refused on either side.
const UNFIT: [Option<bool>; 2] = [Some(false), Some(true)];
const OTHER: [Option<bool>; 2] = [None, None];

#[test]
fn a_dns_name_is_within_its_domain() {
    for (base, name, expected) in [
        ("example", "example", IN),
        ("Example", "eXample", IN),
        ("example", "host.example", IN),
        ("example", "host.example.", IN),
        ("example", "notexample", OUT),
        ("host.example", "example", OUT),
        (".example", "host.example", IN),
        (".example", "example", OUT),
        ("", "host.example", IN),
        ("example", "*.example", IN),
        ("example", "*.host.example", IN),
        ("example", "*.other", OUT),
        // All hosts that the wildcard stands for have to be permitted, and none excluded.
        ("host.example", "*.example", UNFIT),
        ("example", "ho st.example", UNFIT),
        ("exa mple", "host.example", UNFIT),
        ("exa mple", "host.exa mple", UNFIT),
    ] {
        let name = SubjectAltName::Dns(name.to_owned());
        let base = GeneralName::DnsName(ia5(base));
        assert_eq!(sides(&base, &name), expected, "{base:?} {name:?}");
    }
}

#[test]
fn a_mailbox_is_within_its_host_or_the_domain_of_that() {
    for (base, name, expected) in [
        ("a@host.example", "a@host.example", IN),
        ("a@host.example", "b@host.example", OUT),
        ("host.example", "a@host.example", IN),
        ("host.example", "a@HOST.example", IN),
        ("host.example", "a@sub.host.example", OUT),
        (".example", "a@host.example", IN),
        (".example", "a@example", OUT),
        ("", "a@host.example", IN),
        ("host.example", "nobody", UNFIT),
        ("@", "a@host.example", UNFIT),
    ] {
        let name = SubjectAltName::Email(name.to_owned());
        let base = GeneralName::Rfc822Name(ia5(base));
        assert_eq!(sides(&base, &name), expected, "{base:?} {name:?}");
    }
}

#[test]
fn a_uri_is_within_the_domain_of_its_host() {
    for (base, name, expected) in [
        ("host.example", "https://host.example/a", IN),
        ("host.example", "https://a@host.example:443?b#c", IN),
        ("host.example", "https://HOST.example.", IN),
        ("host.example", "https://sub.host.example/", OUT),
        ("host.example", "https://other.example/host.example", OUT),
        (".example", "https://host.example/", IN),
        ("host.example", "https://192.0.2.1/", UNFIT),
        ("host.example", "https://[2001:db8::1]/", UNFIT),
        ("host.example", "https://ho%73t.example/", UNFIT),
        ("host.example", "https:///a", UNFIT),
        ("host.example", "urn:host.example", UNFIT),
    ] {
        let name = SubjectAltName::Uri(name.to_owned());
        let base = GeneralName::UniformResourceIdentifier(ia5(base));
        assert_eq!(sides(&base, &name), expected, "{base:?} {name:?}");
    }
}

#[test]
fn an_address_is_within_its_network() {
    for (base, name, expected) in [
        (&[192, 0, 2, 0, 255, 255, 255, 0][..], "192.0.2.77", IN),
        (&[192, 0, 2, 0, 255, 255, 255, 0], "192.0.3.1", OUT),
        (&[192, 0, 2, 0, 255, 255, 254, 0], "192.0.3.1", IN),
        (&[192, 0, 2, 1, 255, 255, 255, 255], "192.0.2.1", IN),
        (&[192, 0, 2, 1, 255, 255, 255, 255], "192.0.2.2", OUT),
        (&[0; 8], "192.0.2.1", IN),
        // Bits of the network beyond the mask say nothing.
        (&[192, 0, 2, 9, 255, 255, 255, 0], "192.0.2.77", IN),
        (&[192, 0, 2, 0, 255, 0, 255, 0], "192.0.2.1", UNFIT),
        (&[192, 0, 2, 0, 255, 255, 253, 0], "192.0.2.1", UNFIT),
        (&[192, 0, 2, 0, 255, 254, 255, 0], "192.0.2.1", UNFIT),
        (&[192, 0, 2, 0], "192.0.2.1", UNFIT),
        (&[0; 32], "2001:db8::1", IN),
        (&[0; 8], "2001:db8::1", OUT),
        (&[0; 32], "192.0.2.1", OUT),
    ] {
        let name = SubjectAltName::Ip(name.parse().expect("an address"));
        let base = OctetString::new(base).expect("a few octets");
        let base = GeneralName::IpAddress(base);
        assert_eq!(sides(&base, &name), expected, "{base:?} {name:?}");
    }
}

#[test]
fn a_directory_name_is_within_those_that_it_begins_with() {
    use test_pki::der::tlv;
    // Of a PrintableString there is nothing beyond ASCII.
    let attribute = |value: &[u8]| {
        let oid = tlv(0x06, [0x55, 4, 10]);
        tlv(0x31, tlv(0x30, [oid, tlv(0x13, value)].concat()))
    };
    let named = |values: &[&[u8]]| {
        let rdns: Vec<u8> = values.iter().flat_map(|value| attribute(value)).collect();
        tlv(0x30, rdns)
    };
    let unreadable = &b"caf\xE9"[..];
    for (base, name, expected) in [
        (&[&b"a"[..]][..], &[&b"a"[..], b"b"][..], IN),
        (&[b"a", b"b"], &[b"a"], OUT),
        (&[b"a"], &[b"b"], OUT),
        (&[unreadable], &[unreadable], UNFIT),
        (&[unreadable], &[b"a"], UNFIT),
        (&[b"a"], &[unreadable], UNFIT),
        // What comes behind the base is not compared.
        (&[b"a"], &[b"a", unreadable], IN),
    ] {
        let base = tlv(0xA4, named(base));
        let base = GeneralName::from_der(&base).expect("a general name");
        let name = DistinguishedName::from_der(&named(name)).expect("a name");
        let name = SubjectAltName::DirectoryName(name);
        assert_eq!(sides(&base, &name), expected, "{base:?} {name:?}");
    }
}

#[test]
fn a_name_that_cannot_be_read_is_refused_by_subtrees_of_its_kind() {
    let base = GeneralName::DnsName(ia5("example"));
    for (kind, expected) in [("dns", UNFIT), ("email", OTHER), ("uri", OTHER)] {
        let name = SubjectAltName::Unreadable {
            kind,
            der: Vec::new(),
        };
        assert_eq!(sides(&base, &name), expected, "{kind}");
    }
    let name = SubjectAltName::Email("a@example".to_owned());
    assert_eq!(sides(&base, &name), OTHER);
}

#[test]
fn a_subtree_with_limits_is_none_that_can_be_obeyed() {
    let name = SubjectAltName::Dns("host.example".to_owned());
    for (minimum, maximum, expected) in [
        (0, None, [true, true]),
        (1, None, [false, true]),
        (0, Some(1), [false, true]),
    ] {
        let subtree = GeneralSubtree {
            base: GeneralName::DnsName(ia5("example")),
            minimum,
            maximum,
        };
        let found = [Side::Permitted, Side::Excluded].map(|side| {
            let subtrees = std::slice::from_ref(&subtree);
            verdicts(Some(subtrees), &name, side, &mut 1)
        });
        let expected = expected.map(|it| Some(vec![it]));
        assert_eq!(found, expected, "{minimum} {maximum:?}");
    }
}

#[test]
fn names_are_compared_with_so_many_subtrees_and_refused_beyond() {
    let subtree = GeneralSubtree {
        base: GeneralName::DnsName(ia5("example")),
        minimum: 0,
        maximum: None,
    };
    let subtrees = [subtree.clone(), subtree];
    let name = SubjectAltName::Dns("host.example".to_owned());
    for (mut budget, expected) in [(2, Some(vec![true; 2])), (1, None)] {
        let found = verdicts(Some(&subtrees), &name, Side::Permitted, &mut budget);
        assert_eq!(found, expected);
        assert_eq!(budget, 0);
    }
}

#[test]
fn a_ca_with_the_name_of_its_issuer_is_not_constrained_and_a_leaf_is() {
    use test_pki::rcgen::{self, DnType, GeneralSubtree, NameConstraints};
    let excluded = |name| {
        let mut excluded = rcgen::DistinguishedName::new();
        excluded.push(DnType::CommonName, name);
        GeneralSubtree::DirectoryName(excluded)
    };
    let root = Ca::root("root").with(|root| {
        root.name_constraints = Some(NameConstraints {
            permitted_subtrees: Vec::new(),
            excluded_subtrees: ["root", "barred"].map(excluded).to_vec(),
        });
    });
    let read = |der: &[u8]| Certificate::from_der(der).expect("it can be read");
    let of_root = read(root.der());
    let renewed = root.issuing("root");
    let other = root.issuing("other");
    let barred = root.issuing("barred");
    for (issuer, name, expected) in [
        (&renewed, "alice", true),
        (&renewed, "root", false),
        (&other, "alice", true),
        (&other, "root", false),
        (&barred, "alice", false),
    ] {
        let leaf = read(issuer.client(name).der());
        let ca = read(issuer.der());
        assert_eq!(are_obeyed(&[&leaf, &ca, &of_root]), expected, "{name}");
    }
    for (name, expected) in [("alice", true), ("root", false)] {
        let leaf = read(root.client(name).der());
        assert_eq!(are_obeyed(&[&leaf, &of_root]), expected, "{name}");
    }
}
