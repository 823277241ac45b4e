//! Whether clients are asked, and whom the server trusts.

use super::changed;

use crate::setup::Setup;

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
        (
            "haproxy.cfg",
            "verify required",
            "verify required crt-ignore-err all ca-ignore-err all",
            "verify-unchecked",
        ),
        (
            "envoy.yaml",
            "max_verify_depth: 2",
            "trust_chain_verification: ACCEPT_UNTRUSTED",
            "verify-unchecked",
        ),
        (
            "envoy.yaml",
            "max_verify_depth: 2",
            "allow_expired_certificate: true",
            "expired-accepted",
        ),
        (
            "apache.conf",
            "SSLVerifyClient require",
            "<Location /api>\nSSLVerifyClient require\n</Location>",
            "asks-after-the-handshake",
        ),
        (
            "apache.conf",
            "SSLVerifyDepth 2",
            "SSLVerifyDepth 0",
            "verify-depth",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds(id, &[&path]);
    }
    // What is in <IfModule> belongs to where that stands.
    let path = changed(
        &setup,
        "apache.conf",
        "SSLVerifyClient require",
        "<IfModule mod_ssl.c>\nSSLVerifyClient require\n</IfModule>",
    );
    setup.is_healthy(&[&path]);
}

#[test]
fn the_names_that_clients_are_sent() {
    let setup = Setup::lab();
    let client = ["lab/same-ca/client.crt", "lab/same-ca/client.key"];
    let apache = |file: &str| {
        let with = format!("SSLVerifyDepth 2\nSSLCADNRequestFile {file}");
        changed(&setup, "apache.conf", "SSLVerifyDepth 2", &with)
    };
    let haproxy = |file: &str| {
        let with = format!("ca-file {file} ca-verify-file same-ca/ca.crt");
        changed(&setup, "haproxy.cfg", "ca-file same-ca/ca.crt", &with)
    };
    let nginx = |file: &str| {
        let with = format!(
            "ssl_client_certificate ../{file};\nssl_trusted_certificate ../same-ca/ca.crt;"
        );
        changed(
            &setup,
            "nginx.conf",
            "ssl_client_certificate ../same-ca/ca.crt;",
            &with,
        )
    };
    let other = "different-ca/client-ca.crt";
    // Each but nginx without its CRL, of which the other CA has none.
    for path in [apache(other), nginx(other)] {
        let text = setup.text(&path);
        let kept = text
            .lines()
            .filter(|line| !line.contains("ca.crl") && !line.contains("RevocationCheck"));
        setup.write(&path, kept.collect::<Vec<_>>().join("\n"));
        setup.finds("hints-without-issuer", &[&path, client[0], client[1]]);
    }
    let path = haproxy(other);
    let text = setup.text(&path).replace(" crl-file same-ca/ca.crl", "");
    setup.write(&path, text);
    setup.finds("hints-without-issuer", &[&path, client[0], client[1]]);
    setup.finds(
        "hints-without-issuer",
        &[&path, client[0], client[1], "ca:lab/same-ca/ca.crt"],
    );
    for path in [
        apache("same-ca/ca.crt"),
        haproxy("same-ca/ca.crt"),
        nginx("same-ca/ca.crt"),
    ] {
        setup.is_healthy(&[&path, client[0], client[1]]);
    }
    let path = changed(
        &setup,
        "nginx.conf",
        "ssl_client_certificate",
        "ssl_trusted_certificate",
    );
    setup.finds("client-ca-missing", &[&path]);
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
    let path = "lab/servers/apache-2.conf";
    setup.write(path, &base);
    let client = [
        "cert:lab/intermediate/client-chain.crt",
        "key:lab/intermediate/client.key",
    ];
    setup.is_healthy(&[path, client[0], client[1]]);
    for depth in ["SSLVerifyDepth 1", ""] {
        setup.write(path, base.replace("SSLVerifyDepth 2", depth));
        setup.finds("verify-depth", &[path, client[0], client[1]]);
    }
    setup.write(
        path,
        base.replace("intermediate/root.crt", "intermediate/issuing.crt"),
    );
    setup.finds("client-ca-without-root", &[path]);
    setup.write(path, &base);
    setup.finds(
        "intermediate-missing",
        &[path, "cert:lab/intermediate/client.crt", client[1]],
    );
}
