//! Which task runs a request of an HTTP/2 connection: the connection's own, if the answer is there at once, and
//! otherwise one for this request.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
    time::{Duration, Instant},
};

use hyper::rt::Executor;

/// The executor that hyper gives each request of one connection to.
///
/// A task for every request costs more than all of our own work on it, and most handlers of most services wait for
/// nothing. So a request is begun in the connection's task, and gets a task of its own if its answer is not ready then.
///
/// Meanwhile the connection neither reads nor writes, and a handler that computes could have used another core. So when
/// a handler waits, or the handlers take more than [`TOO_LONG`] times as long as it took to read their requests, the
/// next [`PENALTY`] requests get tasks from the beginning.
#[derive(Clone, Default)]
pub(super) struct Streams(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Whether the connection is being polled; afterwards it runs what is in `begun`.
    is_polled: bool,
    begun: Vec<Stream>,
    /// How many requests still get a task from the beginning.
    penalty: usize,
}

type Stream = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A ratio and not a time, so that it means the same on a slow machine.
const TOO_LONG: u32 = 4;

const PENALTY: usize = 64;

impl Streams {
    /// Polls the connection, and returns the requests that have begun meanwhile.
    pub(super) fn poll<T>(&self, connection: impl FnOnce() -> T) -> (T, Option<Begun<'_>>) {
        let start = Instant::now();
        self.lock().is_polled = true;
        let polled = connection();
        let mut state = self.lock();
        state.is_polled = false;
        if state.begun.is_empty() {
            return (polled, None);
        }
        let begun = Begun {
            requests: std::mem::take(&mut state.begun),
            reading: start.elapsed(),
            streams: self,
        };
        (polled, Some(begun))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, request: F) {
        let mut state = self.lock();
        // A request that becomes a tunnel begins another future later, from whichever task it has.
        if state.is_polled && state.penalty == 0 {
            state.begun.push(Box::pin(request));
        } else {
            state.penalty = state.penalty.saturating_sub(1);
            drop(state);
            tokio::spawn(request);
        }
    }
}

/// Requests that nobody has polled yet.
pub(super) struct Begun<'a> {
    requests: Vec<Stream>,
    /// How long it took to read them.
    reading: Duration,
    streams: &'a Streams,
}

impl Begun<'_> {
    /// Polls each of them once, and spawns those whose answer is not ready. Returns how many there were.
    pub(super) fn run(mut self) -> usize {
        let count = self.requests.len();
        let start = Instant::now();
        let mut waits = false;
        for request in self.requests.drain(..) {
            let unfinished = if waits { Some(request) } else { poll(request) };
            if let Some(request) = unfinished {
                waits = true;
                tokio::spawn(request);
            }
        }
        let mut state = self.streams.lock();
        if waits || start.elapsed() > self.reading * TOO_LONG {
            state.penalty = PENALTY;
        }
        // Its memory is used again.
        state.begun = self.requests;
        count
    }
}

/// Returns the request if it is not finished. One that panics is finished, and ends no other.
fn poll(mut request: Stream) -> Option<Stream> {
    let poll = AssertUnwindSafe(move || {
        // Its task polls it again, with a waker that works.
        let mut context = Context::from_waker(Waker::noop());
        let is_pending = request.as_mut().poll(&mut context).is_pending();
        is_pending.then_some(request)
    });
    catch_unwind(poll).ok().flatten()
}

#[cfg(test)]
mod tests {
    use tokio::{
        sync::mpsc::{UnboundedSender, unbounded_channel},
        task::{try_id, yield_now},
    };

    use super::*;

    /// A request that waits or does not, and at its end tells whether it has a task.
    async fn request(waits: bool, told: UnboundedSender<bool>) {
        if waits {
            yield_now().await;
        }
        let _ = told.send(try_id().is_some());
    }

    /// How many of `count` requests that begin together get tasks, where handlers are as slow as that.
    async fn tasks(streams: &Streams, count: usize, waits: bool, is_slow: bool) -> usize {
        let (told, mut hear) = unbounded_channel();
        let begin = || (0..count).for_each(|_| streams.execute(request(waits, told.clone())));
        let ((), begun) = streams.poll(begin);
        if let Some(mut begun) = begun {
            let reading = if is_slow { 0 } else { 3600 };
            begun.reading = Duration::from_secs(reading);
            begun.run();
        }
        drop(told);
        let mut tasks = 0;
        while let Some(is_task) = hear.recv().await {
            tasks += usize::from(is_task);
        }
        tasks
    }

    #[tokio::test]
    async fn a_request_that_is_answered_at_once_gets_no_task() {
        let streams = Streams::default();
        for _ in 0..3 {
            assert_eq!(tasks(&streams, 100, false, false).await, 0);
        }
    }

    #[tokio::test]
    async fn a_request_that_waits_gets_a_task_and_so_do_the_next() {
        let streams = Streams::default();
        assert_eq!(tasks(&streams, 1, true, false).await, 1);
        assert_eq!(tasks(&streams, PENALTY + 1, false, false).await, PENALTY);
        assert_eq!(tasks(&streams, 1, false, false).await, 0);
    }

    #[tokio::test]
    async fn after_handlers_that_compute_for_long_the_next_requests_get_tasks() {
        let streams = Streams::default();
        assert_eq!(tasks(&streams, 1, false, true).await, 0);
        assert_eq!(tasks(&streams, PENALTY + 1, false, false).await, PENALTY);
    }

    #[tokio::test]
    async fn what_begins_while_the_connection_is_not_polled_gets_a_task() {
        let streams = Streams::default();
        let (told, mut hear) = unbounded_channel();
        streams.execute(request(false, told));
        assert_eq!(hear.recv().await, Some(true));
    }

    #[tokio::test]
    async fn a_panic_ends_no_other_request() {
        let streams = Streams::default();
        let (told, mut hear) = unbounded_channel();
        let ((), begun) = streams.poll(|| {
            streams.execute(async { std::panic::resume_unwind(Box::new("no message")) });
            streams.execute(request(false, told));
        });
        begun.expect("two requests").run();
        assert_eq!(hear.recv().await, Some(false));
    }
}
