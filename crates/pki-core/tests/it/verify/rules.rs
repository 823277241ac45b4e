//! The strict rules, each from both sides: a chain that keeps it and one that breaks it.

use pki_core::verify::{ChainVerifier, Purpose, Strictness};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose as Eku, IsCa,
    KeyUsagePurpose as Ku, NameConstraints, SanType,
};
use rustls_pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

use crate::verify_kit::*;

const BOTH: [Purpose; 2] = [Purpose::TlsClient, Purpose::TlsServer];

/// A case changes one certificate of root -> issuing -> leaf.
type Change = fn(&mut CertificateParams);
type LeafChange = fn(&mut CertificateParams, Purpose);

fn usage_of(purpose: Purpose) -> Eku {
    match purpose {
        Purpose::TlsClient => Eku::ClientAuth,
        Purpose::TlsServer => Eku::ServerAuth,
    }
}

fn other_usage(purpose: Purpose) -> Eku {
    match purpose {
        Purpose::TlsClient => Eku::ServerAuth,
        Purpose::TlsServer => Eku::ClientAuth,
    }
}

#[test]
fn leaf_is_for_its_purpose() {
    // name, change, strict verdict, webpki verdict
    let cases: &[(&str, LeafChange, &str, &str)] = &[
        ("good", |_, _| {}, "ok", "ok"),
        (
            "no key usage",
            |leaf, _| leaf.key_usages.clear(),
            "ok",
            "ok",
        ),
        (
            "explicit CA:FALSE",
            |leaf, _| leaf.is_ca = IsCa::ExplicitNoCa,
            "ok",
            "ok",
        ),
        (
            "digitalSignature among others",
            |leaf, _| leaf.key_usages.push(Ku::KeyEncipherment),
            "ok",
            "ok",
        ),
        (
            "keyAgreement alone",
            |leaf, _| leaf.key_usages = vec![Ku::KeyAgreement],
            "key-usage",
            "ok",
        ),
        (
            "cRLSign alone",
            |leaf, _| leaf.key_usages = vec![Ku::CrlSign],
            "key-usage",
            "ok",
        ),
        (
            "keyCertSign without CA",
            |leaf, _| leaf.key_usages = vec![Ku::KeyCertSign, Ku::DigitalSignature],
            "ok",
            "ok",
        ),
        (
            "no EKU",
            |leaf, _| leaf.extended_key_usages.clear(),
            "no-extended-key-usage",
            "ok",
        ),
        (
            "both EKUs",
            |leaf, _| leaf.extended_key_usages = vec![Eku::ServerAuth, Eku::ClientAuth],
            "ok",
            "ok",
        ),
        (
            "other EKU",
            |leaf, purpose| leaf.extended_key_usages = vec![other_usage(purpose)],
            "wrong-extended-key-usage",
            "wrong-extended-key-usage",
        ),
        (
            "any EKU alone",
            |leaf, _| leaf.extended_key_usages = vec![Eku::Any],
            "wrong-extended-key-usage",
            "wrong-extended-key-usage",
        ),
        (
            "any EKU beside the right one",
            |leaf, purpose| leaf.extended_key_usages = vec![Eku::Any, usage_of(purpose)],
            "ok",
            "ok",
        ),
        (
            "a CA",
            |leaf, _| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            "ca-as-leaf",
            "ca-as-leaf",
        ),
        ("last second", |leaf, _| leaf.not_after = NOW, "ok", "ok"),
        (
            "one second late",
            |leaf, _| leaf.not_after = NOW - Duration::SECOND,
            "expired",
            "expired",
        ),
        ("first second", |leaf, _| leaf.not_before = NOW, "ok", "ok"),
        (
            "one second early",
            |leaf, _| leaf.not_before = NOW + Duration::SECOND,
            "not-yet-valid",
            "not-yet-valid",
        ),
        (
            "nobody",
            |leaf, _| {
                leaf.distinguished_name = Default::default();
                leaf.subject_alt_names.clear();
            },
            "no-name",
            "ok",
        ),
        (
            "a SAN and no subject",
            |leaf, _| {
                leaf.distinguished_name = Default::default();
                leaf.subject_alt_names = vec![SanType::DnsName("x".try_into().unwrap())];
            },
            "ok",
            "ok",
        ),
        (
            "NUL in the name",
            |leaf, _| {
                leaf.distinguished_name
                    .push(rcgen::DnType::OrganizationName, "a\0b")
            },
            "malformed",
            "malformed",
        ),
        (
            "critical unknown extension",
            |leaf, _| leaf.custom_extensions = vec![unknown_extension(true)],
            "unknown-critical-extension",
            "unknown-critical-extension",
        ),
        (
            "unknown extension, not critical",
            |leaf, _| leaf.custom_extensions = vec![unknown_extension(false)],
            "ok",
            "ok",
        ),
    ];
    for purpose in BOTH {
        let root = root_ca("root");
        for (name, change, strict, webpki) in cases {
            let leaf = root.sign(&with(leaf(purpose, "leaf.example"), |leaf| {
                change(leaf, purpose)
            }));
            assert_verdicts(
                &format!("{purpose}: {name}"),
                purpose,
                &root,
                &leaf,
                &[],
                strict,
                webpki,
            );
        }
    }
}

