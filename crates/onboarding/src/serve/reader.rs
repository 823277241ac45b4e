//! What a request says of whoever reads the page.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use axum::http::header::{HOST, USER_AGENT};

use super::host::is_loopback;
use crate::platform::Platform;

/// What device it is, as its headers say.
pub(super) fn device_of(headers: &HeaderMap) -> Option<Platform> {
    let user_agent = headers.get(USER_AGENT)?.to_str().ok()?;
    Platform::of_user_agent(user_agent)
}

/// Whether it is whoever sits at this computer: by connection and by name, so that a proxy on this computer does not let
/// the network in as if it were here.
pub(super) fn is_here(peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
    let named = headers.get(HOST).and_then(|host| host.to_str().ok());
    peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && named.is_some_and(is_loopback)
}
