//! `mtls audit`.

use anyhow::Result;
use clap::{Args, Subcommand};
use pki_store::AuditError;
use serde::Serialize;

use crate::global::Global;
use crate::home::OpenCa;
use crate::output::{Outcome, Output, Tone, hex};

/// Verify or export the log of every decision
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  mtls audit verify\n  mtls audit export > audit.jsonl")]
pub(crate) struct Audit {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Check that no row was changed, taken out or put in
    ///
    /// Exit code 1 where the chain is broken.
    #[command(after_help = "Example:\n  mtls audit verify")]
    Verify {},
    /// Print all rows as JSON lines
    #[command(after_help = "Example:\n  mtls audit export > audit.jsonl")]
    Export,
}

#[derive(Debug, Serialize)]
struct Verified {
    intact: bool,
    rows: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Audit {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = OpenCa::open(global).await?;
        match self.task {
            Task::Verify {} => verify(&ca, out).await,
            Task::Export => export(&ca, out).await,
        }
    }
}

async fn verify(ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
    let verified = match ca.store().verify_audit().await {
        Ok(head) => Verified {
            intact: true,
            rows: head.seq,
            hash: Some(hex(&head.hash)),
            problem: None,
        },
        Err(AuditError::Broken(problem)) => Verified {
            intact: false,
            rows: ca.store().audit_head().await?.seq,
            hash: None,
            problem: Some(problem.to_string()),
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

/// Rows of all CAs of the store: they are one chain.
async fn export(ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
    let mut after = 0;
    loop {
        let rows = ca.store().audit(after, ROWS).await?;
        let Some(last) = rows.last() else {
            return Ok(Outcome::Done);
        };
        after = last.seq;
        let mut lines = Vec::new();
        for row in &rows {
            serde_json::to_writer(&mut lines, row)?;
            lines.push(b'\n');
        }
        out.bytes(&lines)?;
    }
}

/// Rows that are read at once.
const ROWS: u32 = 1000;
