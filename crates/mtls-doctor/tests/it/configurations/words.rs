//! Words that a server does not know, or not where they stand: it does not start.

use mtls_doctor::Step;

use super::changed;
use crate::setup::Setup;

#[test]
fn a_word_or_a_value_that_does_not_exist() {
    let setup = Setup::lab();
    for (name, old, new, id) in [
        (
            "nginx.conf",
            "ssl_verify_client on",
            "ssl_verify_clients on",
            "config-unknown-word",
        ),
        (
            "nginx.conf",
            "ssl_verify_client on",
            "ssl_verify_client required",
            "config-unknown-value",
        ),
        (
            "nginx.conf",
            "ssl_protocols TLSv1.2 TLSv1.3",
            "ssl_protocols TLS1.2 TLS1.3",
            "config-unknown-value",
        ),
        (
            "apache.conf",
            "SSLVerifyClient require",
            "SSLVerifyClients require",
            "config-unknown-word",
        ),
        (
            "apache.conf",
            "SSLVerifyClient require",
            "SSLVerifyClient required",
            "config-unknown-value",
        ),
        (
            "apache.conf",
            "SSLProtocol -all +TLSv1.2 +TLSv1.3",
            "SSLProtocol TLS1.2",
            "config-unknown-value",
        ),
        (
            "haproxy.cfg",
            "verify required",
            "verfy required",
            "config-unknown-word",
        ),
        (
            "haproxy.cfg",
            "verify required",
            "verify require",
            "config-unknown-value",
        ),
        (
            "haproxy.cfg",
            "ssl-min-ver TLSv1.2",
            "ssl-min-ver TLS1.2",
            "config-unknown-value",
        ),
        (
            "envoy.yaml",
            "require_client_certificate: true",
            "require_client_cert: true",
            "config-unknown-word",
        ),
        (
            "envoy.yaml",
            "require_client_certificate: true",
            "require_client_certificate: \"yes\"",
            "config-unknown-value",
        ),
        (
            "envoy.yaml",
            "tls_minimum_protocol_version: TLSv1_2",
            "tls_minimum_protocol_version: TLSv1.2",
            "config-unknown-value",
        ),
        (
            "Caddyfile",
            "client_auth {",
            "client_authentication {",
            "config-unknown-word",
        ),
        (
            "Caddyfile",
            "mode require_and_verify",
            "mode required",
            "config-unknown-value",
        ),
        (
            "Caddyfile",
            "protocols tls1.2 tls1.3",
            "protocols TLSv1.2",
            "config-unknown-value",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds(id, &[&path]);
    }
}

#[test]
fn what_a_newer_server_knows_is_not_taken_for_a_slip() {
    let setup = Setup::lab();
    for (name, old, new) in [
        (
            "nginx.conf",
            "ssl_verify_client on;",
            "ssl_verify_client on; ssl_ech_file ech.pem; ssl_certificate_compression on;",
        ),
        (
            "nginx.conf",
            "ssl_session_cache off;",
            "ssl_session_cache off; ssl_buffer_size 4k; ssl_conf_command Options KTLS; ssl_conf_command Options PrioritizeChaCha;",
        ),
        (
            "apache.conf",
            "SSLVerifyClient require",
            "SSLVerifyClient on",
        ),
        (
            "apache.conf",
            "SSLVerifyDepth 2",
            "SSLVerifyDepth 2\nSSLPolicy modern\nSSLOCSPEnable on",
        ),
        (
            "haproxy.cfg",
            "verify required",
            "verify required strict-sni no-ca-names npn h2 ecdhe secp384r1",
        ),
        (
            "envoy.yaml",
            "require_client_certificate: true",
            "require_client_certificate: true\n              require_sni: true",
        ),
        (
            "Caddyfile",
            "mode require_and_verify",
            "mode require_and_verify # all of them",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        setup.is_healthy(&[&path]);
    }
}

#[test]
fn nginx_takes_a_directive_once_and_in_a_server() {
    let setup = Setup::lab();
    for (old, new, id) in [
        (
            "ssl_verify_depth 2;",
            "ssl_verify_depth 2;\n        ssl_verify_depth 2;",
            "config-twice",
        ),
        (
            "ssl_verify_client on;",
            "ssl_verify_client on; ssl_verify_client off;",
            "config-twice",
        ),
        (
            "location / {",
            "location / {\n            ssl_verify_client on;",
            "config-misplaced",
        ),
        (
            "location / {",
            "location / { ssl_verify_depth 1;",
            "config-misplaced",
        ),
        (
            "$ssl_client_escaped_cert",
            "$ssl_client_cert",
            "certificate-header-lines",
        ),
        (
            "X-SSL-Client-Verify  $ssl_client_verify",
            "X-SSL-Client-Verify $http_x_ssl_client_verify",
            "client-header-forwarded",
        ),
    ] {
        let path = changed(&setup, "nginx.conf", old, new);
        setup.finds(id, &[&path]);
    }
    let path = changed(
        &setup,
        "nginx.conf",
        "proxy_set_header Host $host",
        "proxy_set_header Host $http_host",
    );
    setup.is_healthy(&[&path]);
    let path = changed(&setup, "envoy.yaml", "SANITIZE_SET", "ALWAYS_FORWARD_ONLY");
    setup.finds("client-header-forwarded", &[&path]);
}

#[test]
fn a_semicolon_is_not_written_where_a_quotation_mark_is_missing() {
    let setup = Setup::lab();
    let path = changed(
        &setup,
        "nginx.conf",
        "return 200 \"Hello",
        "return 200 Hello",
    );
    let report = setup.examine(&[&path]);
    let found = &report.findings()[0];
    assert_eq!(found.id, "config-syntax");
    assert!(found.what.contains("quotation mark"), "{found:#?}");
    assert!(
        found.mend.iter().all(|step| matches!(step, Step::Text(_))),
        "{found:#?}"
    );
}

#[test]
fn apache_needs_its_module_and_the_names_of_its_directory() {
    let setup = Setup::lab();
    let path = changed(
        &setup,
        "apache.conf",
        "LoadModule ssl_module        ${MODULES}/mod_ssl.so",
        "",
    );
    setup.finds("config-module-missing", &[&path]);
    std::fs::create_dir(setup.path("lab/cas")).unwrap();
    let path = changed(
        &setup,
        "apache.conf",
        "SSLCACertificateFile  same-ca/ca.crt",
        "SSLCACertificatePath cas",
    );
    setup.finds("client-ca-directory", &[&path]);
    setup.write("lab/cas/ca.crt", setup.read("lab/same-ca/ca.crt"));
    setup.finds("client-ca-directory", &[&path]);
    setup.write("lab/cas/0a1b2c3d.0", setup.read("lab/same-ca/ca.crt"));
    setup.is_healthy(&[&path]);
}

#[test]
fn files_and_ports_that_are_not_there() {
    let setup = Setup::lab();
    for (name, old, new, id) in [
        (
            "nginx.conf",
            "ssl_verify_depth 2;",
            "ssl_verify_depth 2; include tls.conf;",
            "file-missing",
        ),
        (
            "nginx.conf",
            "ssl_verify_depth 2;",
            "ssl_verify_depth 2; ssl_password_file nope.txt;",
            "file-missing",
        ),
        (
            "nginx.conf",
            "ssl_verify_depth 2;",
            "ssl_verify_depth two;",
            "config-unknown-value",
        ),
        (
            "nginx.conf",
            "ssl_certificate     ../same-ca/server.crt;",
            "ssl_certificate ../same-ca/nope.crt; ssl_certificate_key ../same-ca/server.key; ssl_certificate ../same-ca/server.crt;",
            "file-missing",
        ),
        (
            "apache.conf",
            "SSLVerifyDepth 2",
            "SSLVerifyDepth 2\nInclude tls.conf",
            "file-missing",
        ),
        (
            "apache.conf",
            "SSLVerifyClient require",
            "SSLVerifyClient",
            "config-unknown-value",
        ),
        (
            "apache.conf",
            "SSLVerifyDepth 2",
            "SSLVerifyDepth 2\n<VirtualHost *:9443>\n</VirtualHost>",
            "port-not-listened",
        ),
        (
            "haproxy.cfg",
            " crt same-ca/server.crt",
            " crt same-ca/server.crt crt same-ca/nope.crt",
            "file-missing",
        ),
        (
            "envoy.yaml",
            "                tls_certificates:\n",
            "                tls_certificates:\n                  - certificate_chain: { filename: same-ca/nope.crt }\n                    private_key: { filename: same-ca/server.key }\n",
            "file-missing",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds(id, &[&path]);
    }
    for (name, old, new) in [
        (
            "nginx.conf",
            "ssl_verify_depth 2;",
            "ssl_verify_depth 2; include conf.d/*.conf;",
        ),
        (
            "nginx.conf",
            "ssl_verify_depth 2;",
            "ssl_verify_depth 2; ssl_stapling_file ../same-ca/ca.crl;",
        ),
        (
            "apache.conf",
            "SSLVerifyDepth 2",
            "SSLVerifyDepth 2\nIncludeOptional tls.conf",
        ),
        (
            "apache.conf",
            "SSLVerifyDepth 2",
            "SSLVerifyDepth 2\n<VirtualHost *:8443>\n</VirtualHost>\n<VirtualHost *>\n</VirtualHost>",
        ),
        (
            "haproxy.cfg",
            " crt same-ca/server.crt",
            " crt same-ca/server.crt crt different-ca/server.crt",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        setup.is_healthy(&[&path]);
    }
}
