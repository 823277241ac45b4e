//! The CRLs and OCSP responders that certificates name: reachable, fresh, of the right issuer?

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use pki_core::Crl;
use pki_core::ocsp::{MAX_RESPONSE_LEN, OcspRequest, OcspStatus, responder_urls};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::judge::Known;
use super::observation::{NotReached, Observation};
use super::url::{AGENT, ServerUrl};
use super::wire::{self, Timed};

/// A CRL or OCSP URL of a certificate, and what it gave.
#[derive(Clone, Debug)]
pub(crate) struct RevocationSource {
    /// The certificate that names the URL.
    pub(crate) of: Box<Certificate>,
    /// Whether the certificate is of the server's chain; else it is of the identity's.
    pub(crate) servers: bool,
    /// The URL.
    pub(crate) url: String,
    /// What it is the URL of.
    pub(crate) kind: Kind,
    /// Whether the certificate is revoked, or what is wrong with what came.
    pub(crate) status: Result<Status, RevocationProblem>,
}

/// What a URL is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A CRL distribution point.
    Crl,
    /// An OCSP responder.
    Ocsp,
}

/// What a good answer says about the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked,
    /// The issuer is not known, so nothing can be verified; something came.
    Unverified,
}

/// Why an answer does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RevocationProblem {
    /// Not signed by the CA's key.
    #[error("is not signed by the key of {issuer}")]
    BadSignature {
        /// The CA.
        issuer: String,
    },
    /// The CRL is past its nextUpdate.
    #[error("expired at {next_update}")]
    Expired {
        /// Its nextUpdate.
        next_update: OffsetDateTime,
    },
    /// It is dated in the future.
    #[error("is dated {this_update}, in the future")]
    NotYetValid {
        /// Its thisUpdate.
        this_update: OffsetDateTime,
    },
    /// The OCSP answer does not count.
    #[error("{0}")]
    Ocsp(String),
    /// Of another CA.
    #[error("is of another CA, {found}")]
    OtherIssuer {
        /// Its issuer.
        found: String,
    },
    /// No connection, or no whole answer.
    #[error("cannot be fetched: {0}")]
    Unreachable(String),
    /// Not a CRL.
    #[error("is not a CRL: {0}")]
    Unreadable(String),
}

/// Asks each http URL that the two chains name, once.
pub(super) fn fetch(
    seen: &Observation,
    known: &Known<'_>,
    now: OffsetDateTime,
    timeout: Duration,
) -> Vec<RevocationSource> {
    let servers: Vec<_> = seen
        .chain()
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok())
        .collect();
    let ours = known.chain();
    let mut asked = BTreeSet::new();
    let mut sources = Vec::new();
    let all = servers
        .iter()
        .map(|one| (one, true))
        .chain(ours.iter().map(|one| (one, false)));
    for (certificate, of_servers) in all {
        let crls = certificate
            .crl_distribution_points()
            .iter()
            .map(|url| (url.clone(), Kind::Crl));
        let ocsp = responder_urls(certificate)
            .into_iter()
            .map(|url| (url, Kind::Ocsp));
        let issuer = servers
            .iter()
            .chain(ours)
            .chain(known.certificates())
            .find(|ca| {
                certificate.names_issuer(ca) && pki_core::verify::is_signed_by(certificate, ca)
            });
        for (url, kind) in crls.chain(ocsp) {
            let is_http = url
                .get(..7)
                .is_some_and(|start| start.eq_ignore_ascii_case("http://"));
            let is_new = asked.insert((url.clone(), certificate.serial().to_string()));
            if !is_http || !is_new || sources.len() == MAX_SOURCES {
                continue;
            }
            sources.push(RevocationSource {
                of: Box::new(certificate.clone()),
                servers: of_servers,
                status: match kind {
                    Kind::Crl => crl(&url, certificate, issuer, now, timeout),
                    Kind::Ocsp => ocsp_status(&url, certificate, issuer, now, timeout),
                },
                url,
                kind,
            });
        }
    }
    sources
}

fn crl(
    url: &str,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
    now: OffsetDateTime,
    timeout: Duration,
) -> Result<Status, RevocationProblem> {
    let bytes = get(url, timeout)?;
    let crl = Crl::from_pem_or_der(&bytes)
        .map_err(|error| RevocationProblem::Unreadable(error.to_string()))?;
    check_crl(&crl, certificate, issuer, now)
}

