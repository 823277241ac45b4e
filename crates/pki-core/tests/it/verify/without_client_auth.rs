//! Clients without clientAuth: accepted below the CAs that are named, until their date, and nowhere else.

use pki_core::verify::{
    Path, Purpose, Strictness, TrustAnchors, VerifyError, VerifyErrorKind, WithoutClientAuth,
};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose as Eku, KeyUsagePurpose as Ku};
use rustls_pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use crate::verify_kit::*;

const UNTIL: OffsetDateTime = NOW;
const BEFORE: OffsetDateTime = NOW.saturating_sub(Duration::SECOND);
const AFTER: OffsetDateTime = NOW.saturating_add(Duration::SECOND);
const BOTH: [Strictness; 2] = [Strictness::Strict, Strictness::WebPki];

/// root -> issuing -> host, which has serverAuth alone.
struct Public {
    root: Ca,
    issuing: Ca,
}

impl Public {
    fn new() -> Self {
        let root = root_ca("public root");
        let issuing = root.issuing("public issuing");
        Self { root, issuing }
    }

    fn verify(
        &self,
        leaf: &CertificateParams,
        exemption: WithoutClientAuth,
        strictness: Strictness,
        now: OffsetDateTime,
    ) -> Result<Path, VerifyError> {
        let verifier = clients(anchors(&self.root))
            .strictness(strictness)
            .accept_without_client_auth(exemption)
            .build();
        let presented = [self.issuing.der().clone()];
        verifier.verify(&self.issuing.sign(leaf), &presented, at(now))
    }

    /// As [`Self::verify`], where the two kinds of strictness agree.
    fn verdict(
        &self,
        leaf: &CertificateParams,
        exemption: &WithoutClientAuth,
        now: OffsetDateTime,
    ) -> &'static str {
        let [strict, lax] =
            BOTH.map(|strictness| verdict(&self.verify(leaf, exemption.clone(), strictness, now)));
        assert_eq!(strict, lax);
        strict
    }
}

fn parsed(der: &CertificateDer<'_>) -> Certificate {
    Certificate::from_der(der).unwrap()
}

fn below(ca: &Ca) -> WithoutClientAuth {
    WithoutClientAuth::new().issued_by(&parsed(ca.der()), UNTIL)
}

const REFUSED: &str = "wrong-extended-key-usage";

#[test]
fn a_named_ca_counts_before_its_date_and_no_longer_at_it() {
    let public = Public::new();
    let host = server("host.example");
    let key = *parsed(public.issuing.der()).spki_sha256();
    for exemption in [
        below(&public.issuing),
        below(&public.root),
        WithoutClientAuth::new().issued_by_key(key, UNTIL),
    ] {
        for (now, expected) in [(BEFORE, "ok"), (UNTIL, REFUSED), (AFTER, REFUSED)] {
            assert_eq!(public.verdict(&host, &exemption, now), expected, "{now}");
        }
    }
}

#[test]
fn no_ca_is_named_by_default_and_no_other_one_counts() {
    let public = Public::new();
    let host = server("host.example");
    let namesake = root_ca("public root").issuing("public issuing");
    for exemption in [WithoutClientAuth::new(), below(&namesake)] {
        assert_eq!(public.verdict(&host, &exemption, BEFORE), REFUSED);
    }
    let verifier = clients(anchors(&public.root)).build();
    let presented = [public.issuing.der().clone()];
    let refused = verifier.verify(&public.issuing.sign(&host), &presented, at(BEFORE));
    assert_eq!(verdict(&refused), REFUSED);
}

#[test]
fn a_ca_of_another_path_does_not_count() {
    // Both CAs are trusted, and one is named.
    let (named, other) = (Public::new(), Public::new());
    let both = TrustAnchors::from_certs([named.root.der(), other.root.der()]).unwrap();
    let verifier = clients(both)
        .accept_without_client_auth(below(&named.root))
        .build();
    for (world, expected) in [(&named, "ok"), (&other, REFUSED)] {
        let leaf = world.issuing.sign(&server("host.example"));
        // Also where the named one is sent along.
        let presented = [&world.issuing, &named.issuing, &named.root].map(|ca| ca.der().clone());
        let result = verifier.verify(&leaf, &presented, at(BEFORE));
        assert_eq!(verdict(&result), expected);
    }
}

