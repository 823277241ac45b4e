//! A CA is made: whole, private, and once.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Place;

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
