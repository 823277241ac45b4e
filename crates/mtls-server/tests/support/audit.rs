//! Catches the events of one test.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    path::Path,
    sync::{Mutex, Once},
};

use tokio::time::timeout;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

use super::connection::PATIENCE;

pub type Fields = BTreeMap<String, String>;

/// The events of this thread since it was made: for tests on a current-thread runtime.
pub struct Audit;

/// The warnings and errors of this thread that are for the operator, likewise.
pub struct Log;

thread_local! {
    static EVENTS: RefCell<Vec<Fields>> = const { RefCell::new(Vec::new()) };
    static LOG: RefCell<Vec<Fields>> = const { RefCell::new(Vec::new()) };
}

/// The warnings and errors of all threads that name a file.
static OF_FILES: Mutex<Vec<Fields>> = Mutex::new(Vec::new());

/// One subscriber for all threads, before the first event of any: `tracing` remembers for each event
/// whether anybody listens, and a subscriber of one thread that comes meanwhile can be missed.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(Recorder);
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

impl Audit {
    pub fn capture() -> Self {
        listen();
        EVENTS.take();
        Self
    }

    pub fn take(&self) -> Vec<Fields> {
        EVENTS.take()
    }

    pub fn is_empty(&self) -> bool {
        EVENTS.with_borrow(Vec::is_empty)
    }

    /// Waits for an event.
    pub async fn comes(&self) {
        let comes = async {
            while self.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, comes).await.expect("an event");
    }

    /// The one event since the last call.
    pub fn only(&self) -> Fields {
        let mut events = self.take();
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }
}

impl Log {
    pub fn capture() -> Self {
        listen();
        LOG.take();
        Self
    }

    pub fn take(&self) -> Vec<Fields> {
        LOG.take()
    }

    /// What any thread said of this file, which no other test has.
    pub fn take_of(&self, file: &Path) -> Vec<Fields> {
        let file = format!("{file:?}");
        let mut all = OF_FILES.lock().unwrap();
        all.extract_if(.., |fields| fields["file"] == file)
            .collect()
    }
}

struct Recorder;

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let events = match metadata.target() {
            mtls_server::AUDIT_TARGET => &EVENTS,
            "mtls_server" if *metadata.level() <= Level::WARN => &LOG,
            _ => return,
        };
        let mut fields = Collector::default();
        event.record(&mut fields);
        if fields.0.contains_key("file") {
            OF_FILES.lock().unwrap().push(fields.0.clone());
        }
        events.with_borrow_mut(|events| events.push(fields.0));
    }
}

#[derive(Default)]
struct Collector(Fields);

impl Visit for Collector {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}
