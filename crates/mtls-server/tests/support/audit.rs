//! Catches the audit events of one test.

use std::{cell::RefCell, collections::BTreeMap, fmt, sync::Once};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

pub type Fields = BTreeMap<String, String>;

/// The events of this thread since it was made: for tests on a current-thread runtime.
pub struct Audit;

thread_local! {
    static EVENTS: RefCell<Vec<Fields>> = const { RefCell::new(Vec::new()) };
}

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

    /// The one event since the last call.
    pub fn only(&self) -> Fields {
        let mut events = self.take();
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }
}

struct Recorder;

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == mtls_server::AUDIT_TARGET {
            let mut fields = Collector::default();
            event.record(&mut fields);
            EVENTS.with_borrow_mut(|events| events.push(fields.0));
        }
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
