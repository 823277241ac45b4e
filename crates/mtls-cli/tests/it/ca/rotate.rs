//! `mtls ca rotate`: a new issuing CA, a new root, and what still needs the old ones.

use serde_json::Value;
use x509_identity::Certificate;

use crate::common::Place;

fn place() -> Place {
    let place = Place::with_ca();
    place.write("other", "wrong horse\n");
    place
}

impl Place {
    fn issue(&self, client: &str) {
        self.ca(&["issue", "client", client]).ok();
    }

    fn leaf(&self, client: &str) -> Certificate {
        let chain = self.chain(client);
        chain.into_iter().next().unwrap()
    }

    fn chain(&self, client: &str) -> Vec<Certificate> {
        let pem = self.text(&format!("{client}/client.crt"));
        let end = "-----END CERTIFICATE-----\n";
        pem.split_inclusive(end)
            .map(|one| Certificate::from_pem(one.as_bytes()).unwrap())
            .collect()
    }

    fn status(&self) -> Value {
        self.run(&["ca", "rotate", "--status", "--json"]).json()
    }

    fn export(&self, bundle: &str) {
        let out = format!("{bundle}.crt");
        self.ca(&["ca", "export", "--bundle", bundle, "--out", &out])
            .ok();
    }

    /// Whether whoever trusts these roots alone accepts what this client presents.
    fn accepts(&self, roots: &str, client: &str) -> bool {
        let chain = format!("{client}/client.crt");
        let ran = self.run(&["verify", &chain, "--roots", roots, "--for", "client"]);
        assert!(ran.code < 2, "{}", ran.stderr);
        ran.code == 0
    }

    fn states(&self) -> Vec<(String, String)> {
        let shown = self.run(&["ca", "show", "--json"]).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let issuers = shown["issuers"].as_array().unwrap();
        issuers
            .iter()
            .map(|it| {
                let subject = text(&it["subject"]);
                let name = subject.trim_start_matches("CN=Private CA ");
                (name.replace(",O=Private CA", ""), text(&it["state"]))
            })
            .collect()
    }
}

