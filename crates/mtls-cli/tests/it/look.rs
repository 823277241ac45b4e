//! Commands that look at what is there: inspect, verify, lint, p12, completions, man.

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::PrivateKeyDer;
use test_pki::Ca;

use crate::common::Place;

#[test]
fn a_file_is_shown_without_its_private_key() {
    let place = Place::new();
    let ca = Ca::root("Root");
    let leaf = ca.client("alice");
    let secret = leaf.key().serialize_pem();
    place.write("both.pem", format!("{}{secret}", leaf.chain_pem()));
    let shown = place.run(&["inspect", "both.pem"]);
    let text = shown.ok();
    assert!(text.contains("CN=alice"), "{text}");
    assert!(text.contains("private key (not shown)"), "{text}");
    assert!(!text.contains(secret.lines().nth(1).unwrap()), "{text}");

    let json = place.run(&["--json", "inspect", "both.pem"]).json();
    assert_eq!(json[0]["kind"], "certificate");
    assert_eq!(json[0]["subject"], "CN=alice");
    assert_eq!(json[1]["kind"], "private-key");
    assert_eq!(json[0]["spki_sha256"], json[1]["spki_sha256"]);
    let from_der = {
        place.write("leaf.der", leaf.der());
        place.run(&["--json", "inspect", "leaf.der"]).json()
    };
    assert_eq!(from_der[0], json[0]);
}

#[test]
fn what_is_nothing_is_refused_by_name() {
    let place = Place::new();
    place.write("empty", "");
    place.write("text", "hello\n");
    place.write("zeros.der", [0x30, 0x03, 0, 0, 0]);
    place.run(&["inspect", "missing"]).refused("does not exist");
    place.run(&["inspect", "."]).refused("directory");
    for (name, code) in [("empty", 1), ("text", 1), ("zeros.der", 1)] {
        let ran = place.run(&["inspect", name]);
        assert_eq!(ran.code, code, "{name}: {ran:?}");
    }
    assert_eq!(place.run(&["inspect"]).code, 2);
    assert_eq!(place.run(&["no-such-command"]).code, 2);
}

#[test]
fn a_chain_is_verified_for_its_purpose() {
    let place = Place::new();
    let (ca, other) = (Ca::root("Root"), Ca::root("Other"));
    place.write("ca.crt", ca.pem());
    place.write("other.crt", other.pem());
    place.write("client.crt", ca.client("alice").chain_pem());
    place.write("server.crt", ca.server("localhost").chain_pem());
    for (arguments, code) in [
        (&["client.crt", "--roots", "ca.crt"][..], None),
        (
            &["client.crt", "--roots", "other.crt"],
            Some("unknown-issuer"),
        ),
        (
            &["client.crt", "--roots", "other.crt", "--roots", "ca.crt"],
            None,
        ),
        (
            &["client.crt", "--roots", "ca.crt", "--for", "server"],
            Some("usage"),
        ),
        (&["server.crt", "--roots", "ca.crt"], None),
        (
            &["server.crt", "--roots", "ca.crt", "--name", "localhost"],
            None,
        ),
        (
            &["server.crt", "--roots", "ca.crt", "--name", "a.example"],
            Some("name"),
        ),
    ] {
        let ran = place.run(&[&["verify", "--json"], arguments].concat());
        assert_eq!(
            ran.code,
            i32::from(code.is_some()),
            "{arguments:?}: {ran:?}"
        );
        let verdict: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(verdict["accepted"], code.is_none());
        if let Some(code) = code {
            let said = verdict["code"].as_str().unwrap();
            assert!(said.contains(code), "{arguments:?}: {said}");
        }
    }
    place
        .run(&["verify", "client.crt", "--roots", "missing.crt"])
        .refused("missing.crt");
}

#[test]
fn the_chain_of_a_server_is_shown_and_verified_without_a_connection() {
    let place = Place::new();
    let ca = Ca::root("Root");
    let leaf = ca.server("localhost");
    place.write("ca.crt", ca.pem());
    let key = PrivateKeyDer::try_from(leaf.key().serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![leaf.der().clone()], key)
    .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        (0..2)
            .map(|_| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
                let established = !connection.is_handshaking();
                let _ = stream.read(&mut [0; 64]);
                established
            })
            .collect::<Vec<_>>()
    });
    let url = format!("https://localhost:{port}/");
    let shown = place.run(&["inspect", "--json", &url]).json();
    assert_eq!(shown[0]["sans"][0]["value"], "localhost");
    let verified = place
        .run(&["verify", "--json", "--roots", "ca.crt", &url])
        .json();
    assert_eq!(verified["accepted"], true);
    assert_eq!(
        server.join().unwrap(),
        [false; 2],
        "no handshake may end well"
    );
    let closed = format!("https://localhost:{}/", {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    });
    place
        .run(&["inspect", &closed])
        .refused("cannot be reached");
}

