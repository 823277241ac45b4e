//! `mtls store`, and processes that only read.

use std::os::unix::fs::PermissionsExt as _;

use pki_core::ocsp::{OcspRequest, OcspStatus, UnsignedResponse};

use crate::common::Place;
use crate::common::ca::{WITH, certificate};
use crate::common::served::Served;

#[test]
fn a_store_is_copied_and_the_copy_is_used() {
    let place = Place::with_ca();
    place
        .run(&[&WITH[..], &["issue", "client", "alice"]].concat())
        .ok();
    let copied = place.run(&["store", "copy", "--to", "sqlite:copy.db", "--json"]);
    let copied: serde_json::Value = serde_json::from_str(&copied.ok()).unwrap();
    assert_eq!(copied["rows"]["issuers"], 2);
    assert!(copied["checkpoints"].as_u64().unwrap() > 0, "{copied}");
    place
        .run(&["store", "copy", "--to", "sqlite:copy.db"])
        .refused("there is something in sqlite:copy.db already");
    place
        .run(&["store", "copy", "--from", "sqlite:a", "--to", "sqlite:a"])
        .refused("cannot be copied to itself");
    let settings = String::from_utf8(place.read("home/default/ca.toml")).unwrap();
    let moved = settings.replace("sqlite:store.db", "sqlite:../../copy.db");
    assert_ne!(moved, settings);
    place.write("home/default/ca.toml", &moved);
    std::fs::remove_file(place.path("home/default/store.db")).unwrap();
    assert!(place.run(&["list"]).ok().contains("alice"));
    place.run(&["audit", "verify"]).ok();
    place
        .run(&[&WITH[..], &["issue", "client", "bob"]].concat())
        .ok();
    let migrated = place.run(&["store", "migrate"]).ok();
    assert!(migrated.contains("already"), "{migrated}");
}

#[test]
fn a_process_that_only_reads_answers_with_the_key_that_it_shares() {
    let place = Place::with_ca();
    place
        .run(&[&WITH[..], &["issue", "client", "alice"]].concat())
        .ok();
    let with_key = ["--responder-key", "ocsp.key"];
    let reading = [&with_key[..], &["--read-only"]].concat();
    place
        .run(&[&["serve"], &reading[..]].concat())
        .refused("ocsp.key is not there");
    let served = Served::start(&place, &[&WITH[..], &with_key].concat());
    let mode = std::fs::metadata(place.path("ocsp.key"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let issuing = certificate(&place.read("home/default/issuing.crt"));
    let alice = certificate(&place.read("alice/client.crt"));
    let request = OcspRequest::for_certificate(&alice, &issuing);
    let asked = |served: &Served| {
        let der = request.to_der().unwrap();
        let said = served.post("/ocsp", "application/ocsp-request", &der);
        assert_eq!(said.0, 200);
        said.1
    };
    let reader = Served::start(&place, &reading);
    let now = time::OffsetDateTime::now_utc();
    for served in [&served, &reader] {
        let answer = request.verify(&asked(served), now).unwrap();
        assert_eq!(answer.status(), OcspStatus::Good);
    }
    let without = Served::start(&place, &["--read-only"]);
    assert_eq!(asked(&without), UnsignedResponse::TryLater.to_der());
    for served in [served, reader, without] {
        assert!(served.stop());
    }
}
