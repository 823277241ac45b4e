//! Chains with one thing wrong in them.

use test_pki::Ca;
use test_pki::rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, NameConstraints,
};
use time::Duration;

use crate::setup::Setup;

const TARGETS: [&str; 3] = ["cert:client.crt", "key:client.key", "ca:root.crt"];

#[test]
fn what_is_sent_is_complete_and_in_order() {
    let setup = Setup::empty();
    let root = Ca::root("Root");
    let issuing = root.issuing("Issuing");
    root.write_to(setup.directory(), "root");
    let client = issuing.client("alice");
    client.write_to(setup.directory(), "client");
    setup.is_healthy(&TARGETS);

    let leaf = client.clone().without_intermediates().chain_pem();
    let (issuing_pem, root_pem) = (issuing.pem(), root.pem());
    let namesake = Ca::root("Root").issuing("Issuing").pem();
    let other = Ca::root("Other").issuing("Somebody").pem();
    for (id, content) in [
        ("chain-order", format!("{issuing_pem}{leaf}")),
        ("chain-order", format!("{root_pem}{issuing_pem}{leaf}")),
        ("root-instead-of-intermediate", format!("{leaf}{root_pem}")),
        ("issuer-key-differs", format!("{leaf}{namesake}")),
        ("intermediate-missing", format!("{leaf}{other}")),
        ("unknown-issuer", leaf.clone()),
        ("certificate-twice", format!("{leaf}{leaf}{issuing_pem}")),
        (
            "certificate-twice",
            format!("{leaf}{issuing_pem}{issuing_pem}"),
        ),
        ("root-in-chain", format!("{leaf}{issuing_pem}{root_pem}")),
        ("ca-as-leaf", issuing_pem.clone()),
    ] {
        setup.write("client.crt", content);
        setup.finds(id, &["cert:client.crt", "ca:root.crt"]);
    }
    // Whoever has the intermediate beside the leaf is told to append it.
    issuing.write_to(setup.directory(), "issuing");
    setup.write("client.crt", &leaf);
    setup.finds("intermediate-missing", &TARGETS);
    // The CA alone, and the leaf of the key beside it.
    setup.write("leaf.crt", &leaf);
    setup.write("client.crt", &issuing_pem);
    setup.finds("leaf-missing", &TARGETS);
    setup.write("client.crt", &leaf);
    // One that trusts the issuing CA needs nothing more.
    setup.is_healthy(&["cert:client.crt", "key:client.key", "ca:issuing.crt"]);
}

#[test]
fn two_intermediates_have_one_order() {
    let setup = Setup::empty();
    let root = Ca::root("Root");
    let upper = root.issuing("Upper");
    let lower = upper.issuing("Lower");
    root.write_to(setup.directory(), "root");
    let client = lower.client("alice");
    client.write_to(setup.directory(), "client");
    setup.is_healthy(&TARGETS);
    let leaf = client.without_intermediates().chain_pem();
    setup.write("client.crt", leaf + &upper.pem() + &lower.pem());
    setup.finds("chain-order", &TARGETS);
}

#[test]
fn a_trusted_ca_of_another_key_or_name() {
    let setup = Setup::empty();
    Ca::root("Root")
        .client("alice")
        .write_to(setup.directory(), "client");
    Ca::root("Root").write_to(setup.directory(), "root");
    setup.finds("issuer-key-differs", &TARGETS);
    Ca::root("Other").write_to(setup.directory(), "root");
    setup.finds("unknown-issuer", &TARGETS);
    Ca::root("Other")
        .client("bob")
        .write_to(setup.directory(), "root");
    setup.finds("ca-not-a-ca", &["ca:root.crt"]);
}

/// A client of an issuing CA with one thing changed.
fn below(setup: &Setup, change: impl FnOnce(&mut CertificateParams)) {
    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    let issuing = root.issuing("Issuing").with(change);
    issuing
        .client("alice")
        .write_to(setup.directory(), "client");
}

#[test]
fn an_intermediate_that_is_no_good() {
    let setup = Setup::empty();
    let now = setup.options.now;
    below(&setup, |_| {});
    setup.is_healthy(&TARGETS);
    below(&setup, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]
    });
    setup.is_healthy(&TARGETS);

    below(&setup, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]
    });
    setup.finds("intermediate-usage", &TARGETS);
    below(&setup, |params| {
        params.key_usages = vec![KeyUsagePurpose::CrlSign]
    });
    setup.finds("ca-key-usage", &TARGETS);
    below(&setup, |params| params.is_ca = IsCa::ExplicitNoCa);
    setup.finds("not-a-ca", &TARGETS);
    below(&setup, |params| params.not_after = now - Duration::DAY);
    setup.finds("expired", &TARGETS);
    below(&setup, |params| params.not_before = now + Duration::HOUR);
    setup.finds("not-yet-valid-clock", &TARGETS);
    below(&setup, |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("example.org".into())],
            excluded_subtrees: Vec::new(),
        });
    });
    setup.is_healthy(&TARGETS);
}

