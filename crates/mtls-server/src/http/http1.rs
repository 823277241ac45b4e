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

use super::Requests;
use crate::{connection::ConnectionIdentity, stream::MtlsStream};

/// HTTP/1.1, of which hyper holds 16 KiB of buffers: only while there are requests.
pub(super) async fn speak(
    mut stream: MtlsStream<TcpStream>,
    requests: Requests,
    connection: &ConnectionIdentity,
) {
    loop {
        let has_more = {
            let readable = pin!(stream.readable());
            let ended = pin!(connection.live().ended(|_| true));
            matches!(select(readable, ended).await, Either::Left((true, _)))
        };
        if !has_more {
            // The peer may be gone already.
            let _ = stream.shutdown().await;
            return;
        }
        let mut builder = http1::Builder::new();
        builder.max_buf_size(super::H1_HEADER);
        // On the heap, and not in this future, whose size every connection has.
        let http = builder.serve_connection(TokioIo::new(stream.lend()), requests.clone());
        let mut http = Box::pin(http.with_upgrades());
        if !until_at_rest(http.as_mut(), connection).await {
            return;
        }
    }
}

/// Runs a connection until it ends, which is false, or has been without a request for a while.
async fn until_at_rest<C>(
    mut http: Pin<&mut http1::UpgradeableConnection<C, Requests>>,
    connection: &ConnectionIdentity,
) -> bool
where
    C: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let live = connection.live();
    loop {
        let mut rested = pin!(live.rested());
        let mut ended = pin!(live.ended(|_| true));
        let event = poll_fn(|context| {
            if http.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Over);
            }
            if ended.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Ended);
            }
            // hyper has written all it had, and has no second request in its buffer, or it had begun.
            if live.is_at_rest_after_first() {
                return Poll::Ready(Event::Rested);
            }
            rested.as_mut().poll(context).map(|()| Event::Rested)
        })
        .await;
        match event {
            Event::Over => return false,
            Event::Ended => {
                http.as_mut().graceful_shutdown();
                // Whatever becomes of it, it is over then.
                let _ = http.await;
                return false;
            }
            // A request may have begun since it was seen at rest.
            Event::Rested if live.is_at_rest() => return true,
            Event::Rested => {}
        }
    }
}

enum Event {
    Ended,
    Over,
    Rested,
}
