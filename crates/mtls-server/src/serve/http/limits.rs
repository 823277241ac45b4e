//! The limits of HTTP, but for those on time.

use std::time::Duration;

use hyper_util::{rt::TokioExecutor, rt::TokioTimer, server::conn::auto};

/// Sets the limits that a public HTTP server needs: 64 KiB of headers, and for HTTP/2 128 streams and a ping every 30 s
/// that must be answered within 10 s.
///
/// Limits on time need no setting: every connection of this crate has those of
/// [`Limits`](crate::Limits).
pub fn http_limits(builder: &mut auto::Builder<TokioExecutor>) {
    builder.http1().max_buf_size(HEADERS as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(H2_STREAMS)
        .max_header_list_size(HEADERS)
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(H2_PONG)
        .enable_connect_protocol();
}

/// Octets of headers of a request, in both versions: a client gets one answer, whichever was negotiated.
pub(super) const HEADERS: u32 = 64 << 10;
pub(super) const H2_STREAMS: u32 = 128;
pub(super) const H2_PING: Duration = Duration::from_secs(30);
pub(super) const H2_PONG: Duration = Duration::from_secs(10);
