//! Good certificates are good, and wrong ones wrong for their own reason alone. webpki judges.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use rustls_pki_types::{CertificateDer, UnixTime};
use test_pki::der::tlv;
use test_pki::rcgen::{KeyUsagePurpose, SerialNumber};
use test_pki::{Ca, Crl, KeyKind, Leaf, params};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use webpki::{
    CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage, OwnedCertRevocationList,
    RevocationOptionsBuilder, anchor_from_trusted_cert,
};

/// What webpki says of a client of this root.
fn client(leaf: &Leaf, root: &Ca, crls: &[&Crl], now: OffsetDateTime) -> Result<(), Error> {
    verify(&leaf.chain(), root, crls, KeyUsage::client_auth(), now)
}

fn verify(
    chain: &[CertificateDer<'_>],
    root: &Ca,
    crls: &[&Crl],
    usage: KeyUsage,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let anchor = anchor_from_trusted_cert(root.der()).unwrap();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(
        now.unix_timestamp().unsigned_abs(),
    ));
    let crls: Vec<CertRevocationList<'_>> = crls
        .iter()
        .map(|crl| OwnedCertRevocationList::from_der(crl.der()).unwrap().into())
        .collect();
    let crls: Vec<&CertRevocationList<'_>> = crls.iter().collect();
    let revocation = RevocationOptionsBuilder::new(&crls)
        .ok()
        .map(|options| options.with_expiration_policy(ExpirationPolicy::Enforce));
    EndEntityCert::try_from(&chain[0])?
        .verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &[anchor],
            &chain[1..],
            now,
            usage,
            revocation.map(RevocationOptionsBuilder::build),
            None,
        )
        .map(|_| ())
}

#[test]
fn a_client_is_refused_for_the_one_thing_that_is_wrong() {
    let now = OffsetDateTime::now_utc();
    let root = Ca::root("Test root");
    let issuing = root.issuing("Issuing CA");
    let alice = issuing.client("alice");
    let expired = root.client("alice").expired();
    let early = root.client("alice").not_yet_valid();
    for (case, leaf, expected) in [
        ("good", &root.client("alice"), Ok(())),
        ("below an issuing CA", &alice, Ok(())),
        (
            "of three levels",
            &issuing.issuing("Lower").client("alice"),
            Ok(()),
        ),
        (
            "without intermediates",
            &alice.clone().without_intermediates(),
            Err("UnknownIssuer"),
        ),
        (
            "presented late",
            &alice
                .clone()
                .without_intermediates()
                .presenting([issuing.der()]),
            Ok(()),
        ),
        (
            "self-signed",
            &alice.clone().self_signed(),
            Err("UnknownIssuer"),
        ),
        (
            "another CA of that name",
            &Ca::root("Test root").client("alice"),
            Err("InvalidSignatureForPublicKey"),
        ),
        ("expired", &expired, Err("CertExpired")),
        ("not yet valid", &early, Err("CertNotValidYet")),
        (
            "over since a second",
            &root.client("alice").valid_until(now - Duration::SECOND),
            Err("CertExpired"),
        ),
        (
            "below an expired CA",
            &root.issuing("Old").expired().client("alice"),
            Err("CertExpired"),
        ),
        (
            "for servers",
            &root.server("localhost"),
            Err("RequiredEkuNotFound"),
        ),
        ("a CA", &issuing.as_leaf(), Err("CaUsedAsEndEntity")),
    ] {
        let verdict = client(leaf, &root, &[], now).map_err(|error| format!("{error:?}"));
        match (verdict, expected) {
            (Ok(()), Ok(())) => (),
            (Err(got), Err(wanted)) => assert!(got.starts_with(wanted), "{case}: {got}"),
            (got, wanted) => panic!("{case}: {got:?} for {wanted:?}"),
        }
    }
}

#[test]
fn everything_is_valid_at_the_time_of_its_root() {
    let now = datetime!(2001-09-09 1:46:40 UTC);
    let root = Ca::root_at("Test root", now);
    let issuing = root.issuing("Issuing CA");
    let alice = issuing.client("alice");
    let crl = issuing.crl();
    assert_eq!(client(&alice, &root, &[], now), Ok(()));
    assert!(client(&alice, &root, &[&crl, &root.crl()], now).is_ok());
    let later = now + Duration::days(31);
    assert!(client(&alice, &root, &[], later).is_err());
    assert!(client(&alice.expired(), &root, &[], now).is_err());
}

