//! Certificate policies (RFC 5280 section 6.1): any is welcome, and a CA of the path may ask for one.

use rcgen::CustomExtension;
use rustls_pki_types::CertificateDer;

use crate::verify_kit::*;

pub(super) const POLICY_A: &[u8] = &[0x2b, 6, 1, 4, 1, 1];
const POLICY_B: &[u8] = &[0x2b, 6, 1, 4, 1, 2];
const ANY: &[u8] = &[0x55, 0x1d, 0x20, 0];

pub(super) fn policies(critical: bool, named: &[&[u8]]) -> CustomExtension {
    let named: Vec<u8> = named
        .iter()
        .flat_map(|oid| tlv(0x30, tlv(0x06, oid)))
        .collect();
    custom(32, critical, tlv(0x30, &named))
}

fn explicit_after(certificates: u8) -> CustomExtension {
    custom(36, true, tlv(0x30, tlv(0x80, [certificates])))
}

fn mapping(from: &[u8], to: &[u8]) -> CustomExtension {
    mappings(&[(from, to)])
}

fn mappings(pairs: &[(&[u8], &[u8])]) -> CustomExtension {
    let pairs: Vec<u8> = pairs
        .iter()
        .flat_map(|(from, to)| tlv(0x30, [tlv(0x06, from), tlv(0x06, to)].concat()))
        .collect();
    custom(33, true, tlv(0x30, &pairs))
}

fn inhibit_any_after(certificates: u8) -> CustomExtension {
    custom(54, true, tlv(0x02, [certificates]))
}

/// What a certificate is called, and what it says of policies.
type Said<'a> = (&'a str, Vec<CustomExtension>);

/// The verdict on a leaf below these CAs, the root's first.
fn verdict_of(root: &[CustomExtension], cas: &[Said<'_>], leaf: Said<'_>) -> &'static str {
    let root = root_ca("root").with(|ca| ca.custom_extensions = root.to_vec());
    let mut issuer = root.clone();
    let mut presented: Vec<CertificateDer<'static>> = Vec::new();
    for (name, said) in cas {
        issuer = issuer
            .issuing(name)
            .with(|ca| ca.custom_extensions.clone_from(said));
        presented.push(issuer.der().clone());
    }
    let (name, said) = leaf;
    let leaf = issuer.sign(&with(client(name), |leaf| leaf.custom_extensions = said));
    let verifier = clients(anchors(&root)).build();
    verdict(&verifier.verify(&leaf, &presented, at(NOW)))
}

