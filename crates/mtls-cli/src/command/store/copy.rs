//! `mtls store copy`.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use clap::Args;
use pki_store::{StoreUrl, copy};
use serde::Serialize;

use super::url::url;
use crate::global::Global;
use crate::output::{Counter, Outcome, Output, hex};

/// Copy everything to an empty database: between SQLite and PostgreSQL, both ways
///
/// Stop everything that writes to the store first. The copy is read again and compared with what was read, and its audit
/// log is verified, also against the checkpoints in the store. Then name the copy as `store` in ca.toml.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls store copy --to postgres://ca@db.example.org/ca\n  \
                  mtls store copy --from postgres://ca@db.example.org/ca --to sqlite:copy.db"
)]
pub(crate) struct Copy {
    /// What is copied: sqlite:PATH or postgres://USER@HOST/DATABASE [default: the store of the CA]
    #[arg(long, value_name = "URL")]
    from: Option<StoreUrl>,

    /// Where it is copied to
    #[arg(long, value_name = "URL")]
    to: StoreUrl,
}

#[derive(Debug, Serialize)]
struct Copied {
    from: String,
    to: String,
    rows: BTreeMap<String, u64>,
    audit_rows: u64,
    audit_hash: String,
    checkpoints: usize,
}

impl Copy {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let from = url(self.from, global)?;
        ensure!(from != self.to, "{from} cannot be copied to itself");
        let counter = Counter::new("rows");
        let copied = copy(&from, &self.to, move |rows| counter.add(rows)).await?;
        let rows: u64 = copied.rows.values().sum();
        out.line(format!(
            "copied {rows} rows of {} tables: {} certificates, {} revocations",
            copied.rows.len(),
            copied.rows.get("certificates").unwrap_or(&0),
            copied.rows.get("revocations").unwrap_or(&0),
        ))?;
        out.line(format!(
            "the audit log of the copy is intact: {} rows, {} checkpoints",
            copied.audit.seq, copied.checkpoints
        ))?;
        out.line(format!(
            "to use the copy, write into ca.toml: store = \"{}\"",
            self.to
        ))?;
        if out.is_json() {
            out.json(&Copied {
                from: from.to_string(),
                to: self.to.to_string(),
                audit_rows: copied.audit.seq,
                audit_hash: hex(&copied.audit.hash),
                checkpoints: copied.checkpoints,
                rows: copied.rows,
            })?;
        }
        Ok(Outcome::Done)
    }
}
