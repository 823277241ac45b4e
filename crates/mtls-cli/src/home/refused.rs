//! A home that is not used, and the row in the audit log that says so.

use anyhow::Result;
use pki_store::StoreOptions;
use time::OffsetDateTime;

use super::directory::{ExposedHome, Home};
use super::open_ca::{OpenCa, actor, store_url};
use crate::global::Global;
use crate::output::note;

impl OpenCa {
    /// The CA for `what`, which issues a certificate for `name`. If it is refused because others can read its home, the
    /// audit log says so.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub(crate) async fn open_to_issue(global: &Global, what: &str, name: &str) -> Result<Self> {
        let error = match Self::open(global).await {
            Ok(ca) => return Ok(ca),
            Err(error) => error,
        };
        // Where others can write, the store may be theirs.
        let exposed = error.downcast_ref::<ExposedHome>();
        if exposed.is_some_and(|home| !home.is_writable()) {
            let recorded = record(global, &format!("{what} {name}"), &error.to_string()).await;
            if let Err(error) = recorded {
                note(format!("warning: the refusal was not recorded: {error:#}"));
            }
        }
        Err(error)
    }
}

async fn record(global: &Global, about: &str, reason: &str) -> Result<()> {
    let directory = Home::of(global)?.ca_of_exposed(global.ca.as_deref())?;
    let options = StoreOptions::new(store_url(&directory)?);
    let store = options.existing().open().await?;
    let name = directory.settings().name.as_str();
    let now = OffsetDateTime::now_utc();
    store
        .record_refusal(name, about, reason, &actor(), now)
        .await?;
    Ok(())
}