fn states(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, state): &(&str, &str)| ((*name).to_owned(), (*state).to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn a_new_issuing_ca_issues_and_the_old_one_is_kept_until_nothing_needs_it() {
    let place = place();
    place.issue("alice");
    place.issue("bob");
    place
        .ca(&["ca", "rotate", "--finish"])
        .refused("nothing is being replaced");
    let made = place.ca(&["ca", "rotate", "--json"]).json();
    assert_eq!(
        made["issuing"]["subject"],
        "CN=Private CA Issuing 2,O=Private CA"
    );
    let url = "http://ca.example:8080/crl/default-issuing-2-0.crl";
    assert_eq!(made["issuing"]["crl_url"], url);
    let home = place.home().join("default");
    #[cfg(unix)]
    assert_eq!(crate::common::mode(&home.join("keys/issuing-2.key")), 0o600);
    assert_eq!(
        place.states(),
        states(&[
            ("Root", "active"),
            ("Issuing 1", "retiring"),
            ("Issuing 2", "active")
        ])
    );

    place.issue("carol");
    let root = home.join("root.crt");
    let root = root.to_str().unwrap();
    for client in ["alice", "carol"] {
        assert!(place.accepts(root, client), "{client}");
    }
    let issued = |client| place.leaf(client).issuer().to_string();
    assert_eq!(issued("alice"), "CN=Private CA Issuing 1,O=Private CA");
    assert_eq!(issued("carol"), "CN=Private CA Issuing 2,O=Private CA");
    let carol = String::from_utf8_lossy(place.leaf("carol").der()).into_owned();
    for part in [url, "http://ca.example:8080/ca/default-issuing-2.crt"] {
        assert!(carol.contains(part), "{carol}");
    }

    // The old one is needed by two, one after the other no longer.
    let status = place.status();
    assert_eq!(status["replaced"][0]["needed_by"], 2);
    assert_eq!(status["certificates"][0]["subject"], "CN=alice");
    let people = place.run(&["ca", "rotate", "--status"]).ok();
    assert!(people.contains("CN=bob"), "{people}");
    let early = place.ca(&["ca", "rotate", "--finish"]);
    let early = early.refused("2 certificates still need").stderr;
    assert!(
        early.contains("CN=alice") && early.contains("CN=bob"),
        "{early}"
    );
    place.ca(&["renew", "alice/client.crt"]).ok();
    assert_eq!(issued("alice"), "CN=Private CA Issuing 2,O=Private CA");
    place.run(&["revoke", "--name", "alice", "--yes"]).ok();
    place.ca(&["ca", "rotate", "--finish"]).refused("CN=bob");

    // Each issuer signs for its own.
    place.ca(&["crl"]).ok();
    assert_eq!(place.crl("issuing.crl").entries().count(), 1);
    assert_eq!(place.crl("issuing-2-0.crl").entries().count(), 1);
    assert_eq!(place.crl("root.crl").entries().count(), 0);

    place.run(&["revoke", "--name", "bob", "--yes"]).ok();
    let finished = place.ca(&["ca", "rotate", "--finish", "--json"]).json();
    assert_eq!(
        finished["retired"][0],
        "CN=Private CA Issuing 1,O=Private CA"
    );
    assert_eq!(place.states()[1], ("Issuing 1".into(), "retired".into()));
    assert_eq!(place.status()["replaced"].as_array().unwrap().len(), 0);
    place.ca(&["crl"]).ok();
    assert_eq!(place.crl("root.crl").entries().count(), 1, "Issuing 1");
    place.ca(&["ca", "rotate"]).ok();
    place.issue("dave");
    assert_eq!(issued("dave"), "CN=Private CA Issuing 3,O=Private CA");
    place.run(&["audit", "verify"]).ok();
}

#[test]
fn a_new_root_is_trusted_beside_the_old_one_before_it_is_trusted_alone() {
    let place = place();
    place.issue("alice");
    for bundle in ["old", "both"] {
        place
            .run(&["ca", "export", "--bundle", bundle])
            .refused("no root is being replaced");
    }
    place.ca(&["ca", "rotate", "--root"]).ok();
    for bundle in ["old", "both", "new"] {
        place.export(bundle);
    }
    let roots = |bundle: &str| place.text(bundle).matches("BEGIN CERTIFICATE").count();
    assert_eq!(
        [roots("old.crt"), roots("both.crt"), roots("new.crt")],
        [1, 2, 1]
    );
    place
        .ca(&["ca", "rotate", "--root"])
        .refused("is still being replaced");

    place.issue("bob");
    assert_eq!(place.chain("bob").len(), 3, "with the cross-certificate");
    assert_eq!(place.text("bob/ca.crt"), place.text("both.crt"));
    for (roots, client, accepted) in [
        ("old.crt", "alice", true),
        ("both.crt", "alice", true),
        ("new.crt", "alice", false),
        ("old.crt", "bob", true),
        ("both.crt", "bob", true),
        ("new.crt", "bob", true),
    ] {
        assert_eq!(
            place.accepts(roots, client),
            accepted,
            "{client} by {roots}"
        );
    }

    let back = std::fs::read_to_string(place.home().join("default/cross-2-back.crt")).unwrap();
    std::fs::create_dir(place.path("longer")).unwrap();
    let longer = place.text("alice/client.crt") + &back;
    place.write("longer/client.crt", longer);
    assert!(
        place.accepts("new.crt", "longer"),
        "by the other cross-certificate"
    );

    let status = place.status();
    let needed: Vec<_> = status["replaced"].as_array().unwrap().iter().collect();
    assert_eq!(needed.len(), 2, "{status}");
    assert!(needed.iter().all(|it| it["needed_by"] == 1), "{status}");
    place
        .ca(&["ca", "rotate", "--finish"])
        .refused("1 certificate still needs");
    place.ca(&["renew", "alice/client.crt"]).ok();
    assert!(place.accepts("new.crt", "alice"));
    place.ca(&["ca", "rotate", "--finish"]).refused("CN=alice");
    let old = status["certificates"][0]["serial"].as_str().unwrap();
    place.run(&["revoke", old, "--yes"]).ok();
    place.ca(&["ca", "rotate", "--finish"]).ok();
    assert_eq!(
        place.states(),
        states(&[
            ("Root", "retired"),
            ("Issuing 1", "retired"),
            ("Root 2", "active"),
            ("Issuing 2", "active"),
        ])
    );
    assert_eq!(place.run(&["ca", "export"]).ok(), place.text("new.crt"));
    place.issue("carol");
    assert_eq!(
        place.chain("carol").len(),
        2,
        "nobody needs the cross-certificate"
    );
    assert!(place.accepts("new.crt", "carol"));
    assert!(!place.accepts("old.crt", "carol"));
    place.ca(&["crl"]).ok();
    assert_eq!(
        place.crl("root-2-0.crl").entries().count(),
        1,
        "the old root"
    );

    // And once more: names and numbers go on.
    place.ca(&["ca", "rotate", "--root"]).ok();
    let states = place.states();
    assert_eq!(states[4].0, "Root 3");
    assert_eq!(states[5].0, "Issuing 3");
    place.run(&["audit", "verify"]).ok();
}

#[test]
fn what_is_interrupted_has_changed_nothing_and_is_gone_on_with() {
    let place = place();
    let home = place.home().join("default");
    // The last write before the switch cannot be made: a directory is in its place.
    let blocked = home.join("cross-2-back.crt");
    std::fs::create_dir(&blocked).unwrap();
    std::fs::write(blocked.join("x"), "").unwrap();
    let settings = std::fs::read(home.join("ca.toml")).unwrap();
    place
        .ca(&["ca", "rotate", "--root"])
        .refused("cross-2-back.crt");
    assert_eq!(std::fs::read(home.join("ca.toml")).unwrap(), settings);
    place.issue("alice");
    assert_eq!(
        place.leaf("alice").issuer().common_name(),
        Some("Private CA Issuing 1")
    );
    assert_eq!(place.chain("alice").len(), 2);
    assert_eq!(place.status()["replaced"].as_array().unwrap().len(), 0);
    place.ca(&["crl"]).ok();

    let key = std::fs::read(home.join("keys/root-2.key")).unwrap();
    let root = std::fs::read(home.join("root-2.crt")).unwrap();
    let cross = std::fs::read(home.join("cross-2.crt")).unwrap();
    std::fs::remove_dir_all(&blocked).unwrap();
    place.ca(&["ca", "rotate", "--root"]).ok();
    assert_eq!(std::fs::read(home.join("keys/root-2.key")).unwrap(), key);
    assert_eq!(std::fs::read(home.join("root-2.crt")).unwrap(), root);
    assert_eq!(std::fs::read(home.join("cross-2.crt")).unwrap(), cross);
    place.issue("bob");
    for bundle in ["old", "new"] {
        place.export(bundle);
        assert!(place.accepts(&format!("{bundle}.crt"), "bob"), "{bundle}");
    }
    let names: Vec<_> = place.states().into_iter().map(|it| it.0).collect();
    assert_eq!(names, ["Root", "Issuing 1", "Root 2", "Issuing 2"]);
}

#[test]
fn no_rotation_without_the_passphrase_the_root_or_fitting_profiles() {
    let place = place();
    let home = place.home().join("default");
    place
        .run(&["--passphrase-file", "other", "ca", "rotate"])
        .refused("root.key");
    assert_eq!(place.ca(&["ca", "rotate", "--root", "--finish"]).code, 2);

    let away = place.path("root.key");
    std::fs::rename(home.join("keys/root.key"), &away).unwrap();
    place
        .ca(&["ca", "rotate"])
        .refused("the root's key is not here");
    std::fs::rename(&away, home.join("keys/root.key")).unwrap();

    let profile = home.join("profiles/client.toml");
    let text = std::fs::read_to_string(&profile).unwrap();
    let fixed = text.replace("{issuer}", "default-issuing");
    assert_ne!(text, fixed);
    std::fs::write(&profile, fixed).unwrap();
    place.issue("alice");
    place
        .ca(&["ca", "rotate"])
        .refused("write {issuer} in place of `default-issuing`");
    assert!(!home.join("keys/issuing-2.key").exists());
    std::fs::write(&profile, text).unwrap();

    // People's own words in ca.toml stay.
    let settings = home.join("ca.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("# ours\n{text}")).unwrap();
    place.ca(&["ca", "rotate"]).ok();
    let after = std::fs::read_to_string(&settings).unwrap();
    assert!(after.starts_with("# ours\n"), "{after}");

    let rows = place.run(&["audit", "export"]).ok();
    for part in [
        "refused",
        "issuer-added",
        "issuer-changed",
        "root's key is not here",
    ] {
        assert!(rows.contains(part), "{part}");
    }
}

#[test]
fn a_revoked_issuing_ca_issues_nothing_until_it_is_replaced() {
    let place = place();
    place.issue("alice");
    let issuing = "home/default/issuing.crt";
    place.ca(&["revoke", "--cert", issuing, "--yes"]).ok();
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let enroll = ["--enroll", "127.0.0.1:0"];
    for arguments in [
        &["issue", "client", "bob"][..],
        &["renew", "alice/client.crt"],
        &[&serve[..], &enroll].concat(),
    ] {
        let refused = place.ca(arguments);
        assert_eq!(refused.code, 1, "{refused:?}");
        for says in ["is revoked, and issues no more", "mtls ca rotate"] {
            assert!(refused.stderr.contains(says), "{refused:?}");
        }
    }
    assert!(!place.path("bob").exists());
    let served = crate::common::served::Served::start(&place, &crate::common::ca::WITH);
    assert!(served.text("/healthz").contains("\"ok\""));
    assert!(served.stop());
    place.ca(&["ca", "rotate"]).ok();
    place.issue("bob");
}