#[test]
fn a_path_that_is_too_long_or_for_other_names() {
    let setup = Setup::empty();
    let root =
        Ca::root("Root").with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    root.write_to(setup.directory(), "root");
    root.issuing("Issuing")
        .client("alice")
        .write_to(setup.directory(), "client");
    setup.finds("path-length", &TARGETS);

    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    let limited = root.issuing("Issuing").with(|params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("example.org".into())],
            excluded_subtrees: Vec::new(),
        });
    });
    for (name, healthy) in [("a.example.org", true), ("a.example.net", false)] {
        limited.server(name).write_to(setup.directory(), "server");
        let targets = ["cert:server.crt", "key:server.key", "ca:root.crt"];
        if healthy {
            setup.is_healthy(&targets);
        } else {
            setup.finds("name-constraint", &targets);
        }
    }
}

#[test]
fn key_identifiers_that_differ() {
    let setup = Setup::empty();
    let root = Ca::root("Root");
    root.client("alice").write_to(setup.directory(), "client");
    // The same key and name, issued again with another identifier.
    let again =
        root.with(|params| params.key_identifier_method = KeyIdMethod::PreSpecified(vec![1; 20]));
    again.write_to(setup.directory(), "root");
    setup.finds("key-identifier-differs", &TARGETS);
    again.client("alice").write_to(setup.directory(), "client");
    setup.is_healthy(&TARGETS);
}

#[test]
fn a_root_that_is_no_good() {
    let setup = Setup::empty();
    let root = Ca::root("Root").expired();
    root.write_to(setup.directory(), "root");
    root.client("alice").write_to(setup.directory(), "client");
    setup.finds("anchor-expired", &TARGETS);
    setup.finds("expired", &["root.crt"]);
}

#[test]
fn what_has_nothing_to_do_with_the_leaf() {
    let setup = Setup::empty();
    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    let client = root.client("alice");
    client.write_to(setup.directory(), "client");
    let own = client.chain_pem();
    for (other, is_good) in [
        (String::new(), true),
        (root.client("bob").chain_pem(), false),
        (Ca::root("Other").issuing("Somebody").pem(), false),
        (Ca::root("Other").pem(), false),
    ] {
        setup.write("client.crt", format!("{own}{other}"));
        match is_good {
            true => setup.is_healthy(&TARGETS),
            false => setup.finds("certificate-unrelated", &TARGETS),
        }
    }
    // A CA that is certified by two others.
    let issuing = root.issuing("Issuing");
    let crossed = Ca::root("Other").issuing("Issuing");
    let client = issuing.client("alice");
    client.write_to(setup.directory(), "client");
    let own = client.chain_pem();
    let other = crossed
        .with_key(std::sync::Arc::new(copy(issuing.key())))
        .pem();
    setup.write("client.crt", format!("{own}{other}"));
    setup.is_healthy(&TARGETS);
}

fn copy(key: &KeyPair) -> KeyPair {
    KeyPair::from_pem(&key.serialize_pem()).unwrap()
}

#[test]
fn the_root_allows_fewer_intermediates() {
    let setup = Setup::empty();
    for (length, is_good) in [(0, false), (1, true)] {
        let root = Ca::root("Root")
            .with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(length)));
        root.write_to(setup.directory(), "root");
        let issuing = root
            .issuing("Issuing")
            .with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
        issuing
            .client("alice")
            .write_to(setup.directory(), "client");
        match is_good {
            true => setup.is_healthy(&TARGETS),
            false => setup.finds("path-length", &TARGETS),
        }
    }
}

#[test]
fn the_key_of_the_ca_is_not_the_clients() {
    let setup = Setup::empty();
    let root = Ca::root("Root");
    root.write_to(setup.directory(), "root");
    root.client("alice").write_to(setup.directory(), "client");
    setup.write("root.key", root.key().serialize_pem());
    let targets = ["client.crt", "client.key", "root.crt", "root.key"];
    setup.is_healthy(&targets);
    setup.write("client.key", setup.read("root.key"));
    setup.finds("key-mismatch", &TARGETS);
    setup.finds("key-mismatch", &targets[..3]);
    // And its certificate is not the client's either.
    root.client("alice").write_to(setup.directory(), "client");
    setup.write("client.crt", setup.read("root.crt"));
    setup.finds("leaf-missing", &TARGETS);
}
