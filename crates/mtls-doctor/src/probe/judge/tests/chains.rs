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

#[test]
fn what_clients_refuse_later_or_in_one_version_is_told() {
    let root = Ca::root("Root");
    let now = OffsetDateTime::now_utc();
    let served = |leaf: &Leaf| {
        let mut world = World::new();
        world.cas = vec![Certificate::from_der(root.der()).unwrap()];
        world.client = root.client("client1");
        for attempt in &mut world.seen.attempts {
            attempt.chain = leaf.chain().iter().map(|der| der.to_vec()).collect();
        }
        world.ids()
    };
    let leaf = |days: i64, left: i64| {
        root.server("localhost").with(|params| {
            params.not_after = now + Duration::days(left);
            params.not_before = params.not_after - Duration::days(days);
        })
    };
    assert_eq!(served(&leaf(800, 300)), [""; 0]);
    assert_eq!(served(&leaf(3000, 1000)), ["server-825-days"]);
    assert_eq!(served(&leaf(400, 9)), ["server-expires-soon"]);
    // One that lives for a day is renewed every day.
    assert_eq!(served(&leaf(2, 1)), [""; 0]);
    assert_eq!(
        served(&leaf(90, 50).serial(vec![0])),
        ["server-serial-number"]
    );
}

#[test]
fn a_version_without_a_cipher_suite_is_told_from_one_that_is_not_spoken() {
    let ended = |alert, from: usize| {
        let mut world = World::new();
        for attempt in world.seen.attempts.iter_mut().skip(from) {
            attempt.chain.clear();
            attempt.request = None;
            attempt.stage = Stage::Hello;
            attempt.outcome = Outcome::Alert(alert);
        }
        // A version that the server does not speak is not tried again.
        world.seen.attempts.truncate(4);
        world
    };
    let failure = AlertDescription::HandshakeFailure;
    assert_eq!(ended(failure, 3).ids(), ["tls-1.2-no-cipher"]);
    assert_eq!(ended(AlertDescription::ProtocolVersion, 3).ids(), [""; 0]);
    // TLS 1.3 is not spoken, and TLS 1.2 fails.
    let mut world = ended(failure, 0);
    for attempt in &mut world.seen.attempts[..3] {
        attempt.outcome = Outcome::Alert(AlertDescription::ProtocolVersion);
    }
    assert_eq!(first(&world), Some("no-common-tls"));
}
