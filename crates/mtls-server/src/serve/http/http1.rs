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
use crate::connection::{identity::ConnectionIdentity, stream::MtlsStream};

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

/// Runs a connection until it ends, which is false, or hyper holds nothing of it and is not needed for a
/// while.
///
/// That is after the first request, as connections that are opened ahead ask no second one soon, and
/// whenever there was none for some time.
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
        let mut is_drowsy = false;
        let event = poll_fn(|context| {
            // hyper waits with requests in its buffer, too: for what it has woken this task already. Only
            // if it is asked again and begins none, it has none.
            let mut begun = None;
            loop {
                if http.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Event::Over);
                }
                if ended.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Event::Ended);
                }
                is_drowsy = is_drowsy || rested.as_mut().poll(context).is_ready();
                let now = live.requests_begun();
                if !live.is_at_rest() || !(is_drowsy || now == 1) {
                    return match is_drowsy {
                        true => Poll::Ready(Event::Busy),
                        false => Poll::Pending,
                    };
                }
                if begun == Some(now) {
                    return Poll::Ready(Event::Rested);
                }
                begun = Some(now);
            }
        })
        .await;
        match event {
            Event::Busy => {}
            Event::Over => return false,
            Event::Ended => {
                http.as_mut().graceful_shutdown();
                // Whatever becomes of it, it is over then.
                let _ = http.await;
                return false;
            }
            Event::Rested => return true,
        }
    }
}

enum Event {
    /// It was to rest, and was not at rest.
    Busy,
    Ended,
    Over,
    Rested,
}
