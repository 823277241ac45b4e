//! A process that issues.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use clap::Args;
use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{CertificateAuthority, Idempotency, KeyReuse, Order};
use time::OffsetDateTime;
use tokio::task::JoinSet;

use crate::authority::{actor, add, open};

/// Issue certificates, and print the serial number of each that is given out
#[derive(Args)]
pub(crate) struct Worker {
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
}

impl Worker {
    pub(crate) async fn run(&self) -> Result<()> {
        let ca = add(&open(&self.url).await?, &self.authority).await?;
        let print = |serial: String| Ok(writeln!(std::io::stdout(), "{serial}")?);
        issue(&ca, &self.name, self.count, print).await
    }
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

/// Who ask at the same time.
const REQUESTERS: usize = 32;
