//! Where a pin counts, for which host, and what a set that only reports does.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use mtls_client::{Pin, PinError, PinMismatch, PinPlace, PinPolicy, PinSet};
use x509_identity::Certificate;

use crate::support::*;

fn pin(der: &[u8]) -> Pin {
    Pin::of(&Certificate::from_der(der).unwrap())
}

fn set(der: &[u8]) -> PinSet {
    PinSet::new([pin(der)]).unwrap()
}

fn kind<T>(got: &Result<T, mtls_client::Error>) -> Option<&'static str> {
    got.as_ref().err().map(|error| error.kind().as_str())
}

#[tokio::test]
async fn a_pin_counts_where_the_set_says() {
    let root = Ca::root("root");
    let issuing = root.issuing("issuing");
    let server = issuing.server("localhost");
    let address = serve(&server, Clients::NotAsked).await;
    let (leaf, middle, top) = (server.der(), issuing.der(), root.der());
    for (place, accepted) in [
        (PinPlace::Anchor, [false, false, true]),
        (PinPlace::Anywhere, [true, true, true]),
        (PinPlace::Leaf, [true, false, false]),
    ] {
        for (der, accepted) in [leaf, middle, top].into_iter().zip(accepted) {
            for via in BOTH {
                let connector = connector(&root, identity_of(&root.client("client1")))
                    .pins(set(der).at(place))
                    .build()
                    .unwrap();
                let got = request(via, &connector, &url(address), Bytes::new()).await;
                let expected = (!accepted).then_some("pin-mismatch");
                assert_eq!(kind(&got), expected, "{place:?} {via:?}: {got:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_anchor_is_the_trusted_root_and_not_the_last_certificate_sent() {
    let (root, stranger) = (Ca::root("root"), Ca::root("stranger"));
    let server = root.server("localhost").presenting([stranger.der()]);
    let address = serve(&server, Clients::NotAsked).await;
    for (der, expected) in [(root.der(), None), (stranger.der(), Some("pin-mismatch"))] {
        let connector = connector(&root, identity_of(&root.client("client1")))
            .pins(set(der).at(PinPlace::Anchor))
            .build()
            .unwrap();
        let got = request(Via::Hyper, &connector, &url(address), Bytes::new()).await;
        assert_eq!(kind(&got), expected, "{got:?}");
    }
}

#[tokio::test]
async fn each_host_is_held_to_its_own_pins() {
    let (ca, other) = (Ca::root("root"), Ca::root("other"));
    let server = ca.server("a.test").dns("b.test").dns("c.test");
    let server = server.ip([127, 0, 0, 1]);
    let port = serve(&server, Clients::NotAsked).await.port();
    let (right, wrong) = (set(ca.der()), set(other.der()));
    let named = |policy: PinPolicy| {
        policy
            .host("A.test.", right.clone())
            .unwrap()
            .host("b.test", wrong.clone())
            .unwrap()
            .host("127.0.0.1", wrong.clone())
            .unwrap()
    };
    let refused = Some("pin-mismatch");
    for (policy, rest) in [
        (named(PinPolicy::per_host()), None),
        (named(wrong.clone().into()), refused),
        (named(right.clone().into()), None),
    ] {
        for (host, expected) in [
            ("a.test", None),
            ("b.test", refused),
            ("B.test", refused),
            ("b.test.", refused),
            ("127.0.0.1", refused),
            ("c.test", rest),
        ] {
            for via in BOTH {
                let connector = connector(&ca, identity_of(&ca.client("client1")))
                    .resolve(host, port, IpAddr::V4(Ipv4Addr::LOCALHOST))
                    .pins(policy.clone())
                    .build()
                    .unwrap();
                let url = format!("https://{host}:{port}/");
                let got = request(via, &connector, &url, Bytes::new()).await;
                assert_eq!(kind(&got), expected, "{host} {via:?}: {got:?}");
            }
        }
    }
    let nameless = PinPolicy::per_host().host("not a host", right.clone());
    assert_eq!(
        nameless.unwrap_err(),
        PinError::Host("not a host".to_owned())
    );
}

#[tokio::test]
async fn a_set_that_only_reports_refuses_no_server_and_reports_it() {
    let (ca, other) = (Ca::root("root"), Ca::root("other"));
    let server = ca.server("localhost");
    let address = serve(&server, Clients::NotAsked).await;
    for (pins, accepted) in [
        (set(other.der()).report_only(), true),
        (set(other.der()), false),
    ] {
        for via in BOTH {
            let told: Arc<Mutex<Vec<PinMismatch>>> = Arc::default();
            let policy = PinPolicy::from(pins.clone()).on_mismatch({
                let told = Arc::clone(&told);
                move |mismatch| told.lock().unwrap().push(mismatch.clone())
            });
            let connector = connector(&ca, identity_of(&ca.client("client1")))
                .pins(policy)
                .build()
                .unwrap();
            let got = request(via, &connector, &url(address), Bytes::new()).await;
            assert_eq!(kind(&got), (!accepted).then_some("pin-mismatch"), "{got:?}");
            let told = told.lock().unwrap();
            assert_eq!(told.len(), 1, "{via:?}: {told:?}");
            assert_eq!(told[0].accepted, accepted);
            assert_eq!(told[0].server_name, "localhost");
            assert_eq!(told[0].seen, [pin(server.der()), pin(ca.der())]);
        }
    }
}

#[tokio::test]
async fn a_set_that_only_reports_accepts_no_untrusted_server() {
    let (ca, other) = (Ca::root("root"), Ca::root("other"));
    let server = other.server("localhost");
    let address = serve(&server, Clients::NotAsked).await;
    let connector = connector(&ca, identity_of(&ca.client("client1")))
        .pins(set(server.der()).report_only())
        .build()
        .unwrap();
    let got = request(Via::Hyper, &connector, &url(address), Bytes::new()).await;
    assert_eq!(kind(&got), Some("untrusted-server"), "{got:?}");
}
