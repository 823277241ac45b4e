//! A CA is made: whole, private, and once.

use crate::common::Place;

#[test]
fn a_new_ca_is_whole_private_and_made_once() {
    let place = Place::with_ca();
    let shown = place.run(&["ca", "show", "--json"]).json();
    assert_eq!(shown["name"], "default");
    assert_eq!(shown["issuers"][0]["role"], "root");
    assert_eq!(shown["issuers"][1]["role"], "issuing");
    let ca = place.home().join("default");
    let key = ca.join("keys/issuing.key").display().to_string();
    assert_eq!(shown["issuers"][1]["key_in"], key);
    assert_eq!(shown["issuers"][1]["key_is_here"], true);
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
        assert_eq!(crate::common::mode(&place.home()), 0o700);
        assert_eq!(crate::common::mode(&ca), 0o700);
        for file in ["keys/root.key", "keys/issuing.key", "store.db"] {
            assert_eq!(crate::common::mode(&ca.join(file)), 0o600, "{file}");
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
    let json = place.run(&["ca", "export", "--json"]).json();
    assert_eq!(json["roots"][0]["pem"], roots);
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
fn a_ca_of_ml_dsa_is_so_throughout_unless_leaves_are_to_be_otherwise() {
    let place = Place::new();
    place.write("passphrase", "correct horse\n");
    place.write("password", "secret\n");
    let key_of = |file: &str| {
        let seen = place.run(&["inspect", file, "--json"]).json();
        seen[0]["key"].as_str().unwrap().to_owned()
    };
    place.ca(&["ca", "init", "--key-type", "ml-dsa"]).ok();
    let bundle = ["--p12", "--p12-password-file", "password"];
    place
        .ca(&[&["issue", "client", "alice"], &bundle[..]].concat())
        .ok();
    place.ca(&["issue", "server", "localhost"]).ok();
    for file in [
        "home/default/root.crt",
        "home/default/issuing.crt",
        "alice/client.crt",
        "localhost/server.crt",
    ] {
        assert_eq!(key_of(file), "ML-DSA-65", "{file}");
    }
    // What no device would take is not written.
    assert!(place.path("alice/client.p12").exists());
    assert!(!place.path("alice/client_ios.p12").exists());
    place.ca(&["revoke", "--name", "localhost", "--yes"]).ok();
    place.ca(&["crl"]).ok();
    for (file, good) in [("alice/client.crt", true), ("localhost/server.crt", false)] {
        let verify = ["verify", file, "--roots", "alice/ca.crt"];
        let crls = ["--crl", "issuing.crl", "--crl", "root.crl"];
        let ran = place.run(&[&verify[..], &crls].concat());
        assert_eq!(ran.code == 0, good, "{ran:?}");
    }

    let init = ["ca", "init", "mixed", "--key-type", "ml-dsa"];
    place
        .ca(&[&init[..], &["--leaf-key-type", "ec"]].concat())
        .ok();
    place.ca(&["issue", "client", "bob", "--ca", "mixed"]).ok();
    assert_eq!(key_of("bob/client.crt"), "P-256");
    assert_eq!(key_of("home/mixed/issuing.crt"), "ML-DSA-65");
    place.ca(&["ca", "rotate", "--ca", "mixed"]).ok();
    assert_eq!(key_of("home/mixed/issuing-2.crt"), "ML-DSA-65");
}

#[cfg(feature = "pkcs11")]
#[test]
fn a_key_in_a_token_needs_a_token_and_shows_no_pin() {
    let place = Place::new();
    place.write("passphrase", "correct horse\n");
    place.write("pin", "1234\n");
    let module = place.path("none.so").display().to_string();
    let init = |uri: &str| {
        let init = ["ca", "init", "--pin-file", "pin", "--key", uri];
        let ran = place.ca(&init);
        assert!(!ran.stderr.contains("1234"), "{ran:?}");
        ran
    };
    let uri = format!("pkcs11:token=ca;object=a?module-path={module}");
    init(&uri).refused("none.so cannot be loaded");
    init(&format!("{uri}&pin-value=1234")).refused("the PIN in it");
    init("file:/a").refused("not a PKCS#11 URI");
    let without_pin = ["ca", "init", "--key", &uri];
    place.ca(&without_pin).refused("--pin-file");
    place.run(&["list"]).refused("mtls ca init");
}
