//! What the server presents, under which names, and where it speaks TLS.

use mtls_doctor::Step;

use super::{NAMES, changed};

use crate::setup::Setup;

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
fn a_server_sends_the_intermediate_that_lies_beside_its_certificate() {
    let setup = Setup::lab();
    for name in NAMES {
        let path = changed(&setup, name, "same-ca/server", "intermediate/server");
        setup.finds("intermediate-missing", &[&path]);
        let text = setup.text(&path).replace("server.crt", "server-chain.crt");
        // HAProxy looks for the key beside it.
        std::fs::copy(
            setup.path("lab/intermediate/server.key"),
            setup.path("lab/intermediate/server-chain.key"),
        )
        .unwrap();
        setup.write(&path, text);
        setup.is_healthy(&[&path]);
    }
}

#[test]
fn what_is_not_the_syntax_of_the_server() {
    let setup = Setup::lab();
    for (name, old, new, id) in [
        (
            "nginx.conf",
            "ssl_verify_client on;",
            "ssl_verify_client on",
            "config-syntax",
        ),
        ("nginx.conf", "events {", "events", "config-syntax"),
        ("apache.conf", "</IfDefine>", "", "config-syntax"),
        (
            "envoy.yaml",
            "                  crl:",
            "\t\tcrl:",
            "config-syntax",
        ),
        ("Caddyfile", "client_auth {", "client_auth", "config-syntax"),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds(id, &[&path]);
    }
    for name in ["nginx.conf", "apache.conf", "haproxy.cfg"] {
        let path = format!("lab/servers/marked-{name}");
        let text = setup.text(&format!("lab/servers/{name}"));
        setup.write(&path, format!("\u{feff}{text}"));
        setup.finds("config-byte-order-mark", &[&path]);
    }
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
        ("apache.conf", "SSLEngine on", "SSLEngine off"),
        ("apache.conf", "SSLEngine on", ""),
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
    setup.finds("file-missing", &[&path]);
    setup.write("lab/servers/pw", "secret\n");
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
        (
            "Caddyfile",
            "https://api.example.local:",
            "https://www.example.local:",
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
        (
            "nginx.conf",
            "TLSv1.2 TLSv1.3;",
            "TLSv1.2;",
            "tls-1.3-missing",
        ),
        ("apache.conf", " +TLSv1.3", "", "tls-1.3-missing"),
        ("envoy.yaml", "TLSv1_3", "TLSv1_2", "tls-1.3-missing"),
        (
            "Caddyfile",
            "protocols tls1.2 tls1.3",
            "protocols tls1.2 tls1.2",
            "tls-1.3-missing",
        ),
        (
            "haproxy.cfg",
            "ssl-min-ver TLSv1.2",
            "ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2",
            "tls-1.3-missing",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds(id, &[&path]);
    }
}

#[test]
fn old_versions_of_tls_that_no_command_changes_are_told_in_the_words_of_the_server() {
    let setup = Setup::lab();
    for (name, old, new, wanted) in [
        (
            "nginx.conf",
            "ssl_protocols TLSv1.2 TLSv1.3;",
            "ssl_protocols TLSv1.1  TLSv1.2 TLSv1.3;",
            "`ssl_protocols TLSv1.2 TLSv1.3;`",
        ),
        (
            "haproxy.cfg",
            "ssl-min-ver TLSv1.2",
            "ssl-min-ver  TLSv1.1",
            "`ssl-min-ver TLSv1.2`",
        ),
        (
            "envoy.yaml",
            "tls_minimum_protocol_version: TLSv1_2",
            "tls_minimum_protocol_version: TLSv1_1 # TLSv1_1",
            "`tls_minimum_protocol_version: TLSv1_2`",
        ),
        (
            "Caddyfile",
            "protocols tls1.2",
            "protocols  tls1.1",
            "`protocols tls1.2`",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        let report = setup.examine(&[&path]);
        let mut findings = report.findings().iter();
        let finding = findings.find(|one| one.id == "old-tls").unwrap();
        let told = |step: &Step| matches!(step, Step::Text(text) if text.contains(wanted));
        assert!(finding.mend.iter().any(told), "{finding:#?}");
    }
}