#[test]
fn a_server_is_for_its_name() {
    let root = Ca::root("Test root");
    for (server, names) in [
        (
            root.server("localhost"),
            ["localhost", "127.0.0.1", "::1"].as_slice(),
        ),
        (root.server("api.example.org"), &["api.example.org"]),
        (
            root.server("10.0.0.1").dns("api.example.org"),
            &["10.0.0.1", "api.example.org"],
        ),
    ] {
        let now = OffsetDateTime::now_utc();
        let usage = KeyUsage::server_auth();
        assert_eq!(verify(&server.chain(), &root, &[], usage, now), Ok(()));
        let certificate = server.der();
        let certificate = EndEntityCert::try_from(certificate).unwrap();
        for name in [
            "localhost",
            "127.0.0.1",
            "::1",
            "api.example.org",
            "10.0.0.1",
        ] {
            let wanted = rustls_pki_types::ServerName::try_from(name).unwrap();
            assert_eq!(
                certificate
                    .verify_is_valid_for_subject_name(&wanted)
                    .is_ok(),
                names.contains(&name),
                "{name} of {names:?}",
            );
        }
    }
}

#[test]
fn a_crl_revokes_whom_it_names_until_it_runs_out() {
    let now = OffsetDateTime::now_utc();
    let root = Ca::root("Test root");
    let issuing = root.issuing("Issuing CA");
    let (alice, bob) = (root.client("alice"), root.client("bob"));
    let seven = root.client("seven").serial(7_u64);
    let below = issuing.client("below");
    let crl = root.crl().revoke(&alice).revoke(7_u64).revoke(&issuing);
    let of_issuing = issuing.crl();
    for (leaf, crl, expected) in [
        (&alice, &crl, Err(Error::CertRevoked)),
        (&seven, &crl, Err(Error::CertRevoked)),
        (&below, &crl, Err(Error::CertRevoked)),
        (&bob, &crl, Ok(())),
        (&alice, &root.crl().number(2), Ok(())),
    ] {
        assert_eq!(client(leaf, &root, &[crl, &of_issuing], now), expected);
    }
    let expired = crl.expired();
    let verdict = client(&bob, &root, &[&expired], now);
    assert!(
        matches!(verdict, Err(Error::CrlExpired { .. })),
        "{verdict:?}"
    );
}

#[test]
fn a_ca_with_another_key_signs_with_it() {
    let now = OffsetDateTime::now_utc();
    for kind in [
        KeyKind::Ed25519,
        KeyKind::P256,
        KeyKind::P384,
        KeyKind::P521,
        KeyKind::Rsa2048,
    ] {
        let root = Ca::root("Test root").with_key(kind);
        let alice = root.client("alice").with_key(kind);
        assert_eq!(
            client(&alice, &root, &[&root.crl()], now),
            Ok(()),
            "{kind:?}"
        );
    }
}

#[test]
fn a_ca_signs_crls_though_it_may_not() {
    let root = Ca::root("Test root").with(|params| {
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    });
    let now = OffsetDateTime::now_utc();
    let verdict = client(&root.client("alice"), &root, &[&root.crl()], now);
    assert_eq!(verdict, Ok(()), "webpki takes trust anchors' word for it");
}

#[test]
fn serial_numbers_differ_and_stay() {
    let root = Ca::root("Test root");
    let serial = |leaf: &Leaf| SerialNumber::from(leaf);
    let (alice, bob) = (root.client("alice"), root.client("bob"));
    assert_ne!(serial(&alice), serial(&bob));
    assert_eq!(serial(&alice), serial(&alice.clone().expired()));
    assert_eq!(alice.key_pem(), alice.clone().expired().key_pem());
    assert_ne!(alice.key_pem(), alice.with_wrong_key().key_pem());
}

#[test]
fn a_certificate_is_rewritten_byte_by_byte() {
    let now = OffsetDateTime::now_utc();
    let root = Ca::root("Test root");
    let good = root.sign(&params::client("alice", now));
    let verdict = |der: &[u8]| {
        let chain = [CertificateDer::from(der)];
        verify(&chain, &root, &[], KeyUsage::client_auth(), now)
    };
    let same = root.rewrite(&good, |_| ());
    assert_eq!(verdict(&same), Ok(()));
    let version = root.rewrite(&good, |fields| {
        fields[0] = tlv(0xA0, tlv(0x02, [1]));
    });
    assert_eq!(verdict(&version), Err(Error::UnsupportedCertVersion));
}
