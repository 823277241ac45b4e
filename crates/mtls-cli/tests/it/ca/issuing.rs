//! What a CA issues, signs and renews, and what it refuses.

use pki_core::{KeyKind, KeyPair};
use x509_identity::Certificate;

use crate::common::Place;
use crate::common::ca::certificate;

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
        assert_eq!(crate::common::mode(&place.path(file)), 0o600, "{file}");
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

    let of_ca = csr(|params| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    });
    place.write("ca.csr", of_ca.pem().unwrap());
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
        ("ca.csr", "CA:TRUE"),
    ] {
        place
            .ca(&["sign", file, "--profile", "server"])
            .refused(words);
    }
    place
        .ca(&["sign", "good.csr", "--profile", "../ca"])
        .refused("there is no profile");
    assert_eq!(place.list().len(), issued);
    assert_eq!(place.refusals().len(), 7, "{:#?}", place.refusals());
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
