//! Asking the URLs that certificates name.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use pki_core::Crl;
use pki_core::ocsp::{MAX_RESPONSE_LEN, OcspRequest, OcspStatus, responder_urls};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::source::{Kind, RevocationProblem, RevocationSource, Status, check_crl};
use crate::files::issued;
use crate::probe::known::Known;
use crate::probe::observation::{NotReached, Observation};
use crate::probe::url::{AGENT, ServerUrl, ServerUrlError};
use crate::probe::wire::{self, Timed};

/// Asks each http URL that the two chains name, once. What a server names is asked nowhere on this machine or beside it,
/// unless the server is there as well.
pub(in crate::probe) fn fetch(
    seen: &Observation,
    known: &Known<'_>,
    now: OffsetDateTime,
    timeout: Duration,
) -> Vec<RevocationSource> {
    let servers = seen.certificates();
    let ours = known.chain();
    let server = seen.address.as_ref().ok().map(|address| address.ip());
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
            .find(|ca| issued(certificate, ca));
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
            let asking = Asking {
                url: &url,
                named_by: server.filter(|_| of_servers),
                timeout,
            };
            sources.push(RevocationSource {
                of: Box::new(certificate.clone()),
                servers: of_servers,
                status: match kind {
                    Kind::Crl => crl(&asking, certificate, issuer, now),
                    Kind::Ocsp => ocsp_status(&asking, certificate, issuer, now),
                },
                url,
                kind,
            });
        }
    }
    sources
}

/// One URL, and who has named it.
struct Asking<'a> {
    url: &'a str,
    /// The address of the server in whose certificate it is; none where it is in the client's.
    named_by: Option<IpAddr>,
    timeout: Duration,
}

fn crl(
    asking: &Asking<'_>,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
    now: OffsetDateTime,
) -> Result<Status, RevocationProblem> {
    let bytes = exchange(asking, None, MAX_CRL_LEN)?;
    let crl = Crl::from_pem_or_der(&bytes)
        .map_err(|error| RevocationProblem::Unreadable(error.to_string()))?;
    check_crl(&crl, certificate, issuer, now)
}

fn ocsp_status(
    asking: &Asking<'_>,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
    now: OffsetDateTime,
) -> Result<Status, RevocationProblem> {
    let Some(issuer) = issuer else {
        return Ok(Status::Unverified);
    };
    let said = |error: pki_core::ocsp::OcspError| RevocationProblem::Ocsp(error.to_string());
    let request = OcspRequest::for_certificate(certificate, issuer);
    let request_der = request.to_der().map_err(said)?;
    let response = exchange(asking, Some(&request_der), MAX_RESPONSE_LEN)?;
    let answer = request.verify(&response, now).map_err(said)?;
    match answer.status() {
        OcspStatus::Good => Ok(Status::Good),
        OcspStatus::Revoked { .. } => Ok(Status::Revoked),
        _ => Err(RevocationProblem::Ocsp(
            "the responder does not know the certificate".to_owned(),
        )),
    }
}

/// One HTTP/1.0 exchange, so that no part of the answer comes in chunks.
fn exchange(
    asking: &Asking<'_>,
    body: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<u8>, RevocationProblem> {
    let unreachable = |said: &str| RevocationProblem::Unreachable(said.to_owned());
    let until = Instant::now() + asking.timeout;
    let parsed: ServerUrl = asking
        .url
        .parse()
        .map_err(|error: ServerUrlError| unreachable(&error.to_string()))?;
    let addresses = wire::addresses(parsed.host(), parsed.port(), until);
    let mut addresses = addresses.map_err(|error| unreachable(&not_reached(&error)))?;
    // A server elsewhere has no business here, and can name what listens for this machine or its network alone.
    if let Some(server) = asking.named_by {
        let server = Reach::of(server);
        addresses.retain(|address| Reach::of(address.ip()) >= server);
        if addresses.is_empty() {
            return Err(unreachable(
                "it is an address of this machine or its network, and the server that names it is elsewhere",
            ));
        }
    }
    let stream = wire::dial(&addresses, until);
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

/// From how far away an address is reached, the nearest first.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Reach {
    /// This machine, or its link alone.
    Near,
    /// A private network (RFC 1918, RFC 6598, RFC 4193).
    Private,
    Public,
}

impl Reach {
    fn of(address: IpAddr) -> Self {
        let (near, private) = match address.to_canonical() {
            IpAddr::V4(v4) => {
                let is_shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xC0 == 64;
                let near = v4.is_loopback() || v4.is_link_local() || v4.is_unspecified();
                (near, v4.is_private() || is_shared)
            }
            IpAddr::V6(v6) => {
                let near = v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified();
                (near, v6.is_unique_local())
            }
        };
        match (near, private) {
            (true, _) => Self::Near,
            (false, true) => Self::Private,
            (false, false) => Self::Public,
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::ErrorKind;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_server_elsewhere_has_nothing_asked_on_this_machine() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let ask = |host: &str, named_by: Option<&str>| {
            let asking = Asking {
                url: &format!("http://{host}:{port}/"),
                named_by: named_by.map(|server| server.parse().unwrap()),
                timeout: Duration::from_millis(200),
            };
            let error = exchange(&asking, None, 10).unwrap_err();
            matches!(error, RevocationProblem::Unreachable(said) if said.contains("elsewhere"))
        };
        for host in [
            "127.0.0.1",
            "localhost",
            "[::ffff:127.0.0.1]",
            "[::1]",
            "0.0.0.0",
        ] {
            assert!(ask(host, Some("192.0.2.1")), "{host}");
        }
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        // A server on this machine, and the client's own certificate, may name it.
        for named_by in [Some("127.0.0.1"), Some("::1"), None] {
            assert!(!ask("127.0.0.1", named_by));
            listener.accept().unwrap();
        }
    }

    #[test]
    fn what_is_private_is_reached_from_within_alone() {
        for (address, private) in [
            ("10.0.0.1", true),
            ("172.16.0.1", true),
            ("192.168.1.1", true),
            ("::ffff:192.168.1.1", true),
            ("100.64.0.1", true),
            ("100.127.255.255", true),
            ("fd00::1", true),
            ("100.128.0.1", false),
            ("100.63.0.1", false),
            ("172.32.0.1", false),
            ("192.0.2.1", false),
            ("2001:db8::1", false),
            ("127.0.0.1", false),
        ] {
            let reach = Reach::of(address.parse().unwrap());
            assert_eq!(reach == Reach::Private, private, "{address}");
        }
    }

    #[test]
    fn what_is_near_is_this_machine_and_its_link() {
        for (address, near) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("::1", true),
            ("0.0.0.0", true),
            ("169.254.169.254", true),
            ("fe80::1", true),
            ("10.0.0.1", false),
            ("fd00::1", false),
            ("192.0.2.1", false),
        ] {
            let reach = Reach::of(address.parse().unwrap());
            assert_eq!(reach == Reach::Near, near, "{address}");
        }
    }
}
