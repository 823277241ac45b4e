//! Names of headers, spelled as RFC 7230 and RFC 7235 spell them.
//!
//! HTTP does not care, and hyper writes them in lower case. libest compares them with their case, and finds neither the
//! length of a body nor that it should authenticate itself.

use std::convert::Infallible;
use std::io::Cursor;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::{Extensions, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{join, sink};
use tokio::sync::OnceCell;

/// Has hyper write the names of this response's headers in these cases, whatever server it is.
///
/// hyper keeps the spelling of a request that it forwards, and its type for that is private
/// ([`preserve_header_case`](http1::Builder::preserve_header_case)). So it is given a request with all these headers once.
pub(super) async fn spelled(mut response: Response<Body>) -> Response<Body> {
    static SPELLING: OnceCell<Extensions> = OnceCell::const_new();
    let spelling = SPELLING.get_or_init(read).await;
    response.extensions_mut().extend(spelling.clone());
    response
}

async fn read() -> Extensions {
    let seen = Mutex::new(Extensions::new());
    let note = service_fn(|request: Request<Incoming>| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = request.extensions().clone();
        async { Ok::<_, Infallible>(Response::new(Body::empty())) }
    });
    let io = TokioIo::new(join(Cursor::new(REQUEST), sink()));
    let mut http = http1::Builder::new();
    http.preserve_header_case(true);
    // What is in memory can be read, and nobody reads what is written.
    let _ = http.serve_connection(io, note).await;
    seen.into_inner().unwrap_or_else(PoisonError::into_inner)
}

const REQUEST: &str = "GET / HTTP/1.1\r\n\
    Allow: GET\r\n\
    Connection: close\r\n\
    Content-Length: 0\r\n\
    Content-Transfer-Encoding: base64\r\n\
    Content-Type: text/plain\r\n\
    Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
    Retry-After: 1\r\n\
    WWW-Authenticate: Basic\r\n\
    \r\n";
