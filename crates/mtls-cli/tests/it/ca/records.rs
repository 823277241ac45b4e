//! What a CA remembers: revoke, list, crl, expiring, audit.

use pki_core::verify::RevocationReason;

use rustix::process::Signal;

use crate::common::Place;
use crate::common::ca::{WITH, certificate};
use crate::common::daemon::Daemon;
use crate::common::served::Served;

#[test]
fn revoking_is_a_dry_run_until_it_is_confirmed() {
    let place = Place::with_ca();
    for client in ["alice", "bob", "carol"] {
        place
            .ca(&[
                "issue",
                "client",
                client,
                "--san",
                &format!("dns:{client}.example"),
            ])
            .ok();
    }
    let revoked = || {
        place
            .list()
            .iter()
            .filter(|one| one["state"] == "revoked")
            .count()
    };
    let serial = |client: &str| {
        certificate(&place.read(&format!("{client}/client.crt")))
            .serial()
            .to_string()
    };
    let dry = place.run(&["revoke", &serial("alice")]).ok();
    assert!(dry.contains("CN=alice") && dry.contains("--yes"), "{dry}");
    assert_eq!(revoked(), 0);
    place
        .run(&[
            "revoke",
            &serial("alice"),
            "--reason",
            "superseded",
            "--yes",
        ])
        .ok();
    assert_eq!(revoked(), 1);
    place
        .run(&[
            "revoke",
            "--key",
            "bob/client.key",
            "--reason",
            "key-compromise",
            "--yes",
        ])
        .ok();
    place.run(&["revoke", "--name", "*.example", "--yes"]).ok();
    assert_eq!(revoked(), 3);
    place
        .run(&["revoke", "01", "--yes"])
        .refused("no such certificate");
    assert_eq!(place.run(&["revoke"]).code, 2);
    assert_eq!(place.run(&["revoke", "01", "--profile", "client"]).code, 2);

    let listed = place.run(&["list", "--name", "alice", "--json"]).json();
    assert_eq!(listed[0]["reason"], "superseded");
    place.ca(&["crl", "--out", "crls"]).ok();
    let crl = place.crl("crls/issuing.crl");
    let reasons: Vec<_> = crl.entries().map(|entry| entry.reason).collect();
    assert_eq!(reasons.len(), 3);
    for reason in [
        RevocationReason::Superseded,
        RevocationReason::KeyCompromise,
        RevocationReason::Unspecified,
    ] {
        assert!(reasons.contains(&reason), "{reason}");
    }
    let first = crl.number().unwrap();
    place.ca(&["crl", "--out", "crls"]).ok();
    assert!(place.crl("crls/issuing.crl").number().unwrap() > first);

    let verify = [
        "verify",
        "alice/client.crt",
        "--roots",
        "alice/ca.crt",
        "--crl",
        "crls/issuing.crl",
        "--crl",
        "crls/root.crl",
    ];
    let refused = place.run(&[&verify[..], &["--json"]].concat());
    assert_eq!(refused.code, 1);
    assert!(refused.stdout.contains("revoked"), "{refused:?}");
    // The key is blocked, whoever asks.
    place
        .ca(&["renew", "carol/client.crt", "--key", "bob/client.key"])
        .refused("");
    let csr = rcgen::KeyPair::from_pem(&String::from_utf8(place.read("bob/client.key")).unwrap())
        .unwrap();
    let csr = rcgen::CertificateParams::new(Vec::new())
        .unwrap()
        .serialize_request(&csr)
        .unwrap();
    place.write("again.csr", csr.pem().unwrap());
    place
        .ca(&["sign", "again.csr", "--profile", "client"])
        .refused("key");
}

#[test]
fn a_key_that_turns_out_later_to_be_compromised_is_blocked() {
    let place = Place::with_ca();
    place.ca(&["issue", "client", "alice"]).ok();
    let serial = certificate(&place.read("alice/client.crt"));
    let serial = serial.serial().to_string();
    let revoke = |more: &[&str]| place.run(&[&["revoke", &serial], more].concat()).ok();
    revoke(&["--reason", "superseded", "--yes"]);
    let again = revoke(&["--yes"]);
    assert!(again.contains("revoked already"), "{again}");
    let dry = revoke(&["--reason", "key-compromise"]);
    assert!(dry.contains("would revoke 1 certificate"), "{dry}");
    revoke(&["--reason", "key-compromise", "--yes"]);
    let listed = place.run(&["list", "--name", "alice", "--json"]).json();
    assert_eq!(listed[0]["reason"], "keyCompromise");
    let again = revoke(&["--reason", "key-compromise", "--yes"]);
    assert!(again.contains("revoked already"), "{again}");
    let log = place.run(&["audit", "export"]).ok();
    assert!(log.contains("key-blocked"), "{log}");
}

