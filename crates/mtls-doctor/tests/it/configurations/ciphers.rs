//! Cipher suites that do not fit the server's key, and what else ends or weakens a connection.

use super::changed;
use crate::setup::Setup;

#[test]
fn cipher_suites_fit_the_key() {
    let setup = Setup::lab();
    let rsa = "ECDHE-RSA-AES128-GCM-SHA256";
    for (name, before, list) in [
        ("nginx.conf", "ssl_ciphers ", ";"),
        ("apache.conf", "SSLCipherSuite ", "\n"),
        ("haproxy.cfg", "ssl-default-bind-ciphers ", "\n"),
    ] {
        let text = setup.text(&format!("lab/servers/{name}"));
        let old = text
            .split(before)
            .nth(1)
            .unwrap()
            .split(list)
            .next()
            .unwrap()
            .to_owned();
        let old = format!("{before}{old}");
        for (new, id) in [
            (rsa, "ciphers-of-another-key"),
            ("HIGH:!aECDSA", "ciphers-of-another-key"),
            ("FOO", "cipher-list-empty"),
            ("TLS_AES_128_GCM_SHA256", "cipher-list-empty"),
            ("ALL:eNULL", "weak-ciphers"),
            ("DEFAULT:@SECLEVEL=0", "weak-ciphers"),
        ] {
            let path = changed(&setup, name, &old, &format!("{before}{new}"));
            setup.finds(id, &[&path]);
        }
        for good in [
            "HIGH:!aNULL:!MD5",
            "ECDHE+AESGCM:DHE+AESGCM",
            "ECDHE-ECDSA-AES128-GCM-SHA256",
        ] {
            let path = changed(&setup, name, &old, &format!("{before}{good}"));
            setup.is_healthy(&[&path]);
        }
    }
    for (name, old, new, id) in [
        (
            "envoy.yaml",
            "tls_params:\n",
            "tls_params:\n                  cipher_suites: [ECDHE-RSA-AES128-GCM-SHA256]\n",
            "ciphers-of-another-key",
        ),
        (
            "envoy.yaml",
            "tls_params:\n",
            "tls_params:\n                  cipher_suites: [FOO]\n",
            "cipher-list-empty",
        ),
        (
            "Caddyfile",
            "protocols tls1.2 tls1.3",
            "protocols tls1.2 tls1.3\n\t\tciphers TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "ciphers-of-another-key",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds(id, &[&path]);
    }
    let path = changed(
        &setup,
        "envoy.yaml",
        "tls_params:\n",
        "tls_params:\n                  cipher_suites: [\"[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]\"]\n",
    );
    setup.is_healthy(&[&path]);
    // A key for each kind.
    let text = setup.text("lab/servers/nginx.conf").replace(
        "ssl_verify_depth 2;",
        "ssl_verify_depth 2; ssl_certificate ../different-ca/server.crt; ssl_certificate_key ../different-ca/server.key;",
    );
    let text = text.replace(
        "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:",
        "ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256; #",
    );
    setup.write("lab/servers/both.conf", text);
    setup.is_healthy(&["lab/servers/both.conf"]);
    // TLS 1.3 does not go by the list.
    let text = setup
        .text("lab/servers/nginx.conf")
        .replace("ssl_protocols TLSv1.2 TLSv1.3", "ssl_protocols TLSv1.3");
    let text = text.replace(
        "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:",
        "ssl_ciphers FOO; #",
    );
    setup.write("lab/servers/newest.conf", text);
    setup.is_healthy(&["lab/servers/newest.conf"]);
}

#[test]
fn haproxy_says_by_one_word_that_it_does_not_speak_tls_1_3() {
    let setup = Setup::lab();
    for (old, new) in [
        ("ssl-min-ver TLSv1.2", "no-tlsv13"),
        (" alpn h2", " force-tlsv12 alpn h2"),
    ] {
        let path = changed(&setup, "haproxy.cfg", old, new);
        setup.finds("tls-1.3-missing", &[&path]);
    }
    // Beside `ssl-min-ver` it is ignored.
    for word in ["no-tlsv11", "no-tlsv13"] {
        let path = changed(
            &setup,
            "haproxy.cfg",
            " alpn h2",
            &format!(" {word} alpn h2"),
        );
        setup.is_healthy(&[&path]);
    }
}

#[test]
fn sessions_are_resumed_by_haproxy_and_envoy_too() {
    let setup = Setup::lab();
    for (name, old, new) in [
        ("haproxy.cfg", " no-tls-tickets", ""),
        ("haproxy.cfg", "tune.ssl.cachesize 0", ""),
        (
            "haproxy.cfg",
            "tune.ssl.cachesize 0",
            "tune.ssl.cachesize 20000",
        ),
        (
            "envoy.yaml",
            "disable_stateless_session_resumption: true",
            "",
        ),
        (
            "envoy.yaml",
            "disable_stateful_session_resumption: true",
            "disable_stateful_session_resumption: false",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds("sessions-outlive-revocation", &[&path]);
    }
    // Without a CRL, nobody is revoked.
    let path = changed(&setup, "haproxy.cfg", " crl-file same-ca/ca.crl", "");
    let text = setup.text(&path).replace(" no-tls-tickets", "");
    setup.write(&path, text);
    setup.is_healthy(&[&path]);
}

#[test]
fn envoy_compares_more_than_the_issuer() {
    let setup = Setup::lab();
    let client = ["lab/same-ca/client.crt", "lab/same-ca/client.key"];
    let name = |kind: &str, how: &str| {
        format!("match_typed_subject_alt_names: [{{ san_type: {kind}, matcher: {{ {how} }} }}]")
    };
    for (new, is_good) in [
        (name("EMAIL", "exact: client1@example.local"), true),
        (name("EMAIL", "suffix: \"@example.local\""), true),
        (name("EMAIL", "safe_regex: { regex: x }"), true),
        (name("DNS", "exact: client1@example.local"), false),
        (name("EMAIL", "prefix: client2"), false),
        (
            "verify_certificate_spki: [AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=]".to_owned(),
            false,
        ),
        (
            format!("verify_certificate_hash: [{}]", "AB:".repeat(31) + "AB"),
            false,
        ),
    ] {
        let path = changed(&setup, "envoy.yaml", "max_verify_depth: 2", &new);
        match is_good {
            true => setup.is_healthy(&[&path, client[0], client[1]]),
            false => setup.finds("client-not-matched", &[&path, client[0], client[1]]),
        }
        // Of nobody is anything known.
        setup.is_healthy(&[&path]);
    }
    let path = changed(
        &setup,
        "envoy.yaml",
        "                    private_key: { filename: same-ca/server.key }\n",
        "",
    );
    setup.finds("key-not-set", &[&path]);
    let path = changed(&setup, "Caddyfile", "https://", "http://");
    setup.finds("listen-without-tls", &[&path]);
}
