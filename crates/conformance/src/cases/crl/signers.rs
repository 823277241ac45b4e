//! Who may have signed a CRL (RFC 5280 section 6.3.3 (f) and (g)).

use std::sync::Arc;

use const_oid::db::rfc5280::ID_CE_KEY_USAGE;
use x509_cert::ext::pkix::KeyUsages;

use super::client::{OTHER, SERIAL};
use crate::authority::Authority;
use crate::case::Case;
use crate::certificate::forged;
use crate::crl::CrlBuilder;
use crate::extension::{authority_key_id, key_usage};
use crate::key::{Hash, Key};
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 6.3.3 (f), (g)";
    let rsa = w.root.sub_with(w.ca("RSA CA"), Arc::new(Key::rsa_2048()));
    let namesake = Authority::root(w.ca("Issuing CA"), Key::p256());
    let base = w.crl().by(&w.root);
    let numbered_root = Authority::root(w.ca("Root").numbered(OTHER), Key::p256());
    let leaf = w.sub.issue(w.client().numbered(SERIAL), &w.key);
    let with = |name, lists: &[Vec<u8>]| {
        let mut case = w.case(name, clause, &[&leaf, &w.sub.der]);
        case.crls = [std::slice::from_ref(&base), lists].concat();
        case
    };
    let of = |name, ca: &Authority, list: &CrlBuilder| {
        w.below(name, clause, ca).crls([&base, &list.by(ca)])
    };
    let usage = |bits| w.root.sub(w.ca("Odd CA").with(key_usage(bits)));
    let silent = w.root.sub(w.ca("Odd CA").without(ID_CE_KEY_USAGE));
    let sha_1 = w.crl().by(&rsa.clone().hashing_with(Hash::Sha1));
    let good = w.crl().by(&w.sub);
    let (wrong, revoking) = (w.crl().by(&namesake), w.crl().revoking(SERIAL));
    let crafted = revoking.clone().number(9).by(&namesake);
    vec![
        with("signature forged", &[forged(good.clone())]).refused("crl-bad-signature"),
        with(
            "signed by a CA of the same name",
            std::slice::from_ref(&wrong),
        )
        .refused("crl-bad-signature"),
        with(
            "signed by the root",
            &[w.crl().by_key(&w.sub.name, &w.root.key, Hash::Sha256)],
        )
        .refused("crl-bad-signature"),
        with(
            "list of a CA of the same name beside, revoking",
            &[crafted.clone(), good.clone()],
        ),
        with(
            "list of a CA of the same name behind, revoking",
            &[good.clone(), crafted],
        ),
        with(
            "list of a CA of the same name beside, newer",
            &[w.crl().number(9).by(&namesake), revoking.by(&w.sub)],
        )
        .refused("revoked"),
        of(
            "signer without cRLSign",
            &usage(KeyUsages::KeyCertSign.into()),
            &w.crl(),
        )
        .refused("key-usage"),
        of(
            "signer with cRLSign",
            &usage(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
            &w.crl(),
        ),
        of("signer without keyUsage", &silent, &w.crl()),
        of(
            "list names another key of its issuer",
            &w.sub,
            &w.crl().with(authority_key_id(&w.root.key.id())),
        )
        .refused("crl-bad-signature"),
        of("list names no key", &w.sub, &w.crl().naming_no_key()),
        w.of_root("root not on its own list", clause, &w.root)
            .crls([&base]),
        w.of_root("root on its own list", clause, &numbered_root)
            .crls([&w.crl().revoking(OTHER).by(&numbered_root)])
            .refused("revoked"),
        of("signed with RSA and SHA-256", &rsa, &w.crl()),
        w.below("signed with RSA and SHA-1", clause, &rsa)
            .crls([&base, &sha_1])
            .refused("crl-bad-signature"),
        two_roots(
            w,
            "two roots of one name, each with its list",
            clause,
            OTHER,
        ),
        two_roots(
            w,
            "two roots of one name, listed by its own",
            clause,
            SERIAL,
        )
        .refused("revoked"),
        other_root_lists(w, clause),
    ]
}

fn two_roots(w: &World, name: &'static str, clause: &'static str, listed: &[u8]) -> Case {
    let other = Authority::root(w.ca("Root"), Key::p256());
    let leaf = other.issue(w.client().numbered(SERIAL), &w.key);
    let (first, second) = (w.crl().by(&w.root), w.crl().revoking(listed).by(&other));
    w.case(name, clause, &[&leaf])
        .trust_anchors([&w.root.der, &other.der])
        .crls([&first, &second])
}

fn other_root_lists(w: &World, clause: &'static str) -> Case {
    let other = Authority::root(w.ca("Root"), Key::p256());
    let leaf = other.issue(w.client().numbered(SERIAL), &w.key);
    let (first, second) = (w.crl().revoking(SERIAL).by(&w.root), w.crl().by(&other));
    w.case(
        "two roots of one name, listed by the other",
        clause,
        &[&leaf],
    )
    .trust_anchors([&w.root.der, &other.der])
    .crls([&first, &second])
}
