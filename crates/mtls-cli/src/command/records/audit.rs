//! `mtls audit`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use pki_store::{
    AcknowledgedRestore, AuditBreak, AuditError, AuditHead, Checkpoint, Store, StoreUrl,
};
use serde::Serialize;
use time::OffsetDateTime;

use crate::files::read;
use crate::global::Global;
use crate::home::{CheckpointSigners, OpenCa};
use crate::output::{Outcome, Output, Tone, hex, moment, note, printable};

/// Verify or export the log of every decision
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  mtls audit verify\n  mtls audit export > audit.jsonl")]
pub(crate) struct Audit {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Check that no row was changed, taken out or put in, and that the store has each certificate as the log says
    ///
    /// Exit code 1 where the chain is broken, or a certificate was removed or changed, or is not revoked any more. By the last checkpoint, or those that are given, a log is found that was cut
    /// short or written anew.
    #[command(
        after_help = "Examples:\n  mtls audit verify --checkpoint /mnt/elsewhere/checkpoints.jsonl\n  \
                      mtls audit verify --store postgres://ca@standby.example.org/ca"
    )]
    Verify {
        /// Checkpoints that were kept elsewhere: a file with one a line [default: the last one that is kept]
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,

        #[command(flatten)]
        store: ReadStore,
    },
    /// Go on with a store that was restored from a backup
    ///
    /// A store that is older than the last checkpoint is refused, since what was revoked after the backup would be good
    /// again. Revoke that again afterwards; a row of the audit log says who has acknowledged it, signed by the key that has
    /// signed the checkpoint, so that it takes the passphrase.
    #[command(after_help = "Example:\n  mtls audit acknowledge --yes")]
    Acknowledge {
        /// Do it
        #[arg(long, required = true)]
        yes: bool,
    },
    /// Print all rows as JSON lines
    #[command(after_help = "Example:\n  mtls audit export > audit.jsonl")]
    Export {
        #[command(flatten)]
        store: ReadStore,
    },
}

/// Where the log is read.
#[derive(Args, Debug)]
struct ReadStore {
    /// Read this store, in place of the one in ca.toml: a standby does. Without it a standby is read while there is no
    /// primary
    #[arg(long = "store", value_name = "URL")]
    url: Option<StoreUrl>,
}

#[derive(Debug, Serialize)]
struct Verified {
    intact: bool,
    rows: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// How many checkpoints the log was compared with.
    compared: usize,
    restores: Vec<RestoreView>,
}

#[derive(Debug, Serialize)]
struct RestoreView {
    row: u64,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    actor: String,
    instead_of: Option<u64>,
    signed: bool,
}

impl RestoreView {
    fn of(restore: &AcknowledgedRestore, signers: &mut CheckpointSigners<'_>) -> Self {
        let signed = restore.signed.as_ref();
        Self {
            row: restore.seq,
            at: restore.at,
            actor: restore.actor.clone(),
            instead_of: restore.instead_of,
            signed: signed.is_some_and(|signed| signers.check(signed).is_ok()),
        }
    }

    fn sentence(&self) -> String {
        let Self { row, actor, .. } = self;
        let at = moment(self.at);
        let instead_of = match self.instead_of {
            Some(row) => format!("the checkpoint of row {row}"),
            None => "a checkpoint".into(),
        };
        match self.signed {
            true => format!(
                "row {row}: {actor} has acknowledged at {at} that the store was restored from a backup, and is older than \
                 {instead_of}"
            ),
            false => format!(
                "warning: row {row} says that the store was restored from a backup, and is older than {instead_of}. No key \
                 of this CA has signed that for this log, and it is not believed. If it was so, and the store is refused, \
                 `mtls audit acknowledge` once more"
            ),
        }
    }
}

impl Audit {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        // A log that was tampered with has to be looked at.
        match self.task {
            Task::Verify { checkpoint, store } => {
                let ca = OpenCa::open_unchecked_to_look(global, store.url).await?;
                verify(&ca, &checkpoint, out).await
            }
            Task::Acknowledge { .. } => {
                let ca = OpenCa::open_unchecked(global, None).await?;
                acknowledge(&ca, out).await
            }
            Task::Export { store } => {
                let ca = OpenCa::open_unchecked_to_look(global, store.url).await?;
                export(&ca, out).await
            }
        }
    }
}