#[test]
fn intermediates_are_cas_within_their_limits() {
    let cases: &[(&str, Change, &str, &str)] = &[
        ("good", |_| {}, "ok", "ok"),
        ("no key usage", |ca| ca.key_usages.clear(), "ok", "ok"),
        (
            "no keyCertSign",
            |ca| ca.key_usages = vec![Ku::CrlSign],
            "key-usage",
            "ok",
        ),
        (
            "not a CA",
            |ca| ca.is_ca = IsCa::NoCa,
            "not-a-ca",
            "not-a-ca",
        ),
        (
            "pathLen 0",
            |ca| ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)),
            "ok",
            "ok",
        ),
        (
            "expired",
            |ca| ca.not_after = NOW - Duration::SECOND,
            "expired",
            "expired",
        ),
        (
            "not yet valid",
            |ca| ca.not_before = NOW + Duration::SECOND,
            "not-yet-valid",
            "not-yet-valid",
        ),
        (
            "valid for a second",
            |ca| (ca.not_before, ca.not_after) = (NOW, NOW),
            "ok",
            "ok",
        ),
        (
            "right EKU",
            |ca| ca.extended_key_usages = vec![Eku::ClientAuth],
            "ok",
            "ok",
        ),
        (
            "any EKU",
            |ca| ca.extended_key_usages = vec![Eku::Any],
            "wrong-extended-key-usage",
            "wrong-extended-key-usage",
        ),
        (
            "other EKU",
            |ca| ca.extended_key_usages = vec![Eku::ServerAuth],
            "wrong-extended-key-usage",
            "wrong-extended-key-usage",
        ),
        (
            "critical unknown extension",
            |ca| ca.custom_extensions = vec![unknown_extension(true)],
            "unknown-critical-extension",
            "unknown-critical-extension",
        ),
        (
            "name constraint met",
            |ca| ca.name_constraints = Some(permitted("example")),
            "ok",
            "ok",
        ),
        (
            "name constraint broken",
            |ca| ca.name_constraints = Some(permitted("other")),
            "name-constraint",
            "name-constraint",
        ),
    ];
    let root = root_ca("root");
    for (name, change, strict, webpki) in cases {
        let issuing = root.issuing("issuing").with(change);
        let leaf = issuing.sign(&with(client("alice"), |leaf| {
            leaf.subject_alt_names = vec![SanType::DnsName("alice.example".try_into().unwrap())];
        }));
        assert_verdicts(
            name,
            Purpose::TlsClient,
            &root,
            &leaf,
            std::slice::from_ref(issuing.der()),
            strict,
            webpki,
        );
    }
}

#[test]
fn anchor_is_checked_too() {
    let cases: &[(&str, Change, &str)] = &[
        ("good", |_| {}, "ok"),
        (
            "recipe root without key usage",
            |root| root.key_usages.clear(),
            "ok",
        ),
        (
            "no keyCertSign",
            |root| root.key_usages = vec![Ku::CrlSign],
            "key-usage",
        ),
        (
            "CA:FALSE",
            |root| root.is_ca = IsCa::ExplicitNoCa,
            "anchor-not-ca",
        ),
        (
            "no basicConstraints",
            |root| root.is_ca = IsCa::NoCa,
            "anchor-not-ca",
        ),
        ("first second", |root| root.not_before = NOW, "ok"),
        ("last second", |root| root.not_after = NOW, "ok"),
        (
            "expired",
            |root| root.not_after = NOW - Duration::SECOND,
            "anchor-expired",
        ),
        (
            "not yet valid",
            |root| root.not_before = NOW + Duration::SECOND,
            "anchor-not-yet-valid",
        ),
        (
            "pathLen 1",
            |root| root.is_ca = IsCa::Ca(BasicConstraints::Constrained(1)),
            "ok",
        ),
        (
            "pathLen 0",
            |root| root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)),
            "path-length",
        ),
        (
            "right EKU",
            |root| root.extended_key_usages = vec![Eku::ClientAuth],
            "ok",
        ),
        (
            "other EKU",
            |root| root.extended_key_usages = vec![Eku::ServerAuth],
            "wrong-extended-key-usage",
        ),
        (
            "critical unknown extension",
            |root| root.custom_extensions = vec![unknown_extension(true)],
            "unknown-critical-extension",
        ),
    ];
    for (name, change, strict) in cases {
        let root = root_ca("root").with(change);
        let issuing = root.issuing("issuing");
        let leaf = issuing.sign(&client("alice"));
        assert_verdicts(
            name,
            Purpose::TlsClient,
            &root,
            &leaf,
            std::slice::from_ref(issuing.der()),
            strict,
            "ok",
        );
    }
}

