//! Configurations of servers with one thing wrong in them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod setup;

use setup::Setup;

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
fn clients_are_not_asked() {
    let setup = Setup::lab();
    for (name, old, new, id) in [
        (
            "nginx.conf",
            "ssl_verify_client on;",
            "ssl_verify_client off;",
            "verify-off",
        ),
        ("nginx.conf", "ssl_verify_client on;", "", "verify-off"),
        (
            "nginx.conf",
            "ssl_verify_client on;",
            "ssl_verify_client optional;",
            "verify-optional",
        ),
        (
            "nginx.conf",
            "ssl_verify_client on;",
            "ssl_verify_client optional_no_ca;",
            "verify-unchecked",
        ),
        (
            "apache.conf",
            "SSLVerifyClient require",
            "SSLVerifyClient none",
            "verify-off",
        ),
        ("apache.conf", "SSLVerifyClient require", "", "verify-off"),
        (
            "apache.conf",
            "SSLVerifyClient require",
            "SSLVerifyClient optional",
            "verify-optional",
        ),
        (
            "haproxy.cfg",
            "verify required",
            "verify none",
            "verify-off",
        ),
        ("haproxy.cfg", "verify required", "", "verify-off"),
        (
            "haproxy.cfg",
            "verify required",
            "verify optional",
            "verify-optional",
        ),
        (
            "envoy.yaml",
            "require_client_certificate: true",
            "require_client_certificate: false",
            "verify-optional",
        ),
        (
            "Caddyfile",
            "mode require_and_verify",
            "mode verify_if_given",
            "verify-optional",
        ),
        (
            "Caddyfile",
            "mode require_and_verify",
            "mode request",
            "verify-unchecked",
        ),
        (
            "Caddyfile",
            "mode require_and_verify",
            "mode require",
            "verify-unchecked",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds(id, &[&path]);
    }
}

#[test]
fn the_ca_of_the_clients_is_missing_or_another() {
    let setup = Setup::lab();
    for (name, old, new) in [
        (
            "nginx.conf",
            "ssl_client_certificate ../same-ca/ca.crt;",
            "",
        ),
        ("apache.conf", "SSLCACertificateFile  same-ca/ca.crt", ""),
        ("haproxy.cfg", "ca-file same-ca/ca.crt", ""),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds("client-ca-missing", &[&path]);
    }
    let path = changed(
        &setup,
        "envoy.yaml",
        "trusted_ca: { filename: same-ca/ca.crt }",
        "",
    );
    setup.finds("verify-unchecked", &[&path]);

    let client = ["lab/same-ca/client.crt", "lab/same-ca/client.key"];
    for (name, old, new) in [
        (
            "nginx.conf",
            "../same-ca/ca.crt",
            "../different-ca/client-ca.crt",
        ),
        (
            "apache.conf",
            "SSLCACertificateFile  same-ca/ca.crt",
            "SSLCACertificateFile different-ca/client-ca.crt",
        ),
        (
            "haproxy.cfg",
            "ca-file same-ca/ca.crt",
            "ca-file different-ca/client-ca.crt",
        ),
        (
            "envoy.yaml",
            "trusted_ca: { filename: same-ca/ca.crt }",
            "trusted_ca: { filename: different-ca/client-ca.crt }",
        ),
        (
            "Caddyfile",
            "trust_pool file same-ca/ca.crt",
            "trust_pool file different-ca/client-ca.crt",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        let text = setup
            .text(&path)
            .replace("same-ca/ca.crl", "different-ca/client-ca.crl");
        setup.write(&path, text);
        setup.finds("client-ca-other", &[&path, client[0], client[1]]);
        setup.finds(
            "client-ca-other",
            &[&path, client[0], client[1], "ca:lab/same-ca/ca.crt"],
        );
    }
}

#[test]
fn certificate_and_key_of_the_server() {
    let setup = Setup::lab();
    for (name, old, new, id) in [
        (
            "nginx.conf",
            "../same-ca/server.key",
            "../different-ca/server.key",
            "key-mismatch",
        ),
        (
            "nginx.conf",
            "ssl_certificate_key ../same-ca/server.key;",
            "",
            "key-not-set",
        ),
        (
            "nginx.conf",
            "../same-ca/server.",
            "../same-ca/client.",
            "wrong-extended-key-usage",
        ),
        (
            "nginx.conf",
            "../same-ca/server.crt;",
            "../same-ca/server.key;",
            "key-not-certificate",
        ),
        (
            "apache.conf",
            "same-ca/server.key",
            "different-ca/server.key",
            "key-mismatch",
        ),
        (
            "apache.conf",
            "same-ca/server.key",
            "same-ca/server.crt",
            "certificate-not-key",
        ),
        (
            "envoy.yaml",
            "same-ca/server.key",
            "different-ca/server.key",
            "key-mismatch",
        ),
        (
            "Caddyfile",
            "same-ca/server.key",
            "different-ca/server.key",
            "key-mismatch",
        ),
        ("haproxy.cfg", "ssl-load-extra-del-ext", "", "key-not-set"),
        (
            "nginx.conf",
            "../same-ca/server.crt",
            "../refused/expired/server.crt",
            "key-mismatch",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds(id, &[&path]);
    }
    let path = changed(
        &setup,
        "nginx.conf",
        "../same-ca/server",
        "../refused/expired/server",
    );
    setup.finds("expired", &[&path]);
}

#[test]
fn the_crl_is_read_fresh_and_of_the_right_ca() {
    let setup = Setup::lab();
    let path = changed(&setup, "apache.conf", "SSLCARevocationCheck  chain", "");
    setup.finds("crl-not-checked", &[&path]);
    for (name, old, new) in [
        (
            "nginx.conf",
            "../same-ca/ca.crl",
            "../different-ca/client-ca.crl",
        ),
        (
            "apache.conf",
            "same-ca/ca.crl",
            "different-ca/client-ca.crl",
        ),
        (
            "haproxy.cfg",
            "same-ca/ca.crl",
            "different-ca/client-ca.crl",
        ),
        ("envoy.yaml", "same-ca/ca.crl", "different-ca/client-ca.crl"),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds("crl-other-issuer", &[&path]);
    }
    let path = "lab/servers/nginx.conf";
    setup.finds(
        "revoked",
        &[
            path,
            "lab/refused/revoked/client.crt",
            "lab/refused/revoked/client.key",
        ],
    );
}

#[test]
fn chains_with_an_intermediate() {
    let setup = Setup::lab();
    let base = setup
        .text("lab/servers/apache.conf")
        .replace("same-ca/ca.crt", "intermediate/root.crt");
    let base = base
        .replace("SSLCARevocationFile   same-ca/ca.crl", "")
        .replace("SSLCARevocationCheck  chain", "");
    let base = base
        .replace("same-ca/server.crt", "intermediate/server-chain.crt")
        .replace("same-ca/server.key", "intermediate/server.key");
    setup.write("lab/servers/apache-2.conf", &base);
    let client = [
        "cert:lab/intermediate/client-chain.crt",
        "key:lab/intermediate/client.key",
    ];
    setup.is_healthy(&["lab/servers/apache-2.conf", client[0], client[1]]);
    setup.write(
        "lab/servers/apache-2.conf",
        base.replace("SSLVerifyDepth 2", "SSLVerifyDepth 1"),
    );
    setup.finds(
        "verify-depth",
        &["lab/servers/apache-2.conf", client[0], client[1]],
    );
    setup.write(
        "lab/servers/apache-2.conf",
        base.replace("SSLVerifyDepth 2", ""),
    );
    setup.finds(
        "verify-depth",
        &["lab/servers/apache-2.conf", client[0], client[1]],
    );
    setup.write(
        "lab/servers/apache-2.conf",
        base.replace("intermediate/root.crt", "intermediate/issuing.crt"),
    );
    setup.finds("client-ca-without-root", &["lab/servers/apache-2.conf"]);
    setup.write("lab/servers/apache-2.conf", &base);
    setup.finds(
        "intermediate-missing",
        &[
            "lab/servers/apache-2.conf",
            "cert:lab/intermediate/client.crt",
            client[1],
        ],
    );
}

#[test]
fn a_listener_without_tls() {
    let setup = Setup::lab();
    for (name, old, new) in [
        (
            "nginx.conf",
            "listen 127.0.0.1:8443 ssl;",
            "listen 127.0.0.1:8443;",
        ),
        ("haproxy.cfg", "\" ssl crt", "\" crt"),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds("listen-without-tls", &[&path]);
    }
}

#[test]
fn a_key_whose_password_the_server_is_not_told() {
    let mut setup = Setup::lab();
    setup.options.password = None;
    let key = pki_core::KeyPair::from_pem(&setup.read("lab/same-ca/server.key"), None).unwrap();
    let password = mtls_doctor::Password::new("secret");
    setup.write(
        "lab/same-ca/locked.key",
        key.secret_encrypted_pkcs8_pem(&password)
            .unwrap()
            .as_bytes(),
    );
    for name in ["nginx.conf", "apache.conf", "Caddyfile"] {
        let path = changed(&setup, name, "same-ca/server.key", "same-ca/locked.key");
        setup.finds("key-encrypted", &[&path]);
    }
    let path = changed(
        &setup,
        "nginx.conf",
        "ssl_certificate_key ../same-ca/server.key;",
        "ssl_certificate_key ../same-ca/locked.key; ssl_password_file pw;",
    );
    setup.is_healthy(&[&path]);
}

#[test]
fn the_names_of_a_server_are_in_its_certificate() {
    let setup = Setup::lab();
    for (name, old, new) in [
        (
            "nginx.conf",
            "server_name localhost",
            "server_name www.example.local",
        ),
        (
            "apache.conf",
            "ServerName localhost",
            "ServerName www.example.local:443",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds("name-mismatch", &[&path]);
    }
    let path = changed(
        &setup,
        "nginx.conf",
        "server_name localhost",
        "server_name _",
    );
    setup.is_healthy(&[&path]);
}

#[test]
fn every_ca_of_a_chain_has_a_crl() {
    let setup = Setup::lab();
    setup.write(
        "lab/same-ca/both.crt",
        setup.text("lab/same-ca/ca.crt") + &setup.text("lab/different-ca/client-ca.crt"),
    );
    for name in ["nginx.conf", "apache.conf", "haproxy.cfg", "envoy.yaml"] {
        let path = changed(&setup, name, "same-ca/ca.crt", "same-ca/both.crt");
        setup.finds("crl-missing-for-ca", &[&path]);
    }
    setup.write(
        "lab/same-ca/ca.crl",
        setup.text("lab/same-ca/ca.crl") + &setup.text("lab/different-ca/client-ca.crl"),
    );
    let path = changed(&setup, "nginx.conf", "same-ca/ca.crt", "same-ca/both.crt");
    setup.is_healthy(&[&path]);
}

#[test]
fn old_versions_of_tls() {
    let setup = Setup::lab();
    for (name, old, new, id) in [
        (
            "nginx.conf",
            "ssl_protocols TLSv1.2 TLSv1.3;",
            "ssl_protocols TLSv1 TLSv1.1 TLSv1.2;",
            "old-tls",
        ),
        (
            "nginx.conf",
            "ssl_protocols TLSv1.2 TLSv1.3;",
            "ssl_protocols TLSv1.1;",
            "tls-too-old",
        ),
        (
            "apache.conf",
            "SSLProtocol -all +TLSv1.2 +TLSv1.3",
            "SSLProtocol all +TLSv1",
            "old-tls",
        ),
        (
            "haproxy.cfg",
            "ssl-min-ver TLSv1.2",
            "ssl-min-ver TLSv1.0",
            "old-tls",
        ),
        ("envoy.yaml", "TLSv1_2", "TLSv1_0", "old-tls"),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds(id, &[&path]);
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
