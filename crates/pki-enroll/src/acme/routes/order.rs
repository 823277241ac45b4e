//! Orders (RFC 8555 section 7.4).

use std::collections::BTreeSet;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pki_core::{CertificateRequest, Profile};
use pki_store::{
    AcmeAccount, AcmeIdentifier, AcmeOrder, AcmeState, NamePattern, NewAcmeChallenge, NewAcmeOrder,
};
use serde::Deserialize;
use serde_json::{Value, json};
use time::Duration;
use time::format_description::well_known::Rfc3339;
use x509_identity::{DistinguishedName, SerialNumber};

use super::certificate_id::certificate_id;
use crate::acme::call::{Call, number};
use crate::acme::identifier::Identifier;
use crate::acme::issue;
use crate::acme::problem::{Kind, Problem};
use crate::acme::service::Acme;
use crate::enroll::credential::Grant;
use crate::enroll::refusal::Refusal;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewOrder {
    pub(super) identifiers: Vec<AcmeIdentifier>,
    not_before: Option<Value>,
    not_after: Option<Value>,
    pub(super) replaces: Option<String>,
}

pub(super) async fn new_order(
    State(acme): State<Acme>,
    Path(profile): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut call = Call::new(&acme, &profile, &request)?;
    let mut what = "new ACME order".to_owned();
    let answer = make(&mut call, request, &mut what).await;
    call.recorded(answer, &what).await
}

async fn make(call: &mut Call, request: Request, what: &mut String) -> Result<Response, Problem> {
    let (account, _, signed) = call.by_account(request).await?;
    call.counted().await?;
    let asked: NewOrder = signed.payload()?;
    let names: Vec<_> = asked
        .identifiers
        .iter()
        .map(|it| it.value.as_str())
        .collect();
    *what = format!("ACME order for {}", names.join(", "));
    if asked.not_before.is_some() || asked.not_after.is_some() {
        let detail =
            "the profile says how long a certificate is valid: leave out notBefore and notAfter";
        return Err(Problem::malformed(detail));
    }
    let identifiers = identifiers(call, &account, &asked.identifiers)?;
    let replaces = match &asked.replaces {
        Some(id) => Some((
            replaced(call, &account, id, &identifiers).await?,
            id.clone(),
        )),
        None => None,
    };
    let mut with_challenges = Vec::new();
    for identifier in &identifiers {
        let challenges = identifier.challenges().iter();
        let challenges = challenges.map(|kind| challenge(kind));
        let challenges = challenges.collect::<Result<_, _>>()?;
        with_challenges.push((identifier.record(), challenges));
    }
    let order = NewAcmeOrder {
        ca: call.ca.name().to_owned(),
        account: account.id,
        profile: call.profile.clone(),
        identifiers: with_challenges,
        replaces,
        expires_at: call.now + LIFE,
    };
    let made = call.ca.store().create_acme_order(order, call.now).await?;
    Ok(answer(call, &made, StatusCode::CREATED))
}

/// What is ordered, if the account and the profile allow all of it.
fn identifiers(
    call: &Call,
    account: &AcmeAccount,
    asked: &[AcmeIdentifier],
) -> Result<Vec<Identifier>, Problem> {
    let (grant, profile) = call.orderable(account, &call.profile)?;
    if !(1..=MAX_IDENTIFIERS).contains(&asked.len()) {
        let detail = format!("an order is for 1 to {MAX_IDENTIFIERS} identifiers");
        return Err(Problem::malformed(detail));
    }
    let (mut identifiers, mut wrong) = (Vec::new(), Vec::new());
    for one in asked {
        let identifier = match Identifier::read(one) {
            Ok(identifier) => identifier,
            Err((kind, detail)) => {
                wrong.push((one.clone(), kind, detail));
                continue;
            }
        };
        let is_device = matches!(identifier, Identifier::Device(_));
        if is_device != call.acme.is_of_devices(&call.profile) {
            let detail = format!(
                "identifiers of type `{}` are not for the profile `{}`",
                one.kind, call.profile
            );
            wrong.push((one.clone(), Kind::UnsupportedIdentifier, detail));
        } else if !allowed(&identifier, &grant, &profile.profile) {
            let detail = Refusal::Name(one.value.clone()).to_string();
            wrong.push((one.clone(), Kind::RejectedIdentifier, detail));
        } else if !identifiers.contains(&identifier) {
            identifiers.push(identifier);
        }
    }
    match wrong.as_slice() {
        [] if identifiers.len() > 1 && call.acme.is_of_devices(&call.profile) => {
            Err(Problem::malformed("an order is for one device"))
        }
        [] => Ok(identifiers),
        [(_, kind, detail)] => Err(Problem::new(*kind, detail.clone()).about(wrong)),
        _ => {
            let detail = format!("{} identifiers cannot be ordered", wrong.len());
            Err(Problem::new(Kind::RejectedIdentifier, detail).about(wrong))
        }
    }
}

/// Whether account and profile allow a name.
fn allowed(identifier: &Identifier, grant: &Grant, profile: &Profile) -> bool {
    let any = |allows: &dyn Fn(&NamePattern) -> bool| {
        grant.names.is_empty() || grant.names.iter().any(allows)
    };
    match (identifier, identifier.san()) {
        (_, Some(san)) => any(&|it| it.allows(&san)) && profile.names.allow(&san),
        (Identifier::Device(number), None) => {
            let subject = DistinguishedName::builder().common_name(number).build();
            any(&|it| it.allows_common_name(number))
                && subject.is_ok_and(|it| it.attributes().all(|it| profile.subject.allows(it)))
        }
        _ => false,
    }
}