#[test]
fn lint_finds_what_a_good_certificate_lacks() {
    let place = Place::new();
    let ca = Ca::root("Root");
    place.write("bad.crt", rcgen_without_extensions());
    let ran = place.run(&["lint", "--json", "bad.crt"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let findings: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(!findings[0]["findings"].as_array().unwrap().is_empty());
    place.write("key.pem", ca.client("a").key().serialize_pem());
    place.run(&["lint", "key.pem"]).refused("private key");
}

fn rcgen_without_extensions() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.self_signed(&key).unwrap().pem()
}

#[test]
fn a_shell_is_completed_and_each_command_has_a_page() {
    let place = Place::new();
    let script = place.run(&["completions", "bash"]).ok();
    assert!(script.contains("inspect"));
    assert_eq!(place.run(&["completions", "no-shell"]).code, 2);
    assert!(place.run(&["man"]).ok().contains(".TH mtls"));
    place.run(&["man", "--out", "pages"]).ok();
    for page in ["mtls.1", "mtls-inspect.1", "mtls-p12-convert.1"] {
        assert!(place.path("pages").join(page).exists(), "{page}");
    }
}

#[test]
fn every_command_has_an_example() {
    let place = Place::new();
    let mut waiting = vec![Vec::<String>::new()];
    let mut seen = 0;
    while let Some(command) = waiting.pop() {
        let mut arguments: Vec<_> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = place.run(&arguments).ok();
        assert!(help.contains("Example"), "{command:?}: {help}");
        seen += 1;
        let Some((_, list)) = help.split_once("Commands:\n") else {
            continue;
        };
        for line in list.lines().take_while(|line| line.starts_with("  ")) {
            // A name, not the rest of a description.
            if let Some(name) = line.strip_prefix("  ").filter(|it| !it.starts_with(' ')) {
                let mut below = command.clone();
                below.push(name.split_whitespace().next().unwrap().to_owned());
                waiting.push(below);
            }
        }
    }
    assert!(seen > 6, "{seen}");
}

#[test]
fn a_bundle_is_shown_checked_and_converted() {
    let place = Place::new();
    let data = format!("{}/../pkcs12-ios/tests/data", env!("CARGO_MANIFEST_DIR"));
    let bundle = format!("{data}/recipe-client.p12");
    place.write("password", "MyP12Passw0rd\n");
    place.write("wrong", "wrong\n");
    let with = |file: &'static str| ["--password-file", file];
    let shown = place.run(
        &[
            &["p12", "inspect", &bundle, "--json"][..],
            &with("password"),
        ]
        .concat(),
    );
    let shown = shown.json();
    let (certificates, keys) = (&shown["parts"][0], &shown["parts"][1]);
    let key = &keys["bags"][0];
    assert_eq!(key["item"]["kind"], "private-key");
    assert_eq!(key["certificate"], 1);
    assert_eq!(key["local_key_id"], certificates["bags"][0]["local_key_id"]);
    assert_eq!(certificates["encryption"]["prf"]["parameters"], "null");
    assert_eq!(shown["mac"]["iterations"], 2048);
    assert_eq!(shown["mac"]["opened"], true);
    place
        .run(&[&["p12", "inspect", &bundle][..], &with("wrong")].concat())
        .refused("password is wrong");
    let outer = place.run(&["p12", "inspect", &bundle]).ok();
    assert!(outer.contains("with its NULL; 2048 iterations"), "{outer}");
    assert!(outer.contains("the password was not given"), "{outer}");

    for (target, code) in [("ios17", 1), ("ios18", 0), ("openssl3", 0)] {
        let ran = place.run(&["p12", "check", &bundle, "--target", target]);
        assert_eq!(ran.code, code, "{ran:?}");
    }
    assert_eq!(
        place
            .run(&["p12", "check", &bundle, "--target", "ios1"])
            .code,
        2
    );

    let ran = place.run(&["p12", "check", &bundle, "--target", "ios17", "--json"]);
    let verdicts: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let verdict = &verdicts[0];
    assert_eq!(verdict["outcome"], "refused");
    let message = verdict["objections"][0]["message"].as_str();
    assert!(message.is_some_and(|it| it.contains("-25293")), "{verdict}");

    for (target, mac) in [("ios17", "HMAC with SHA-1"), ("ios18", "HMAC with SHA-256")] {
        let out = format!("{target}.p12");
        let convert = ["p12", "convert", &bundle, "--target", target, "--out", &out];
        place.run(&[&convert[..], &with("password")].concat()).ok();
        let shown = place.run(&["p12", "inspect", &out, "--json"]).json();
        assert_eq!(shown["mac"]["algorithm"], mac);
    }
    place.write("unicode", "пароль\n");
    let convert = [
        "p12", "convert", &bundle, "--target", "java17", "--out", "java.p12",
    ];
    let unicode = ["--new-password-file", "unicode", "--allow-unicode-password"];
    place
        .run(&[&convert[..], &with("password"), &unicode].concat())
        .refused("keystore password was incorrect");
    let another = ["--new-password-file", "unicode"];
    place
        .run(&[&convert[..], &with("password"), &another].concat())
        .refused("give the new one another password with --new-password-file");
    assert!(!place.path("java.p12").exists());

    let convert = ["p12", "convert", &bundle, "--out", "phone.p12"];
    place.run(&[&convert[..], &with("password")].concat()).ok();
    let checked = place.run(&["p12", "check", "phone.p12", "--password-file", "password"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    #[cfg(unix)]
    assert_eq!(crate::common::mode(&place.path("phone.p12")), 0o600);
    place
        .run(&[&convert[..], &with("password")].concat())
        .refused("--force");
}
