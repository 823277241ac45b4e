//! Revocation (RFC 8555 section 7.6).

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pki_core::verify::RevocationReason;
use pki_store::{
    AcmeIdentifier, CertificateRecord, CertificateState, Filter, Page, Selection, Selector,
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use x509_identity::Certificate;

use crate::acme::call::{Call, Signer};
use crate::acme::problem::{Kind, Problem};
use crate::acme::service::Acme;
use crate::enroll::holder::requester;

#[derive(Deserialize)]
pub(super) struct Revoke {
    pub(super) certificate: String,
    pub(super) reason: Option<u8>,
}

pub(super) async fn revoke(
    State(acme): State<Acme>,
    Path(profile): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut call = Call::new(&acme, &profile, &request)?;
    let answer = revoked(&mut call, request).await;
    call.recorded(answer, "revocation by ACME").await
}

async fn revoked(call: &mut Call, request: Request) -> Result<Response, Problem> {
    let (by, signed) = call.signed(request).await?;
    let asked: Revoke = signed.payload()?;
    let mut reason = reason(asked.reason)?;
    let bad = |detail| Problem::malformed(detail);
    let der = URL_SAFE_NO_PAD.decode(&asked.certificate);
    let der = der.map_err(|_| bad("`certificate` is not base64url without padding"))?;
    let certificate = Certificate::from_der(&der);
    let certificate = certificate.map_err(|_| bad("`certificate` is not a certificate in DER"))?;
    let record = record(call, &der).await?;
    match by {
        Signer::Account(account, _) => {
            call.counted().await?;
            // Of the key, and of whoever has it, such an account knows nothing.
            if may_revoke(call, account.id, &record).await? == By::Names {
                reason = RevocationReason::CessationOfOperation;
            }
        }
        Signer::Key(key) => {
            if !key.is_key_of(certificate.spki_der()) {
                let detail =
                    "the request is signed by neither an account nor the key of the certificate";
                return Err(Problem::unauthorized(detail));
            }
            call.actor = requester(&record.serial);
            call.counted().await?;
        }
    }
    if record.state == CertificateState::Revoked {
        let detail = "the certificate is revoked already";
        return Err(Problem::new(Kind::AlreadyRevoked, detail));
    }
    let fingerprint: [u8; 32] = Sha256::digest(&der).into();
    let selection = Selection::of(call.ca.name(), Selector::Fingerprint(fingerprint));
    let store = call.ca.store();
    store
        .revoke(&selection, reason, &call.actor, call.now)
        .await?;
    Ok(StatusCode::OK.into_response())
}

/// What the store knows about the certificate.
async fn record(call: &Call, der: &[u8]) -> Result<CertificateRecord, Problem> {
    let filter = Filter {
        ca: Some(call.ca.name().to_owned()),
        fingerprint_sha256: Some(Sha256::digest(der).into()),
        ..Filter::default()
    };
    let store = call.ca.store();
    let found = store
        .certificates(&filter, Page::first(1), call.now)
        .await?;
    let unknown = || Problem::malformed("the CA has not issued this certificate");
    found.into_iter().next().ok_or_else(unknown)
}

/// What entitles an account to revoke a certificate.
#[derive(Eq, PartialEq)]
enum By {
    Order,
    Names,
}

/// The account that has ordered a certificate may revoke it, and one that has proven all of the names that another account
/// had proven for it.
async fn may_revoke(call: &Call, account: i64, record: &CertificateRecord) -> Result<By, Problem> {
    let store = call.ca.store();
    let refused = || {
        Problem::unauthorized(
            "the account has neither ordered the certificate nor proven its names",
        )
    };
    let (owner, _) = store.acme_order_of(record.id).await?.ok_or_else(refused)?;
    if owner == account {
        return Ok(By::Order);
    }
    let names = record.sans.iter().map(|name| AcmeIdentifier {
        kind: name.kind.clone(),
        value: name.value.clone(),
    });
    let names: Vec<_> = names.collect();
    match store.acme_authorized(account, &names, call.now).await? {
        true => Ok(By::Names),
        false => Err(refused()),
    }
}

/// Those of RFC 5280 section 5.3.1 that a holder can know.
pub(super) fn reason(code: Option<u8>) -> Result<RevocationReason, Problem> {
    Ok(match code {
        None | Some(0) => RevocationReason::Unspecified,
        Some(1) => RevocationReason::KeyCompromise,
        Some(3) => RevocationReason::AffiliationChanged,
        Some(4) => RevocationReason::Superseded,
        Some(5) => RevocationReason::CessationOfOperation,
        Some(code) => {
            let detail = format!("the reason {code} is not one of 0, 1, 3, 4 and 5");
            return Err(Problem::new(Kind::BadRevocationReason, detail));
        }
    })
}
