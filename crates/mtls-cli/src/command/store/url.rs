//! Which store is meant.

use anyhow::Result;
use pki_store::StoreUrl;

use crate::global::Global;
use crate::home::{Home, store_url};

/// The store that was named, or that of the CA.
pub(super) fn url(named: Option<StoreUrl>, global: &Global) -> Result<StoreUrl> {
    match named {
        Some(url) => Ok(url),
        None => store_url(&Home::of(global)?.ca(global.ca.as_deref())?),
    }
}