async fn acknowledge(ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
    let newest = ca.newest_checkpoint().await?;
    let newest = newest.context("there is no checkpoint that the store could be older than")?;
    if ca.store().check_age(&newest).await.is_ok() {
        bail!("the store is not older than its last checkpoint: there is nothing to acknowledge");
    }
    ca.acknowledge_restore(&newest).await?;
    out.line("acknowledged; revoke again what was revoked since the backup")?;
    Ok(Outcome::Done)
}

/// One a line.
fn read_checkpoints(signers: &mut CheckpointSigners<'_>, path: &Path) -> Result<Vec<Checkpoint>> {
    let cannot = || format!("cannot use {}", path.display());
    let text = read(path)?;
    let text = str::from_utf8(&text).with_context(cannot)?;
    let mut checkpoints = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let checkpoint = Checkpoint::parse(line).with_context(cannot)?;
        signers.check(&checkpoint).with_context(cannot)?;
        checkpoints.push(checkpoint);
    }
    if checkpoints.is_empty() {
        bail!("{} holds no checkpoint", path.display());
    }
    Ok(checkpoints)
}

async fn verify(ca: &OpenCa, files: &[PathBuf], out: &mut Output) -> Result<Outcome> {
    let mut checkpoints = Vec::new();
    let mut signers = ca.checkpoint_signers();
    for file in files {
        checkpoints.extend(read_checkpoints(&mut signers, file)?);
    }
    if files.is_empty() {
        checkpoints.extend(ca.newest_checkpoint().await?);
        // A standby has no second place of its own.
        if checkpoints.is_empty() && !ca.store().is_read_only() {
            ca.warn_of_lost_checkpoints().await?;
        }
    }
    let found = ca.store().acknowledged_restores().await?;
    let passed_over = |it: &&Checkpoint| found.iter().any(|by| by.passes_over(it));
    let compared = checkpoints.iter().filter(|it| !passed_over(it)).count();
    let restores = found.iter().map(|it| RestoreView::of(it, &mut signers));
    let restores: Vec<_> = restores.collect();
    for restore in &restores {
        note(restore.sentence());
    }
    if compared == 0 {
        note(
            "there was no checkpoint to compare the log with: nobody would notice one that was written anew",
        );
    }
    let verified = match against(ca.store(), &checkpoints).await {
        Ok(head) => Verified {
            intact: true,
            rows: head.seq,
            hash: Some(hex(&head.hash)),
            problem: None,
            compared,
            restores,
        },
        Err(AuditError::Broken(problem)) => Verified {
            intact: false,
            rows: ca.store().audit_head().await?.seq,
            hash: None,
            problem: Some(sentence(&problem, ca.store().is_read_only())),
            compared,
            restores,
        },
        Err(error) => return Err(error.into()),
    };
    if out.is_json() {
        out.json(&verified)?;
    } else {
        let rows = verified.rows;
        let line = match &verified.problem {
            None => out.paint(Tone::Good, format!("the audit log is intact: {rows} rows")),
            Some(problem) => out.paint(Tone::Bad, problem),
        };
        out.line(line)?;
    }
    Ok(Outcome::found(!verified.intact))
}

/// The log itself, and then the certificates and revocations by it.
async fn against(store: &Store, checkpoints: &[Checkpoint]) -> Result<AuditHead, AuditError> {
    let head = store.verify_audit_against(checkpoints).await?;
    store.verify_records().await?;
    Ok(head)
}

/// Of a log that ends too early on a standby nobody knows yet whether it was cut short.
fn sentence(problem: &AuditBreak, on_standby: bool) -> String {
    match problem {
        AuditBreak::Truncated { found, expected } if on_standby => format!(
            "this store has rows up to {found}, and a checkpoint is of row {expected}: on a standby that is behind, verify it \
             again later, or on the primary"
        ),
        problem => problem.to_string(),
    }
}

/// Rows of all CAs of the store: they are one chain.
async fn export(ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
    let mut after = 0;
    loop {
        let rows = ca.store().audit(after, ROWS).await?;
        let Some(last) = rows.last() else {
            return Ok(Outcome::Done);
        };
        after = last.seq;
        let mut lines = String::new();
        for row in &rows {
            lines.push_str(&printable(&serde_json::to_string(row)?));
            lines.push('\n');
        }
        out.bytes(lines.as_bytes())?;
    }
}

/// Rows that are read at once.
const ROWS: u32 = 1000;
