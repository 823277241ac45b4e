//! Damaged and hostile files end in a report, never in a panic.

use crate::setup::Setup;

#[test]
fn whatever_is_cut_off_or_changed_is_reported() {
    let setup = Setup::lab();
    for name in [
        "same-ca/client.crt",
        "same-ca/client.key",
        "same-ca/client.p12",
        "same-ca/ca.crl",
        "same-ca/client.csr",
        "intermediate/client-chain.crt",
        "servers/nginx.conf",
        "servers/apache.conf",
        "servers/haproxy.cfg",
        "servers/envoy.yaml",
        "servers/Caddyfile",
    ] {
        let good = setup.read(&format!("lab/{name}"));
        let step = good.len() / 23 + 1;
        for at in (0..good.len()).step_by(step) {
            let file = format!("lab/{name}");
            setup.write(&file, &good[..at]);
            setup.examine(&[&file]);
            let mut changed = good.clone();
            changed[at] ^= 0x55;
            setup.write(&file, changed);
            setup.examine(&[&file, "ca:lab/same-ca/ca.crt"]);
        }
        setup.write(&format!("lab/{name}"), good);
    }
}

#[test]
fn a_long_file_of_open_blocks_or_words_is_read_in_passing() {
    let setup = Setup::empty();
    for (name, text) in [
        ("nginx.conf", "server {\n".repeat(50_000)),
        (
            "nginx.conf",
            format!("http {{ {} }}", "server { listen 1 ssl; }\n".repeat(2_000)),
        ),
        (
            "apache.conf",
            "<VirtualHost *>\nSSLEngine on\n".repeat(2_000),
        ),
        (
            "haproxy.cfg",
            "frontend a\nbind :1 ssl crt x\n".repeat(2_000),
        ),
        (
            "envoy.yaml",
            format!("static_resources: {}", "[".repeat(50_000)),
        ),
        (
            "envoy.yaml",
            format!("static_resources:\n{}", "- {a: [1]}\n".repeat(5_000)),
        ),
        ("Caddyfile", "a {\n".repeat(50_000)),
        ("client.pem", "-----BEGIN CERTIFICATE-----\n".repeat(5_000)),
        (
            "client.pem",
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".repeat(2_000),
        ),
    ] {
        setup.write(name, text);
        assert!(!setup.examine(&[name]).findings().is_empty(), "{name}");
    }
}
