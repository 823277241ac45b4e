//! For the fuzz targets only: parsers of outside bytes that are not public.

use std::{net::SocketAddr, sync::Arc};

use axum::http::HeaderMap;
use futures_util::FutureExt;
use x509_identity::Certificate;

use crate::{forwarded::format::ForwardedFormat, proxy_protocol};

/// The address that a PROXY protocol header announces, if any, and how many bytes follow the header.
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