/// What a CRL says about `certificate`, or why it says nothing.
pub(super) fn check_crl(
    crl: &Crl,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
    now: OffsetDateTime,
) -> Result<Status, RevocationProblem> {
    let Some(issuer) = issuer else {
        return Ok(Status::Unverified);
    };
    if crl.issuer_der() != issuer.subject_der() && crl.issuer_der() != certificate.issuer_der() {
        let found = crl.issuer().map_or_else(
            |_| "of an unreadable name".to_owned(),
            |name| name.to_string(),
        );
        return Err(RevocationProblem::OtherIssuer { found });
    }
    if !crl.is_signed_by(issuer) {
        let issuer = issuer.subject().to_string();
        return Err(RevocationProblem::BadSignature { issuer });
    }
    if crl
        .entries()
        .any(|entry| entry.serial == *certificate.serial())
    {
        return Ok(Status::Revoked);
    }
    if crl.next_update() < now {
        let next_update = crl.next_update();
        return Err(RevocationProblem::Expired { next_update });
    }
    if crl.this_update() > now + SKEW {
        let this_update = crl.this_update();
        return Err(RevocationProblem::NotYetValid { this_update });
    }
    Ok(Status::Good)
}

fn ocsp_status(
    url: &str,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
    now: OffsetDateTime,
    timeout: Duration,
) -> Result<Status, RevocationProblem> {
    let Some(issuer) = issuer else {
        return Ok(Status::Unverified);
    };
    let said = |error: pki_core::ocsp::OcspError| RevocationProblem::Ocsp(error.to_string());
    let request = OcspRequest::for_certificate(certificate, issuer);
    let response = exchange(
        url,
        Some(&request.to_der().map_err(said)?),
        MAX_RESPONSE_LEN,
        timeout,
    )?;
    let answer = request.verify(&response, now).map_err(said)?;
    match answer.status() {
        OcspStatus::Good => Ok(Status::Good),
        OcspStatus::Revoked { .. } => Ok(Status::Revoked),
        _ => Err(RevocationProblem::Ocsp(
            "the responder does not know the certificate".to_owned(),
        )),
    }
}

fn get(url: &str, timeout: Duration) -> Result<Vec<u8>, RevocationProblem> {
    exchange(url, None, MAX_CRL_LEN, timeout)
}

/// One HTTP/1.0 exchange, so that no part of the answer comes in chunks.
fn exchange(
    url: &str,
    body: Option<&[u8]>,
    limit: usize,
    timeout: Duration,
) -> Result<Vec<u8>, RevocationProblem> {
    let unreachable = |said: &str| RevocationProblem::Unreachable(said.to_owned());
    let until = Instant::now() + timeout;
    let parsed: ServerUrl = url
        .parse()
        .map_err(|error: super::url::ServerUrlError| unreachable(&error.to_string()))?;
    let addresses = wire::addresses(parsed.host(), parsed.port(), until);
    let stream = addresses.and_then(|addresses| wire::dial(&addresses, until));
    let (stream, _) = stream.map_err(|error| unreachable(&not_reached(&error)))?;
    let (method, entity) = match body {
        Some(body) => (
            "POST",
            format!(
                "Content-Type: application/ocsp-request\r\nContent-Length: {}\r\n",
                body.len()
            ),
        ),
        None => ("GET", String::new()),
    };
    let head = format!(
        "{method} {} HTTP/1.0\r\nHost: {}\r\nUser-Agent: {AGENT}\r\n{entity}\r\n",
        parsed.target(),
        parsed.authority()
    );
    let request = [head.as_bytes(), body.unwrap_or_default()].concat();
    let received = wire::exchange(&mut Timed::new(stream, until), &request, limit + MAX_HEAD);
    match received.status {
        Some(200) if received.whole && received.body.len() <= limit => Ok(received.body),
        Some(200) => Err(unreachable("the answer is not whole")),
        Some(status) => Err(unreachable(&format!("the answer is {status}"))),
        None => Err(unreachable("there is no answer in HTTP")),
    }
}

/// In words.
pub(super) fn not_reached(error: &NotReached) -> String {
    match error {
        NotReached::NoAddress { said } => format!("the host has no address ({said})"),
        NotReached::Refused => "nobody listens at that address and port".to_owned(),
        NotReached::Silent => "there is no answer in time".to_owned(),
        NotReached::Other { said } => said.clone(),
    }
}

const MAX_SOURCES: usize = 8;
const MAX_CRL_LEN: usize = 16 << 20;
const MAX_HEAD: usize = 16 << 10;
const SKEW: time::Duration = time::Duration::minutes(5);