#[test]
fn path_length_counts_intermediates() {
    let root = root_ca("root");
    let limited = root
        .issuing("limited")
        .with(|ca| ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let below = limited.issuing("below");
    let leaf = below.sign(&client("alice"));
    let chain = [limited.der().clone(), below.der().clone()];
    assert_verdicts(
        "below pathLen 0",
        Purpose::TlsClient,
        &root,
        &leaf,
        &chain,
        "path-length",
        "path-length",
    );
}

#[test]
fn validity_may_begin_before_1970() {
    let root = root_ca("root");
    let long_ago =
        |params: &mut CertificateParams| params.not_before = rcgen::date_time_ymd(1960, 1, 1);
    let old_ca = root.issuing("old").with(long_ago);
    let mut old = client("alice");
    long_ago(&mut old);
    let mut expired = old.clone();
    expired.not_after = rcgen::date_time_ymd(1969, 12, 31);
    for (params, expected) in [(client("alice"), "ok"), (old, "ok"), (expired, "expired")] {
        let leaf = old_ca.sign(&params);
        let verifier = clients(anchors(&root)).build();
        let result = verifier.verify(&leaf, std::slice::from_ref(old_ca.der()), at(NOW));
        assert_eq!(verdict(&result), expected, "{result:?}");
    }
}

#[test]
fn a_path_is_checked_again_for_the_times_of_each_certificate() {
    const BEGIN: OffsetDateTime = NOW.saturating_sub(Duration::DAY);
    const END: OffsetDateTime = NOW.saturating_add(Duration::DAY);
    let short: Change = |params| (params.not_before, params.not_after) = (BEGIN, END);
    let usual: Change = |_| {};
    for (of_root, of_ca, of_leaf, early, late) in [
        (usual, usual, short, "not-yet-valid", "expired"),
        (usual, short, usual, "not-yet-valid", "expired"),
        (
            short,
            usual,
            usual,
            "anchor-not-yet-valid",
            "anchor-expired",
        ),
    ] {
        let root = root_ca("root").with(of_root);
        let issuing = root.issuing("issuing").with(of_ca);
        let leaf = issuing.sign(&with(client("alice"), of_leaf));
        for strictness in [Strictness::Strict, Strictness::WebPki] {
            let verifier = clients(anchors(&root)).strictness(strictness).build();
            let path = verifier
                .verify(&leaf, &[issuing.der().clone()], at(NOW))
                .unwrap();
            // webpki reads a trust anchor for its name and key.
            let is_checked = strictness == Strictness::Strict || !late.starts_with("anchor");
            for (now, expected) in [
                (BEGIN - Duration::SECOND, early),
                (BEGIN, "ok"),
                (END, "ok"),
                (END + Duration::SECOND, late),
            ] {
                let again = verifier.recheck(&path, at(now)).err();
                let again = again.map_or("ok", |error| error.code());
                assert_eq!(again, if is_checked { expected } else { "ok" }, "{now}");
            }
        }
    }
}

#[test]
fn depth_is_limited_to_the_setting() {
    let root = root_ca("root");
    let mut chain = vec![root.issuing("ca 1")];
    for depth in 2..=7 {
        let next = chain.last().unwrap().issuing(&format!("ca {depth}"));
        chain.push(next);
    }
    for (intermediates, limit, expected) in [
        (4, 4, "ok"),
        (5, 4, "too-deep"),
        (5, 5, "ok"),
        (0, 0, "ok"),
        (1, 0, "too-deep"),
        (6, 9, "ok"),
        (7, 9, "too-deep"),
    ] {
        let issuer = if intermediates == 0 {
            &root
        } else {
            &chain[intermediates - 1]
        };
        let leaf = issuer.sign(&client("alice"));
        let presented: Vec<_> = chain[..intermediates]
            .iter()
            .rev()
            .map(|ca| ca.der().clone())
            .collect();
        let verifier = clients(anchors(&root)).max_depth(limit).build();
        let result = verifier.verify(&leaf, &presented, at(NOW));
        assert_eq!(
            verdict(&result),
            expected,
            "{intermediates} intermediates, limit {limit}"
        );
    }
}

fn unknown_extension(critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(critical);
    extension
}

fn permitted(domain: &str) -> NameConstraints {
    NameConstraints {
        permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName(domain.to_owned())],
        excluded_subtrees: Vec::new(),
    }
}

fn assert_verdicts(
    name: &str,
    purpose: Purpose,
    root: &Ca,
    leaf: &CertificateDer<'_>,
    presented: &[CertificateDer<'_>],
    strict: &str,
    webpki: &str,
) {
    for (strictness, expected) in [(Strictness::Strict, strict), (Strictness::WebPki, webpki)] {
        let verifier = ChainVerifier::builder(anchors(root), purpose)
            .strictness(strictness)
            .build();
        let result = verifier.verify(leaf, presented, at(NOW));
        assert_eq!(
            verdict(&result),
            expected,
            "{name}, {strictness:?}: {result:?}"
        );
    }
}
