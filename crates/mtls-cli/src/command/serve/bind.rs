//! What is listened on.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context as _, Result};
use axum::http::Uri;
use mtls_server::listen;
use tokio::net::TcpListener;

/// Listens on an address that was given with `option`.
///
/// # Errors
///
/// If it is taken, or not one of this machine.
pub(crate) fn bind(address: SocketAddr, option: &str) -> Result<TcpListener> {
    listen::bind(address).with_context(|| {
        let (ip, port) = (address.ip(), address.port());
        format!("cannot listen on port {port} of {ip}: choose another with {option}")
    })
}

/// Whether certificates send clients to another port of this machine than the one that is listened on.
///
/// Another host may well be a proxy.
pub(super) fn is_missed(url: &str, listening: SocketAddr) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    is_here && uri.port_u16().unwrap_or(80) != listening.port()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn another_port_of_this_machine_is_missed() {
        let listening = "127.0.0.1:8080".parse().unwrap();
        for (url, missed) in [
            ("http://127.0.0.1:8080", false),
            ("http://localhost:8080/pki", false),
            ("http://ca.example.org", false),
            ("http://192.0.2.1:9", false),
            ("http://127.0.0.1:18080", true),
            ("http://[::1]", true),
            ("http://localhost", true),
        ] {
            assert_eq!(is_missed(url, listening), missed, "{url}");
        }
    }
}
