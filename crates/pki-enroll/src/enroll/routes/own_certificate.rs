//! `POST /v1/renew` and `/v1/revoke`: what the holder of a certificate may do with it.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap};
use axum::response::{IntoResponse as _, Response};
use mtls_server::ClientCert;
use pki_core::verify::RevocationReason;
use pki_store::{
    Actor, CertificateRecord, CertificateState, Filter, Order, Page, Selection, Selector,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::enroll::body::{self, CsrBody};
use crate::enroll::names;
use crate::enroll::refusal::Refusal;
use crate::enroll::response;
use crate::enroll::service::{self, Enrollment, EnrollmentCa, idempotency};

pub(super) async fn renew(
    State(service): State<Enrollment>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let asked = Asked::new(service, &extensions, "renew");
    let answer = renewed(&asked, &headers, body).await;
    asked.recorded(answer).await
}

async fn renewed(asked: &Asked, headers: &HeaderMap, body: Body) -> Result<Response, Refusal> {
    let Holder {
        ca,
        client,
        requester,
        record,
    } = asked.holder().await?;
    if record.state != CertificateState::Valid {
        return Err(Refusal::CertificateNotValid(record.state.as_str()));
    }
    let key = body::idempotency_key(headers)?;
    let body: CsrBody = asked.body(headers, body).await?;
    if let Some(wanted) = body.profile.as_ref().filter(|it| **it != record.profile) {
        return Err(Refusal::Profile(wanted.clone()));
    }
    let csr = body.csr()?;
    let parameters = names::renewed(&csr, client.certificate())?;
    let profile = ca.profile(&record.profile)?;
    let idempotency = idempotency(&requester, key, &record.profile, &csr);
    let order = Order::new(parameters, &profile.profile, &record.profile, requester)
        .replaces(record.serial)
        .idempotency(idempotency);
    let issued = ca.authority.issue(order, asked.now).await?;
    Ok(response::issued(&issued, &ca.roots))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeBody {
    #[serde(default)]
    reason: Reason,
}

/// The reasons that the holder of a certificate can know.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    #[default]
    Unspecified,
    KeyCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
}

#[derive(Debug, Serialize)]
struct RevokedBody {
    status: &'static str,
    serial: String,
    #[serde(with = "time::serde::rfc3339")]
    revoked_at: OffsetDateTime,
}

pub(super) async fn revoke(
    State(service): State<Enrollment>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let asked = Asked::new(service, &extensions, "revoke");
    let answer = revoked(&asked, &headers, body).await;
    asked.recorded(answer).await
}

async fn revoked(asked: &Asked, headers: &HeaderMap, body: Body) -> Result<Response, Refusal> {
    let Holder {
        ca,
        client,
        requester,
        record,
    } = asked.holder().await?;
    let body: RevokeBody = asked.body(headers, body).await?;
    let reason = match body.reason {
        Reason::Unspecified => RevocationReason::Unspecified,
        Reason::KeyCompromise => RevocationReason::KeyCompromise,
        Reason::AffiliationChanged => RevocationReason::AffiliationChanged,
        Reason::Superseded => RevocationReason::Superseded,
        Reason::CessationOfOperation => RevocationReason::CessationOfOperation,
    };
    let selector = Selector::Fingerprint(*client.fingerprint_sha256());
    let selection = Selection::of(ca.name(), selector);
    // None if it was revoked before: then this is the answer to a request that was made again.
    let store = ca.store();
    let revoked = store
        .revoke(&selection, reason, &requester, asked.now)
        .await?;
    let before = record.revoked.map(|(at, _)| at);
    let at = revoked.first().and_then(|it| it.revoked).map(|(at, _)| at);
    let body = RevokedBody {
        status: "revoked",
        serial: record.serial.to_string(),
        revoked_at: at.or(before).unwrap_or(asked.now),
    };
    Ok(Json(body).into_response())
}

fn requester(client: &ClientCert) -> Actor {
    Actor::new(format!("certificate:{}", client.serial()))
}

/// What the store knows about the certificate. The trust anchors of the connection may be those of more CAs than one.
async fn record(
    ca: &EnrollmentCa,
    client: &ClientCert,
    now: OffsetDateTime,
) -> Result<CertificateRecord, Refusal> {
    let filter = Filter {
        ca: Some(ca.name().to_owned()),
        fingerprint_sha256: Some(*client.fingerprint_sha256()),
        ..Filter::default()
    };
    let found = ca
        .store()
        .certificates(&filter, Page::first(1), now)
        .await?;
    let found = found.into_iter().next();
    found.ok_or(Refusal::CertificateNotValid("it is not of this CA"))
}

/// What the holder of a certificate asks for.
struct Asked {
    service: Enrollment,
    /// The certificate of the connection. None, too, where the router is not served by `mtls_server`.
    client: Option<ClientCert>,
    what: &'static str,
    now: OffsetDateTime,
}

/// Whoever holds a certificate of this CA.
struct Holder<'a> {
    ca: Arc<EnrollmentCa>,
    client: &'a ClientCert,
    requester: Actor,
    record: CertificateRecord,
}

impl Asked {
    fn new(service: Enrollment, extensions: &Extensions, what: &'static str) -> Self {
        Self {
            service,
            client: ClientCert::from_extensions(extensions).ok(),
            what,
            now: service::now(),
        }
    }

    async fn holder(&self) -> Result<Holder<'_>, Refusal> {
        let client = self.client.as_ref().ok_or(Refusal::CertificateRequired)?;
        let ca = self.service.ca();
        let requester = requester(client);
        self.service.0.rates.requester(requester.as_str())?;
        let record = record(&ca, client, self.now).await?;
        Ok(Holder {
            ca,
            client,
            requester,
            record,
        })
    }

    async fn body<T: DeserializeOwned>(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<T, Refusal> {
        body::json(headers, body, self.service.0.limits.body).await
    }

    /// The answer, and a refusal in the audit log.
    async fn recorded(&self, answer: Result<Response, Refusal>) -> Result<Response, Refusal> {
        let refusal = match answer {
            Ok(response) => return Ok(response),
            Err(refusal) => refusal,
        };
        let (what, actor) = match &self.client {
            Some(client) => (
                format!("{} {}", self.what, client.subject()),
                requester(client),
            ),
            None => (self.what.to_owned(), Actor::new("enroll")),
        };
        Err(self.service.refused(refusal, &what, &actor, self.now).await)
    }
}
