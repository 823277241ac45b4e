//! One name written in several ways (RFC 5280 section 7.1) leads to the same issuer, CRL and subtree.

use pki_core::verify::{Strictness, TrustAnchors};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, DnValue, GeneralSubtree, Issuer, NameConstraints,
};
use rustls_pki_types::CertificateDer;

use crate::verify_kit::*;

fn printable(text: &str) -> DnValue {
    DnValue::PrintableString(text.try_into().unwrap())
}

fn utf8(text: &str) -> DnValue {
    DnValue::Utf8String(text.to_owned())
}

fn named(value: DnValue) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, utf8("Example"));
    name.push(DnType::CommonName, value);
    name
}

/// The name of a CA as it writes it, as others write it, and whether both are one.
fn spellings() -> Vec<(DnValue, DnValue, bool)> {
    vec![
        (printable("Puppet CA"), printable("Puppet CA"), true),
        (printable("Puppet CA"), utf8("Puppet CA"), true),
        (utf8("Puppet CA"), printable("Puppet CA"), true),
        (utf8("Issuing  CA"), utf8("issuing ca"), true),
        (utf8(" Issuing CA "), printable("ISSUING CA"), true),
        (utf8("Åsa CA"), utf8("åsa ca"), true),
        (printable("Puppet CA"), utf8("Puppet CA 2"), false),
        (printable("Puppet CA"), utf8("PuppetCA"), false),
    ]
}

/// The CA, but under another spelling of its name.
fn respelled(ca: &Ca, name: DnValue) -> CertificateParams {
    let mut params = ca.params().clone();
    params.distinguished_name = named(name);
    params
}

fn issue_as(ca: &Ca, name: DnValue, leaf: &CertificateParams) -> CertificateDer<'static> {
    let params = respelled(ca, name);
    let issuer = Issuer::from_params(&params, ca.key());
    let key = rcgen::KeyPair::generate().unwrap();
    leaf.signed_by(&key, &issuer).unwrap().der().clone()
}

fn root_named(name: DnValue) -> Ca {
    root_ca("").with(|ca| ca.distinguished_name = named(name))
}

#[test]
fn an_issuer_is_found_by_every_spelling_of_its_name() {
    for (own, written, same) in spellings() {
        let root = root_named(own.clone());
        let leaf = issue_as(&root, written.clone(), &client("alice"));
        let verifier = clients(anchors(&root)).build();
        let expected = if same { "ok" } else { "unknown-issuer" };
        let below_root = verifier.verify(&leaf, &[], at(NOW));
        assert_eq!(verdict(&below_root), expected, "{own:?} {written:?}");
        if let Ok(path) = below_root {
            assert!(verifier.recheck(&path, at(NOW)).is_ok());
        }

        let top = root_ca("top");
        let sub = top
            .issuing("")
            .with(|ca| ca.distinguished_name = named(own.clone()));
        let leaf = issue_as(&sub, written.clone(), &client("alice"));
        let verifier = clients(anchors(&top)).build();
        let below_sub = verifier.verify(&leaf, &[sub.der().clone()], at(NOW));
        assert_eq!(verdict(&below_sub), expected, "{own:?} {written:?}");
    }
}

#[test]
fn a_name_that_is_spelled_alike_vouches_for_nobody() {
    let (own, written) = (printable("Puppet CA"), utf8("puppet ca"));
    let root = root_named(own.clone());
    let stranger = root_named(written.clone());
    let leaf = issue_as(&stranger, written, &client("mallory"));
    let verifier = clients(anchors(&root)).build();
    for presented in [vec![], vec![stranger.der().clone()]] {
        assert!(verifier.verify(&leaf, &presented, at(NOW)).is_err());
    }
}

