//! Who came, and what was decided: one event for each connection, and one for each request that a
//! rule decided about.
//!
//! Target [`TARGET`], fields `outcome` (`accepted`, `anonymous`, `refused`; `ended` of one that was
//! let in), `reason` (a code), `peer`, and as far as known `subject` and `issuer` (RFC 4514),
//! `serial`, `spki` (SHA-256, hex), `sni`, `version`, `resumed`. Names of a refused certificate are
//! what the peer claimed.
//!
//! The event of a request has the outcome `allowed` or `denied`, and `rule`, which names the rule
//! that decided. It says nothing of the request itself: a span around the request does.
//!
//! A request that told of a client certificate in its headers and came from no trusted proxy has the
//! outcome `stripped`; one in which a trusted proxy told it badly, `unusable`, with the `reason` in a
//! sentence. Names are those of the connection's certificate.

use std::{error::Error, fmt::Display, net::SocketAddr};

use axum::http::Extensions;
use tracing::{Level, event, event_enabled};
use x509_identity::Certificate;

use crate::{
    connection::{identity::ConnectionIdentity, live::End},
    handshake::refusal::Refusal,
    observe::measure,
    peer::client_cert::ClientCert,
    text::{Hex, sentence},
};

/// The `tracing` target of audit events, for filters.
pub const TARGET: &str = "mtls_server::audit";

pub(crate) fn let_in(connection: &ConnectionIdentity) {
    if !event_enabled!(target: TARGET, Level::INFO) {
        return;
    }
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
        resumed = tls.resumed(),
        "connection {outcome}",
    );
}

/// A connection that had been let in was ended by the server.
pub(crate) fn ended(connection: &ConnectionIdentity, end: End) {
    measure::ended(end);
    let client = connection.client();
    let names = client.map(|client| Names::of(client.certificate()));
    let names = names.as_ref();
    macro_rules! ended {
        ($level:expr) => {
            event!(
                target: TARGET,
                $level,
                outcome = "ended",
                reason = end.code(),
                peer = %connection.peer(),
                subject = names.map(|names| names.subject.as_str()),
                issuer = names.map(|names| names.issuer.as_str()),
                serial = names.map(|names| names.serial.as_str()),
                spki = names.map(|names| names.spki.as_str()),
                sni = connection.tls().server_name(),
                "connection ended",
            )
        };
    }
    match end.condemns() {
        true => ended!(Level::WARN),
        false => ended!(Level::INFO),
    }
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
        sentence(refusal.reason()),
    );
}

/// What was decided about one request. Nothing is formatted unless somebody listens.
pub(crate) fn decided(
    extensions: &Extensions,
    client: Option<&ClientCert>,
    rule: &dyn Display,
    outcome: Outcome,
    reason: &dyn Display,
) {
    macro_rules! decision {
        ($level:expr, $outcome:literal) => {
            event!(
                target: TARGET,
                $level,
                outcome = $outcome,
                reason = %reason,
                rule = %rule,
                peer = ConnectionIdentity::of(extensions).map(|it| display(it.peer())),
                subject = client.map(|client| display(client.subject())),
                issuer = client.map(|client| display(client.issuer())),
                serial = client.map(|client| display(client.serial())),
                spki = client.map(|client| display(Hex(client.spki_sha256()))),
                concat!("request ", $outcome),
            )
        };
    }
    match outcome {
        Outcome::Allowed => decision!(Level::INFO, "allowed"),
        Outcome::Denied => {
            measure::denied(rule);
            decision!(Level::WARN, "denied");
        }
    }
}

/// Headers were removed that only a trusted proxy may send.
pub(crate) fn stripped(connection: &ConnectionIdentity) {
    measure::spoofed();
    let client = connection.client();
    event!(
        target: TARGET,
        Level::WARN,
        outcome = "stripped",
        reason = "untrusted-certificate-header",
        peer = %connection.peer(),
        subject = client.map(|client| display(client.subject())),
        issuer = client.map(|client| display(client.issuer())),
        serial = client.map(|client| display(client.serial())),
        spki = client.map(|client| display(Hex(client.spki_sha256()))),
        "certificate headers stripped",
    );
}

/// What a trusted proxy forwarded names nobody.
pub(crate) fn unusable(connection: &ConnectionIdentity, cause: &dyn Error) {
    let client = connection.client();
    event!(
        target: TARGET,
        Level::WARN,
        outcome = "unusable",
        reason = sentence(cause),
        peer = %connection.peer(),
        subject = client.map(|client| display(client.subject())),
        issuer = client.map(|client| display(client.issuer())),
        serial = client.map(|client| display(client.serial())),
        spki = client.map(|client| display(Hex(client.spki_sha256()))),
        "forwarded certificate unusable",
    );
}

#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    Allowed,
    Denied,
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
            spki: Hex(certificate.spki_sha256()).to_string(),
        }
    }
}
