//! What our client presents and trusts, out of the lab.

use std::fs;

use anyhow::{Context, Result};
use mtls_client::ClientIdentity;
use pki_core::verify::TrustAnchors;

use crate::workbench::lab::Lab;

pub(super) fn roots(lab: &Lab, file: &str) -> Result<TrustAnchors> {
    Ok(TrustAnchors::from_pem(&read(lab, file)?)?)
}

/// The certificate and the key of this name.
pub(super) fn identity(lab: &Lab, stem: &str) -> Result<ClientIdentity> {
    let chain = read(lab, &format!("{stem}.crt"))?;
    Ok(ClientIdentity::from_pem(
        &chain,
        &read(lab, &format!("{stem}.key"))?,
    )?)
}

pub(super) fn read(lab: &Lab, file: &str) -> Result<Vec<u8>> {
    fs::read(lab.path(file)).with_context(|| format!("reading {file}"))
}
