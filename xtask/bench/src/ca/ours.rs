//! Our CA over HTTP: a request in, a certificate out that is stored and in the audit log.

use std::process::Command;
use std::sync::Arc;

use anyhow::Result;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Args;
use pki_core::{CertificateParameters, CertificateRequest, Profile};
use pki_store::{CertificateAuthority, Order};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use super::own::{self, Own};
use super::peers::{Material, Peer};
use super::plain_http::Request;

/// Serve a CA until it is killed: what `bench issue-stored` asks, as a process.
#[derive(Args)]
pub(crate) struct CaServer {
    #[command(flatten)]
    own: Own,
}

/// Where ours stores.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) store: String,
}

/// This program in a process of its own, as [`CaServer`].
pub(super) fn ours(material: &Material<'_>, place: &Place) -> Result<Peer> {
    ours_by(Command::new(std::env::current_exe()?), material, place)
}

/// The same, where `command` starts this program.
pub(crate) fn ours_by(command: Command, material: &Material<'_>, place: &Place) -> Result<Peer> {
    let body = json!({ "csr": material.csr_pem });
    Ok(Peer {
        name: place.name,
        server: Own::start(command, "ca-server", material.directory, &place.store)?,
        request: Request::new("POST", "/sign", &[], &body.to_string()),
    })
}

impl CaServer {
    pub(crate) fn run(&self) -> Result<()> {
        own::until_killed(self.serve())
    }

    async fn serve(&self) -> Result<()> {
        let served = Served {
            ca: self.own.open().await?,
            profile: own::profile(),
        };
        let app = Router::new()
            .route("/sign", post(sign))
            .route("/", get(|| async { "" }))
            .with_state(Arc::new(served));
        Ok(axum::serve(self.own.listen().await?, app).await?)
    }
}

struct Served {
    ca: CertificateAuthority,
    profile: Profile,
}

#[derive(Deserialize)]
struct Asked {
    csr: String,
}

#[derive(Serialize)]
struct Answered {
    certificate: String,
}

type Refusal = (StatusCode, String);

async fn sign(
    State(served): State<Arc<Served>>,
    Json(asked): Json<Asked>,
) -> Result<Json<Answered>, Refusal> {
    let request = CertificateRequest::from_pem(asked.csr.as_bytes())
        .map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    let order = Order::new(
        CertificateParameters::from_csr(&request),
        &served.profile,
        "client",
        own::actor(),
    );
    let issued = served.ca.issue(order, OffsetDateTime::now_utc()).await;
    let issued = issued.map_err(|error| (StatusCode::CONFLICT, format!("{error:?}")))?;
    Ok(Json(Answered {
        certificate: issued.chain_pem(),
    }))
}
