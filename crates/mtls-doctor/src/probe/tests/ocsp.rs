//! OCSP responders that a certificate names, each with another answer.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use pki_core::ocsp::{IncomingRequest, OcspResponder, OcspStatus, OcspValidity, UnsignedResponse};
use pki_core::verify::RevocationReason;
use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile, certificate_pem};
use test_pki::Ca;
use time::OffsetDateTime;
use tls_identity::Identity;
use x509_identity::{Certificate, DistinguishedName};

use super::served::{Served, listen};
use crate::files::Given;
use crate::probe::examine;
use crate::report::Report;
use crate::target::Options;

/// What is answered to a question about the client.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Status(OcspStatus),
    /// What was good two weeks ago.
    Stale,
    /// Signed by a responder of another CA of that name.
    OfNamesake,
    /// That it is not responsible.
    Unauthorized,
    /// Something else.
    Html,
}

#[test]
fn what_a_responder_says_is_told() {
    let revoked = OcspStatus::Revoked {
        date: OffsetDateTime::now_utc() - time::Duration::HOUR,
        reason: RevocationReason::KeyCompromise,
    };
    for (answer, ids) in [
        (Answer::Status(OcspStatus::Good), &[][..]),
        (Answer::Status(revoked), &["client-revoked"]),
        (Answer::Status(OcspStatus::Unknown), &["ocsp-useless"]),
        (Answer::Stale, &["ocsp-useless"]),
        (Answer::OfNamesake, &["ocsp-useless"]),
        (Answer::Unauthorized, &["ocsp-useless"]),
        (Answer::Html, &["ocsp-useless"]),
    ] {
        let root = Ca::root("Root");
        let responder = responding(authority(&root), answer);
        assert_eq!(found(&root, responder), ids, "{answer:?}");
    }
    let root = Ca::root("Root");
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    assert_eq!(found(&root, nobody), ["revocation-unreachable"]);
}

/// What is found where the certificate of a client of `root` names this responder.
fn found(root: &Ca, responder: SocketAddr) -> Vec<&'static str> {
    let now = OffsetDateTime::now_utc();
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let name = DistinguishedName::builder()
        .common_name("client1")
        .build()
        .unwrap();
    let mut profile = Profile::client();
    profile.ocsp = vec![format!("http://localhost:{}/ocsp", responder.port())];
    let parameters = CertificateParameters::for_key(key.public_key_der(), name);
    let issued = authority(root).issue(&parameters, &profile, now).unwrap();
    let chain = certificate_pem(issued.certificate());
    let identity = Identity::from_pem(chain.as_bytes(), key.secret_pkcs8_pem().as_bytes()).unwrap();
    let given = Given {
        identity: Some(identity),
        ca: vec![Certificate::from_der(root.der()).unwrap()],
        ..Given::default()
    };
    let server = root.server("localhost");
    let address = Served::requiring(&server, root).start();
    let mut options = Options::new(now);
    options.timeout = Duration::from_secs(20);
    let mut report = Report::default();
    let url = format!("https://localhost:{}", address.port());
    examine(&[url.as_str()], &given, &options, &mut report);
    report.findings().iter().map(|finding| finding.id).collect()
}

fn responding(ca: Authority, answer: Answer) -> SocketAddr {
    listen(move |mut stream| {
        let request = request(&mut stream);
        let content = match IncomingRequest::from_der(&request) {
            _ if matches!(answer, Answer::Html) => b"<html>".to_vec(),
            Ok(request) if OcspResponder::authority(&ca).is_for(&request) => {
                respond(&ca, &request, answer)
            }
            _ => UnsignedResponse::Unauthorized.to_der(),
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
            content.len()
        );
        let _ = stream.write_all(&[head.as_bytes(), &content].concat());
    })
}

fn respond(ca: &Authority, request: &IncomingRequest, answer: Answer) -> Vec<u8> {
    let now = OffsetDateTime::now_utc();
    let status = match answer {
        Answer::Status(status) => status,
        Answer::Unauthorized => return UnsignedResponse::Unauthorized.to_der(),
        _ => OcspStatus::Good,
    };
    let from = match answer {
        Answer::Stale => now - time::Duration::weeks(2),
        _ => now - time::Duration::MINUTE,
    };
    let validity = OcspValidity {
        this_update: from,
        next_update: Some(from + time::Duration::WEEK),
    };
    let statuses: Vec<_> = request.serials().map(|_| status).collect();
    // Whom it did not appoint.
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let name = DistinguishedName::builder()
        .common_name("responder")
        .build()
        .unwrap();
    let parameters = CertificateParameters::for_key(key.public_key_der(), name);
    let namesake = authority(&Ca::root("Root"));
    let stranger = namesake
        .issue(&parameters, &Profile::ocsp_responder(), now)
        .unwrap();
    let responder = match answer {
        Answer::OfNamesake => {
            OcspResponder::delegate(ca.certificate(), stranger.certificate(), &key)
        }
        _ => OcspResponder::authority(ca),
    };
    responder
        .respond(request, &statuses, validity, now)
        .unwrap()
}

/// The body of a request whose length its head says.
fn request(stream: &mut impl std::io::Read) -> Vec<u8> {
    let mut all = Vec::new();
    let mut part = [0; 1024];
    loop {
        let head = all.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&all[..head]).to_ascii_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if all.len() >= head + 4 + length {
                return all.split_off(head + 4);
            }
        }
        match stream.read(&mut part).unwrap_or(0) {
            0 => return Vec::new(),
            read => all.extend_from_slice(&part[..read]),
        }
    }
}

fn authority(ca: &Ca) -> Authority {
    let key = KeyPair::from_pem(ca.key().serialize_pem().as_bytes(), None).unwrap();
    Authority::from_pem(ca.pem().as_bytes(), key).unwrap()
}
