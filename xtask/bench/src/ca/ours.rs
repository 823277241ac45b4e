//! Our CA over HTTP: a request in, a certificate out that is stored and in the audit log.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Args;
use pki_core::{
    AllowedSubject, Authority, CertificateParameters, CertificateRequest, KeyPair, Profile,
    ValidityLimits,
};
use pki_store::{Actor, CertificateAuthority, IssuerRole, NewIssuer, Order, Store, StoreUrl};
use serde::{Deserialize, Serialize};
use serde_json::json;
use suite::process::{self, Server};
use time::OffsetDateTime;

use super::peers::{Material, Peer};
use super::plain_http::Request;

/// Serve a CA until it is killed: what `bench issue-stored` asks, as a process.
#[derive(Args)]
pub(crate) struct CaServer {
    /// With `ca.crt` and `ca.key`
    directory: PathBuf,
    #[arg(long)]
    store: StoreUrl,
    #[arg(long)]
    port: u16,
}

/// Where ours stores.
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) store: String,
}

/// This program in a process of its own, as [`CaServer`].
pub(super) fn ours(material: &Material<'_>, place: &Place) -> Result<Peer> {
    let [port] = process::free_ports()?;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("ca-server")
        .arg(material.directory)
        .args(["--store", &place.store, "--port"])
        .arg(port.to_string());
    let body = json!({ "csr": material.csr_pem });
    Ok(Peer {
        name: place.name,
        server: Server::start(&mut command, port)?,
        request: Request::new("POST", "/sign", &[], &body.to_string()),
    })
}

impl CaServer {
    pub(crate) fn run(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(self.serve())
    }

    async fn serve(&self) -> Result<()> {
        let read = |name: &str| {
            std::fs::read(self.directory.join(name)).with_context(|| format!("reading {name}"))
        };
        let key = KeyPair::from_pem(&read("ca.key")?, None).context("the CA's key")?;
        let authority = Authority::from_pem(&read("ca.crt")?, key)?;
        let store = Store::open(&self.store).await?;
        let issuer = NewIssuer::new("bench", IssuerRole::Root, authority.chain().to_vec());
        let now = OffsetDateTime::now_utc();
        let actor = Actor::new("bench");
        store.add_issuer(issuer, &actor, now).await?;
        let ca = CertificateAuthority::new(authority, store).await?;
        let profile = Profile::client()
            .with_subject(AllowedSubject::any())
            .with_validity(ValidityLimits::exactly_days(1));
        let app = Router::new()
            .route("/sign", post(sign))
            .route("/", get(|| async { "" }))
            .with_state(Arc::new(Served { ca, profile, actor }));
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let listener = tokio::net::TcpListener::bind(address).await?;
        Ok(axum::serve(listener, app).await?)
    }
}

struct Served {
    ca: CertificateAuthority,
    profile: Profile,
    actor: Actor,
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
        served.actor.clone(),
    );
    let issued = served.ca.issue(order, OffsetDateTime::now_utc()).await;
    let issued = issued.map_err(|error| (StatusCode::CONFLICT, format!("{error:?}")))?;
    Ok(Json(Answered {
        certificate: issued.chain_pem(),
    }))
}
