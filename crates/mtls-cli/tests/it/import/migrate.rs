//! `mtls migrate scan`: which client certificates are useless, or will have no successor.

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{DnType, ExtendedKeyUsagePurpose as Eku};
use rustls_pki_types::PrivateKeyDer;
use serde_json::Value;
use test_pki::{Ca, Leaf};

use crate::common::{Place, Ran};

/// A CA with the name of a public one.
fn lets_encrypt() -> Ca {
    let root = Ca::root("ISRG Root X1");
    root.issuing("R12").with(|ca| {
        let subject = &mut ca.distinguished_name;
        subject.push(DnType::OrganizationName, "Let's Encrypt");
    })
}

fn host(ca: &Ca, usages: &[Eku]) -> Leaf {
    ca.server("host.example")
        .with(|leaf| leaf.extended_key_usages = usages.to_vec())
}

const BOTH: [Eku; 2] = [Eku::ServerAuth, Eku::ClientAuth];

fn scan(place: &Place, arguments: &[&str]) -> Ran {
    place.run(&[&["migrate", "scan"][..], arguments].concat())
}

/// The report, and the exit code.
fn report(place: &Place, arguments: &[&str]) -> (Value, i32) {
    let ran = scan(place, &[&["--json"][..], arguments].concat());
    let report = serde_json::from_str(&ran.stdout);
    (report.unwrap_or_else(|_| unreachable!("{ran:?}")), ran.code)
}

fn states(report: &Value) -> Vec<&str> {
    let rows = report["certificates"].as_array().unwrap();
    rows.iter()
        .map(|row| row["state"].as_str().unwrap())
        .collect()
}

#[test]
fn a_certificate_of_a_public_ca_is_affected_and_one_of_a_private_ca_is_not() {
    let place = Place::new();
    let (public, private) = (lets_encrypt(), Ca::root("Private"));
    let nobody = private
        .client("alice")
        .with(|leaf| leaf.extended_key_usages = vec![Eku::ServerAuth]);
    for (leaf, state, code) in [
        (host(&public, &BOTH), "no-successor", 1),
        (host(&public, &[Eku::ServerAuth]), "public-for-servers", 1),
        (host(&public, &BOTH).expired(), "expired", 0),
        (private.client("alice"), "good", 0),
        (private.server("host.example"), "server", 0),
        (nobody, "without-client-auth", 1),
    ] {
        place.write("client.crt", leaf.chain_pem());
        let (report, got) = report(&place, &["client.crt"]);
        assert_eq!((states(&report), got), (vec![state], code));
        assert_eq!(report["affected"], code);
        let row = &report["certificates"][0];
        assert_eq!(row["affected"], code == 1);
        assert_eq!(row["found_in"][0], "client.crt");
        let is_public = row["public_ca"]["name"] == "Let's Encrypt";
        assert_eq!(is_public, row["issuer"].as_str().unwrap().contains("R12"));
        if is_public {
            assert_eq!(row["public_ca"]["client_auth_ends"], "2026-07-08");
        }
    }
}

