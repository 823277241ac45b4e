//! What a server presents to its backends, and whom it trusts there.

use super::changed;
use crate::setup::Setup;

/// The line to change in each server's configuration, and what has it present `CERTIFICATE` with `KEY` and trust `CA`.
const ROWS: [(&str, &str, &str); 5] = [
    (
        "nginx.conf",
        "proxy_pass http://127.0.0.1:3000;",
        "proxy_pass https://127.0.0.1:3000; proxy_ssl_certificate ../same-ca/CERTIFICATE; proxy_ssl_certificate_key ../same-ca/KEY; \
         proxy_ssl_verify on; proxy_ssl_trusted_certificate ../same-ca/CA;",
    ),
    (
        "apache.conf",
        "SSLEngine on",
        "SSLEngine on\nSSLProxyEngine on\nSSLProxyMachineCertificateFile same-ca/pair.pem\nSSLProxyVerify require\n\
         SSLProxyCACertificateFile same-ca/CA",
    ),
    (
        "haproxy.cfg",
        "server backend \"${BACKEND-127.0.0.1:3000}\"",
        "server backend 127.0.0.1:3000 ssl crt same-ca/pair.pem ca-file same-ca/CA verify required",
    ),
    (
        "envoy.yaml",
        "      type: STATIC\n",
        "      type: STATIC\n      transport_socket:\n        name: envoy.transport_sockets.tls\n        typed_config:\n          \"@type\": \
         type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext\n          common_tls_context:\n            \
         tls_certificates:\n              - certificate_chain: { filename: same-ca/CERTIFICATE }\n                private_key: { \
         filename: same-ca/KEY }\n            validation_context: { trusted_ca: { filename: same-ca/CA } }\n",
    ),
    (
        "Caddyfile",
        "header_up -X_SSL_*",
        "transport http {\n tls_client_auth same-ca/CERTIFICATE same-ca/KEY\n tls_trust_pool file same-ca/CA\n }\n header_up -X_SSL_*",
    ),
];

#[test]
fn what_is_presented_to_a_backend_is_a_clients() {
    let setup = Setup::lab();
    for (certificate, key, ca, found) in [
        ("client.crt", "client.key", "ca.crt", None),
        ("client.crt", "server.key", "ca.crt", Some("key-mismatch")),
        ("missing.crt", "client.key", "ca.crt", Some("file-missing")),
        (
            "client.crt",
            "client.key",
            "missing.crt",
            Some("file-missing"),
        ),
        (
            "client.crt",
            "client.key",
            "server.crt",
            Some("ca-not-a-ca"),
        ),
        (
            "server.crt",
            "server.key",
            "ca.crt",
            Some("wrong-extended-key-usage"),
        ),
    ] {
        let text = |name: &str| match name.starts_with("missing") {
            true => String::new(),
            false => setup.text(&format!("lab/same-ca/{name}")),
        };
        let is_missing = certificate.starts_with("missing");
        match is_missing {
            true => std::fs::remove_file(setup.path("lab/same-ca/pair.pem")).unwrap(),
            false => drop(setup.write("lab/same-ca/pair.pem", text(certificate) + &text(key))),
        }
        for (name, old, new) in ROWS {
            let new = new.replace("CERTIFICATE", certificate).replace("KEY", key);
            let path = changed(
                &setup,
                name,
                old,
                &new.replace("CA\n", "CA \n")
                    .replace("/CA", &format!("/{ca}")),
            );
            match found {
                Some(id) => setup.finds(id, &[&path]),
                None => setup.is_healthy(&[&path]),
            }
        }
    }
}

#[test]
fn a_backend_is_verified_by_a_ca_that_is_named() {
    let setup = Setup::lab();
    let (name, old, new) = ROWS[0];
    let whole = new
        .replace("CERTIFICATE", "client.crt")
        .replace("KEY", "client.key");
    let trusted = " proxy_ssl_trusted_certificate ../same-ca/CA;";
    for (text, found) in [
        (whole.replace(trusted, ""), "backend-ca-missing"),
        (
            whole
                .replace("verify on", "verify off")
                .replace("/CA", "/ca.crt"),
            "backend-not-verified",
        ),
    ] {
        setup.finds(found, &[&changed(&setup, name, old, &text)]);
    }
    let (name, old, new) = ROWS[2];
    let whole = new
        .replace("same-ca/pair.pem", "same-ca/client.crt")
        .replace("/CA", "/ca.crt");
    setup.is_healthy(&[&changed(&setup, name, old, &whole)]);
    for (text, found) in [
        (
            whole.replace(" ca-file same-ca/ca.crt", ""),
            "backend-ca-missing",
        ),
        (
            whole.replace("verify required", "verify none"),
            "backend-not-verified",
        ),
    ] {
        setup.finds(found, &[&changed(&setup, name, old, &text)]);
    }
    // Without a certificate of its own, that is the backend's affair.
    let text = "server backend 127.0.0.1:3000 ssl verify none";
    setup.is_healthy(&[&changed(&setup, name, old, text)]);
}

#[test]
fn paths_of_a_backend_are_below_the_server_root_of_apache() {
    let setup = Setup::lab();
    let elsewhere = |file: &str| setup.text(&format!("lab/same-ca/{file}"));
    let pair = elsewhere("client.crt") + &elsewhere("client.key");
    std::fs::create_dir_all(setup.path("root")).unwrap();
    setup.write("root/pair.pem", pair);
    let root = setup.path("root").display().to_string();
    let new = |file: &str| {
        format!("ServerRoot {root}\nSSLEngine on\nSSLProxyMachineCertificateFile {file}")
    };
    let path = changed(&setup, "apache.conf", "SSLEngine on", &new("pair.pem"));
    setup.is_healthy(&[&path]);
    let path = changed(&setup, "apache.conf", "SSLEngine on", &new("missing.pem"));
    setup.finds("file-missing", &[&path]);
}
