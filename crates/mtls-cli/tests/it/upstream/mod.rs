//! A CA whose certificates AWS Private CA signs: `mtls ca init --upstream`, and what comes after it.

mod keys;
mod pca;

use serde_json::Value;

use self::pca::{ARN, Behaviour, Pca};
use crate::common::ca::certificate;
use crate::common::served::Served;
use crate::common::waiting::until;
use crate::common::{Place, Ran};

const KEYS: &str =
    "[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = wJalr/K7MDENG\n";

/// A place with a CA that `pca` signs for.
fn place(pca: &Pca) -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path(".aws")).unwrap();
    place.write(".aws/credentials", KEYS);
    init(&place, pca).ok();
    place
}

fn init(place: &Place, pca: &Pca) -> Ran {
    let settings = format!(
        "kind = \"aws-acm-pca\"\nca-arn = \"{ARN}\"\nendpoint-url = \"{}\"\n",
        pca.url()
    );
    place.write("aws.toml", settings);
    place.run(&["ca", "init", "--upstream", "aws.toml"])
}

/// The rows of the audit log of this kind.
fn audited(place: &Place, event: &str) -> Vec<Value> {
    let rows = place.run(&["audit", "export"]).ok();
    let rows = rows
        .lines()
        .map(|row| serde_json::from_str::<Value>(row).unwrap());
    rows.filter(|row| row["event"] == event).collect()
}

fn states(place: &Place) -> Vec<Value> {
    place.list().iter().map(|it| it["state"].clone()).collect()
}

#[test]
fn what_is_approved_comes_after_a_while() {
    let pca = Pca::start();
    let place = place(&pca);
    pca.set(|state| state.in_progress = 2);
    place.run(&["issue", "client", "alice"]).ok();
    let issued = certificate(&place.read("alice/client.crt"));
    assert_eq!(issued.subject().to_string(), "CN=alice");
    assert_eq!(states(&place), ["valid"]);
    assert_eq!(pca.asked("GetCertificate"), 3);
    let handles = audited(&place, "upstream-pending");
    let handle = handles[0]["detail"]["handle"].as_str().unwrap();
    assert!(handle.starts_with(ARN), "{handle}");
    place.run(&["issue", "server", "api.example.org"]).ok();
    let signed = pca.get(|state| state.seen.clone());
    let headers = "SignedHeaders=content-type;host;x-amz-date;x-amz-target,";
    for (action, _, signature) in signed {
        assert!(
            signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/"),
            "{action} {signature}"
        );
        let scope = "/eu-central-1/acm-pca/aws4_request,";
        assert!(signature.contains(scope), "{action} {signature}");
        assert!(signature.contains(headers), "{action} {signature}");
    }
    let serial = issued.serial().to_string();
    place.run(&["revoke", &serial, "--yes"]).ok();
    pca.get(|state| assert_eq!(state.revoked.len(), 1));
    let reasons = pca.get(|state| state.seen.last().unwrap().1["RevocationReason"].clone());
    assert_eq!(reasons, "UNSPECIFIED");
    place.run(&["crl"]).refused("upstream");
    place.run(&["ca", "rotate"]).refused("upstream");
    place.run(&["audit", "verify"]).ok();
}

#[test]
fn what_is_not_as_approved_is_refused_revoked_and_audited() {
    let pca = Pca::start();
    let place = place(&pca);
    let cases = [
        (Behaviour::OtherKey, "another key"),
        (Behaviour::ExtraName, "dns:admin.example.org"),
        (Behaviour::Longer, "later than the approved"),
        (Behaviour::OtherIssuer, "not signed by the configured CA"),
        (Behaviour::ForServers, "extended key usage"),
    ];
    for (number, (behaviour, words)) in cases.into_iter().enumerate() {
        pca.set(|state| state.behaviour = behaviour);
        place.run(&["issue", "client", "alice"]).refused(words);
        assert!(!place.path("alice/client.crt").exists());
        pca.get(|state| assert_eq!(state.revoked.len(), number + 1, "{words}"));
        let rows = audited(&place, "upstream-refused");
        let reason = rows[number]["detail"]["reason"].to_string();
        assert!(reason.contains(words), "{reason}");
        assert_eq!(audited(&place, "upstream-revoked").len(), number + 1);
    }
    pca.set(|state| state.behaviour = Behaviour::Good);
    place.run(&["issue", "client", "alice"]).ok();
    pca.get(|state| assert_eq!(state.revoked.len(), 5));
    place.run(&["audit", "verify"]).ok();
}

