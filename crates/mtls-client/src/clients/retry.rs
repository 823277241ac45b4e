//! Sending a request again, where that is safe.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use tokio::time::Sleep;
use tower::retry::Policy;
use tower::retry::budget::{Budget, TpsBudget};

use crate::failure::classify::is_end;
use crate::failure::error::{Error, ErrorKind};

/// Sends a request again if that is safe, for [`tower::retry::RetryLayer`].
///
/// That is so if the method is idempotent (RFC 9110 section 9.2.2), the body can be cloned, and the head of the answer
/// has not arrived: there was no connection, the server closed it, or the server gave the request back (RFC 9113
/// section 8.7). A request is never sent again after a refusal of our certificate or of the server's, after a timeout,
/// or after an answer of any status.
///
/// It is sent again twice at most, after 50 and 100 ms. Retries stay below a fifth of all requests of this policy and
/// its clones, not counting ten in each second.
///
/// ```no_run
/// use bytes::Bytes;
/// use http_body_util::Full;
/// use hyper_util::{client::legacy::Client, rt::TokioExecutor};
/// use mtls_client::SafeRetry;
/// use tower::{Service, ServiceExt, retry::RetryLayer, Layer};
///
/// # async fn run(connector: mtls_client::Connector) -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder(TokioExecutor::new()).build(connector);
/// let mut client = RetryLayer::new(SafeRetry::default()).layer(client);
/// let request = http::Request::put("https://localhost:8443/orders/7").body(Full::new(Bytes::from("two")))?;
/// let response = client.ready().await?.call(request).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SafeRetry {
    sent: u32,
    budget: Arc<TpsBudget>,
}

impl Default for SafeRetry {
    fn default() -> Self {
        Self {
            sent: 0,
            budget: Arc::new(TpsBudget::new(Duration::from_secs(10), 10, 0.2)),
        }
    }
}

pub(super) const MAX_RETRIES: u32 = 2;

const FIRST_WAIT: Duration = Duration::from_millis(50);

impl<B, R, E> Policy<Request<B>, R, E> for SafeRetry
where
    B: Clone,
    E: StdError + 'static,
{
    type Future = Sleep;

    fn retry(&mut self, _: &mut Request<B>, outcome: &mut Result<R, E>) -> Option<Sleep> {
        match outcome {
            Ok(_) => {
                self.budget.deposit();
                None
            }
            Err(error) if is_safe(error) && self.budget.withdraw() => {
                self.sent += 1;
                Some(tokio::time::sleep(FIRST_WAIT * self.sent))
            }
            Err(_) => None,
        }
    }

    /// tower asks for the copy before it sends, and sends again only if it got one.
    fn clone_request(&mut self, request: &Request<B>) -> Option<Request<B>> {
        (self.sent < MAX_RETRIES && request.method().is_idempotent()).then(|| request.clone())
    }
}

/// Whether no answer came because the connection failed, and for no other reason.
pub(super) fn is_safe(error: &(dyn StdError + 'static)) -> bool {
    match Error::classify(error).kind() {
        ErrorKind::Connect => true,
        ErrorKind::Protocol => was_cut_short(error),
        _ => false,
    }
}

fn was_cut_short(error: &(dyn StdError + 'static)) -> bool {
    // What the server itself said counts more than what became of the connection then.
    if let Some(h2) = causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>()) {
        return h2.get_io().is_some_and(|io| is_end(io.kind())) || was_given_back(h2);
    }
    causes(error).any(|cause| {
        let ended = cause.downcast_ref::<io::Error>();
        let hyper = cause.downcast_ref::<hyper::Error>();
        ended.is_some_and(|io| is_end(io.kind()))
            || hyper.is_some_and(|hyper| {
                hyper.is_incomplete_message() || hyper.is_canceled() || hyper.is_closed()
            })
    })
}

/// The error, what caused it, and so on.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| {
        let error: &'a (dyn StdError + 'static) = *error;
        match error.downcast_ref::<io::Error>() {
            // `io::Error::source` skips the error that it wraps.
            Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

/// The server says that it did not begin with the request, or that it is about to leave.
fn was_given_back(error: &h2::Error) -> bool {
    let says = |reason| error.is_remote() && error.reason() == Some(reason);
    (error.is_reset() && says(h2::Reason::REFUSED_STREAM))
        || (error.is_go_away() && says(h2::Reason::NO_ERROR))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http::Method;

    use super::*;

    #[test]
    fn only_a_request_that_may_be_sent_twice_is_copied() {
        for (method, copied) in [
            (Method::GET, true),
            (Method::HEAD, true),
            (Method::OPTIONS, true),
            (Method::TRACE, true),
            (Method::PUT, true),
            (Method::DELETE, true),
            (Method::POST, false),
            (Method::PATCH, false),
            (Method::CONNECT, false),
        ] {
            let request = Request::builder().method(&method).body(()).unwrap();
            let mut policy = SafeRetry::default();
            let copy = Policy::<_, (), io::Error>::clone_request(&mut policy, &request);
            assert_eq!(copy.is_some(), copied, "{method}");
        }
    }

    #[test]
    fn only_a_connection_that_failed_is_a_reason() {
        use io::ErrorKind as Io;
        for (kind, safe) in [
            (Io::ConnectionRefused, true),
            (Io::ConnectionReset, true),
            (Io::UnexpectedEof, true),
            (Io::TimedOut, false),
            (Io::InvalidData, false),
        ] {
            assert_eq!(is_safe(&io::Error::from(kind)), safe, "{kind:?}");
        }
        let refusal = Error::rejected_by_closing();
        assert!(!is_safe(&io::Error::new(Io::ConnectionReset, refusal)));
    }
}