#[test]
fn a_table_says_who_issued_it_until_when_it_lasts_and_what_to_do() {
    let place = Place::new();
    let public = lets_encrypt();
    let leaf = host(&public, &BOTH);
    place.write("client.crt", leaf.chain_pem());
    place.write("other.crt", Ca::root("Private").client("alice").chain_pem());
    let ran = scan(&place, &["client.crt", "other.crt"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let ends = leaf.params().not_after.date().to_string();
    for words in [
        "Let's Encrypt",
        "CN=host.example",
        &ends,
        "no-successor",
        "client.crt",
        "issues no clientAuth from 2026-07-08 on, and only on request since 2026-02-11",
        "1 of 2 certificates affected",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("alice"), "{}", ran.stdout);
    let all = scan(&place, &["--all", "client.crt", "other.crt"]);
    assert!(all.stdout.contains("CN=alice"), "{}", all.stdout);
}

#[test]
fn a_directory_is_looked_through_and_each_certificate_counts_once() {
    let place = Place::new();
    let (public, private) = (lets_encrypt(), Ca::root("Private"));
    for directory in ["pki", "pki/live", "pki/archive"] {
        std::fs::create_dir(place.path(directory)).unwrap();
    }
    let leaf = host(&public, &BOTH);
    // The key in the same file, the chain behind it, and a copy in DER.
    place.write("pki/live/all.pem", leaf.key_pem() + &leaf.chain_pem());
    place.write("pki/archive/cert.der", leaf.der());
    place.write("pki/ca.crt", private.pem());
    place.write("pki/notes.txt", "nothing of the kind");
    place.write("pki/broken.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    place.write("pki/long.bin", vec![b'x'; (1 << 20) + 1]);
    #[cfg(unix)]
    {
        // What leads around in a circle, and what leads to a file.
        std::os::unix::fs::symlink("..", place.path("pki/live/up")).unwrap();
        std::os::unix::fs::symlink("../archive/cert.der", place.path("pki/live/cert.pem")).unwrap();
    }
    let (report, code) = report(&place, &["pki"]);
    assert_eq!((states(&report), code), (vec!["no-successor"], 1));
    assert_eq!(report["scanned"], 1);
    let found = report["certificates"][0]["found_in"].as_array().unwrap();
    assert_eq!(found.len(), if cfg!(unix) { 3 } else { 2 }, "{found:?}");
    let skipped = report["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert!(
        skipped[0]["place"]
            .as_str()
            .unwrap()
            .ends_with("broken.pem")
    );
    std::fs::create_dir(place.path("empty")).unwrap();
    assert_eq!(scan(&place, &["empty"]).code, 0);
}

#[test]
fn a_bundle_is_opened_with_its_password_and_skipped_without() {
    let place = Place::new();
    let data = format!("{}/../pkcs12-ios/tests/data", env!("CARGO_MANIFEST_DIR"));
    let bundle = std::fs::read(format!("{data}/recipe-client.p12")).unwrap();
    std::fs::create_dir(place.path("bundles")).unwrap();
    place.write("bundles/client.p12", bundle);
    place.write("password", "MyP12Passw0rd\n");
    place.write("wrong", "wrong\n");
    let opened = ["--password-file", "wrong", "--password-file", "password"];
    let (all, _) = report(&place, &[&["bundles"][..], &opened].concat());
    assert_eq!(all["scanned"], 1);
    assert_eq!(all["skipped"], serde_json::json!([]));
    for (options, reason) in [
        (&[][..], "--password-file"),
        (&["--password-file", "wrong"], "password is wrong"),
    ] {
        let (none, _) = report(&place, &[&["bundles"][..], options].concat());
        assert_eq!(none["scanned"], 0);
        let said = none["skipped"][0]["reason"].as_str().unwrap();
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn what_may_hold_certificates_and_is_not_read_is_named_with_what_reads_it() {
    let place = Place::new();
    std::fs::create_dir(place.path("stores")).unwrap();
    let signed_data = [
        0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02,
    ];
    for (name, bytes, tool) in [
        (
            "client.jks",
            &[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2][..],
            "keytool",
        ),
        ("chain.p7b", &signed_data, "openssl pkcs7"),
    ] {
        place.write(&format!("stores/{name}"), bytes);
        let (report, code) = report(&place, &["stores"]);
        assert_eq!((report["scanned"].as_u64(), code), (Some(0), 0));
        let skipped = report["skipped"].as_array().unwrap();
        let of_it = |one: &&Value| one["place"].as_str().unwrap().ends_with(name);
        let reason = skipped.iter().find(of_it).unwrap()["reason"].as_str();
        assert!(reason.unwrap().contains(tool), "{skipped:?}");
    }
}

#[test]
fn an_intermediate_for_servers_makes_its_client_useless() {
    let place = Place::new();
    let root = Ca::root("Private");
    for (usages, state, code) in [
        (vec![], "good", 0),
        (vec![Eku::ServerAuth], "issuer-for-servers", 1),
    ] {
        let issuing = root.issuing("Issuing");
        let issuing = issuing.with(|ca| ca.extended_key_usages = usages);
        place.write("chain.pem", issuing.client("alice").chain_pem());
        let (report, got) = report(&place, &["chain.pem"]);
        assert_eq!((states(&report), got), (vec![state], code));
    }
}

#[test]
fn the_certificate_of_a_server_is_looked_at_too() {
    let place = Place::new();
    let public = lets_encrypt();
    for (leaf, state, code) in [
        (public.server("localhost"), "public-for-servers", 1),
        (Ca::root("Private").server("localhost"), "server", 0),
    ] {
        let url = serve_once(&leaf);
        let (report, got) = report(&place, &[&url]);
        assert_eq!((states(&report), got), (vec![state], code));
        assert_eq!(report["certificates"][0]["found_in"][0], url);
    }
}

/// A server for one connection.
fn serve_once(leaf: &Leaf) -> String {
    let key = PrivateKeyDer::try_from(leaf.key().serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(leaf.chain(), key)
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
        let _ = stream.read(&mut [0; 64]);
    });
    format!("https://localhost:{port}/")
}

#[test]
fn what_was_named_and_cannot_be_looked_into_is_no_success() {
    let place = Place::new();
    place.write("good.crt", Ca::root("Private").client("alice").chain_pem());
    place.write("key.pem", Ca::root("Private").client("a").key_pem());
    scan(&place, &["missing.crt"]).refused_after("skipped missing.crt");
    scan(&place, &["key.pem"]).refused_after("no certificate");
    let some = scan(&place, &["good.crt", "missing.crt"]);
    assert_eq!(some.code, 1, "{some:?}");
    assert!(some.stderr.contains("skipped missing.crt"), "{some:?}");
    assert_eq!(scan(&place, &[]).code, 2);
}

impl Ran {
    /// It said so on stderr, and then that nothing could be done.
    #[track_caller]
    fn refused_after(self, words: &str) {
        assert_eq!(self.code, 1, "{self:?}");
        assert!(self.stderr.contains(words), "{self:?}");
        assert!(
            self.stderr.contains("error: nothing that was named"),
            "{self:?}"
        );
    }
}