#[test]
fn what_aws_refuses_is_not_asked_again() {
    let pca = Pca::start();
    let place = place(&pca);
    let cases = [
        ("MalformedCSRException", "refuses the certificate"),
        ("LimitExceededException", "refuses the certificate"),
        ("AccessDeniedException", "does not accept our credential"),
    ];
    for (name, words) in cases {
        let body: &'static str =
            format!("{{\"__type\":\"{name}\",\"Message\":\"no, as {name}\"}}").leak();
        let before = pca.asked("IssueCertificate");
        pca.set(|state| state.behaviour = Behaviour::Answers("IssueCertificate", 400, body));
        let ran = place.run(&["issue", "client", "alice"]).refused(words);
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
        assert_eq!(pca.asked("IssueCertificate"), before + 1, "{name}");
    }
    assert_eq!(states(&place), ["failed", "failed", "failed"]);
    // Decided after it was taken.
    let body = r#"{"__type":"RequestFailedException","message":"an unspecified reason"}"#;
    pca.set(|state| state.behaviour = Behaviour::Answers("GetCertificate", 400, body));
    place
        .run(&["issue", "client", "alice"])
        .refused("an unspecified reason");
    assert_eq!(states(&place).last().unwrap(), "failed");
}

#[test]
fn too_many_requests_are_made_again_with_a_pause() {
    let pca = Pca::start();
    let place = place(&pca);
    pca.set(|state| state.throttled = 3);
    place.run(&["issue", "client", "alice"]).ok();
    assert_eq!((pca.asked("IssueCertificate"), pca.count()), (4, 1));
    pca.set(|state| state.throttled = 1000);
    place
        .run(&["issue", "client", "bob"])
        .refused("ThrottlingException");
    assert_eq!((pca.asked("IssueCertificate"), pca.count()), (8, 1));
    let mut states = states(&place);
    states.sort_by_key(Value::to_string);
    assert_eq!(states, ["failed", "valid"]);
}

#[test]
fn an_answer_that_cannot_be_read_gives_no_certificate() {
    let pca = Pca::start();
    let place = place(&pca);
    let elsewhere = r#"{"CertificateArn":"arn:aws:acm-pca:eu-central-1:1:certificate-authority/2/certificate/3"}"#;
    for body in ["<html>", "{}", elsewhere] {
        pca.set(|state| state.behaviour = Behaviour::Answers("IssueCertificate", 200, body));
        place
            .run(&["issue", "client", "alice"])
            .refused("no usable answer");
    }
    // Nobody knows, until AWS is asked for the same again.
    assert_eq!(
        states(&place),
        ["unconfirmed", "unconfirmed", "unconfirmed"]
    );
    let nothing =
        r#"{"Certificate":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}"#;
    pca.set(|state| state.behaviour = Behaviour::Answers("GetCertificate", 200, nothing));
    place
        .run(&["issue", "client", "alice"])
        .refused("has not decided");
    assert!(!place.path("alice/client.crt").exists());
    assert_eq!(audited(&place, "upstream-pending").len(), 1);
}

#[test]
fn an_answer_that_was_lost_is_heard_when_the_same_is_asked_for_again() {
    let pca = Pca::start();
    let place = place(&pca);
    pca.set(|state| state.behaviour = Behaviour::Lost);
    place
        .run(&["issue", "client", "alice"])
        .refused("no usable answer");
    assert_eq!((pca.count(), audited(&place, "unconfirmed").len()), (1, 1));
    pca.set(|state| state.behaviour = Behaviour::Good);
    let served = Served::start(&place, &[]);
    until("it is not confirmed", || {
        (states(&place) == ["valid"]).then_some(())
    });
    assert_eq!(pca.count(), 1, "one request is one certificate");
    assert!(served.stop());
    place.run(&["audit", "verify"]).ok();
}
