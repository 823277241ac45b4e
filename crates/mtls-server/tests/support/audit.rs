//! Catches the audit events of one test.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

pub type Fields = BTreeMap<String, String>;

/// The events so far; they stop when this is dropped.
pub struct Audit {
    events: Arc<Mutex<Vec<Fields>>>,
    _guard: DefaultGuard,
}

impl Audit {
    /// For tests on a current-thread runtime: the subscriber belongs to this thread.
    pub fn capture() -> Self {
        let events = Arc::default();
        let subscriber = tracing_subscriber::registry().with(Recorder(Arc::clone(&events)));
        Self {
            events,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    pub fn take(&self) -> Vec<Fields> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    pub fn is_empty(&self) -> bool {
        self.events.lock().unwrap().is_empty()
    }

    /// The one event since the last call.
    pub fn only(&self) -> Fields {
        let mut events = self.take();
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }
}

struct Recorder(Arc<Mutex<Vec<Fields>>>);

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == mtls_server::AUDIT_TARGET {
            let mut fields = Collector::default();
            event.record(&mut fields);
            self.0.lock().unwrap().push(fields.0);
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
