//! One event for each connection: who came, and what was decided.
//!
//! Target [`TARGET`], fields `outcome` (`accepted`, `anonymous`, `refused`), `reason` (a code),
//! `peer`, and as far as known `subject` and `issuer` (RFC 4514), `serial`, `spki` (SHA-256, hex),
//! `sni`, `version`. Names of a refused certificate are what the peer claimed.

use std::{error::Error, fmt::Write as _, net::SocketAddr};

use tracing::{Level, event};
use x509_identity::Certificate;

use crate::{connection::ConnectionIdentity, refusal::Refusal};

/// The `tracing` target of audit events, for filters.
pub const TARGET: &str = "mtls_server::audit";

pub(crate) fn let_in(connection: &ConnectionIdentity) {
    let client = connection.client();
    let names = client.map(|client| Names::of(client.certificate()));
    let names = names.as_ref();
    let tls = connection.tls();
    let (outcome, reason) = match client {
        Some(_) => ("accepted", "verified"),
        None => ("anonymous", "no-certificate"),
    };
    event!(
        target: TARGET,
        Level::INFO,
        outcome,
        reason,
        peer = %connection.peer(),
        subject = names.map(|names| names.subject.as_str()),
        issuer = names.map(|names| names.issuer.as_str()),
        serial = names.map(|names| names.serial.as_str()),
        spki = names.map(|names| names.spki.as_str()),
        sni = tls.server_name(),
        version = tls.version(),
        "connection {outcome}",
    );
}

pub(crate) fn turned_away(refusal: &Refusal, peer: SocketAddr) {
    let names = refusal.claimed().map(Names::of);
    let names = names.as_ref();
    event!(
        target: TARGET,
        Level::WARN,
        outcome = "refused",
        reason = refusal.reason().code(),
        %peer,
        subject = names.map(|names| names.subject.as_str()),
        issuer = names.map(|names| names.issuer.as_str()),
        serial = names.map(|names| names.serial.as_str()),
        spki = names.map(|names| names.spki.as_str()),
        sni = refusal.server_name.as_deref(),
        version = refusal.version,
        "connection refused: {}",
        sentence(refusal),
    );
}

/// A certificate's names as text; made only when an event is.
struct Names {
    subject: String,
    issuer: String,
    serial: String,
    spki: String,
}

impl Names {
    fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.serial().to_string(),
            spki: hex(certificate.spki_sha256()),
        }
    }
}

/// The refusal with its causes, on one line.
fn sentence(refusal: &Refusal) -> String {
    let mut sentence = refusal.reason().to_string();
    let mut cause = refusal.reason().source();
    while let Some(error) = cause {
        // Writing to a String cannot fail.
        let _ = write!(sentence, ": {error}");
        cause = error.source();
    }
    sentence
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
