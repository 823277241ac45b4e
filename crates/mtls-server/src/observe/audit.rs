//! Audit events: one for each connection, and one for each decision of a rule or authorizer.
//!
//! The target is [`TARGET`]. The fields are `outcome` (`accepted`, `anonymous`, `refused`; `ended` for
//! an accepted connection that the server ended), `reason` (a code), `peer`, and as far as they are
//! known `subject` and `issuer` (RFC 4514), `serial`, `spki` (SHA-256, hex), `sni`, `version` and
//! `resumed`. The names of a refused certificate are only what the peer claimed.
//!
//! A client that was accepted without clientAuth
//! ([`accept_without_client_auth`](crate::VirtualHost::accept_without_client_auth)) has the reason
//! `without-client-auth`, the level `WARN`, and the field `until`. So has a certificate that a proxy forwarded,
//! if its verifier accepted it so.
//!
//! The event of a decision has the outcome `allowed` or `denied`, and `rule`, which names the rule that
//! decided. If it is about an HTTP request, it has `method` and `path`, without the query.
//!
//! A request with headers that claim a client certificate has the outcome `stripped` if it does not come
//! from a trusted proxy. If a trusted proxy has written them badly, the outcome is `unusable`, and
//! `reason` is a sentence. The names are those of the connection's certificate.
//!
//! Whatever a peer may have chosen is a text field. So a subscriber that writes lines puts it between
//! quotes, and a name such as `CN=m outcome=allowed` adds no field. For the same reason the sentence
//! that says why a connection was refused, which is part of the message, is between quotes.

use std::{error::Error, fmt::Display, net::SocketAddr};

use axum::{
    extract::OriginalUri,
    http::{Extensions, Method, Uri},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tracing::{Level, event, event_enabled};
use x509_identity::{Certificate, DistinguishedName};

use crate::{
    observe::{
        metrics,
        text::{Hex, sentence},
    },
    peer::{client_cert::ClientCert, tls_info::TlsInfo},
};

/// The `tracing` target of audit events, for filters.
pub const TARGET: &str = "mtls_server::audit";

/// The connection that an event is about.
#[derive(Clone, Copy)]
pub(crate) struct Connection<'a> {
    pub(crate) peer: SocketAddr,
    pub(crate) client: Option<&'a ClientCert>,
    pub(crate) tls: &'a TlsInfo,
}

/// A connection was accepted, with or without a certificate.
pub(crate) fn accepted(Connection { peer, client, tls }: Connection<'_>) {
    let until = client.and_then(ClientCert::without_client_auth_until);
    let is_heard = match until {
        Some(_) => event_enabled!(target: TARGET, Level::WARN),
        None => event_enabled!(target: TARGET, Level::INFO),
    };
    if !is_heard {
        return;
    }
    let names = client.map(|client| Names::of(client.certificate()));
    let names = names.as_ref();
    let (outcome, reason) = match (client, until) {
        (Some(_), Some(_)) => ("accepted", "without-client-auth"),
        (Some(_), None) => ("accepted", "verified"),
        (None, _) => ("anonymous", "no-certificate"),
    };
    macro_rules! accepted {
        ($level:expr) => {
            event!(
                target: TARGET,
                $level,
                outcome,
                reason,
                until = until.and_then(|until| until.format(&Rfc3339).ok()),
                %peer,
                subject = names.map(|names| names.subject.as_str()),
                issuer = names.map(|names| names.issuer.as_str()),
                serial = names.map(|names| names.serial.as_str()),
                spki = names.map(|names| names.spki.as_str()),
                sni = tls.server_name(),
                version = tls.version(),
                resumed = tls.resumed(),
                "connection {outcome}",
            )
        };
    }
    match until {
        Some(_) => accepted!(Level::WARN),
        None => accepted!(Level::INFO),
    }
}

/// A proxy has forwarded a certificate that its verifier accepted without clientAuth.
pub(crate) fn forwarded_without_client_auth(
    peer: SocketAddr,
    leaf: &Certificate,
    until: OffsetDateTime,
) {
    metrics::accepted_without_client_auth(false);
    let names = Names::of(leaf);
    event!(
        target: TARGET,
        Level::WARN,
        outcome = "accepted",
        reason = "without-client-auth",
        until = until.format(&Rfc3339).ok(),
        %peer,
        subject = names.subject,
        issuer = names.issuer,
        serial = names.serial,
        spki = names.spki,
        "forwarded certificate accepted",
    );
}