#[test]
fn policies_are_obeyed_where_a_ca_asks_for_them() {
    let unknown_qualifier = {
        let qualifier = tlv(0x30, tlv(0x30, tlv(0x06, [42, 3])));
        let policy = tlv(0x30, [tlv(0x06, POLICY_A), qualifier].concat());
        move |critical| custom(32, critical, tlv(0x30, &policy))
    };
    let none: Vec<CustomExtension> = Vec::new();
    let cases = [
        (
            "critical policies alone",
            none.clone(),
            vec![policies(true, &[POLICY_A])],
            "ok",
        ),
        (
            "critical, unknown qualifier",
            none.clone(),
            vec![unknown_qualifier(true)],
            "policy",
        ),
        (
            "unknown qualifier",
            none.clone(),
            vec![unknown_qualifier(false)],
            "ok",
        ),
        (
            "explicit and given",
            vec![policies(false, &[POLICY_A]), explicit_after(0)],
            vec![policies(false, &[POLICY_A])],
            "ok",
        ),
        (
            "explicit and another",
            vec![policies(false, &[POLICY_A]), explicit_after(0)],
            vec![policies(false, &[POLICY_B])],
            "policy",
        ),
        (
            "explicit and none",
            vec![policies(false, &[POLICY_A]), explicit_after(0)],
            none.clone(),
            "policy",
        ),
        (
            "explicit, CA has none",
            vec![explicit_after(0)],
            vec![policies(false, &[POLICY_A])],
            "policy",
        ),
        (
            "explicit too late to matter",
            vec![explicit_after(5)],
            none.clone(),
            "ok",
        ),
        (
            "CA of any policy",
            vec![policies(false, &[ANY]), explicit_after(0)],
            vec![policies(false, &[POLICY_B])],
            "ok",
        ),
        (
            "leaf of any policy",
            vec![policies(false, &[POLICY_A]), explicit_after(0)],
            vec![policies(false, &[ANY])],
            "ok",
        ),
        (
            "leaf of any policy, inhibited",
            vec![
                policies(false, &[POLICY_A]),
                explicit_after(0),
                inhibit_any_after(0),
            ],
            vec![policies(false, &[ANY])],
            "policy",
        ),
        (
            "inhibited, nothing asked",
            vec![inhibit_any_after(0)],
            vec![policies(false, &[ANY])],
            "ok",
        ),
        (
            "mapped",
            vec![
                policies(false, &[POLICY_A]),
                mapping(POLICY_A, POLICY_B),
                explicit_after(0),
            ],
            vec![policies(false, &[POLICY_B])],
            "ok",
        ),
        (
            "mapped away",
            vec![
                policies(false, &[POLICY_A]),
                mapping(POLICY_A, POLICY_B),
                explicit_after(0),
            ],
            vec![policies(false, &[POLICY_A])],
            "policy",
        ),
        (
            "anyPolicy mapped",
            vec![policies(false, &[ANY]), mapping(ANY, POLICY_B)],
            none.clone(),
            "policy",
        ),
        (
            "leaf asks of itself",
            none,
            vec![explicit_after(0)],
            "policy",
        ),
    ];
    for (name, of_ca, of_leaf, expected) in cases {
        let got = verdict_of(&[], &[("issuing", of_ca)], ("alice", of_leaf));
        assert_eq!(got, expected, "{name}");
    }
}

#[test]
fn root_asks_for_policies_too() {
    for (of_root, of_others, expected) in [
        (vec![], vec![], "ok"),
        (
            vec![explicit_after(0), policies(false, &[ANY])],
            vec![],
            "policy",
        ),
        (vec![explicit_after(5)], vec![], "ok"),
        (
            vec![explicit_after(0), policies(false, &[ANY])],
            vec![policies(false, &[POLICY_A])],
            "ok",
        ),
    ] {
        let issuing = ("issuing", of_others.clone());
        let got = verdict_of(&of_root, &[issuing], ("alice", of_others));
        assert_eq!(got, expected);
    }
}

const POLICY_C: &[u8] = &[0x2b, 6, 1, 4, 1, 3];

/// policyConstraints that ask for a policy from here on, and limit mapping.
fn explicit_and_mapping_inhibited_after(certificates: u8) -> CustomExtension {
    let limits = [tlv(0x80, [0]), tlv(0x81, [certificates])].concat();
    custom(36, true, tlv(0x30, limits))
}

/// The verdict on a leaf of each of these policies, below CAs of which the last one asks for a policy.
fn verdicts_below(cas: &[Said<'_>], leaves: &[(&[u8], &str)]) {
    for (policy, expected) in leaves {
        let leaf = ("alice", vec![policies(false, &[policy])]);
        assert_eq!(verdict_of(&[], cas, leaf), *expected, "{policy:?}");
    }
}

#[test]
fn a_policy_may_have_a_qualifier_that_is_understood() {
    let qualified = |oid: &[u8]| {
        let qualifier = [tlv(0x06, oid), tlv(0x16, b"http://x/cps")].concat();
        let qualifiers = tlv(0x30, tlv(0x30, qualifier));
        let policy = tlv(0x30, [tlv(0x06, POLICY_A), qualifiers].concat());
        custom(32, true, tlv(0x30, &policy))
    };
    let cps: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 2, 1];
    for (oid, expected) in [(cps, "ok"), (&[42, 3], "policy")] {
        let leaf = ("alice", vec![qualified(oid)]);
        assert_eq!(verdict_of(&[], &[], leaf), expected, "{oid:?}");
    }
}

