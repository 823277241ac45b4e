//! From an error of rustls, hyper or reqwest to the kind that a person can act on.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};
use tls_identity::alert_name;

use crate::failure::client_error::ClientError;
use crate::failure::error::{Error, ErrorKind, Source};
use crate::failure::presented::Presented;

impl Error {
    /// Finds out what `error` is about, by walking down its causes.
    ///
    /// Works for what this crate's connector, hyper, reqwest, tonic and bare rustls streams return.
    #[must_use]
    pub fn classify(error: &(dyn StdError + 'static)) -> Self {
        Self::find(error, None)
    }

    /// As [`classify`](Self::classify), for a connection without an answer so far. `presented` is what we presented on
    /// this connection, if the server requested a certificate.
    pub(crate) fn explain(error: impl Into<Source>, presented: Option<&Presented>) -> Self {
        let error = error.into();
        let found = Self::find(error.as_ref(), presented);
        if found.has_cause() {
            return found;
        }
        let (kind, sentence) = (found.kind().clone(), found.to_string());
        match kind {
            // The sentence names the alert.
            ErrorKind::IdentityRejected { alert: Some(_) } => Self::telling(kind, sentence, error),
            _ => Self::caused(kind, sentence, error),
        }
    }

    fn find(error: &(dyn StdError + 'static), presented: Option<&Presented>) -> Self {
        let mut last_io = None;
        let mut client = None;
        let mut transport = false;
        let mut next = Some(error);
        while let Some(current) = next {
            if let Some(known) = current.downcast_ref::<Self>() {
                return known.clone();
            }
            if let Some(tls) = current.downcast_ref::<rustls::Error>() {
                return Self::from_tls(tls, presented);
            }
            if current.is::<tokio::time::error::Elapsed>() {
                return Self::timeout();
            }
            client = client.or_else(|| ClientError::of(current));
            if client == Some(ClientError::Timeout) {
                return Self::timeout();
            }
            transport |= current.is::<hyper::Error>() || current.is::<h2::Error>();
            if let Some(refusal) = Self::rejected_in_text(&current.to_string(), presented) {
                return refusal;
            }
            next = match current.downcast_ref::<io::Error>() {
                // `io::Error::source` skips the error that it wraps.
                Some(io) => {
                    last_io = Some(io.kind());
                    io.get_ref().map(|inner| inner as &(dyn StdError + 'static))
                }
                None => current.source(),
            };
        }
        if let Some(kind) = last_io {
            return if presented.is_some() && is_end(kind) {
                Self::rejected_by_closing()
            } else {
                Self::from_io_kind(kind, root_cause(error))
            };
        }
        // A body that breaks off is an error of reading it to reqwest, and one of the transport to us.
        let client = client.filter(|client| *client != ClientError::Body || !transport);
        Self::from_client(client, &root_cause(error))
    }

    fn from_client(client: Option<ClientError>, cause: &str) -> Self {
        let (kind, sentence) = match client {
            Some(ClientError::Body) => (
                ErrorKind::Body,
                format!("the answer is not what was expected of it: {cause}"),
            ),
            Some(ClientError::Connect) => (ErrorKind::Connect, format!("no connection: {cause}")),
            Some(ClientError::PlainHttp) => return Self::plain_http(),
            Some(ClientError::Redirect) => (
                ErrorKind::Redirect,
                format!("the server's redirect is not followed: {cause}"),
            ),
            Some(ClientError::Request) => (
                ErrorKind::InvalidRequest,
                format!("the request cannot be made: {cause}; check its URL and headers"),
            ),
            Some(ClientError::Status(status)) => (
                ErrorKind::Status(status),
                format!("the server answered {status}"),
            ),
            Some(ClientError::Timeout) => return Self::timeout(),
            None => (ErrorKind::Protocol, format!("the request failed: {cause}")),
        };
        Self::new(kind, sentence)
    }

    pub(crate) fn timeout() -> Self {
        Self::new(
            ErrorKind::Timeout,
            "the server did not answer in time; check the address, the port and any firewall between",
        )
    }

    fn from_io_kind(kind: io::ErrorKind, cause: String) -> Self {
        use io::ErrorKind as Io;
        match kind {
            Io::TimedOut => Self::timeout(),
            Io::ConnectionRefused => Self::new(
                ErrorKind::Connect,
                "nobody listens at that address and port; check that the server is running",
            ),
            _ if is_end(kind) => Self::new(
                ErrorKind::Protocol,
                format!(
                    "the server closed the connection before its answer was complete ({cause}); its log \
                     may say why, a refused certificate among other reasons"
                ),
            ),
            Io::InvalidData => Self::new(
                ErrorKind::Protocol,
                format!("the answer cannot be read: {cause}"),
            ),
            _ => Self::new(ErrorKind::Connect, format!("no connection: {cause}")),
        }
    }

    /// What a rustls error is about, on a connection on which this was presented.
    fn from_tls(error: &rustls::Error, presented: Option<&Presented>) -> Self {
        let protocol =
            |sentence: String| Self::caused(ErrorKind::Protocol, sentence, error.clone());
        match error {
            rustls::Error::AlertReceived(alert) => {
                Self::rejected_by_alert(*alert, presented).unwrap_or_else(|| match alert {
                    AlertDescription::UnrecognisedName => Self::caused(
                        ErrorKind::NameMismatch,
                        "the server does not serve that name (alert unrecognized_name); check the host \
                         in the URL",
                        error.clone(),
                    ),
                    AlertDescription::ProtocolVersion => protocol(
                        "the server speaks none of the TLS versions that we offer (alert \
                         protocol_version)"
                            .to_owned(),
                    ),
                    AlertDescription::InternalError => protocol(
                        "the server gave up (alert internal_error), which is also how Caddy and other Go \
                         servers answer to a name that they have no certificate for; its log says more"
                            .to_owned(),
                    ),
                    _ => protocol(format!(
                        "the server ended the connection with the alert {}",
                        alert_name(*alert)
                    )),
                })
            }
            rustls::Error::InvalidCertificate(reason) => Self::from_certificate_error(reason, error),
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => protocol(
                "the server does not speak TLS on that port; check the port, or whether the server \
                 serves plain HTTP"
                    .to_owned(),
            ),
            rustls::Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ) => protocol("the server offers no TLS version that we accept (1.2 and 1.3)".to_owned()),
            other => protocol(format!("the TLS connection failed: {other}")),
        }
    }

    /// The kinds behind rustls's own words, for whoever uses our configuration without our connector.
    fn from_certificate_error(reason: &CertificateError, error: &rustls::Error) -> Self {
        use CertificateError as C;
        let (kind, sentence) = match reason {
            C::Other(other) => match other.0.downcast_ref::<Self>() {
                Some(known) => return known.clone(),
                None => (
                    ErrorKind::UntrustedServer,
                    format!("the server's certificate was refused: {reason}"),
                ),
            },
            C::Expired
            | C::ExpiredContext { .. }
            | C::NotValidYet
            | C::NotValidYetContext { .. } => {
                (ErrorKind::Expired, format!("the server's {reason}"))
            }
            C::NotValidForName | C::NotValidForNameContext { .. } => {
                (ErrorKind::NameMismatch, format!("the server's {reason}"))
            }
            C::Revoked => (
                ErrorKind::Revoked,
                "the server's certificate is revoked".to_owned(),
            ),
            _ => (
                ErrorKind::UntrustedServer,
                format!("the server's certificate was refused: {reason}"),
            ),
        };
        Self::caused(kind, sentence, error.clone())
    }
}

/// The other side is gone.
pub(crate) fn is_end(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as Io;
    matches!(
        kind,
        Io::BrokenPipe | Io::ConnectionAborted | Io::ConnectionReset | Io::UnexpectedEof
    )
}

fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut current = error;
    loop {
        let inner = current
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let below = match inner {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => current.source(),
        };
        match below {
            Some(below) => current = below,
            None => return current.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_has_the_name_that_the_rfc_gives_it() {
        for (alert, name) in [
            (AlertDescription::BadRecordMac, "bad_record_mac"),
            (AlertDescription::from(200), "200"),
        ] {
            let error = Error::classify(&rustls::Error::AlertReceived(alert));
            let expected = format!("the server ended the connection with the alert {name}");
            assert_eq!(error.to_string(), expected);
        }
    }
}
