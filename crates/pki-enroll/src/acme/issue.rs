//! From an order with its CSR to the certificate: the way of all orders of the store, which knows this one by its number.

use const_oid::db::rfc4519::COMMON_NAME;
use pki_core::{CertificateParameters, CertificateRequest};
use pki_store::{AcmeAccount, AcmeOrder, Idempotency, IssueError, OfRevoked, Order};
use sha2::{Digest as _, Sha256};
use x509_identity::{DistinguishedName, SubjectAltName};

use super::call::Call;
use super::identifier::Identifier;
use super::problem::{Kind, Problem};
use crate::enroll::names;
use crate::enroll::refusal::Refusal;

/// Issues the certificate of an order whose CSR was taken, or finds the one that was issued. The order is still processing
/// where an upstream CA has not decided.
pub(super) async fn finish(
    call: &Call,
    account: &AcmeAccount,
    order: AcmeOrder,
) -> Result<AcmeOrder, Problem> {
    let issued = issue(call, account, &order).await;
    let outcome = match &issued {
        Ok(Some(certificate)) => Ok(*certificate),
        Ok(None) => return Ok(order),
        // The same CSR can come again.
        Err(problem) if problem.is_ours() => return Err(problem.clone()),
        Err(problem) => Err(problem.document().to_string()),
    };
    let store = call.ca.store();
    let finished = store.finish_acme_order(call.ca.name(), order.id, outcome, call.now);
    let finished = finished.await?;
    issued.map(|_| finished)
}

/// The number of the certificate, once it is there.
async fn issue(
    call: &Call,
    account: &AcmeAccount,
    order: &AcmeOrder,
) -> Result<Option<i64>, Problem> {
    let der = order.csr.as_deref().unwrap_or_default();
    let csr = CertificateRequest::from_der(der).map_err(Refusal::BadCsr)?;
    let parameters = parameters(call, account, order, &csr)?;
    let profile = call.ca.profile(&order.profile)?;
    let actor = call.actor.clone();
    let mut to_issue = Order::new(parameters, &profile.profile, &order.profile, actor);
    to_issue.replaces = order.replaces.clone().map(|(serial, _)| serial);
    // The challenges are what entitles to it. A client that learns of a revocation renews by itself.
    to_issue.of_revoked = OfRevoked::Accept;
    to_issue.attestation = order.attested.as_ref().map(|it| it.record.clone());
    let to_issue = to_issue.idempotency(Idempotency {
        key: format!("acme:{}", order.id),
        payload_sha256: Sha256::digest(der).into(),
    });
    match call.ca.authority.issue(to_issue, call.now).await {
        Ok(issued) => Ok(Some(issued.record.id)),
        Err(IssueError::Pending { .. }) => Ok(None),
        Err(error) => Err(Refusal::from(error).into()),
    }
}

/// What the certificate of an order should say: its identifiers, if the CSR asks for these and nothing else.
pub(super) fn parameters(
    call: &Call,
    account: &AcmeAccount,
    order: &AcmeOrder,
    csr: &CertificateRequest,
) -> Result<CertificateParameters, Problem> {
    // The profile may ask for more than when it was ordered.
    let (grant, profile) = call.orderable(account, &order.profile)?;
    let identifiers = order.identifiers.iter().map(Identifier::read);
    let identifiers: Result<Vec<_>, _> = identifiers.collect();
    let identifiers = identifiers.map_err(|(kind, detail)| Problem::new(kind, detail))?;
    check_attested(order, &identifiers, csr)?;
    let sans: Vec<_> = identifiers.iter().filter_map(Identifier::san).collect();
    let subject = match identifiers.as_slice() {
        [Identifier::Device(number)] => device(csr, number)?,
        _ => subject(csr, &sans)?,
    };
    let parameters = names::proven(csr, subject, sans, &grant.names)?;
    names::check_profile(&parameters, &profile.profile)?;
    Ok(parameters)
}

/// A device's certificate is for the key that was attested, and for no other one.
fn check_attested(
    order: &AcmeOrder,
    identifiers: &[Identifier],
    csr: &CertificateRequest,
) -> Result<(), Problem> {
    let is_device = |it: &Identifier| matches!(it, Identifier::Device(_));
    if !identifiers.iter().any(is_device) {
        return Ok(());
    }
    let key: [u8; 32] = Sha256::digest(csr.public_key_der()).into();
    match &order.attested {
        Some(attested) if attested.spki_sha256 == key => Ok(()),
        _ => Err(Problem::new(
            Kind::BadCsr,
            "the key of the CSR is not the one that was attested",
        )),
    }
}

/// The subject of a device: its number. A CSR may ask for that, or for nothing.
fn device(csr: &CertificateRequest, number: &str) -> Result<DistinguishedName, Problem> {
    let bad = |detail: String| Problem::new(Kind::BadCsr, detail);
    let requested = csr.requested_names();
    if let Some(name) = requested.sans().first() {
        return Err(bad(format!(
            "the CSR asks for `{name}`, which was not ordered"
        )));
    }
    for attribute in requested.subject().attributes() {
        if attribute.oid() != COMMON_NAME || attribute.text() != Some(number) {
            return Err(bad(format!(
                "the CSR asks for `{attribute}`: the common name is `{number}`, and there is nothing else"
            )));
        }
    }
    let subject = DistinguishedName::builder().common_name(number).build();
    subject.map_err(|_| bad(format!("`{number}` cannot be a common name")))
}

/// The subject of the CSR: a common name that is one of the names of the order, or none (RFC 8555 section 7.4).
fn subject(
    csr: &CertificateRequest,
    ordered: &[SubjectAltName],
) -> Result<DistinguishedName, Problem> {
    let bad = |detail: String| Problem::new(Kind::BadCsr, detail);
    let requested = csr.requested_names();
    let mut asked = Vec::new();
    for name in requested.sans() {
        let name = match name {
            SubjectAltName::Dns(name) => SubjectAltName::Dns(name.to_ascii_lowercase()),
            other => other.clone(),
        };
        if !ordered.contains(&name) {
            return Err(bad(format!(
                "the CSR asks for `{name}`, which was not ordered"
            )));
        }
        asked.push(name);
    }
    let mut common_name = None;
    for attribute in requested.subject().attributes() {
        let text = attribute.text().unwrap_or_default().to_ascii_lowercase();
        let name = ordered.iter().find(|it| it.to_string() == text);
        match name.filter(|_| attribute.oid() == COMMON_NAME) {
            Some(name) => {
                asked.push(name.clone());
                common_name = Some(text);
            }
            None => {
                let detail = format!("the CSR asks for `{attribute}`, which was not ordered");
                return Err(bad(detail));
            }
        }
    }
    if let Some(missing) = ordered.iter().find(|name| !asked.contains(name)) {
        return Err(bad(format!(
            "the CSR does not ask for `{missing}`, which was ordered"
        )));
    }
    match common_name {
        Some(name) => {
            let subject = DistinguishedName::builder().common_name(&name).build();
            subject.map_err(|_| bad(format!("`{name}` cannot be a common name")))
        }
        None => Ok(DistinguishedName::default()),
    }
}
