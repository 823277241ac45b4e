//! A process that is killed at a step of what it does.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anyhow::Result;
use clap::Args;
use pki_core::verify::RevocationReason;
use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{CheckpointPlace, Idempotency, KeyReuse, Order, Selection, Selector};
use time::{Duration, OffsetDateTime};

use crate::authority::{actor, add, options};

/// Issue a certificate, revoke another one, sign a CRL and a checkpoint, and print what came of each
#[derive(Args)]
pub(crate) struct Victim {
    /// The store
    #[arg(long)]
    pub(crate) url: String,
    /// Where the CA is
    #[arg(long)]
    pub(crate) authority: PathBuf,
    /// The number that makes the names of this round its own
    #[arg(long)]
    pub(crate) round: usize,
    /// What time it is, in seconds since 1970
    #[arg(long)]
    pub(crate) now: i64,
    /// The step at which it is killed
    #[arg(long)]
    pub(crate) step: String,
    /// The how-manieth time of this step
    #[arg(long)]
    pub(crate) time: u32,
}

impl Victim {
    pub(crate) async fn run(&self) -> Result<()> {
        let now = OffsetDateTime::from_unix_timestamp(self.now)?;
        let (step, left) = (self.step.clone(), AtomicU32::new(self.time));
        let armed = Arc::new(AtomicBool::new(false));
        let is_armed = armed.clone();
        let options = options(&self.url)?.on_step(move |name| {
            if is_armed.load(Ordering::SeqCst)
                && name == step
                && left.fetch_sub(1, Ordering::SeqCst) == 1
            {
                let itself = rustix::process::getpid();
                let _ = rustix::process::kill_process(itself, rustix::process::Signal::KILL);
            }
        });
        let store = options.open().await?;
        let ca = add(&store, &self.authority).await?;
        armed.store(true, Ordering::SeqCst);
        let profile = Profile::client();
        let issued = ca.issue(order(&profile, self.round)?, now).await?;
        say("issued", &issued.record.serial.to_string())?;
        let earlier = Selection::of("suite", Selector::Name(earlier(self.round).parse()?));
        let reason = RevocationReason::Superseded;
        let revoked = store.revoke(&earlier, reason, &actor(), now).await?;
        say("revoked", &revoked.len().to_string())?;
        let crl = ca.sign_crl(0, Duration::DAY, now).await?;
        say("crl", &crl.number.to_string())?;
        let signer = Arc::new(KeyPair::generate(KeyKind::P256)?);
        store
            .make_checkpoint(signer, Some(&place(&self.authority)), now)
            .await?;
        Ok(())
    }
}

/// The order of a round: the same one each time it is asked for.
pub(crate) fn order(profile: &Profile, round: usize) -> Result<Order<'_>> {
    let key = KeyPair::generate(KeyKind::P256)?;
    let subject = format!("CN={}", ordered(round)).parse()?;
    let parameters = CertificateParameters::for_key(key.public_key_der(), subject);
    let idempotency = Idempotency {
        key: ordered(round),
        payload_sha256: [1; 32],
    };
    Ok(Order::new(parameters, profile, "client", actor())
        .idempotency(idempotency)
        .key_reuse(KeyReuse::Any))
}

/// The name in the certificate that is ordered.
pub(crate) fn ordered(round: usize) -> String {
    format!("ordered-{round}")
}

/// A pattern for the certificate that is there before, and is revoked.
pub(crate) fn earlier(round: usize) -> String {
    format!("cn:earlier-{round}")
}

/// Where checkpoints are kept besides the store.
pub(crate) fn place(directory: &Path) -> CheckpointPlace {
    CheckpointPlace::File(directory.join("checkpoints"))
}

fn say(what: &str, outcome: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{what}:{outcome}")?)
}
