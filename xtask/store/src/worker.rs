//! A process that issues.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{
    Actor, CertificateAuthority, Idempotency, IssuerRole, KeyReuse, NewIssuer, Order, Store,
    StoreOptions,
};
use time::OffsetDateTime;
use tokio::task::JoinSet;

use crate::authority;

#[derive(Subcommand)]
pub(crate) enum Worker {
    /// Issue certificates, and print the serial number of each that is given out
    #[command(hide = true)]
    Worker {
        /// The store
        #[arg(long)]
        url: String,
        /// Where the CA is
        #[arg(long)]
        authority: PathBuf,
        /// Whose certificates they are
        #[arg(long)]
        name: String,
        /// How many
        #[arg(long)]
        count: u32,
    },
}

impl Worker {
    pub(crate) fn run(&self) -> Result<()> {
        let Self::Worker {
            url,
            authority,
            name,
            count,
        } = self;
        tokio::runtime::Runtime::new()?.block_on(async {
            let store = open(url).await?;
            let ca = add(&store, authority).await?;
            let print = |serial: String| Ok(writeln!(std::io::stdout(), "{serial}")?);
            issue(&ca, name, *count, print).await
        })
    }
}

/// Reservations of a killed process are soon free.
pub(crate) async fn open(url: &str) -> Result<Store> {
    let options = StoreOptions::new(url.parse()?);
    Ok(options
        .signing_timeout(Duration::from_secs(2))
        .open()
        .await?)
}

/// The CA of this directory, in the store.
pub(crate) async fn add(
    store: &Store,
    directory: &std::path::Path,
) -> Result<CertificateAuthority> {
    let authority = authority::read(directory)?;
    let issuer = NewIssuer::new("suite", IssuerRole::Root, authority.chain().to_vec());
    store
        .add_issuer(issuer, &actor(), OffsetDateTime::now_utc())
        .await?;
    Ok(CertificateAuthority::new(authority, store.clone()).await?)
}

/// Issues `NAME-0` to `NAME-COUNT`, 32 at a time, each with its name as idempotency key, and says which were given out.
pub(crate) async fn issue(
    ca: &CertificateAuthority,
    name: &str,
    count: u32,
    given_out: fn(String) -> Result<()>,
) -> Result<()> {
    let key = Arc::new(KeyPair::generate(KeyKind::P256)?);
    let next = Arc::new(AtomicU32::new(0));
    let mut requesters = JoinSet::new();
    for _ in 0..REQUESTERS {
        let (ca, key, next, name) = (ca.clone(), key.clone(), next.clone(), name.to_owned());
        requesters.spawn(async move {
            let profile = Profile::client();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok::<_, anyhow::Error>(());
                }
                let name = format!("{name}-{number}");
                let subject = format!("CN={name}").parse()?;
                let parameters = CertificateParameters::for_key(key.public_key_der(), subject);
                let idempotency = Idempotency {
                    key: name,
                    payload_sha256: [7; 32],
                };
                let order = Order::new(parameters, &profile, "client", actor())
                    .idempotency(idempotency)
                    .key_reuse(KeyReuse::Any);
                let issued = ca.issue(order, OffsetDateTime::now_utc()).await?;
                given_out(issued.record.serial.to_string())?;
            }
        });
    }
    while let Some(ended) = requesters.join_next().await {
        ended??;
    }
    Ok(())
}

pub(crate) fn actor() -> Actor {
    Actor::new("suite")
}

/// Who ask at the same time.
const REQUESTERS: usize = 32;
