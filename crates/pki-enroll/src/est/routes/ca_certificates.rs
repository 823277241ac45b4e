//! `GET cacerts`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use pki_store::{CertificateState, Filter, Page};
use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::enroll::refusal::Refusal;
use crate::enroll::service::{self, Enrollment, EnrollmentCa};
use crate::est::lines::Lines;
use crate::est::operation::Label;
use crate::est::response::{self, Plain};

pub(super) async fn ca_certificates(
    State(service): State<Enrollment>,
    _: Label,
    headers: HeaderMap,
) -> Result<Response, Plain> {
    let ca = service.ca();
    let mut all = ca.roots.clone();
    let chain = ca.authority.authority().chain().iter().cloned();
    let crossed = cross_certificates(&ca, service::now()).await?;
    for certificate in chain.chain(crossed) {
        if !all.contains(&certificate) {
            all.push(certificate);
        }
    }
    Ok(response::ca_certificates(
        &all,
        Lines::for_client(&headers),
    )?)
}

/// By which each root vouches for the other, while one is being replaced (RFC 7030 section 4.1.3).
async fn cross_certificates(
    ca: &EnrollmentCa,
    now: OffsetDateTime,
) -> Result<Vec<Certificate>, Refusal> {
    let mut crossed = Vec::new();
    if ca.roots.len() < 2 {
        return Ok(crossed);
    }
    for root in &ca.roots {
        let filter = Filter {
            ca: Some(ca.name().to_owned()),
            state: Some(CertificateState::Valid),
            spki_sha256: Some(*root.spki_sha256()),
            ..Filter::default()
        };
        let found = ca.store().certificates(&filter, Page::default(), now);
        for record in found.await? {
            let certificate = record.der.as_deref().map(Certificate::from_der);
            let Some(Ok(certificate)) = certificate else {
                continue;
            };
            let by_another = |it: &Certificate| it != root && certificate.names_issuer(it);
            if certificate.is_ca() && ca.roots.iter().any(by_another) {
                crossed.push(certificate);
            }
        }
    }
    Ok(crossed)
}
