//! HTTP/1.1 on one connection.

use std::{
    future::{Future as _, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

use futures_util::future::{Either, select};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::{limits::HEADERS, requests::Requests};
use crate::connection::{identity::ConnectionIdentity, stream::MtlsStream};

/// Speaks HTTP/1.1. hyper needs 16 KiB of buffers for a connection, which exists only while there are
/// requests.
pub(super) async fn speak(
    mut stream: MtlsStream<TcpStream>,
    requests: Requests,
    connection: &ConnectionIdentity,
) {
    loop {
        let has_more = {
            let readable = pin!(stream.readable());
            let ended = pin!(connection.state().ended(|_| true));
            matches!(select(readable, ended).await, Either::Left((true, _)))
        };
        if !has_more {
            // The peer may be gone already.
            let _ = stream.shutdown().await;
            return;
        }
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEADERS as usize);
        // On the heap, so that it is not part of this future, which every connection keeps.
        let http = builder.serve_connection(TokioIo::new(stream.lend()), requests.clone());
        let mut http = Box::pin(http.with_upgrades());
        if !until_idle(http.as_mut(), connection).await {
            return;
        }
    }
}

/// Runs a connection until it ends (false), or until it is idle and hyper can be dropped (true).
///
/// It counts as idle after the first request, since connections that are opened ahead of need seldom
/// send a second one soon, and whenever there was no request for some time.
async fn until_idle<C>(
    mut http: Pin<&mut http1::UpgradeableConnection<C, Requests>>,
    connection: &ConnectionIdentity,
) -> bool
where
    C: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let state = connection.state();
    loop {
        let mut became_idle = pin!(state.became_idle());
        let mut ended = pin!(state.ended(|_| true));
        let mut has_been_idle = false;
        let event = poll_fn(|context| {
            // hyper may return with requests in its buffer, for which it has woken this task already.
            // Only if it is polled again and begins none, there is none.
            let mut begun = None;
            loop {
                if http.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Event::Over);
                }
                if ended.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Event::Ended);
                }
                has_been_idle = has_been_idle || became_idle.as_mut().poll(context).is_ready();
                let now = state.requests_begun();
                if !state.is_idle() || !(has_been_idle || now == 1) {
                    return match has_been_idle {
                        true => Poll::Ready(Event::Busy),
                        false => Poll::Pending,
                    };
                }
                if begun == Some(now) {
                    return Poll::Ready(Event::Idle);
                }
                begun = Some(now);
            }
        })
        .await;
        match event {
            Event::Busy => {}
            Event::Over => return false,
            Event::Ended => {
                // A response that is still to come says itself that the connection ends, or goes on without
                // HTTP: then hyper would say both, which not every WebSocket client takes.
                let answered = poll_fn(|context| match http.as_mut().poll(context) {
                    Poll::Pending if state.is_unanswered() => Poll::Pending,
                    polled => Poll::Ready(polled.is_pending()),
                });
                if answered.await {
                    http.as_mut().graceful_shutdown();
                    // Whether it succeeds or fails, the connection is over.
                    let _ = http.await;
                }
                return false;
            }
            Event::Idle => return true,
        }
    }
}

enum Event {
    /// It was told that it is idle, and is not.
    Busy,
    Ended,
    Over,
    Idle,
}
