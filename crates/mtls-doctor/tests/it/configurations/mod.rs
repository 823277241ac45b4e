//! Configurations of servers with one thing wrong in them.

mod backends;
mod ciphers;
mod clients;
mod crl;
mod kinds;
mod server;
mod words;

use crate::setup::Setup;

const NAMES: [&str; 5] = [
    "nginx.conf",
    "apache.conf",
    "haproxy.cfg",
    "envoy.yaml",
    "Caddyfile",
];

/// A lab whose server's configuration has `old` replaced by `new`.
fn changed(setup: &Setup, name: &str, old: &str, new: &str) -> String {
    let path = format!("lab/servers/{name}");
    let text = setup.text(&path);
    assert!(text.contains(old), "{name} has no {old}");
    let other = format!("lab/servers/changed-{name}");
    let other = if name == "Caddyfile" {
        "lab/servers/Caddyfile.changed".to_owned()
    } else {
        other
    };
    setup.write(&other, text.replace(old, new));
    other
}

#[test]
fn every_server_of_the_lab_is_healthy() {
    let setup = Setup::lab();
    for name in NAMES {
        let path = format!("lab/servers/{name}");
        setup.is_healthy(&[&path]);
        setup.is_healthy(&[
            &path,
            "lab/same-ca/client.crt",
            "lab/same-ca/client.key",
            "ca:lab/same-ca/ca.crt",
        ]);
        let facts = setup.examine(&[&path]);
        assert!(
            facts
                .facts()
                .iter()
                .any(|fact| fact.label.ends_with("server.crt")),
            "{facts:#?}"
        );
    }
    // The two CAs of different-ca, and the intermediate, in each server's file.
    for name in NAMES {
        let path = changed(&setup, name, "same-ca/ca.crt", "different-ca/client-ca.crt");
        let text = setup.text(&path);
        let text = text
            .replace("same-ca/ca.crl", "different-ca/client-ca.crl")
            .replace("same-ca/server", "different-ca/server");
        setup.write(&path, text);
        setup.is_healthy(&[
            &path,
            "lab/different-ca/client.crt",
            "lab/different-ca/client.key",
        ]);
    }
}

#[test]
fn a_file_that_is_named_does_not_exist() {
    let setup = Setup::lab();
    for name in NAMES {
        for file in ["same-ca/server.crt", "same-ca/ca.crt"] {
            let path = changed(&setup, name, file, "same-ca/missing.crt");
            setup.finds("file-missing", &[&path]);
        }
    }
}

#[test]
fn what_nginx_includes_and_hands_down_counts() {
    let setup = Setup::lab();
    let text = setup.text("lab/servers/nginx.conf");
    let line = "        ssl_verify_client on;\n";
    let without = text.replace(line, "");
    std::fs::create_dir(setup.path("lab/servers/conf.d")).unwrap();
    setup.write("lab/servers/conf.d/verify.conf", "ssl_verify_client on;\n");
    setup.write(
        "lab/servers/main.conf",
        without.replace("http {\n", "http {\n    include conf.d/*.conf;\n"),
    );
    setup.is_healthy(&["lab/servers/main.conf"]);
    // A file that includes itself ends.
    setup.write(
        "lab/servers/conf.d/verify.conf",
        "include conf.d/verify.conf;\n",
    );
    setup.finds("verify-off", &["lab/servers/main.conf"]);
    setup.write("lab/servers/plain.conf", "http { server { listen 80; } }\n");
    setup.finds("no-tls", &["lab/servers/plain.conf"]);
}
