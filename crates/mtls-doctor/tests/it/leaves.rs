//! Leaves with one thing wrong in them.

use mtls_doctor::Step;
use test_pki::rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType,
};
use test_pki::{Ca, KeyKind, Leaf};
use time::Duration;

use crate::setup::Setup;

const CLIENT: [&str; 3] = ["cert:client.crt", "key:client.key", "ca:root.crt"];
const SERVER: [&str; 3] = ["cert:server.crt", "key:server.key", "ca:root.crt"];

fn client(setup: &Setup, change: impl FnOnce(&mut CertificateParams)) {
    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    root.client("alice")
        .with(change)
        .write_to(setup.directory(), "client");
}

fn server(setup: &Setup, change: impl FnOnce(&mut CertificateParams)) {
    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    root.server("api.example.org")
        .with(change)
        .write_to(setup.directory(), "server");
}

#[test]
fn validity_and_the_clock() {
    let setup = Setup::empty();
    let now = setup.options.now;
    client(&setup, |_| {});
    setup.is_healthy(&CLIENT);
    client(&setup, |params| params.not_after = now - Duration::MINUTE);
    setup.finds("expired", &CLIENT);
    client(&setup, |params| {
        params.not_before = now + Duration::days(10)
    });
    setup.finds("not-yet-valid", &CLIENT);
    // What begins within a day is a clock that is wrong.
    for hours in [1, 12, 24] {
        client(&setup, |params| {
            params.not_before = now + Duration::hours(hours)
        });
        setup.finds("not-yet-valid-clock", &CLIENT);
    }
}

#[test]
fn usages_of_the_leaf() {
    let setup = Setup::empty();
    client(&setup, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]
    });
    setup.finds("wrong-extended-key-usage", &CLIENT);
    client(&setup, |params| params.extended_key_usages.clear());
    setup.finds("no-extended-key-usage", &CLIENT);
    client(&setup, |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyEncipherment]
    });
    setup.finds("key-usage", &CLIENT);
    client(&setup, |params| {
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ]
    });
    setup.finds("key-usage-encipherment", &CLIENT);
    server(&setup, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]
    });
    setup.finds("wrong-extended-key-usage", &SERVER);
    server(&setup, |params| {
        params
            .extended_key_usages
            .push(ExtendedKeyUsagePurpose::ClientAuth)
    });
    setup.is_healthy(&SERVER);
}

#[test]
fn a_signature_with_sha1() {
    let setup = Setup::empty();
    let root = Ca::root("Root").with_key(KeyKind::Rsa2048);
    root.write_to(setup.directory(), "root");
    let leaf = root.client("alice");
    leaf.write_to(setup.directory(), "client");
    setup.is_healthy(&CLIENT);
    // sha256WithRSAEncryption and sha1WithRSAEncryption differ in their last arc.
    let mut der = leaf.der().to_vec();
    let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    for at in 0..der.len() - oid.len() {
        if der[at..at + oid.len()] == oid {
            der[at + oid.len() - 1] = 5;
        }
    }
    let pem = pki_core::certificate_pem(&x509_identity::Certificate::from_der(&der).unwrap());
    setup.write("client.crt", pem);
    setup.finds("weak-signature", &CLIENT);
}

#[test]
fn a_certificate_that_openssl_req_makes_is_self_signed() {
    let setup = Setup::empty();
    // A CA's by default, and without a key usage.
    let itself = Ca::root("localhost").with(|params| params.key_usages.clear());
    itself.as_leaf().write_to(setup.directory(), "server");
    Ca::root("Root").write_to(setup.directory(), "root");
    setup.finds("self-signed", &SERVER);
    setup.finds("self-signed", &SERVER[..2]);
    // It is not issued again by itself.
    let report = setup.examine(&SERVER[..2]);
    assert!(
        matches!(report.findings()[0].mend[..], [Step::Text(_)]),
        "{report:#?}"
    );
    // What keytool and PowerShell make is no CA's, and has no usages.
    let itself = Ca::root("localhost").with(|params| {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages.clear();
    });
    itself.as_leaf().write_to(setup.directory(), "server");
    setup.finds("self-signed", &SERVER[..2]);
    Ca::root("CA")
        .as_leaf()
        .write_to(setup.directory(), "server");
    setup.finds("ca-as-leaf", &SERVER);
}

#[test]
fn what_it_is_for_can_be_said() {
    let mut setup = Setup::empty();
    client(&setup, |_| {});
    setup.options.purpose = Some(mtls_doctor::Purpose::TlsServer);
    setup.finds("wrong-extended-key-usage", &CLIENT);
    setup.options.purpose = Some(mtls_doctor::Purpose::TlsClient);
    setup.is_healthy(&CLIENT);
}

