//! Asking the URLs that certificates name.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use pki_core::Crl;
use pki_core::ocsp::{MAX_RESPONSE_LEN, OcspRequest, OcspStatus, responder_urls};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::source::{Kind, RevocationProblem, RevocationSource, Status, check_crl};
use crate::probe::known::Known;
use crate::probe::observation::{NotReached, Observation};
use crate::probe::url::{AGENT, ServerUrl, ServerUrlError};
use crate::probe::wire::{self, Timed};

/// Asks each http URL that the two chains name, once.
pub(in crate::probe) fn fetch(
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
            // Only what can be printed as it is: the server may have chosen it.
            let is_http = url
                .get(..7)
                .is_some_and(|start| start.eq_ignore_ascii_case("http://"))
                && url.bytes().all(|byte| byte.is_ascii_graphic());
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
        .map_err(|error: ServerUrlError| unreachable(&error.to_string()))?;
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
fn not_reached(error: &NotReached) -> String {
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
