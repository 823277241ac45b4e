//! A CA from its first minute on: init, issue, sign, renew, revoke, list, crl, audit.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Place, Ran};
use pki_core::verify::RevocationReason;
use pki_core::{Crl, KeyKind, KeyPair};
use x509_identity::Certificate;

impl Place {
    /// A place with a passphrase and a CA.
    fn with_ca() -> Self {
        let place = Self::new();
        place.write("passphrase", "correct horse\n");
        place
            .ca(&["ca", "init", "--url", "http://ca.example:8080"])
            .ok();
        place
    }

    /// Runs a command that may need the passphrase.
    fn ca(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["--passphrase-file", "passphrase"], arguments].concat())
    }

    /// What the issuing CA has issued; the root's one certificate is that of the issuing CA.
    fn list(&self) -> Vec<serde_json::Value> {
        let mut list = self.run(&["list", "--json"]).json();
        let list = list.as_array_mut().unwrap();
        let by_root = list.iter().position(|one| one["profile"] == "issuing-ca");
        list.remove(by_root.unwrap());
        list.clone()
    }

    /// What the audit log says was refused.
    fn refusals(&self) -> Vec<String> {
        let rows = self.run(&["audit", "export"]).ok();
        let rows = rows
            .lines()
            .map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap());
        rows.filter(|row| row["event"] == "refused")
            .map(|row| row["detail"].to_string())
            .collect()
    }

    fn crl(&self, name: &str) -> Crl {
        Crl::from_pem_or_der(&self.read(name)).unwrap()
    }
}

fn certificate(pem: &[u8]) -> Certificate {
    Certificate::from_pem(pem).unwrap()
}

#[test]
fn a_new_ca_is_whole_private_and_made_once() {
    let place = Place::with_ca();
    let shown = place.run(&["ca", "show", "--json"]).json();
    assert_eq!(shown["name"], "default");
    assert_eq!(shown["issuers"][0]["role"], "root");
    assert_eq!(shown["issuers"][1]["role"], "issuing");
    let ca = place.home().join("default");
    for file in [
        "ca.toml",
        "profiles/server.toml",
        "profiles/client.toml",
        "root.crt",
        "issuing.crt",
    ] {
        assert!(ca.join(file).exists(), "{file}");
    }
    #[cfg(unix)]
    {
        assert_eq!(common::mode(&place.home()), 0o700);
        assert_eq!(common::mode(&ca), 0o700);
        for file in ["keys/root.key", "keys/issuing.key", "store.db"] {
            assert_eq!(common::mode(&ca.join(file)), 0o600, "{file}");
        }
    }
    let key = std::fs::read_to_string(ca.join("keys/root.key")).unwrap();
    assert!(
        key.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"),
        "{key}"
    );

    let before = std::fs::read(ca.join("root.crt")).unwrap();
    place.ca(&["ca", "init"]).refused("there is a CA `default`");
    assert_eq!(std::fs::read(ca.join("root.crt")).unwrap(), before);
    place.ca(&["ca", "init", "second"]).ok();
    let roots = place.run(&["ca", "export"]).ok();
    assert_eq!(roots.as_bytes(), before, "the default one is meant");
    place
        .run(&["ca", "show", "--ca", "third"])
        .refused("there is no CA `third`");
    let left: Vec<_> = std::fs::read_dir(place.home()).unwrap().collect();
    assert_eq!(left.len(), 3, "two CAs and the lock: {left:?}");
}

#[test]
fn no_ca_is_made_of_what_is_wrong() {
    let place = Place::new();
    place.write("empty", "\n");
    place.write("passphrase", "correct horse\n");
    place.run(&["ca", "init"]).refused("--passphrase-file");
    place
        .run(&["ca", "init", "--passphrase-file", "empty"])
        .refused("passphrase is empty");
    place
        .ca(&["ca", "init", "--subject", "O=Example"])
        .refused("CN=");
    for wrong in [
        &["Upper"][..],
        &["../x"],
        &["--url", "https://ca.example"],
        &["--subject", "CN"],
    ] {
        assert_eq!(
            place.ca(&[&["ca", "init"], wrong].concat()).code,
            2,
            "{wrong:?}"
        );
    }
    place.run(&["list"]).refused("mtls ca init");
    let left = std::fs::read_dir(place.home())
        .map(|left| left.count())
        .unwrap_or(0);
    assert!(left <= 1, "nothing but the lock");
}