/// The server ended a connection that it had accepted. `warn` where its client is no longer good.
pub(crate) fn ended(connection: Connection<'_>, reason: &'static str, warn: bool) {
    let Connection { peer, client, tls } = connection;
    metrics::ended(reason);
    let names = client.map(|client| Names::of(client.certificate()));
    let names = names.as_ref();
    macro_rules! ended {
        ($level:expr) => {
            event!(
                target: TARGET,
                $level,
                outcome = "ended",
                reason,
                %peer,
                subject = names.map(|names| names.subject.as_str()),
                issuer = names.map(|names| names.issuer.as_str()),
                serial = names.map(|names| names.serial.as_str()),
                spki = names.map(|names| names.spki.as_str()),
                sni = tls.server_name(),
                "connection ended",
            )
        };
    }
    match warn {
        true => ended!(Level::WARN),
        false => ended!(Level::INFO),
    }
}

/// A connection that was refused, and what its peer claimed.
pub(crate) struct Refused<'a> {
    pub(crate) peer: SocketAddr,
    pub(crate) reason: &'static str,
    pub(crate) cause: &'a dyn Error,
    pub(crate) claimed: Option<&'a Certificate>,
    /// Also where nothing else of the certificate can be read.
    pub(crate) subject: Option<&'a DistinguishedName>,
    pub(crate) server_name: Option<&'a str>,
    pub(crate) version: Option<&'static str>,
}

/// A connection was refused.
pub(crate) fn refused(refused: &Refused<'_>) {
    let claimed = refused.claimed;
    event!(
        target: TARGET,
        Level::WARN,
        outcome = "refused",
        reason = refused.reason,
        peer = %refused.peer,
        subject = refused.subject.map(ToString::to_string),
        issuer = claimed.map(|claimed| claimed.issuer().to_string()),
        serial = claimed.map(|claimed| claimed.serial().to_string()),
        spki = claimed.map(|claimed| Hex(claimed.spki_sha256()).to_string()),
        sni = refused.server_name,
        version = refused.version,
        "connection refused: {:?}",
        sentence(refused.cause),
    );
}

/// The HTTP request that a decision is about.
#[derive(Clone, Copy)]
pub(crate) struct AboutRequest<'a> {
    method: &'a Method,
    path: &'a str,
}

impl<'a> AboutRequest<'a> {
    /// `uri` is that of the request, without what nested routers took away from it.
    pub(crate) fn new(method: &'a Method, uri: &'a Uri, extensions: &'a Extensions) -> Self {
        let uri = extensions
            .get::<OriginalUri>()
            .map_or(uri, |original| &original.0);
        let path = uri.path();
        Self { method, path }
    }
}

/// A rule or an authorizer has decided. Nothing is formatted unless somebody listens.
pub(crate) fn decided(
    request: Option<AboutRequest<'_>>,
    peer: SocketAddr,
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
                reason = reason.to_string(),
                rule = rule.to_string(),
                method = request.map(|request| request.method.as_str()),
                path = request.map(|request| request.path),
                %peer,
                subject = client.map(|client| client.subject().to_string()),
                issuer = client.map(|client| client.issuer().to_string()),
                serial = client.map(|client| client.serial().to_string()),
                spki = client.map(|client| Hex(client.spki_sha256()).to_string()),
                concat!("request ", $outcome),
            )
        };
    }
    match outcome {
        Outcome::Allowed => decision!(Level::INFO, "allowed"),
        Outcome::Denied => {
            metrics::denied(rule);
            decision!(Level::WARN, "denied");
        }
    }
}

/// Headers were removed that only a trusted proxy may send.
pub(crate) fn stripped(peer: SocketAddr, client: Option<&ClientCert>) {
    metrics::spoofed();
    event!(
        target: TARGET,
        Level::WARN,
        outcome = "stripped",
        reason = "untrusted-certificate-header",
        %peer,
        subject = client.map(|client| client.subject().to_string()),
        issuer = client.map(|client| client.issuer().to_string()),
        serial = client.map(|client| client.serial().to_string()),
        spki = client.map(|client| Hex(client.spki_sha256()).to_string()),
        "certificate headers stripped",
    );
}

/// What a trusted proxy forwarded cannot be used.
pub(crate) fn unusable(peer: SocketAddr, client: Option<&ClientCert>, cause: &dyn Error) {
    event!(
        target: TARGET,
        Level::WARN,
        outcome = "unusable",
        reason = sentence(cause),
        %peer,
        subject = client.map(|client| client.subject().to_string()),
        issuer = client.map(|client| client.issuer().to_string()),
        serial = client.map(|client| client.serial().to_string()),
        spki = client.map(|client| Hex(client.spki_sha256()).to_string()),
        "forwarded certificate unusable",
    );
}

#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    Allowed,
    Denied,
}

/// A certificate's names as text, for one event.
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
