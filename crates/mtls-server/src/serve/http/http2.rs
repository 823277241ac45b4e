//! HTTP/2 on one connection.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpStream,
    task::{coop::consume_budget, yield_now},
};

use super::{
    limits::{H2_PING, H2_PONG, H2_STREAMS, HEADERS},
    requests::Requests,
    streams::Streams,
};
use crate::connection::{identity::ConnectionIdentity, state::ConnectionState, stream::MtlsStream};

/// Speaks HTTP/2. Ends with a GOAWAY, after the requests that are running.
pub(super) async fn speak(
    stream: MtlsStream<TcpStream>,
    requests: Requests,
    connection: &ConnectionIdentity,
) {
    let streams = Streams::default();
    let mut builder = http2::Builder::new(streams.clone());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(H2_STREAMS)
        .max_header_list_size(HEADERS)
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(H2_PONG)
        .enable_connect_protocol();
    let mut http = pin!(builder.serve_connection(TokioIo::new(stream), requests));
    let is_over = tokio::select! {
        biased;
        () = gathering(http.as_mut(), connection.state(), &streams) => true,
        _ = connection.state().ended(|_| true) => false,
    };
    if !is_over {
        http.as_mut().graceful_shutdown();
        // Whether it succeeds or fails, the connection is over.
        let _ = http.await;
    }
}

/// Runs the connection so that responses which are ready at about the same time are sent together.
///
/// Requests that are answered at once have their responses before the connection is polled again. The others are tasks
/// (`streams.rs`), each of which wakes the connection when it has something to send, and tokio first runs what was
/// woken last. Each response would be a TLS record and a write of its own. So while requests run, the connection waits
/// until every task that is ready has had its turn.
async fn gathering<C: Future>(mut http: Pin<&mut C>, state: &ConnectionState, streams: &Streams) {
    let turn = Arc::new(Turn::default());
    let waker = Waker::from(Arc::clone(&turn));
    let mut is_waiting = false;
    poll_fn(|context| {
        turn.task.register(context.waker());
        loop {
            let has_come = turn.is_due.swap(false, SeqCst);
            is_waiting &= !has_come;
            if !has_come && state.is_asked() {
                if !is_waiting {
                    is_waiting = true;
                    turn.wait();
                }
                return Poll::Pending;
            }
            let mut inner = Context::from_waker(&waker);
            let (polled, begun) = streams.poll(|| http.as_mut().poll(&mut inner));
            let Some(begun) = begun else {
                return polled.map(drop);
            };
            // Their responses would wake the connection, which is polled next in any case.
            turn.is_awake.swap(true, SeqCst);
            let requests = begun.run();
            turn.is_awake.swap(false, SeqCst);
            if polled.is_ready() {
                return polled.map(drop);
            }
            // Requests that are answered at once could keep this task from ever yielding to other connections.
            if !(0..requests).all(|_| pin!(consume_budget()).poll(context).is_ready()) {
                return Poll::Pending;
            }
        }
    })
    .await;
}

/// When all tasks that are ready have run. As a waker it wakes the connection.
#[derive(Default)]
struct Turn {
    task: AtomicWaker,
    is_due: AtomicBool,
    /// Whether the connection need not be woken.
    is_awake: AtomicBool,
}

impl Turn {
    /// Wakes the connection when it has come.
    fn wait(self: &Arc<Self>) {
        let waker = Waker::from(Arc::new(Call(Arc::clone(self))));
        // tokio wakes it when there is nothing else to do.
        let _ = pin!(yield_now()).poll(&mut Context::from_waker(&waker));
    }
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Reads by writing: then the connection, if it is not woken, sees what it would have been woken for.
        if !self.is_awake.fetch_or(false, SeqCst) {
            self.task.wake();
        }
    }
}

/// The turn has come.
struct Call(Arc<Turn>);

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.0.is_due.store(true, SeqCst);
        self.0.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Mutex, atomic::AtomicUsize},
        time::Duration,
    };

    use tokio::time::timeout;

    use super::*;
    use crate::{config::limits::Limits, connection::clock::Clock};

    /// How often a connection is polled that is woken by ten tasks at about the same time, then over.
    async fn polls(is_asked: bool) -> usize {
        let state = ConnectionState::new(Arc::new(Clock::new()), &Limits::default(), None);
        state.multiplexes();
        if is_asked {
            state.request_begins(false);
        }
        let polls = Arc::new(AtomicUsize::new(0));
        let woken = Arc::new(AtomicUsize::new(0));
        let connection = Arc::new(Mutex::new(None::<Waker>));
        let http = {
            let (polls, woken, connection) = (polls.clone(), woken.clone(), connection.clone());
            poll_fn(move |context| {
                polls.fetch_add(1, SeqCst);
                if woken.load(SeqCst) == 10 {
                    return Poll::Ready(());
                }
                let first = connection
                    .lock()
                    .is_ok_and(|mut waker| waker.replace(context.waker().clone()).is_none());
                if first {
                    for _ in 0..10 {
                        let (woken, connection) = (woken.clone(), connection.clone());
                        tokio::spawn(async move {
                            woken.fetch_add(1, SeqCst);
                            let waker = connection.lock().map(|waker| waker.clone());
                            waker.into_iter().flatten().for_each(Waker::wake);
                        });
                    }
                }
                Poll::Pending
            })
        };
        let running =
            tokio::spawn(async move { gathering(pin!(http), &state, &Streams::default()).await });
        let ended = timeout(Duration::from_secs(10), running).await;
        assert!(ended.is_ok_and(|ended| ended.is_ok()), "it hangs");
        polls.load(SeqCst)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_is_ready_at_the_same_time_is_one_turn() {
        assert_eq!(polls(true).await, 2);
    }

    #[tokio::test]
    async fn a_connection_that_always_has_requests_yields_to_others() {
        const ROUNDS: usize = 10_000;
        let state = ConnectionState::new(Arc::new(Clock::new()), &Limits::default(), None);
        state.multiplexes();
        let streams = Streams::default();
        let answered = Arc::new(AtomicUsize::new(0));
        let others = {
            let answered = answered.clone();
            tokio::spawn(async move {
                let (mut turns, mut last, mut most) = (0, 0, 0);
                while last < ROUNDS * 10 {
                    yield_now().await;
                    let now = answered.load(SeqCst);
                    most = most.max(now - last);
                    (turns, last) = (turns + 1, now);
                }
                (turns, most)
            })
        };
        let mut rounds = 0;
        let http = poll_fn(|context| {
            rounds += 1;
            context.waker().wake_by_ref();
            if rounds > ROUNDS {
                return Poll::Ready(());
            }
            for _ in 0..10 {
                let answered = answered.clone();
                hyper::rt::Executor::execute(&streams, async move {
                    answered.fetch_add(1, SeqCst);
                });
            }
            Poll::Pending
        });
        gathering(pin!(http), &state, &streams).await;
        let (turns, most) = others.await.expect("no panic");
        assert!(turns > ROUNDS / 100 && most < 1000, "{turns} {most}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_connection_without_another_request_does_not_wait() {
        assert!(polls(false).await > 2);
    }
}
