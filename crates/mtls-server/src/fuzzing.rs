//! What the fuzz targets reach and nobody else: parsers of outside bytes that have no public face.

use std::{net::SocketAddr, sync::Arc};

use axum::http::HeaderMap;
use futures_util::FutureExt;
use x509_identity::Certificate;

use crate::{forwarded::format::ForwardedFormat, proxy_protocol};

/// The address that a PROXY protocol header announces, if it does, and how many bytes it leaves.
pub fn proxy_protocol(bytes: &[u8]) -> Option<(Option<SocketAddr>, usize)> {
    let mut rest = bytes;
    // Reading from memory never waits.
    let announced = proxy_protocol::read_header(&mut rest).now_or_never()?;
    Some((announced.ok()?, rest.len()))
}

/// The certificates that these headers forward, leaf first.
pub fn forwarded(format: &ForwardedFormat, headers: &HeaderMap) -> Option<Vec<Arc<Certificate>>> {
    format.read_all(headers)
}
