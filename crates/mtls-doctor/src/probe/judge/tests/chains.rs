//! What is said of chains, the server's and ours.

use test_pki::rcgen::ExtendedKeyUsagePurpose;

use super::*;

/// The client of a CA below the root that the server names, refused in this way.
fn below(change: impl FnOnce(Ca) -> Ca, outcome: &Outcome) -> World {
    let root = Ca::root("Root");
    let issuing = change(root.issuing("Issuing"));
    let mut world = World::new().with(Presented::Identity, outcome);
    world.client = issuing.client("client1");
    // Beside the one that the server's own certificate is of.
    world.cas.push(Certificate::from_der(root.der()).unwrap());
    let name = world.cas[1].subject_der().to_vec();
    world.with_hints(&[name])
}

#[test]
fn a_chain_that_should_be_trusted_is_too_deep() {
    let unknown = Outcome::Alert(AlertDescription::UnknownCA);
    let page = answered(400, "<title>400 The SSL certificate error</title>");
    for outcome in [unknown, page] {
        assert_eq!(first(&below(|ca| ca, &outcome)), Some("chain-too-deep"));
    }
    // Not where the application says no.
    let forbidden = below(|ca| ca, &answered(403, ""));
    assert_eq!(first(&forbidden), Some("client-denied"));
}

#[test]
fn an_intermediate_that_may_not_issue_clients_is_the_reason() {
    let for_servers = |ca: Ca| {
        ca.with(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])
    };
    let unsupported = Outcome::Alert(AlertDescription::UnsupportedCertificate);
    assert_eq!(
        first(&below(for_servers, &unsupported)),
        Some("intermediate-usage")
    );
    let expired = Outcome::Alert(AlertDescription::CertificateExpired);
    assert_eq!(first(&below(Ca::expired, &expired)), Some("issuer-expired"));
    assert_eq!(first(&below(|ca| ca, &expired)), Some("server-crl-expired"));
}

#[test]
fn a_key_that_the_server_cannot_take_is_the_reason() {
    let required = Outcome::Alert(AlertDescription::CertificateRequired);
    let mut world = World::new().with(Presented::Identity, &required);
    for attempt in &mut world.seen.attempts {
        attempt.withheld = attempt.presented == Presented::Identity;
    }
    assert_eq!(world.ids(), ["client-key-not-accepted"]);
}

#[test]
fn the_servers_chain_has_an_order_and_its_key() {
    let root = Ca::root("Root");
    let (issuing, other) = (root.issuing("Issuing"), root.issuing("Other"));
    let leaf = issuing.server("localhost");
    let der = |ca: &Ca| ca.der().to_vec();
    for (chain, ids) in [
        (vec![leaf.der().to_vec(), der(&issuing)], &[][..]),
        (vec![leaf.der().to_vec(), der(&issuing), der(&root)], &[]),
        (
            vec![leaf.der().to_vec(), der(&root), der(&issuing)],
            &["server-chain-order"],
        ),
        (
            vec![leaf.der().to_vec(), der(&other), der(&issuing)],
            &["server-chain-order"],
        ),
    ] {
        let mut world = World::new();
        world.cas = vec![Certificate::from_der(root.der()).unwrap()];
        for attempt in &mut world.seen.attempts {
            attempt.chain = chain.clone();
        }
        assert_eq!(world.ids(), ids);
    }
    let mut world = World::new();
    world.seen.attempts[0].proven = false;
    assert_eq!(world.ids(), ["server-key"]);
}

#[test]
fn a_server_that_drops_large_hellos_is_told() {
    let mut world = World::new();
    world.seen.needs_small_hello = true;
    assert_eq!(world.ids(), ["hello-cut"]);
}
