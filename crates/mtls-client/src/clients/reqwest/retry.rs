//! Requests of reqwest that are sent again.

use crate::clients::retry::{MAX_RETRIES, SafeRetry, is_safe};

impl SafeRetry {
    /// The same for reqwest, and requests to `host`:
    /// [`ClientBuilder::retry`](reqwest::ClientBuilder::retry) takes it.
    ///
    /// Without the waiting, and in place of reqwest's own policy, whose cases are among ours. Where
    /// [`Connector::reqwest`](crate::Connector::reqwest) loses a late refusal, it is taken for a closed connection.
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
