//! What a refusal says, names and odd times.

use pki_core::verify::{ChainVerifier, Purpose, VerifyError, unix_time};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, SanType};
use rustls_pki_types::ServerName;
use time::macros::datetime;

use crate::verify_kit::*;

#[test]
fn server_name_must_be_among_the_alternative_names() {
    let root = root_ca("root");
    let leaf = root.sign(&with(server("api.example.local"), |leaf| {
        leaf.distinguished_name
            .push(DnType::CommonName, "only-in-cn.example");
        leaf.subject_alt_names
            .push(SanType::DnsName("*.wild.example".try_into().unwrap()));
        leaf.subject_alt_names
            .push(SanType::IpAddress("127.0.0.1".parse().unwrap()));
    }));
    let verifier = ChainVerifier::builder(anchors(&root), Purpose::TlsServer).build();
    for (name, expected) in [
        ("api.example.local", "ok"),
        ("API.example.LOCAL", "ok"),
        ("x.wild.example", "ok"),
        ("127.0.0.1", "ok"),
        ("a.b.wild.example", "name-mismatch"),
        ("wild.example", "name-mismatch"),
        ("only-in-cn.example", "name-mismatch"),
        ("127.0.0.2", "name-mismatch"),
        ("::1", "name-mismatch"),
    ] {
        let result =
            verifier.verify_server(&leaf, &[], &ServerName::try_from(name).unwrap(), at(NOW));
        assert_eq!(verdict(&result), expected, "{name}");
        if let Err(VerifyError::NameMismatch {
            wanted, presented, ..
        }) = result
        {
            assert_eq!(wanted, name);
            assert_eq!(
                presented,
                ["api.example.local", "*.wild.example", "127.0.0.1"]
            );
        }
    }
}

#[test]
fn refusals_say_who_when_and_what_to_do() {
    let root = root_ca("root");
    let verifier = clients(anchors(&root)).build();
    let say = |leaf: &CertificateParams| {
        verifier
            .verify(&root.sign(leaf), &[], at(NOW))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        say(&with(client("alice"), |leaf| leaf.not_after =
            datetime!(2025-05-31 00:00 UTC))),
        "CN=alice expired at 2025-05-31T00:00:00Z, it is 2025-06-01T12:00:00Z now: renew it"
    );
    assert_eq!(
        say(&with(client("alice"), |leaf| leaf
            .extended_key_usages
            .clear())),
        "CN=alice has no extended key usage: issue it again with clientAuth"
    );
    assert_eq!(
        say(&with(client("alice"), |leaf| leaf.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth])),
        "CN=alice is for serverAuth only, not for clientAuth: issue it again with clientAuth"
    );
}

#[test]
fn time_before_1970_and_after_9999_refuses() {
    let root = root_ca("root");
    let leaf = root.sign(&client("alice"));
    let verifier = clients(anchors(&root)).build();
    let early = unix_time(datetime!(1960-01-01 00:00 UTC));
    assert_eq!(
        verdict(&verifier.verify(&leaf, &[], early)),
        "not-yet-valid"
    );
    let late =
        rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::MAX));
    assert_eq!(verdict(&verifier.verify(&leaf, &[], late)), "expired");
}
