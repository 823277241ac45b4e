//! Requests to an enrolment server, and waiting for what it has not decided yet.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use time::OffsetDateTime;
use tokio::time::timeout;
use x509_identity::reorders_a_line;
use zeroize::Zeroizing;

use super::error::{EnrollError, is_refusal};
use crate::connect::connector::Connector;
use crate::failure::error::Error;

/// A server, and the connector for it.
#[derive(Debug)]
pub(super) struct Channel<'a> {
    pub(super) connector: &'a Connector,
    /// `https://HOST:PORT`, and for EST the path below which its operations are.
    pub(super) base: &'a str,
}

/// What is asked.
pub(super) struct Call<'a> {
    method: Method,
    path: String,
    secret: Option<Secret<'a>>,
    body: Option<(&'static str, String)>,
}

/// By what the server knows who asks, where it is not a certificate.
#[derive(Clone, Copy)]
pub(super) enum Secret<'a> {
    Bearer(&'a str),
    Basic { user: &'a str, password: &'a str },
}

/// How a request that waits (202) is asked for: the path for its answer, or the same request again.
pub(super) type Follow = fn(&Answer) -> Result<Option<String>, EnrollError>;

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// When it came, by the clock of this machine.
    came: OffsetDateTime,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl<'a> Call<'a> {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            secret: None,
            body: None,
        }
    }

    pub(super) fn post(path: &str, media_type: &'static str, body: String) -> Self {
        Self {
            method: Method::POST,
            body: Some((media_type, body)),
            ..Self::get(path)
        }
    }

    pub(super) fn with(mut self, secret: Secret<'a>) -> Self {
        self.secret = Some(secret);
        self
    }

    fn request(&self, base: &str) -> Result<Request<Full<Bytes>>, EnrollError> {
        let url = format!("{base}{}", self.path);
        let mut request = Request::builder().method(&self.method).uri(&url);
        if let Some(secret) = self.secret {
            request = request.header(AUTHORIZATION, secret.header()?);
        }
        let mut bytes = Bytes::new();
        if let Some((media_type, body)) = &self.body {
            request = request.header(CONTENT_TYPE, *media_type);
            bytes = Bytes::copy_from_slice(body.as_bytes());
        }
        let request = request.body(Full::new(bytes));
        request.map_err(|_| EnrollError::Url(url))
    }
}

