//! What is listened on.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
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