#[test]
fn the_strict_rules_hold_where_only_the_spelling_leads_to_the_issuer() {
    let root = root_named(printable("Puppet CA"));
    let verify = |leaf: &CertificateParams, days: i64| {
        let leaf = issue_as(&root, utf8("Puppet CA"), leaf);
        let verifier = clients(anchors(&root)).build();
        let now = at(NOW + time::Duration::days(days));
        verdict(&verifier.verify(&leaf, &[], now))
    };
    assert_eq!(verify(&client("alice"), 0), "ok");
    assert_eq!(verify(&client("alice"), 11), "expired");
    assert_eq!(verify(&server("alice"), 0), "wrong-extended-key-usage");
    assert_eq!(verify(&ca("alice"), 0), "ca-as-leaf");
    let unusable = with(client("alice"), |leaf| leaf.extended_key_usages.clear());
    assert_eq!(verify(&unusable, 0), "no-extended-key-usage");
    let webpki = clients(anchors(&root))
        .strictness(Strictness::WebPki)
        .build();
    let leaf = issue_as(&root, utf8("Puppet CA"), &client("alice"));
    assert!(webpki.verify(&leaf, &[], at(NOW)).is_err());
}

#[test]
fn a_crl_is_found_by_every_spelling_of_its_issuer() {
    for (own, written, same) in spellings() {
        let root = root_named(own.clone());
        let (alice, bob) = (client("alice"), client("bob"));
        let list = |ca: &CertificateParams| {
            let mut ca = ca.clone();
            ca.key_usages.clear();
            let issuer = Issuer::from_params(&ca, root.key());
            let crl = crl_params(1, &[&bob]).signed_by(&issuer).unwrap();
            crl.der().to_vec()
        };
        let crl = list(&respelled(&root, written.clone()));
        let verifier = clients(anchors(&root)).revocation(crls(&[&crl])).build();
        let verdict_on =
            |leaf: &CertificateParams| verdict(&verifier.verify(&root.sign(leaf), &[], at(NOW)));
        let (good, revoked) = match same {
            true => ("ok", "revoked"),
            false => ("revocation-unknown", "revocation-unknown"),
        };
        assert_eq!(verdict_on(&alice), good, "{own:?} {written:?}");
        assert_eq!(verdict_on(&bob), revoked, "{own:?} {written:?}");
    }
}

#[test]
fn a_subtree_holds_every_spelling_of_its_names() {
    for (own, written, same) in spellings() {
        for excluded in [false, true] {
            let subtree = GeneralSubtree::DirectoryName(named(own.clone()));
            let constraints = match excluded {
                true => NameConstraints {
                    permitted_subtrees: vec![],
                    excluded_subtrees: vec![subtree],
                },
                false => NameConstraints {
                    permitted_subtrees: vec![subtree],
                    excluded_subtrees: vec![],
                },
            };
            let top = root_ca("top");
            let sub = top
                .issuing("sub")
                .with(|ca| ca.name_constraints = Some(constraints));
            let leaf = with(client(""), |leaf| {
                leaf.distinguished_name = named(written.clone());
            });
            let verifier = clients(anchors(&top)).build();
            let result = verifier.verify(&sub.sign(&leaf), &[sub.der().clone()], at(NOW));
            let expected = if same != excluded {
                "ok"
            } else {
                "name-constraint"
            };
            assert_eq!(verdict(&result), expected, "{own:?} {written:?} {excluded}");
        }
    }
}

#[test]
fn many_anchors_of_one_name_are_each_tried_whatever_its_spelling() {
    let roots: Vec<Ca> = (0..12)
        .map(|index| {
            let name = if index % 2 == 0 {
                printable("Puppet CA")
            } else {
                utf8("PUPPET CA")
            };
            root_named(name)
        })
        .collect();
    let anchors = TrustAnchors::from_certs(roots.iter().map(|root| root.der())).unwrap();
    let verifier = clients(anchors).build();
    for root in &roots {
        let leaf = issue_as(root, utf8("puppet ca"), &client("alice"));
        assert_eq!(verdict(&verifier.verify(&leaf, &[], at(NOW))), "ok");
    }
}