#[test]
fn names_of_a_server() {
    let mut setup = Setup::empty();
    server(&setup, |params| params.subject_alt_names.clear());
    setup.finds("no-subject-alternative-name", &SERVER);
    server(&setup, |params| {
        params.subject_alt_names = vec![SanType::DnsName("*.example.org".try_into().unwrap())]
    });
    for (host, healthy) in [
        ("api.example.org", true),
        ("a.b.example.org", false),
        ("example.org", false),
        ("192.0.2.1", false),
    ] {
        setup.options.host = Some(host.to_owned());
        if healthy {
            setup.is_healthy(&SERVER);
        } else {
            setup.finds("name-mismatch", &SERVER);
        }
    }
}

#[test]
fn apple_refuses_a_server_for_more_than_825_days() {
    let setup = Setup::empty();
    for (days, healthy) in [(825, true), (826, false), (3650, false)] {
        server(&setup, |params| {
            params.not_after = params.not_before + Duration::days(days) - Duration::SECOND;
        });
        if healthy {
            setup.is_healthy(&SERVER);
        } else {
            setup.finds("apple-825-days", &SERVER);
        }
    }
    // Clients have no such limit.
    client(&setup, |params| {
        params.not_after = params.not_before + Duration::days(3650)
    });
    setup.is_healthy(&CLIENT);
}

#[test]
fn a_public_ca_does_not_issue_for_clients_any_more() {
    let setup = Setup::empty();
    let public = Ca::root("R99").with(|params| {
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Let's Encrypt");
    });
    public.write_to(setup.directory(), "root");
    let with = |usages: Vec<ExtendedKeyUsagePurpose>| -> Leaf {
        public
            .server("client.example.org")
            .with(|params| params.extended_key_usages = usages)
    };
    with(vec![ExtendedKeyUsagePurpose::ServerAuth]).write_to(setup.directory(), "client");
    setup.finds("public-ca-without-client-auth", &CLIENT);
    with(vec![ExtendedKeyUsagePurpose::ClientAuth]).write_to(setup.directory(), "client");
    setup.finds("public-ca-client-auth-ends", &CLIENT);
    with(vec![ExtendedKeyUsagePurpose::ServerAuth]).write_to(setup.directory(), "server");
    setup.is_healthy(&SERVER);
}

#[test]
fn a_crl_is_fresh_of_the_right_ca_and_does_not_name_the_leaf() {
    let setup = Setup::empty();
    let now = setup.options.now;
    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    let leaf = root.client("alice");
    leaf.write_to(setup.directory(), "client");
    let targets = [
        "cert:client.crt",
        "key:client.key",
        "ca:root.crt",
        "crl:root.crl",
    ];
    let good = root.crl();
    good.write_to(setup.directory(), "root");
    setup.is_healthy(&targets);

    for (id, crl) in [
        ("crl-expired", good.clone().expired()),
        (
            "crl-not-yet-valid-clock",
            good.clone()
                .with(|params| params.this_update = now + Duration::HOUR),
        ),
        (
            "crl-not-yet-valid",
            good.clone().with(|params| {
                params.this_update = now + Duration::days(9);
                params.next_update = now + Duration::days(19);
            }),
        ),
        ("revoked", good.clone().revoke(&leaf)),
        ("crl-other-issuer", Ca::root("Other").crl()),
        ("crl-bad-signature", Ca::root("Root").crl()),
    ] {
        crl.write_to(setup.directory(), "root");
        setup.finds(id, &targets);
    }
}

#[test]
fn a_serial_number_is_positive_and_has_20_octets_at_the_most() {
    let setup = Setup::empty();
    for (serial, is_good) in [
        (vec![1; 20], true),
        (vec![1], true),
        (vec![0], false),
        (vec![0x7f; 25], false),
    ] {
        let root = Ca::root("Root");
        root.write_to(setup.directory(), "root");
        let client = root.client("alice").serial(serial);
        client.write_to(setup.directory(), "client");
        match is_good {
            true => setup.is_healthy(&CLIENT),
            false => setup.finds("serial-number", &CLIENT),
        }
    }
}

#[test]
fn a_certificate_that_ends_before_it_begins() {
    let setup = Setup::empty();
    let now = setup.options.now;
    client(&setup, |params| {
        params.not_before = now;
        params.not_after = now - Duration::DAY;
    });
    setup.finds("validity-reversed", &CLIENT);
    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    let issuing = root.issuing("Issuing").with(|params| {
        params.not_before = now;
        params.not_after = now - Duration::DAY;
    });
    issuing
        .client("alice")
        .write_to(setup.directory(), "client");
    setup.finds("validity-reversed", &CLIENT);
}