#[test]
fn server_auth_is_what_stands_in_and_nothing_else() {
    let public = Public::new();
    let exemption = below(&public.issuing);
    for (usages, strict, lax) in [
        (vec![Eku::ServerAuth], "ok", "ok"),
        (vec![Eku::ServerAuth, Eku::Any], "ok", "ok"),
        (vec![Eku::ServerAuth, Eku::EmailProtection], "ok", "ok"),
        (vec![Eku::Any], REFUSED, REFUSED),
        (vec![Eku::EmailProtection], REFUSED, REFUSED),
        (vec![Eku::CodeSigning, Eku::OcspSigning], REFUSED, REFUSED),
        // As without any of this: webpki takes a certificate that does not say what it is for.
        (vec![], "no-extended-key-usage", "ok"),
    ] {
        let leaf = with(server("host.example"), |leaf| {
            leaf.extended_key_usages.clone_from(&usages);
        });
        for (strictness, expected) in [(Strictness::Strict, strict), (Strictness::WebPki, lax)] {
            let result = public.verify(&leaf, exemption.clone(), strictness, BEFORE);
            assert_eq!(verdict(&result), expected, "{usages:?} {strictness:?}");
            if let Ok(path) = result {
                let stands_in = usages.contains(&Eku::ServerAuth);
                let until = stands_in.then_some(UNTIL);
                assert_eq!(path.without_client_auth_until(), until, "{usages:?}");
            }
        }
    }
}

#[test]
fn the_cas_above_are_those_of_a_server() {
    for (usages, expected) in [
        (vec![], "ok"),
        (vec![Eku::ServerAuth], "ok"),
        (vec![Eku::ServerAuth, Eku::ClientAuth], "ok"),
        (vec![Eku::ClientAuth], REFUSED),
        (vec![Eku::EmailProtection], REFUSED),
    ] {
        let root = root_ca("public root");
        let issuing = root
            .issuing("public issuing")
            .with(|ca| ca.extended_key_usages.clone_from(&usages));
        let public = Public { root, issuing };
        let exemption = below(&public.root);
        let host = server("host.example");
        assert_eq!(
            public.verdict(&host, &exemption, BEFORE),
            expected,
            "{usages:?}"
        );
        // Nothing changes for who has clientAuth.
        let usual = if usages.is_empty() || usages.contains(&Eku::ClientAuth) {
            "ok"
        } else {
            REFUSED
        };
        let alice = client("alice");
        assert_eq!(
            public.verdict(&alice, &exemption, BEFORE),
            usual,
            "{usages:?}"
        );
        assert_eq!(
            public.verdict(&alice, &exemption, AFTER),
            usual,
            "{usages:?}"
        );
    }
}

#[test]
fn every_other_rule_holds_and_gives_its_own_reason() {
    type Change = fn(&mut CertificateParams);
    let public = Public::new();
    let exemption = below(&public.root);
    let cases: [(&str, Change); 4] = [
        ("expired", |leaf| leaf.not_after = BEFORE - Duration::SECOND),
        ("not-yet-valid", |leaf| leaf.not_before = AFTER),
        ("key-usage", |leaf| leaf.key_usages = vec![Ku::KeyAgreement]),
        ("no-name", |leaf| {
            leaf.distinguished_name = rcgen::DistinguishedName::new();
            leaf.subject_alt_names.clear();
        }),
    ];
    for (expected, change) in cases {
        let leaf = with(server("host.example"), change);
        let result = public.verify(&leaf, exemption.clone(), Strictness::Strict, BEFORE);
        assert_eq!(verdict(&result), expected);
        // From the date on it is judged as by a verifier that knows nothing of this.
        let named = public.verify(&leaf, exemption.clone(), Strictness::Strict, UNTIL);
        let presented = [public.issuing.der().clone()];
        let plain = clients(anchors(&public.root)).build();
        let plain = plain.verify(&public.issuing.sign(&leaf), &presented, at(UNTIL));
        assert_eq!(verdict(&named), verdict(&plain), "{expected}");
    }
    // A CA is not a leaf by this, and is told so as a client.
    let verifier = clients(anchors(&public.root))
        .accept_without_client_auth(exemption)
        .build();
    let ca = public.root.issuing("a CA").with(|ca| {
        ca.extended_key_usages = vec![Eku::ServerAuth];
    });
    let refused = verifier.verify(ca.der(), &[], at(BEFORE)).unwrap_err();
    assert_eq!(refused.kind(), VerifyErrorKind::WrongPurpose);
    assert!(!refused.to_string().contains("server:"), "{refused}");
}