#[cfg(unix)]
#[test]
fn a_home_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::with_ca();
    let open = |mode| {
        std::fs::set_permissions(place.home(), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open(0o755);
    place.run(&["list"]).refused("chmod 700");
    place.ca(&["ca", "init", "other"]).refused("chmod 700");
    open(0o700);
    place.run(&["list"]).ok();
}

#[test]
fn a_server_and_a_client_get_their_files() {
    let place = Place::with_ca();
    let names = [
        "--san",
        "dns:api.example",
        "--san",
        "ip:127.0.0.1",
        "--san",
        "ip:::1",
    ];
    place
        .ca(&[&["issue", "server", "localhost"][..], &names].concat())
        .ok();
    let server = certificate(&place.read("localhost/server.crt"));
    let sans: Vec<_> = server.sans().iter().map(ToString::to_string).collect();
    assert_eq!(sans, ["localhost", "api.example", "127.0.0.1", "::1"]);
    assert_eq!(
        server.crl_distribution_points(),
        ["http://ca.example:8080/crl/default-issuing-0.crl"]
    );
    place.write("p12-password", "K7Q2-M9XD\n");
    let bundles = [
        "--p12",
        "--p12-password-file",
        "p12-password",
        "--life",
        "48h",
    ];
    place
        .ca(&[&["issue", "client", "alice"][..], &bundles].concat())
        .ok();
    let client = certificate(&place.read("alice/client.crt"));
    assert_eq!(client.subject().to_string(), "CN=alice");
    // The last second counts.
    assert_eq!(
        (client.not_after() - client.not_before()).whole_seconds(),
        48 * 3600 - 1
    );

    for (leaf, name) in [
        ("localhost/server.crt", Some("localhost")),
        ("alice/client.crt", None),
    ] {
        let roots = format!("{}/ca.crt", leaf.split_once('/').unwrap().0);
        let mut arguments = vec!["verify", leaf, "--roots", &roots];
        arguments.extend(name.iter().flat_map(|name| ["--name", name]));
        place.run(&arguments).ok();
        place.run(&["lint", leaf]).ok();
    }
    for file in [
        "localhost/server.key",
        "alice/client.key",
        "alice/client.p12",
        "alice/client_ios.p12",
    ] {
        #[cfg(unix)]
        assert_eq!(common::mode(&place.path(file)), 0o600, "{file}");
    }
    for (bundle, target, code) in [
        ("client_ios.p12", "ios17", 0),
        ("client.p12", "ios18", 0),
        ("client.p12", "ios17", 1),
    ] {
        let file = format!("alice/{bundle}");
        let check = [
            "p12",
            "check",
            &file,
            "--target",
            target,
            "--password-file",
            "p12-password",
        ];
        assert_eq!(place.run(&check).code, code, "{bundle} {target}");
    }
    let key = KeyPair::from_pem(&place.read("alice/client.key"), None).unwrap();
    assert_eq!(key.public_key_der(), client.spki_der());

    place.ca(&["issue", "client", "alice"]).refused("--force");
    place.ca(&["issue", "client", "a/b"]).refused("--out");
    place.write("file", "");
    for out in ["file", "file/below"] {
        place
            .ca(&["issue", "client", "bob", "--out", out])
            .refused("file");
    }
    assert_eq!(place.list().len(), 2, "nothing else was issued");
}

#[test]
fn what_the_profile_does_not_allow_is_refused_and_recorded() {
    let place = Place::with_ca();
    let profile = place.home().join("default/profiles/client.toml");
    let text = std::fs::read_to_string(&profile).unwrap();
    let narrow = text.replace("dns = \"any\"", "dns = [\"*.clients.example\"]");
    std::fs::write(&profile, &narrow).unwrap();
    for (arguments, words) in [
        (
            &["client", "alice", "--san", "dns:alice.evil.example"][..],
            "alice.evil.example",
        ),
        (&["client", "alice", "--san", "ip:10.0.0.1"], "10.0.0.1"),
        (&["client", "alice", "--life", "400d"], "valid"),
        (&["client", "alice", "--life", "1m"], "valid"),
        (&["server", "no host name"], "host name"),
        (
            &["server", "a.example", "--san", "email:a@b.example"],
            "a@b.example",
        ),
    ] {
        place.ca(&[&["issue"], arguments].concat()).refused(words);
    }
    assert_eq!(place.list().len(), 0, "nothing was issued");
    assert_eq!(place.refusals().len(), 6, "{:#?}", place.refusals());
    place
        .ca(&[
            "issue",
            "client",
            "alice",
            "--san",
            "dns:alice.clients.example",
        ])
        .ok();

    std::fs::write(&profile, format!("{narrow}\n[colour]\n")).unwrap();
    place.ca(&["issue", "client", "bob"]).refused("client.toml");
    assert!(!place.path("bob").exists());
}

#[test]
fn a_wrong_passphrase_and_a_foreign_key_are_refused() {
    let place = Place::with_ca();
    place.write("wrong", "wrong horse\n");
    place
        .run(&["--passphrase-file", "wrong", "issue", "client", "alice"])
        .refused("password is wrong");
    let ca = place.home().join("default");
    let other = KeyPair::generate(KeyKind::P256).unwrap();
    let other = other
        .secret_encrypted_pkcs8_pem(&pki_core::Password::new("correct horse"))
        .unwrap();
    let own = std::fs::read(ca.join("keys/issuing.key")).unwrap();
    std::fs::write(ca.join("keys/issuing.key"), other.as_bytes()).unwrap();
    place
        .ca(&["issue", "client", "alice"])
        .refused("not that of the CA certificate");
    std::fs::write(ca.join("keys/issuing.key"), own).unwrap();
    assert_eq!(place.refusals().len(), 2);
    assert!(place.list().is_empty());
    assert!(!place.path("alice").exists());
    // A process may end before SQLite has emptied its log, from which it would restore the database.
    let _ = std::fs::remove_file(ca.join("store.db-wal"));
    std::fs::write(ca.join("store.db"), "this is not a database").unwrap();
    place.ca(&["issue", "client", "alice"]).refused("store");
}

#[test]
fn a_request_is_signed_for_its_key_and_names_alone() {
    let place = Place::with_ca();
    let csr = |change: fn(&mut rcgen::CertificateParams)| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "a.example");
        change(&mut params);
        params.serialize_request(&key).unwrap()
    };
    place.write("good.csr", csr(|_| {}).pem().unwrap());
    place.write("good.der", csr(|_| {}).der().as_ref());
    let pem = place.ca(&["sign", "good.csr", "--profile", "server"]).ok();
    assert_eq!(
        pem.matches("BEGIN CERTIFICATE").count(),
        2,
        "leaf and issuing CA"
    );
    place
        .ca(&[
            "sign",
            "good.der",
            "--profile",
            "server",
            "--out",
            "server.crt",
        ])
        .ok();
    assert_eq!(
        certificate(&place.read("server.crt")).sans()[0].to_string(),
        "a.example"
    );

    // CA:TRUE is not read, and cannot reach a certificate.
    let wishes = csr(|params| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    });
    place.write("ca.csr", wishes.pem().unwrap());
    let pem = place.ca(&["sign", "ca.csr", "--profile", "server"]).ok();
    assert!(!certificate(pem.as_bytes()).is_ca());

    let mut forged = csr(|_| {}).der().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    place.write("forged.csr", forged);
    place.write("huge.csr", vec![b'A'; 10 << 20]);
    place.write("empty.csr", "");
    let nul = csr(|params| {
        let name = "a.example\0.evil.example".try_into().unwrap();
        params.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
    });
    place.write("nul.csr", nul.pem().unwrap());
    let email = csr(|params| {
        params.subject_alt_names = vec![rcgen::SanType::Rfc822Name(
            "a@b.example".try_into().unwrap(),
        )];
    });
    place.write("email.csr", email.pem().unwrap());
    let issued = place.list().len();
    for (file, words) in [
        ("forged.csr", "signature does not match"),
        ("huge.csr", "10485760 bytes"),
        ("empty.csr", "empty"),
        ("nul.csr", "NUL"),
        ("email.csr", "a@b.example"),
    ] {
        place
            .ca(&["sign", file, "--profile", "server"])
            .refused(words);
    }
    place
        .ca(&["sign", "good.csr", "--profile", "../ca"])
        .refused("there is no profile");
    assert_eq!(place.list().len(), issued);
    assert_eq!(place.refusals().len(), 6, "{:#?}", place.refusals());
}