#[test]
fn a_key_is_blocked_though_no_certificate_has_it() {
    let place = Place::with_ca();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "alice");
    place.write("stolen.key", key.serialize_pem());
    let csr = params.serialize_request(&key).unwrap();
    place.write("stolen.csr", csr.pem().unwrap());
    let revoke = |more: &[&str]| {
        let arguments = ["revoke", "--key", "stolen.key"];
        place.run(&[&arguments, more].concat())
    };
    revoke(&["--yes"]).refused("no such certificate");
    let compromised = ["--reason", "key-compromise"];
    let dry = revoke(&compromised).ok();
    assert!(dry.contains("would block the key"), "{dry}");
    let said = revoke(&[&compromised[..], &["--yes", "--json"]].concat()).json();
    let blocked = said["blocked_spki_sha256"].as_str().unwrap();
    assert_eq!(
        (blocked.len(), said["certificates"].as_array()),
        (64, Some(&vec![]))
    );
    place
        .ca(&[
            "sign",
            "stolen.csr",
            "--profile",
            "client",
            "--out",
            "a.crt",
        ])
        .refused("was compromised");
}

#[test]
fn who_revokes_a_ca_is_told_what_goes_with_it() {
    let place = Place::with_ca();
    place.ca(&["issue", "client", "alice"]).ok();
    for (file, is_ca) in [
        ("home/default/issuing.crt", true),
        ("alice/client.crt", false),
    ] {
        let dry = place.run(&["revoke", "--cert", file]);
        let told = dry
            .stderr
            .contains("is a CA: with it goes all that it has issued");
        assert_eq!(told, is_ca, "{}", dry.stderr);
    }
}

#[test]
fn the_log_of_every_decision_verifies() {
    let place = Place::with_ca();
    place.ca(&["issue", "client", "alice"]).ok();
    place.run(&["audit", "verify"]).ok();
    let rows = place.run(&["audit", "export"]).ok();
    let events: Vec<_> = rows
        .lines()
        .map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap()["event"].clone())
        .collect();
    assert!(events.iter().any(|event| event == "issued"), "{events:?}");
    // No secret is in it.
    assert!(!rows.contains("PRIVATE KEY") && !rows.contains("correct horse"));
}

