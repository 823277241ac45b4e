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