#[test]
fn a_renewed_certificate_has_the_same_names_and_a_new_key() {
    let place = Place::with_ca();
    place
        .ca(&[
            "issue",
            "server",
            "a.example",
            "--san",
            "dns:b.example",
            "--life",
            "30d",
        ])
        .ok();
    let old = certificate(&place.read("a.example/server.crt"));
    place.ca(&["renew", "a.example/server.crt"]).ok();
    let new = certificate(&place.read("a.example/server.crt"));
    let period = |it: &Certificate| it.not_after() - it.not_before();
    assert_eq!(period(&new), period(&old));
    assert_eq!((new.subject(), new.sans()), (old.subject(), old.sans()));
    assert_ne!(new.spki_der(), old.spki_der());
    let key = KeyPair::from_pem(&place.read("a.example/server.key"), None).unwrap();
    assert_eq!(key.public_key_der(), new.spki_der());
    let serial = new.serial().to_string();
    place
        .ca(&[
            "renew",
            &serial,
            "--out",
            "next",
            "--key",
            "a.example/server.key",
        ])
        .ok();
    assert_eq!(
        certificate(&place.read("next/server.crt")).spki_der(),
        new.spki_der()
    );
    assert!(!place.path("next/server.key").exists());

    // All three are one lineage, and a revoked one is not renewed.
    let lineages: std::collections::BTreeSet<_> = place
        .list()
        .iter()
        .map(|one| one["lineage"].to_string())
        .collect();
    assert_eq!(lineages.len(), 1);
    place.run(&["revoke", "--lineage", &serial, "--yes"]).ok();
    place
        .ca(&["renew", "next/server.crt", "--out", "x"])
        .refused("is revoked");
    place
        .ca(&["renew", "01", "--out", "x"])
        .refused("has not issued");
    assert_eq!(place.list().len(), 3);
}

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
fn an_interrupted_init_leaves_nothing() {
    let place = Place::new();
    place.write("passphrase", "correct horse\n");
    // Two RSA keys take long enough.
    let arguments = [
        "--passphrase-file",
        "passphrase",
        "ca",
        "init",
        "--key-type",
        "rsa",
    ];
    let mut init = place.command(&arguments).spawn().unwrap();
    let entries = || -> Vec<_> {
        let entries = std::fs::read_dir(place.home()).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    while !entries().iter().any(|name| name.starts_with(".new-ca-")) {
        std::thread::yield_now();
    }
    init.kill().unwrap();
    init.wait().unwrap();
    place.run(&["list"]).refused("mtls ca init");
    place.ca(&["ca", "init"]).ok();
    let mut left = entries();
    left.sort();
    assert_eq!(left, [".lock", "default"]);
}

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
        .run(&["audit", "acknowledge", "--yes"])
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
    place.run(&["audit", "acknowledge", "--yes"]).ok();
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
