//! Requests of reqwest that are sent again.

use crate::clients::retry::{MAX_RETRIES, SafeRetry, is_safe};

impl SafeRetry {
    /// The same for reqwest, for requests to `host`. Pass it to
    /// [`ClientBuilder::retry`](reqwest::ClientBuilder::retry).
    ///
    /// It does not wait before it sends again. It replaces reqwest's own policy, and covers its cases, too. If
    /// [`Connector::reqwest`](crate::Connector::reqwest) loses a late refusal, that is taken for a closed connection.
    #[must_use]
    pub fn reqwest(host: impl Into<String>) -> reqwest::retry::Builder {
        reqwest::retry::for_host(host.into())
            .max_retries_per_request(MAX_RETRIES)
            .classify_fn(|attempt| {
                let safe = attempt.method().is_idempotent() && attempt.error().is_some_and(is_safe);
                if safe {
                    attempt.retryable()
                } else {
                    attempt.success()
                }
            })
    }
}
