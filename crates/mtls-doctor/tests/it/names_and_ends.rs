//! Names that nobody can dial, ends that come too soon, and signatures that do not hold.

use mtls_doctor::Step;
use test_pki::rcgen::{CertificateParams, ExtendedKeyUsagePurpose, SanType};
use test_pki::{Ca, Leaf};
use time::Duration;

use crate::setup::Setup;

const CLIENT: [&str; 3] = ["cert:client.crt", "key:client.key", "ca:root.crt"];
const SERVER: [&str; 3] = ["cert:server.crt", "key:server.key", "ca:root.crt"];

fn server(setup: &Setup, names: &[&str]) -> Ca {
    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    let named = |params: &mut CertificateParams| {
        let names = names
            .iter()
            .map(|name| SanType::DnsName((*name).try_into().unwrap()));
        params.subject_alt_names = names.collect();
    };
    let leaf = root.server("api.example.org").with(named);
    leaf.write_to(setup.directory(), "server");
    root
}

#[test]
fn a_dns_name_is_a_host_name() {
    let setup = Setup::empty();
    for (name, right) in [
        ("https://api.example.org", "DNS:api.example.org"),
        ("api.example.org:8443", "DNS:api.example.org"),
        ("api.example.org.", "DNS:api.example.org"),
        ("192.0.2.7", "IP:192.0.2.7"),
    ] {
        let root = server(&setup, &[name]);
        setup.finds("name-not-a-host", &SERVER);
        // Where the CA's key is at hand, it is issued again for what was meant.
        setup.write("root.key", root.key().serialize_pem());
        let report = setup.examine(&SERVER);
        let [Step::Command(command)] = report.findings()[0].mend.as_slice() else {
            unreachable!("{report:#?}")
        };
        assert!(
            command.contains(&format!("subjectAltName={right} ")),
            "{command}"
        );
        std::fs::remove_file(setup.path("root.key")).unwrap();
    }
    for name in [
        "api.example.org",
        "*.example.org",
        "my_service",
        "xn--bcher-kva.example",
    ] {
        server(&setup, &[name]);
        setup.is_healthy(&SERVER);
    }
    // Beside a good name, it is only useless.
    server(&setup, &["api.example.org", "https://api.example.org"]);
    setup.finds("name-not-a-host", &SERVER);
    assert_eq!(
        setup.examine(&SERVER).count(mtls_doctor::Severity::Error),
        0
    );
}

#[test]
fn an_address_is_not_compared_with_a_dns_name() {
    let mut setup = Setup::empty();
    setup.options.host = Some("192.0.2.7".to_owned());
    server(&setup, &["192.0.2.7", "api.example.org"]);
    let report = setup.examine(&SERVER);
    let found = report
        .findings()
        .iter()
        .find(|one| one.id == "name-mismatch")
        .unwrap();
    assert!(
        found.what.contains("192.0.2.7 as a DNS name"),
        "{}",
        found.what
    );
}

#[test]
fn a_certificate_for_both_is_what_its_file_is_called() {
    let setup = Setup::empty();
    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    let both = |leaf: Leaf| {
        leaf.with(|params| {
            params.extended_key_usages = vec![
                ExtendedKeyUsagePurpose::ClientAuth,
                ExtendedKeyUsagePurpose::ServerAuth,
            ];
        })
    };
    both(root.client("alice")).write_to(setup.directory(), "client");
    setup.is_healthy(&CLIENT);
    both(root.client("alice")).write_to(setup.directory(), "server");
    setup.finds("no-subject-alternative-name", &SERVER);
}

#[test]
fn an_end_that_comes_soon_is_told() {
    let setup = Setup::empty();
    let now = setup.options.now;
    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    for (life, left, is_soon) in [
        (Duration::days(365), Duration::days(31), false),
        (Duration::days(365), Duration::days(29), true),
        (Duration::days(90), Duration::days(10), false),
        (Duration::days(90), Duration::days(8), true),
        // A short life is not an end.
        (Duration::hours(24), Duration::hours(23), false),
        (Duration::hours(24), Duration::hours(2), true),
    ] {
        let leaf = root.client("alice").with(|params| {
            params.not_after = now + left;
            params.not_before = now + left - life;
        });
        leaf.write_to(setup.directory(), "client");
        match is_soon {
            true => setup.finds("expires-soon", &CLIENT),
            false => setup.is_healthy(&CLIENT),
        }
    }
}

#[test]
fn nothing_outlives_its_issuer() {
    let setup = Setup::empty();
    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    let end = root.params().not_after + Duration::DAY;
    let leaf = root.client("alice").with(|params| params.not_after = end);
    leaf.write_to(setup.directory(), "client");
    setup.finds("outlives-issuer", &CLIENT);
}

#[test]
fn a_damaged_signature_is_not_another_ca() {
    let setup = Setup::empty();
    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    let leaf = root.client("alice");
    leaf.write_to(setup.directory(), "client");
    let mut der = leaf.der().to_vec();
    *der.last_mut().unwrap() ^= 1;
    setup.write("client.crt", &der);
    let ids = setup.ids(&["cert:client.crt", "ca:root.crt"]);
    assert!(ids.contains(&"bad-signature"), "{ids:?}");
    assert!(!ids.contains(&"issuer-key-differs"), "{ids:?}");
}