#[test]
fn policies_that_cannot_be_read_are_none_unless_they_are_critical() {
    let asking = vec![policies(false, &[ANY]), explicit_after(0)];
    for (of_ca, critical, expected) in [
        (Vec::new(), false, "ok"),
        (Vec::new(), true, "policy"),
        (asking, false, "policy"),
    ] {
        let leaf = ("alice", vec![custom(32, critical, vec![5, 0])]);
        let got = verdict_of(&[], &[("issuing", of_ca)], leaf);
        assert_eq!(got, expected, "{critical}");
    }
}

#[test]
fn each_of_several_policies_counts_and_no_other() {
    let asking = |named: &[&[u8]]| vec![policies(false, named), explicit_after(0)];
    let both = [(POLICY_A, "ok"), (POLICY_B, "ok"), (POLICY_C, "policy")];
    verdicts_below(&[("one", asking(&[POLICY_A, POLICY_B]))], &both);
    // What the CA above named, any policy stands for, and for nothing else.
    let any_beside = vec![policies(false, &[POLICY_A, ANY])];
    let cas = [
        ("one", asking(&[POLICY_A, POLICY_B])),
        ("two", any_beside.clone()),
    ];
    verdicts_below(&cas, &both);
    // A policy that is named twice is mapped away as a whole.
    for cas in [
        vec![(
            "one",
            [
                asking(&[POLICY_A, POLICY_A]),
                vec![mapping(POLICY_A, POLICY_B)],
            ]
            .concat(),
        )],
        vec![
            ("one", asking(&[POLICY_A])),
            (
                "two",
                [any_beside, vec![mapping(POLICY_A, POLICY_B)]].concat(),
            ),
        ],
    ] {
        verdicts_below(&cas, &[(POLICY_A, "policy"), (POLICY_B, "ok")]);
    }
}

#[test]
fn a_policy_is_mapped_to_each_that_is_given_for_it() {
    let asking = |named: &[&[u8]], pairs: &[(&[u8], &[u8])]| {
        vec![policies(false, named), mappings(pairs), explicit_after(0)]
    };
    for (named, pairs, leaves) in [
        (
            &[POLICY_A][..],
            &[(POLICY_A, POLICY_B), (POLICY_A, POLICY_C)][..],
            [(POLICY_A, "policy"), (POLICY_B, "ok"), (POLICY_C, "ok")],
        ),
        (
            &[POLICY_A, POLICY_B],
            &[(POLICY_A, POLICY_C), (POLICY_B, POLICY_B)],
            [(POLICY_A, "policy"), (POLICY_B, "ok"), (POLICY_C, "ok")],
        ),
        (
            &[POLICY_A, POLICY_B],
            &[(POLICY_A, POLICY_B), (POLICY_B, POLICY_C)],
            [(POLICY_A, "policy"), (POLICY_B, "ok"), (POLICY_C, "ok")],
        ),
        // What is not valid cannot be mapped.
        (
            &[POLICY_A],
            &[(POLICY_A, POLICY_B), (POLICY_C, POLICY_C)],
            [(POLICY_A, "policy"), (POLICY_B, "ok"), (POLICY_C, "policy")],
        ),
        (
            &[POLICY_B],
            &[(POLICY_A, POLICY_C)],
            [(POLICY_A, "policy"), (POLICY_B, "ok"), (POLICY_C, "policy")],
        ),
    ] {
        verdicts_below(&[("one", asking(named, pairs))], &leaves);
    }
    // Where any policy is valid, it is by its own name and by the other.
    for next in [
        vec![policies(false, &[ANY])],
        vec![policies(false, &[POLICY_B, ANY])],
    ] {
        let cas = [
            ("one", asking(&[ANY], &[(POLICY_A, POLICY_B)])),
            ("two", next),
        ];
        verdicts_below(
            &cas,
            &[(POLICY_A, "ok"), (POLICY_B, "ok"), (POLICY_C, "ok")],
        );
    }
}