impl Secret<'_> {
    /// `Authorization` (RFC 6750 section 2.1, RFC 7617 section 2).
    fn header(self) -> Result<HeaderValue, EnrollError> {
        let text = Zeroizing::new(match self {
            Self::Bearer(token) => format!("Bearer {token}"),
            Self::Basic { user, password } => {
                let both = Zeroizing::new(format!("{user}:{password}"));
                let encoded = Zeroizing::new(STANDARD.encode(both.as_bytes()));
                format!("Basic {}", encoded.as_str())
            }
        });
        let value = HeaderValue::try_from(text.as_str());
        let mut value = value.map_err(|error| EnrollError::Request(error.into()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl Channel<'_> {
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Answer, EnrollError> {
        let request = call.request(self.base)?;
        // A client for each request: no connection outlives what it has presented.
        let client = Client::builder(TokioExecutor::new()).build(self.connector.clone());
        let answer = async {
            let response = client.request(request).await;
            let response =
                response.map_err(|error| EnrollError::Connect(Error::classify(&error)))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_BODY).collect().await;
            let body = body.map_err(|error| EnrollError::Answer(error.to_string()))?;
            Ok(Answer {
                status: head.status,
                came: OffsetDateTime::now_utc(),
                headers: head.headers,
                body: body.to_bytes(),
            })
        };
        match timeout(PATIENCE, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(EnrollError::Connect(Error::timeout())),
        }
    }

    /// The answer when there is one: a request that waits is asked for again when the server says, for as long as it does.
    ///
    /// The server may be gone for a while meanwhile, and the request stays.
    pub(super) async fn settled(
        &self,
        mut call: Call<'_>,
        follow: Follow,
    ) -> Result<Answer, EnrollError> {
        let mut answer = self.send(&call).await?;
        while answer.status == StatusCode::ACCEPTED {
            if let Some(path) = follow(&answer)? {
                call.method = Method::GET;
                call.path = path;
                call.body = None;
            }
            tokio::time::sleep(answer.retry_after()).await;
            match self.send(&call).await {
                Ok(next) if is_passing(next.status) => {
                    tracing::warn!(target: "mtls_client", status = next.status.as_u16(), "asking again");
                }
                Ok(next) => answer = next,
                // A certificate that was presented, and is not accepted any more, will not be later on.
                Err(EnrollError::Connect(error)) if !is_refusal(&error) => {
                    tracing::warn!(target: "mtls_client", "asking again: {error}");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(answer)
    }
}

/// What is over after a while.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
}

impl Answer {
    /// # Errors
    ///
    /// What `refusal` makes of any other status than 200.
    pub(super) fn expect_ok(&self, refusal: fn(&Self) -> EnrollError) -> Result<(), EnrollError> {
        match self.status {
            StatusCode::OK => Ok(()),
            _ => Err(refusal(self)),
        }
    }

    /// How far the server's clock is ahead of this machine's (`Date`, RFC 9110 section 6.6.1); zero where the two are
    /// as good as the same.
    ///
    /// The server is the CA, and has been authenticated: where they differ, it is this machine's clock that is wrong.
    pub(super) fn clock_ahead(&self) -> time::Duration {
        let date = self.headers.get(DATE);
        let date = date.and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
        date.map_or(time::Duration::ZERO, |date| {
            ahead(OffsetDateTime::from(date), self.came)
        })
    }

    /// Until it is worth asking again: 1 s to an hour, 10 s if the server does not say (RFC 9110 section 10.2.3).
    pub(super) fn retry_after(&self) -> Duration {
        let value = self.headers.get(RETRY_AFTER);
        let seconds = value
            .and_then(|value| value.to_str().ok())
            .and_then(|text| match text.trim().parse() {
                Ok(seconds) => Some(seconds),
                // By the server's clock, which `Date` has.
                Err(_) => {
                    let at = OffsetDateTime::from(httpdate::parse_http_date(text).ok()?);
                    let left = at - self.came.saturating_add(self.clock_ahead());
                    Some(left.whole_seconds().max(0).unsigned_abs())
                }
            });
        Duration::from_secs(seconds.unwrap_or(10).clamp(1, 3600))
    }
}

/// A `Date` has no fractions of a second, and an answer takes its time: what is within that is no difference.
fn ahead(server: OffsetDateTime, here: OffsetDateTime) -> time::Duration {
    let ahead = server - here;
    match ahead.abs() < INACCURACY {
        true => time::Duration::ZERO,
        false => ahead,
    }
}

/// It is shown on a terminal, and written into logs.
pub(super) fn printable(text: &str) -> String {
    let printable = |found: char| match found.is_control() || reorders_a_line(found) {
        true => ' ',
        false => found,
    };
    text.chars().take(1000).map(printable).collect()
}

const MAX_BODY: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(60);
const INACCURACY: time::Duration = time::Duration::seconds(3);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use time::macros::datetime;

    use super::*;

    #[test]
    fn clocks_differ_from_three_seconds_on() {
        let here = datetime!(2026-11-27 12:00:00.9 UTC);
        for (seconds, differs) in [
            (0.0, false),
            (-2.9, false),
            (2.9, false),
            (3.0, true),
            (-60.0, true),
        ] {
            let apart = time::Duration::seconds_f64(seconds);
            let found = ahead(here + apart, here);
            assert_eq!(
                found,
                if differs { apart } else { time::Duration::ZERO },
                "{seconds}"
            );
        }
    }

    #[test]
    fn what_a_server_says_is_printed_as_one_line_that_reads_as_it_is() {
        let said = "no\u{1b}[2J\u{9b}1m\r\n\u{202e}seY\u{2028}é";
        assert_eq!(printable(said), "no [2J 1m   seY é");
        assert_eq!(printable(&"a".repeat(2000)).len(), 1000);
    }

    #[test]
    fn a_server_says_in_seconds_or_by_a_date_when_to_ask_again() {
        let date = |time: &str| format!("Fri, 27 Nov 2026 {time} GMT");
        for (server, retry_after, seconds) in [
            ("12:00:00", "5".to_owned(), 5),
            ("12:00:00", " 30 ".to_owned(), 30),
            ("12:00:00", "0".to_owned(), 1),
            ("12:00:00", "999999999".to_owned(), 3600),
            ("12:00:00", date("12:00:30"), 30),
            // By a clock that is a minute ahead.
            ("12:01:00", date("12:01:30"), 30),
            ("12:00:00", date("11:59:00"), 1),
            ("12:00:00", "soon".to_owned(), 10),
            ("12:00:00", "-1".to_owned(), 10),
        ] {
            let fields = [(DATE, date(server)), (RETRY_AFTER, retry_after.clone())];
            let fields = fields.map(|(name, value)| (name, HeaderValue::try_from(value).unwrap()));
            let answer = Answer {
                status: StatusCode::ACCEPTED,
                came: datetime!(2026-11-27 12:00 UTC),
                headers: fields.into_iter().collect(),
                body: Bytes::new(),
            };
            let found = answer.retry_after();
            assert_eq!(
                found,
                Duration::from_secs(seconds),
                "{server} {retry_after}"
            );
        }
    }
}
