//! The documents that are published now, each under its path.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::http::document::Document;

/// Documents under their paths, such as `/crl/issuing-0.crl`. Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
pub struct Publication(Arc<watch::Sender<Published>>);

#[derive(Debug, Default)]
struct Published {
    documents: BTreeMap<String, Document>,
    is_closed: bool,
}

impl Publication {
    /// Nothing is published yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }

    /// Publishes all of `documents` at once, in place of those under the same paths.
    pub fn publish(&self, documents: impl IntoIterator<Item = (String, Document)>) {
        let mut documents = documents.into_iter().peekable();
        if documents.peek().is_none() {
            // Nobody is woken for nothing.
            return;
        }
        self.0
            .send_modify(|published| published.documents.extend(documents));
    }

    /// What is published under `path`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Document> {
        self.0.borrow().documents.get(path).cloned()
    }

    /// All paths, in order.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.0.borrow().documents.keys().cloned().collect()
    }

    /// Ends all waiting, now and later: the server stops.
    pub fn close(&self) {
        self.0.send_modify(|published| published.is_closed = true);
    }

    /// What is under `path` as soon as it has another version than `known`, or after `wait`.
    pub(crate) async fn changed(
        &self,
        path: &str,
        known: &HeaderValue,
        wait: Duration,
    ) -> Option<Document> {
        let mut published = self.0.subscribe();
        let changed = published.wait_for(|published| {
            let now = published.documents.get(path).map(Document::etag);
            published.is_closed || now != Some(known)
        });
        // Too late is as good as changed: both are answered with what there is.
        let _ = timeout(wait, changed).await;
        self.get(path)
    }
}

impl Default for Publication {
    fn default() -> Self {
        Self::new()
    }
}
