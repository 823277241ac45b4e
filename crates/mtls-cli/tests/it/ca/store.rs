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
fn a_store_that_is_lost_is_refused_and_not_made_again() {
    let place = Place::with_ca();
    let store = place.path("home/default/store.db");
    // The last process to close the database may have taken the other two away.
    let files = ["store.db", "store.db-wal", "store.db-shm"];
    let replace = |from: &str| {
        for file in files {
            let _ = std::fs::remove_file(place.path("home/default").join(file));
            let _ = std::fs::copy(
                place.path(from).join(file),
                place.path("home/default").join(file),
            );
        }
    };
    std::fs::create_dir(place.path("nothing")).unwrap();
    std::fs::create_dir(place.path("away")).unwrap();
    for file in files {
        let there = place.path("home/default").join(file);
        let _ = std::fs::copy(there, place.path("away").join(file));
    }
    let all = |place: &Place, words: &str| {
        for arguments in [
            &["list"][..],
            &["expiring"],
            &["audit", "verify"],
            &["token", "create", "--profile", "client"],
            &["serve", "--listen", "127.0.0.1:0"],
            &["serve", "--listen", "127.0.0.1:0", "--read-only"],
        ] {
            place.ca(arguments).refused(words);
        }
    };
    // Nobody has made a checkpoint yet.
    replace("nothing");
    all(&place, "the file is not there");
    place
        .run(&["store", "migrate"])
        .refused("the file is not there");
    let typo = ["serve", "--store", "sqlite:typo.db"];
    place.ca(&typo).refused("correct its address");
    for made in [&store, &place.path("typo.db")] {
        assert!(!made.exists(), "{}", made.display());
    }
    // Another CA's is no better, and neither is one from before a rotation.
    place.ca(&["ca", "init", "other"]).ok();
    replace("home/other");
    std::fs::remove_dir_all(place.home().join("other")).unwrap();
    all(&place, "has no issuer `default` with the certificate in");
    replace("away");
    place.run(&["list"]).ok();
    place.ca(&["ca", "rotate"]).ok();
    place.run(&["list"]).ok();
    replace("away");
    std::fs::remove_file(place.path("home/default/checkpoints.jsonl")).unwrap();
    place.run(&["list"]).refused("issuing-2.crt");
    // What is left of it can be looked at.
    place.run(&["audit", "verify"]).ok();
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