#[test]
fn what_ends_soon_is_listed_and_what_was_renewed_is_not() {
    let place = Place::with_ca();
    place
        .ca(&["issue", "client", "alice", "--life", "24h"])
        .ok();
    place
        .ca(&["issue", "server", "a.example", "--life", "80d"])
        .ok();
    let soon = place.run(&["expiring", "--within", "2d", "--json"]);
    assert_eq!(soon.code, 1);
    let soon: serde_json::Value = serde_json::from_str(&soon.stdout).unwrap();
    assert_eq!(soon.as_array().unwrap().len(), 1);
    assert_eq!(soon[0]["name"], "CN=alice");
    place
        .ca(&["renew", "alice/client.crt", "--life", "30d"])
        .ok();
    place.run(&["expiring", "--within", "2d"]).ok();
    assert_eq!(
        place
            .run(&["list", "--expiring", "2d", "--json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[cfg(unix)]
#[test]
fn a_store_from_a_backup_is_refused_until_that_is_acknowledged() {
    let place = Place::with_ca();
    place.ca(&["issue", "client", "alice"]).ok();
    place.ca(&["crl"]).ok();
    let ca = place.home().join("default");
    let backup = place.path("backup");
    std::fs::create_dir(&backup).unwrap();
    let files = ["store.db", "store.db-wal", "store.db-shm"];
    for file in files {
        // The last process to close the database may have taken the other two away.
        let _ = std::fs::copy(ca.join(file), backup.join(file));
    }
    place.run(&["revoke", "--name", "alice", "--yes"]).ok();
    place.ca(&["crl"]).ok();
    place.run(&["audit", "verify"]).ok();
    let elsewhere = std::fs::read_to_string(ca.join("checkpoints.jsonl")).unwrap();
    place.write("elsewhere.jsonl", elsewhere);
    place
        .ca(&["audit", "acknowledge", "--yes"])
        .refused("nothing to acknowledge");

    for file in files {
        let _ = std::fs::remove_file(ca.join(file));
        let _ = std::fs::copy(backup.join(file), ca.join(file));
    }
    for arguments in [&["list"][..], &["issue", "client", "bob"], &["crl"]] {
        place.ca(arguments).refused("older than the checkpoint");
    }
    assert_eq!(place.run(&["audit", "verify"]).code, 1);
    let elsewhere = ["audit", "verify", "--checkpoint", "elsewhere.jsonl"];
    assert_eq!(place.run(&elsewhere).code, 1);
    // It takes the key.
    place
        .run(&["audit", "acknowledge", "--yes"])
        .refused("passphrase");
    assert_eq!(place.run(&["audit", "verify"]).code, 1);
    place.ca(&["audit", "acknowledge", "--yes"]).ok();
    let verified = place.run(&["audit", "verify"]);
    assert!(verified.stderr.contains("has acknowledged"), "{verified:?}");
    assert!(
        !verified.stderr.contains("no checkpoint to compare"),
        "{verified:?}"
    );
    let said = place.run(&["audit", "verify", "--json"]).json();
    assert_eq!(said["restores"][0]["signed"], true, "{said}");
    assert_eq!(said["compared"], 1, "{said}");
    let last = place.text("elsewhere.jsonl");
    place.write("last.jsonl", last.lines().last().unwrap());
    let last = place.run(&["audit", "verify", "--checkpoint", "last.jsonl"]);
    assert!(last.stderr.contains("no checkpoint to compare"), "{last:?}");
    last.ok();
    place.run(&["revoke", "--name", "alice", "--yes"]).ok();
    let before = place.crl("issuing.crl").number();
    place.ca(&["crl"]).ok();
    assert!(
        place.crl("issuing.crl").number() > before,
        "CRL numbers do not go back"
    );
    place.run(&["audit", "verify"]).ok();

    // Another CA's checkpoint says nothing about this one.
    place.ca(&["ca", "init", "other"]).ok();
    place.ca(&["--ca", "other", "issue", "client", "eve"]).ok();
    let foreign = place.home().join("other/checkpoints.jsonl");
    place
        .run(&["audit", "verify", "--checkpoint", foreign.to_str().unwrap()])
        .refused("another key");
}

#[test]
fn checkpoints_that_were_removed_are_missed() {
    let place = Place::with_ca();
    place.ca(&["issue", "client", "alice"]).ok();
    let file = place.home().join("default/checkpoints.jsonl");
    let warns = |arguments: &[&str]| {
        let ran = place.run(arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.stderr.contains("there is no checkpoint in file:")
    };
    assert!(!warns(&["audit", "verify"]));
    let kept = std::fs::read_to_string(&file).unwrap();
    for (content, is_missed) in [
        (None, true),
        (Some(""), true),
        // A line that was cut off is none.
        (Some(&kept[..kept.find('\n').unwrap() / 2]), true),
        (Some(kept.as_str()), false),
    ] {
        match content {
            Some(content) => std::fs::write(&file, content).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        for arguments in [&["audit", "verify"][..], &["list"]] {
            assert_eq!(warns(arguments), is_missed, "{content:?} {arguments:?}");
        }
    }
    std::fs::remove_file(&file).unwrap();
    let serve = [&["serve", "--listen", "127.0.0.1:0"][..], &WITH].concat();
    let mut served = Daemon::start(place.command(&serve));
    served.says("warning: there is no checkpoint in file:");
    served.prints("serving ");
    assert!(served.end(Signal::TERM));
    // The next one is there again.
    place.ca(&["issue", "client", "bob"]).ok();
    assert!(!warns(&["audit", "verify"]));
}

#[test]
fn what_the_ca_made_for_itself_is_listed_on_request() {
    let place = Place::with_ca();
    place.ca(&["issue", "client", "alice"]).ok();
    let profiles = |arguments: &[&str]| -> Vec<String> {
        let listed = place.run(&[&["list", "--json"], arguments].concat()).json();
        let listed = listed.as_array().unwrap().iter();
        listed
            .map(|one| one["profile"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(profiles(&[]), ["client"]);
    assert_eq!(profiles(&["--all"]), ["issuing-ca", "client"]);
    assert_eq!(profiles(&["--profile", "issuing-ca"]), ["issuing-ca"]);
    // A responder appoints itself.
    let served = Served::start(&place, &WITH);
    assert!(served.stop());
    assert_eq!(profiles(&[]), ["client"]);
    assert!(profiles(&["--all"]).contains(&"ocsp".to_owned()));
}

/// The row that the last checkpoint is of.
fn last_checkpoint(place: &Place) -> u64 {
    let kept = place.text("home/default/checkpoints.jsonl");
    let line: serde_json::Value = serde_json::from_str(kept.lines().last().unwrap()).unwrap();
    let payload = line["payload"].as_str().unwrap();
    let payload: serde_json::Value = serde_json::from_str(payload).unwrap();
    payload["seq"].as_u64().unwrap()
}

/// How many rows the audit log has.
fn rows(place: &Place) -> u64 {
    let verified = place.run(&["audit", "verify", "--json"]).json();
    verified["rows"].as_u64().unwrap()
}

#[test]
fn a_revocation_has_its_checkpoint_or_says_when() {
    let place = Place::with_ca();
    place.ca(&["issue", "client", "alice"]).ok();
    place.ca(&["issue", "client", "bob"]).ok();
    let last = || last_checkpoint(&place);
    let before = last();
    let revoked = place.run(&["revoke", "--name", "alice", "--yes"]);
    assert!(revoked.stderr.contains("next checkpoint"), "{revoked:?}");
    revoked.ok();
    assert_eq!(last(), before);
    let revoked = place.ca(&["revoke", "--name", "bob", "--yes"]);
    assert_eq!(revoked.stderr, "");
    revoked.ok();
    assert!(last() > before);
    assert_eq!(last(), rows(&place));
}

#[test]
fn what_was_served_has_its_checkpoint_at_the_end() {
    let place = Place::with_ca();
    place.ca(&["issue", "client", "alice"]).ok();
    let before = last_checkpoint(&place);
    assert_eq!(before, rows(&place));
    // It appoints its responders, and signs CRLs.
    let served = Served::start(&place, &WITH);
    assert!(served.stop());
    assert!(last_checkpoint(&place) > before);
    assert_eq!(last_checkpoint(&place), rows(&place));
    let kept = place.text("home/default/checkpoints.jsonl");
    let reading = Served::start(&place, &["--read-only"]);
    assert!(reading.stop());
    assert_eq!(place.text("home/default/checkpoints.jsonl"), kept);
}

#[test]
fn tables_that_contradict_the_log_are_found_out() {
    let place = Place::with_ca();
    place.ca(&["issue", "client", "alice"]).ok();
    place.ca(&["issue", "client", "bob"]).ok();
    place.ca(&["revoke", "--name", "alice", "--yes"]).ok();
    let serial = |client: &str| {
        let leaf = certificate(&place.read(&format!("{client}/client.crt")));
        leaf.serial().to_string()
    };
    let store = rusqlite::Connection::open(place.path("home/default/store.db")).unwrap();
    for (sql, client) in [
        (
            "UPDATE certificates SET subject = 'CN=eve' WHERE subject = 'CN=bob'",
            "bob",
        ),
        ("DELETE FROM revocations", "alice"),
    ] {
        place.run(&["audit", "verify"]).ok();
        store.execute_batch(sql).unwrap();
        let verified = place.run(&["audit", "verify"]);
        assert_eq!(verified.code, 1, "{verified:?}");
        assert!(verified.stdout.contains(&serial(client)), "{verified:?}");
        let said = place.run(&["audit", "verify", "--json"]).stdout;
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["intact"], false);
        let undo = "UPDATE certificates SET subject = 'CN=bob' WHERE subject = 'CN=eve'";
        store.execute_batch(undo).unwrap();
    }
}