/// The certificate that an order renews (RFC 9773 section 5): one of the account, with a name in common.
async fn replaced(
    call: &Call,
    account: &AcmeAccount,
    id: &str,
    identifiers: &[Identifier],
) -> Result<SerialNumber, Problem> {
    let record = certificate_id(call, id).await?;
    let (serial, store) = (record.serial.clone(), call.ca.store());
    let of_account = store.acme_order_of(record.id).await?;
    let names = identifiers.iter().map(Identifier::record);
    let names: BTreeSet<_> = names.collect();
    match of_account {
        Some((owner, ordered)) if owner == account.id => {
            if !ordered.iter().any(|it| names.contains(it)) {
                let detail = "the certificate to be replaced has none of these names";
                return Err(Problem::malformed(detail));
            }
        }
        _ => {
            let detail = "the certificate to be replaced is not one of this account";
            return Err(Problem::unauthorized(detail));
        }
    }
    if store
        .acme_replaced(call.ca.name(), &serial, call.now)
        .await?
    {
        let detail = format!("certificate {serial} is renewed by another order already");
        return Err(Problem::new(Kind::AlreadyReplaced, detail));
    }
    Ok(serial)
}

/// A challenge with 256 random bits (RFC 8555 section 8 asks for 128).
fn challenge(kind: &str) -> Result<NewAcmeChallenge, Problem> {
    let mut token = [0; 32];
    SystemRandom::new()
        .fill(&mut token)
        .map_err(|_| Problem::from(Refusal::Unavailable(None)))?;
    Ok(NewAcmeChallenge {
        kind: kind.to_owned(),
        token: URL_SAFE_NO_PAD.encode(token),
    })
}

pub(super) async fn order(
    State(acme): State<Acme>,
    Path((profile, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let mut call = Call::new(&acme, &profile, &request)?;
    let (account, _, signed) = call.by_account(request).await?;
    signed.only_reads()?;
    let mut order = own(&call, &account, &id).await?;
    // Its process has ended between taking the CSR and recording the certificate.
    if order.state == AcmeState::Processing {
        order = issue::finish(&call, &account, order).await?;
    }
    Ok(answer(&call, &order, StatusCode::OK))
}

#[derive(Deserialize)]
pub(super) struct Finalize {
    pub(super) csr: String,
}

pub(super) async fn finalize(
    State(acme): State<Acme>,
    Path((profile, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let mut call = Call::new(&acme, &profile, &request)?;
    let answer = finalized(&mut call, &id, request).await;
    let what = format!("ACME order {id}");
    call.recorded(answer, &what).await
}

async fn finalized(call: &mut Call, id: &str, request: Request) -> Result<Response, Problem> {
    let (account, _, signed) = call.by_account(request).await?;
    call.counted().await?;
    let order = own(call, &account, id).await?;
    let asked: Finalize = signed.payload()?;
    let bad = || {
        Problem::new(
            Kind::BadCsr,
            "`csr` is not DER in base64url without padding",
        )
    };
    let der = URL_SAFE_NO_PAD.decode(&asked.csr).map_err(|_| bad())?;
    let csr = CertificateRequest::from_der(&der).map_err(Refusal::BadCsr)?;
    if order.state == AcmeState::Ready {
        // What is wrong with it can be mended, while the order is ready.
        issue::parameters(call, &account, &order, &csr)?;
    }
    let store = call.ca.store();
    let order = store.begin_acme_finalize(call.ca.name(), order.id, csr.der(), call.now);
    let mut order = order.await?;
    if order.state == AcmeState::Processing {
        order = issue::finish(call, &account, order).await?;
    }
    Ok(answer(call, &order, StatusCode::OK))
}

/// An order of the account.
pub(super) async fn own(
    call: &Call,
    account: &AcmeAccount,
    id: &str,
) -> Result<AcmeOrder, Problem> {
    let id = number(id).ok_or_else(Problem::not_found)?;
    let order = call.ca.store().acme_order(call.ca.name(), id, call.now);
    let order = order.await?.ok_or_else(Problem::not_found)?;
    match order.account == account.id && order.profile == call.profile {
        true => Ok(order),
        false => Err(Problem::not_found()),
    }
}

fn answer(call: &Call, order: &AcmeOrder, status: StatusCode) -> Response {
    let url = call.url(format!("order/{}", order.id));
    let state = match order.state {
        // RFC 8555 section 7.1.6 has no word for it.
        AcmeState::Expired => AcmeState::Invalid,
        state => state,
    };
    let authorizations = order.authorizations.iter();
    let authorizations = authorizations.map(|id| call.url(format!("authorization/{id}")));
    let mut body = json!({
        "status": state.as_str(),
        "expires": order.expires_at.format(&Rfc3339).unwrap_or_default(),
        "identifiers": order.identifiers,
        "authorizations": authorizations.collect::<Vec<_>>(),
        "finalize": format!("{url}/finalize"),
    });
    if let Some(fields) = body.as_object_mut() {
        if order.certificate.is_some() {
            let certificate = call.url(format!("certificate/{}", order.id));
            fields.insert("certificate".into(), json!(certificate));
        }
        if let Some((_, called)) = &order.replaces {
            fields.insert("replaces".into(), json!(called));
        }
        let problem = order.problem.as_deref();
        if let Some(problem) = problem.and_then(|it| serde_json::from_str::<Value>(it).ok()) {
            fields.insert("error".into(), problem);
        }
    }
    let mut response = (status, [(LOCATION, url)], Json(body)).into_response();
    if state == AcmeState::Processing {
        response.headers_mut().insert(RETRY_AFTER, 2.into());
    }
    response
}

/// Until when what was ordered can be proven and finalized, and for how long a proof is good.
const LIFE: Duration = Duration::DAY;
const MAX_IDENTIFIERS: usize = 100;
