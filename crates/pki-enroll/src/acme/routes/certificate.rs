//! Certificates (RFC 8555 section 7.4.2), and when to renew them (RFC 9773).

use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, LINK};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use pki_store::IssuedRecord;
use x509_identity::Certificate;

use super::certificate_id::parts;
use super::order;
use crate::acme::call::Call;
use crate::acme::problem::Problem;
use crate::acme::service::Acme;
use crate::enroll::refusal::Refusal;
use crate::enroll::response::pem;
use crate::enroll::routes::information::renewal_of;
use crate::enroll::service::now;

pub(super) async fn certificate(
    state: State<Acme>,
    Path((profile, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    alternate(state, Path((profile, id, "0".to_owned())), request).await
}

/// The chain of this number: 0 is the one that is offered first.
pub(super) async fn alternate(
    State(acme): State<Acme>,
    Path((profile, id, chain)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let mut call = Call::new(&acme, &profile, &request)?;
    let (account, _, signed) = call.by_account(request).await?;
    signed.only_reads()?;
    let order = order::own(&call, &account, &id).await?;
    let certificate = order.certificate.ok_or_else(Problem::not_found)?;
    let issued = call.ca.authority.issued_before(certificate, call.now);
    let issued = issued.await.map_err(Refusal::from)?;
    let chains = chains(&issued, &call.ca.roots);
    let number: usize = chain.parse().map_err(|_| Problem::not_found())?;
    let chain = chains.get(number).ok_or_else(Problem::not_found)?;
    let others = (0..chains.len()).filter(|other| *other != number);
    let links = others.map(|other| {
        let url = call.url(format!("certificate/{}/{other}", order.id));
        (LINK, format!("<{url}>;rel=\"alternate\""))
    });
    let links: Vec<_> = links.collect();
    let body = pem(chain.iter().copied());
    Ok(([(CONTENT_TYPE, PEM_CHAIN)], AppendHeaders(links), body).into_response())
}

/// The chain to the root that everybody trusts, and those that end earlier: where a root has a cross-certificate, whoever
/// trusts that root needs no more than what is below it.
fn chains<'a>(issued: &'a IssuedRecord, roots: &[Certificate]) -> Vec<Vec<&'a Certificate>> {
    let longest: Vec<_> = issued.presented().collect();
    let is_root = |certificate: &Certificate| {
        roots.iter().any(|root| {
            root.spki_der() == certificate.spki_der()
                && root.subject_der() == certificate.subject_der()
        })
    };
    let ends = (1..longest.len()).filter(|end| longest.get(*end).is_some_and(|it| is_root(it)));
    let shorter: Vec<_> = ends.map(|end| longest[..end].to_vec()).collect();
    std::iter::once(longest).chain(shorter).collect()
}

pub(super) async fn renewal_info(
    State(acme): State<Acme>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (authority_key_id, serial) = parts(&id)?;
    let (ca, now) = (acme.ca(), now());
    Ok(renewal_of(&ca, serial, Some(&authority_key_id), now).await?)
}

const PEM_CHAIN: &str = "application/pem-certificate-chain";
