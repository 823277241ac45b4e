//! `mtls store migrate`.

use anyhow::{Context as _, Result};
use clap::Args;
use pki_store::{StoreOptions, StoreUrl};
use serde::Serialize;

use super::url::url;
use crate::global::Global;
use crate::output::{Outcome, Output};

/// Bring the schema of a store up to date
///
/// Every command that writes does so by itself, too. Processes of the release before go on with the new schema, so that
/// machines can be updated one after the other; what only reads waits for this.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls store migrate --store postgres://ca@db.example.org/ca")]
pub(crate) struct Migrate {
    /// The store: sqlite:PATH or postgres://USER@HOST/DATABASE [default: the store of the CA]
    #[arg(long, value_name = "URL")]
    store: Option<StoreUrl>,
}

#[derive(Debug, Serialize)]
struct Migrated {
    store: String,
    from: i64,
    to: i64,
}

impl Migrate {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let url = url(self.store, global)?;
        let store = StoreOptions::new(url.clone()).existing().open().await;
        let store = store.with_context(|| format!("cannot use the store {url}"))?;
        let schema = store.schema();
        let (from, to) = (schema.found, schema.known.max(schema.found));
        out.line(match (from, to) {
            (from, to) if from < to => format!("brought from schema version {from} to {to}"),
            _ if from > schema.known => {
                format!("a later release has brought it to schema version {from} already")
            }
            _ => format!("it has schema version {to} already"),
        })?;
        if out.is_json() {
            let store = url.to_string();
            out.json(&Migrated { store, from, to })?;
        }
        Ok(Outcome::Done)
    }
}
