//! The server and client files that go into a lab as they are.

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
