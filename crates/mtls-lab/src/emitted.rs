//! The server and client files that go into a lab as they are.

use crate::options::KeyType;

/// Whether the program of the file at `path` can read such keys. OpenSSL can read ML-DSA from 3.5 on, and with it nginx,
/// Apache, HAProxy, Node, curl and Python; Go can from 1.27 on. Caddy 2.11, Envoy 1.40 and Java 17 cannot.
pub(crate) fn suits(path: &str, keys: KeyType) -> bool {
    const WITHOUT_ML_DSA: [&str; 3] = [
        "clients/Client.java",
        "servers/Caddyfile",
        "servers/envoy.yaml",
    ];
    keys != KeyType::MlDsa || !WITHOUT_ML_DSA.contains(&path)
}

/// Server configurations, each runs from the lab's directory.
pub(crate) fn servers() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        (
            "servers/Caddyfile",
            include_str!("../files/servers/Caddyfile"),
        ),
        (
            "servers/apache.conf",
            include_str!("../files/servers/apache.conf"),
        ),
        (
            "servers/envoy.yaml",
            include_str!("../files/servers/envoy.yaml"),
        ),
        (
            "servers/haproxy.cfg",
            include_str!("../files/servers/haproxy.cfg"),
        ),
        (
            "servers/nginx.conf",
            include_str!("../files/servers/nginx.conf"),
        ),
        (
            "servers/server.mjs",
            include_str!("../files/servers/server.mjs"),
        ),
    ]
    .into_iter()
}

/// Client sources, each runs from the lab's directory.
pub(crate) fn clients() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        (
            "clients/Client.java",
            include_str!("../files/clients/Client.java"),
        ),
        (
            "clients/client.go",
            include_str!("../files/clients/client.go"),
        ),
        (
            "clients/client.mjs",
            include_str!("../files/clients/client.mjs"),
        ),
        (
            "clients/client.py",
            include_str!("../files/clients/client.py"),
        ),
        ("clients/curl.sh", include_str!("../files/clients/curl.sh")),
    ]
    .into_iter()
}