#[test]
fn a_revoked_certificate_is_refused_as_such() {
    let public = Public::new();
    let host = server("host.example");
    let leaf = public.issuing.sign(&host);
    let root_crl = crl_der(&public.root, &crl_params(1, &[]));
    for (revoked, expected) in [(vec![], "ok"), (vec![&host], "revoked")] {
        let crl = crl_der(&public.issuing, &crl_params(1, &revoked));
        let verifier = clients(anchors(&public.root))
            .revocation(crls(&[&crl, &root_crl]))
            .accept_without_client_auth(below(&public.issuing))
            .build();
        let result = verifier.verify(&leaf, &[public.issuing.der().clone()], at(BEFORE));
        assert_eq!(verdict(&result), expected);
    }
}

#[test]
fn a_path_knows_until_when_and_is_not_rechecked_beyond() {
    let public = Public::new();
    let (near, far) = (UNTIL, UNTIL + Duration::HOUR);
    for (exemption, until) in [
        (below(&public.issuing), near),
        (
            below(&public.issuing).issued_by(&parsed(public.root.der()), far),
            far,
        ),
    ] {
        let verifier = clients(anchors(&public.root))
            .accept_without_client_auth(exemption)
            .build();
        let presented = [public.issuing.der().clone()];
        let leaf = public.issuing.sign(&server("host.example"));
        let path = verifier.verify(&leaf, &presented, at(BEFORE)).unwrap();
        assert_eq!(path.without_client_auth_until(), Some(until));
        assert!(
            verifier
                .recheck(&path, at(until - Duration::SECOND))
                .is_ok()
        );
        for now in [until, until + Duration::SECOND] {
            let refused = verifier.recheck(&path, at(now)).unwrap_err();
            assert_eq!(refused.code(), REFUSED);
        }
        let both = with(client("alice"), |leaf| {
            leaf.extended_key_usages.push(Eku::ServerAuth);
        });
        for alice in [client("alice"), both] {
            let alice = public.issuing.sign(&alice);
            let path = verifier.verify(&alice, &presented, at(BEFORE)).unwrap();
            assert_eq!(path.without_client_auth_until(), None);
            assert!(verifier.recheck(&path, at(far)).is_ok());
        }
    }
}

#[test]
fn a_verifier_of_servers_is_as_before() {
    let public = Public::new();
    let other = root_ca("other");
    for named in [&other, &public.root] {
        let verifier =
            pki_core::verify::ChainVerifier::builder(anchors(&public.root), Purpose::TlsServer)
                .accept_without_client_auth(below(named))
                .build();
        let presented = [public.issuing.der().clone()];
        for (leaf, expected) in [(server("host.example"), "ok"), (client("alice"), REFUSED)] {
            for now in [BEFORE, AFTER] {
                let result = verifier.verify(&public.issuing.sign(&leaf), &presented, at(now));
                assert_eq!(verdict(&result), expected);
                let until = result
                    .ok()
                    .and_then(|path| path.without_client_auth_until());
                assert_eq!(until, None);
            }
        }
    }
}
