//! `mtls serve`: what it publishes, and how it starts and stops.

use std::net::TcpListener;

use pki_core::ocsp::{OcspRequest, OcspStatus, UnsignedResponse};

use crate::common::Place;
use crate::common::ca::{WITH, certificate};
use crate::common::served::Served;
use crate::common::waiting::until;

#[test]
fn everything_is_published_and_a_revocation_follows() {
    let place = Place::with_ca();
    place
        .run(&[&WITH[..], &["issue", "client", "alice"]].concat())
        .ok();
    let served = Served::start(&place, &WITH);
    for path in [
        "/crl/default-issuing-0.crl",
        "/crl/default-root-0.crl",
        "/ca/default-issuing.crt",
        "/ca/default-root.crt",
    ] {
        let (status, body) = served.get(path);
        assert_eq!((status, body[0]), (200, 0x30), "{path}");
    }
    let before = served.text("/crl/all.pem");
    assert_eq!(before.matches("BEGIN X509 CRL").count(), 2);
    assert!(served.text("/healthz").contains(r#""status":"ok""#));
    assert!(
        served
            .text("/metrics")
            .contains("pki_enroll_crl_next_update_seconds")
    );

    let revoke = ["revoke", "--name", "alice", "--yes"];
    place.run(&revoke).ok();
    until("no new CRL was published", || {
        (served.text("/crl/all.pem") != before).then_some(())
    });
    // A second process publishes the same, without a key. It cannot sign what a client may rely on, and says so.
    let reader = Served::start(&place, &["--read-only"]);
    assert_eq!(reader.text("/crl/all.pem"), served.text("/crl/all.pem"));
    let issuing = certificate(&place.read("home/default/issuing.crt"));
    let alice = certificate(&place.read("alice/client.crt"));
    let request = OcspRequest::for_certificate(&alice, &issuing);
    let about = |request: &OcspRequest<'_>, served: &Served| {
        let response = served.post(
            "/ocsp",
            "application/ocsp-request",
            &request.to_der().unwrap(),
        );
        assert_eq!(response.0, 200);
        response.1
    };
    let now = time::OffsetDateTime::now_utc();
    let answer = request.verify(&about(&request, &served), now).unwrap();
    assert!(matches!(answer.status(), OcspStatus::Revoked { .. }));
    assert_eq!(
        about(&request, &reader),
        UnsignedResponse::TryLater.to_der()
    );
    let foreign = OcspRequest::for_certificate(&alice, &alice);
    for served in [&served, &reader] {
        let unsigned = UnsignedResponse::Unauthorized.to_der();
        assert_eq!(about(&foreign, served), unsigned);
    }
    assert!(reader.stop());
    assert!(served.stop());
    place.run(&["audit", "verify"]).ok();
}

#[test]
fn what_is_in_its_way_is_one_sentence() {
    let place = Place::with_ca();
    place.write("wrong", "battery staple\n");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap();
    let port = format!("cannot listen on port {}", taken.port());
    let taken = taken.to_string();
    let serve = |arguments: &[&str]| place.run(&[&["serve"], arguments].concat());
    serve(&["--passphrase-file", "wrong"]).refused("cannot use the CA's key");
    serve(&[]).refused("--passphrase-file");
    serve(&[&WITH[..], &["--listen", &taken]].concat()).refused(&port);
    for (arguments, words) in [
        (["--webhook", "ftp://x.example/secret"], "a webhook is"),
        (["--announce", "7w"], "a threshold is"),
        (["--listen", "nowhere"], "invalid"),
    ] {
        let ran = serve(&arguments);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}
