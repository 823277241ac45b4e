//! A CA process: it issues and revokes over plain HTTP, for whoever asks, and publishes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as Place, State};
use axum::http::StatusCode;
use axum::routing::post;
use clap::Args;
use pki_core::verify::RevocationReason;
use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use pki_enroll::{Health, Heartbeat, HttpLimits, HttpServer, Publication, Publisher, Responder};
use pki_store::{
    Actor, CertificateAuthority, Idempotency, IssuerRole, KeyReuse, NewIssuer, Order, Selection,
    Selector, Store, StoreError, StoreOptions,
};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Issue and revoke for whoever asks
#[derive(Args)]
pub(crate) struct Ca {
    /// The store
    #[arg(long)]
    url: String,
    /// Where the CA and the key of its OCSP responders are
    #[arg(long)]
    authority: PathBuf,
    /// Where to listen
    #[arg(long)]
    listen: SocketAddr,
    /// Only read the store, and need no key of the CA
    #[arg(long)]
    read_only: bool,
}

impl Ca {
    pub(crate) fn run(&self) -> Result<()> {
        let _ = tracing_subscriber::fmt().with_ansi(false).try_init();
        tokio::runtime::Runtime::new()?.block_on(self.serve())
    }

    async fn serve(&self) -> Result<()> {
        let listener = TcpListener::bind(self.listen).await?;
        let store = self.open().await?;
        let (health, publication) = (Health::default(), Publication::new());
        let responder = match self.read_only {
            true => Responder::on_standby(store.clone(), time::Duration::HOUR),
            false => Responder::new(store.clone()),
        };
        let mut router = pki_enroll::publication(publication.clone())
            .merge(pki_enroll::ocsp(responder.clone()))
            .merge(pki_enroll::health(health.clone()));
        let key = std::fs::read(self.authority.join("responder.key"))?;
        let mut publisher = Publisher::new(store.clone(), publication, responder)
            .health(health.clone())
            .responder_key(KeyPair::from_pem(&key, None)?);
        if !self.read_only {
            let authority = read(&self.authority)?;
            let ca = CertificateAuthority::new(authority, store.clone()).await?;
            publisher = publisher.authorities([ca.clone()]);
            router = router.merge(
                Router::new()
                    .route("/issue/{name}", post(issue))
                    .route("/revoke/{serial}", post(revoke))
                    .with_state(ca),
            );
        }
        let _server = HttpServer::start(listener, router, HttpLimits::default())?;
        let (_stop, stopped) = watch::channel(false);
        if !self.read_only {
            let name = format!("process {}", std::process::id());
            let heartbeat = Heartbeat::new(store, name, health);
            heartbeat.compare().await?;
            tokio::spawn(heartbeat.run(stopped.clone()));
        }
        publisher.run(stopped).await;
        Ok(())
    }

    /// The primary may be away at the moment.
    async fn open(&self) -> Result<Store> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            // What a process that was killed has begun is soon free.
            let options = StoreOptions::new(self.url.parse()?);
            let mut options = options.signing_timeout(Duration::from_secs(5));
            if self.read_only {
                options = options.read_only();
            }
            match options.open().await {
                Err(StoreError::Unavailable(_)) if Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                opened => return Ok(opened?),
            }
        }
    }
}

/// The body is the public key. The name is also the key by which the request is known again.
async fn issue(
    State(ca): State<CertificateAuthority>,
    Place(name): Place<String>,
    key: Bytes,
) -> Result<String, (StatusCode, String)> {
    let subject = format!("CN={name}");
    let subject = subject.parse().map_err(|_| refused("not a name"))?;
    let parameters = CertificateParameters::for_key(&key, subject);
    let idempotency = Idempotency {
        key: name,
        payload_sha256: [7; 32],
    };
    let profile = Profile::client();
    let order = Order::new(parameters, &profile, "client", actor())
        .idempotency(idempotency)
        .key_reuse(KeyReuse::Any);
    let issued = ca.issue(order, OffsetDateTime::now_utc()).await;
    match issued {
        Ok(issued) => Ok(issued.record.serial.to_string()),
        Err(error) => Err(refused(error)),
    }
}

async fn revoke(
    State(ca): State<CertificateAuthority>,
    Place(serial): Place<String>,
) -> Result<String, (StatusCode, String)> {
    let serial = serial.parse().map_err(|_| refused("not a number"))?;
    let selection = Selection::of(CA, Selector::Serial(serial));
    let now = OffsetDateTime::now_utc();
    let reason = RevocationReason::Superseded;
    let revoked = ca.store().revoke(&selection, reason, &actor(), now).await;
    revoked.map_err(refused)?;
    Ok("revoked".to_owned())
}

fn refused(error: impl std::fmt::Display) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, error.to_string())
}

/// Makes a CA and the key of its responders in this directory, and adds it to the store.
pub(crate) async fn make(directory: &Path, store: &Store) -> Result<CertificateAuthority> {
    let key = KeyPair::generate(KeyKind::P256)?;
    let pem = key.secret_pkcs8_pem();
    let now = OffsetDateTime::now_utc();
    let root = Authority::root("CN=Failover".parse()?, key, &Profile::root(), now)?;
    std::fs::write(directory.join("authority.key"), pem.as_bytes())?;
    let certificate = pki_core::certificate_pem(root.certificate());
    std::fs::write(directory.join("authority.crt"), certificate)?;
    let responder = KeyPair::generate(KeyKind::P256)?.secret_pkcs8_pem();
    std::fs::write(directory.join("responder.key"), responder.as_bytes())?;
    let issuer = NewIssuer::new(CA, IssuerRole::Root, root.chain().to_vec());
    store.add_issuer(issuer, &actor(), now).await?;
    let ca = CertificateAuthority::new(root, store.clone()).await;
    ca.context("the CA was added")
}

fn read(directory: &Path) -> Result<Authority> {
    let key = std::fs::read(directory.join("authority.key"))?;
    let key = KeyPair::from_pem(&key, None)?;
    let chain = std::fs::read(directory.join("authority.crt"))?;
    Ok(Authority::from_pem(&chain, key)?)
}

pub(crate) fn actor() -> Actor {
    Actor::new("suite")
}

pub(crate) const CA: &str = "ha";
