//! `mtls profile`: what is in a profile, and what is not.

use test_pki::Ca;

use crate::common::{Place, mode};

const PASSWORD: &str = "correct horse battery";

/// A place with a client of an issuing CA, as files.
fn place() -> Place {
    let place = Place::new();
    let root = Ca::root("Example root");
    let issuing = root.issuing("Example issuing");
    let (alice, site) = (issuing.client("alice"), issuing.server("site.example"));
    place.write("ca.crt", root.pem());
    place.write("alice.crt", alice.chain_pem());
    place.write("alice.key", alice.key_pem());
    place.write("site.crt", site.chain_pem() + &root.pem());
    place.write("site.key", site.key_pem());
    place.write("password", PASSWORD);
    place
}

const USUAL: [&str; 5] = [
    "profile",
    "--identifier",
    "org.example.mtls",
    "--trust",
    "ca.crt",
];
const ALICE: [&str; 6] = [
    "--cert",
    "alice.crt",
    "--key",
    "alice.key",
    "--password-file",
    "password",
];

fn write(place: &Place, name: &str, arguments: &[&str]) -> String {
    place
        .run(&[&USUAL, arguments, &["--out", name]].concat())
        .ok();
    String::from_utf8_lossy(&place.read(name)).into_owned()
}

#[test]
fn a_profile_is_made_of_a_certificate_and_its_key() {
    let place = place();
    let profile = write(&place, "a.mobileconfig", &ALICE);
    for kind in ["root", "pkcs1", "pkcs12"] {
        let payload = format!("<string>com.apple.security.{kind}</string>");
        assert_eq!(profile.matches(&payload).count(), 1, "{kind}");
    }
    for name in ["Example root", "Example issuing", "alice"] {
        assert!(
            profile.contains(&format!("<string>{name}</string>")),
            "{name}"
        );
    }
    assert!(!profile.contains(PASSWORD));
    #[cfg(unix)]
    assert_eq!(mode(&place.path("a.mobileconfig")) & 0o077, 0);

    let asked = [&ALICE[..], &["--embed-password"]].concat();
    assert!(write(&place, "b.mobileconfig", &asked).contains(PASSWORD));

    let again = [&USUAL, &ALICE[..], &["--out", "a.mobileconfig"]].concat();
    place.run(&again).refused("is there already");
    place.run(&[&again[..], &["--force"]].concat()).ok();
}

#[test]
fn a_profile_is_made_of_a_bundle_of_the_ca() {
    let place = Place::with_ca();
    place.write("password", PASSWORD);
    let issue = [
        "issue",
        "client",
        "alice",
        "--p12",
        "--p12-password-file",
        "password",
    ];
    place.ca(&issue).ok();
    let profile = [
        "profile",
        "--identifier",
        "org.example.mtls",
        "--out",
        "a.mobileconfig",
    ];
    let bundle = ["--p12", "alice/client_ios.p12"];
    place.run(&[&profile[..], &bundle].concat()).ok();
    let text = place.text("a.mobileconfig");
    for kind in ["root", "pkcs1", "pkcs12"] {
        assert!(
            text.contains(&format!("com.apple.security.{kind}<")),
            "{kind}"
        );
    }
    place.write("wrong", "battery staple");
    let embed = ["--embed-password", "--force", "--password-file", "wrong"];
    place
        .run(&[&profile[..], &bundle, &embed].concat())
        .refused("cannot open alice/client_ios.p12");
    assert_eq!(place.text("a.mobileconfig"), text);
}

#[test]
fn a_signed_profile_is_cms_and_a_wrong_signer_is_refused() {
    let place = place();
    let signed = |name: &str, cert: &str, key: &str| {
        let sign = ["--sign-cert", cert, "--sign-key", key, "--out", name];
        place.run(&[&USUAL, &ALICE[..], &sign].concat())
    };
    signed("a.mobileconfig", "site.crt", "site.key").ok();
    let bytes = place.read("a.mobileconfig");
    // id-signedData
    let oid = [
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02,
    ];
    assert_eq!(bytes[0], 0x30);
    assert!(bytes[..16].windows(oid.len()).any(|it| it == oid));
    assert!(String::from_utf8_lossy(&bytes).contains("com.apple.security.pkcs12"));

    signed("b.mobileconfig", "site.crt", "alice.key").refused("is not that of the certificate");
    signed("b.mobileconfig", "ca.crt", "site.key").refused("is not that of the certificate");
    assert!(!place.path("b.mobileconfig").exists());
}

#[test]
fn a_device_can_be_told_to_ask_for_a_certificate() {
    let place = place();
    let acme = [
        "--acme",
        "https://ca.example/acme/directory",
        "--name",
        "alice",
    ];
    let text = write(&place, "acme.mobileconfig", &acme);
    assert!(text.contains("com.apple.security.acme<"));
    assert!(text.contains("<key>Attest</key>"));
    let scep = ["--scep", "http://ca.example/scep", "--name", "alice"];
    let challenge = ["--scep-challenge-file", "password"];
    let text = write(
        &place,
        "scep.mobileconfig",
        &[&scep[..], &challenge].concat(),
    );
    assert!(text.contains("com.apple.security.scep<") && text.contains(PASSWORD));

    let out = ["--out", "no.mobileconfig"];
    for (arguments, words) in [
        (
            &["--acme", "http://ca.example", "--name", "a"][..],
            "begins with https://",
        ),
        (&["--acme", "https://ca.example"], "--name"),
        (&["--embed-password"], "no password to embed"),
    ] {
        place
            .run(&[&USUAL, arguments, &out].concat())
            .refused(words);
    }
    place
        .run(&["profile", "--identifier", "a.b", "--out", "no.mobileconfig"])
        .refused("--trust");
}