#[test]
fn any_policy_is_mapped_by_nobody() {
    for (from, to, expected) in [
        (POLICY_A, POLICY_B, "ok"),
        (ANY, POLICY_B, "policy"),
        (POLICY_A, ANY, "policy"),
    ] {
        let mapped = [mapping(from, to)];
        let ca = ("issuing", mapped.to_vec());
        let got = verdict_of(&[], &[ca], ("alice", Vec::new()));
        assert_eq!(got, expected, "{from:?} {to:?}");
        let got = verdict_of(&mapped, &[], ("alice", Vec::new()));
        assert_eq!(got, expected, "root: {from:?} {to:?}");
    }
    // Nothing below a leaf could be of the policy that it maps to.
    let leaf = ("alice", vec![mapping(ANY, POLICY_B)]);
    assert_eq!(verdict_of(&[], &[], leaf), "ok");
}

#[test]
fn so_many_policies_are_mapped() {
    for (many, expected) in [(256, "ok"), (257, "policy")] {
        let ca = ("issuing", vec![mappings(&vec![(POLICY_A, POLICY_B); many])]);
        let got = verdict_of(&[], &[ca], ("alice", Vec::new()));
        assert_eq!(got, expected, "{many}");
    }
}

#[test]
fn mapping_is_inhibited_after_so_many_certificates() {
    let both = policies(false, &[POLICY_A, POLICY_B]);
    let mapped = vec![both.clone(), mapping(POLICY_A, POLICY_C)];
    let allowed = [(POLICY_A, "policy"), (POLICY_B, "ok"), (POLICY_C, "ok")];
    // What would be mapped is lost, and nothing else.
    let inhibited = [(POLICY_A, "policy"), (POLICY_B, "ok"), (POLICY_C, "policy")];
    for (name, after, leaves) in [
        ("two", 0, inhibited),
        ("two", 1, allowed),
        ("two", 2, allowed),
    ] {
        let asking = vec![both.clone(), explicit_and_mapping_inhibited_after(after)];
        verdicts_below(&[("one", asking), (name, mapped.clone())], &leaves);
    }
    // The next CA down, with or without the name of the one above it.
    for (name, leaves) in [("one", allowed), ("two", inhibited)] {
        let asking = vec![both.clone(), explicit_and_mapping_inhibited_after(1)];
        let cas = [
            ("one", asking),
            (name, vec![both.clone()]),
            ("three", mapped.clone()),
        ];
        verdicts_below(&cas, &leaves);
    }
}

#[test]
fn any_policy_is_inhibited_after_so_many_certificates_but_for_self_issued_cas() {
    for (after, name, expected) in [
        (0, "one", "ok"),
        (0, "two", "policy"),
        (1, "one", "ok"),
        (1, "two", "ok"),
    ] {
        let asking = vec![
            policies(false, &[ANY]),
            explicit_after(0),
            inhibit_any_after(after),
        ];
        let cas = [("one", asking), (name, vec![policies(false, &[ANY])])];
        verdicts_below(&cas, &[(POLICY_A, expected)]);
    }
    // A leaf is not excepted, whatever its name.
    for (after, expected) in [(0, "policy"), (1, "ok")] {
        let asking = vec![
            policies(false, &[POLICY_A]),
            explicit_after(0),
            inhibit_any_after(after),
        ];
        let leaf = ("issuing", vec![policies(false, &[ANY])]);
        assert_eq!(verdict_of(&[], &[("issuing", asking)], leaf), expected);
    }
}

#[test]
fn a_policy_is_asked_for_after_so_many_certificates() {
    let silent = Vec::new;
    for (after, names, leaf, expected) in [
        (1, &["one"][..], "alice", "policy"),
        (2, &["one"], "alice", "ok"),
        (2, &["one", "two"], "alice", "policy"),
        (3, &["one", "two"], "alice", "ok"),
        // A self-issued CA does not count, and a self-issued leaf does.
        (2, &["one", "one"], "alice", "ok"),
        (1, &["one"], "one", "policy"),
        (2, &["one"], "one", "ok"),
    ] {
        let said = |position| match position {
            0 => vec![explicit_after(after)],
            _ => silent(),
        };
        let cas = names.iter().enumerate();
        let cas: Vec<Said<'_>> = cas
            .map(|(position, name)| (*name, said(position)))
            .collect();
        let got = verdict_of(&[], &cas, (leaf, silent()));
        assert_eq!(got, expected, "{after} {names:?} {leaf}");
    }
}
