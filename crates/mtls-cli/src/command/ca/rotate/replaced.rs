//! Which keys of a CA are in use, and which were replaced.

use anyhow::{Context as _, Result};
use pki_store::IssuerState;
use time::OffsetDateTime;

use crate::home::{CaKey, CaRole, OpenCa, Rotation, actor};

/// The numbers that a rotation begins with.
pub(super) fn rotation_of(ca: &OpenCa) -> Rotation {
    ca.directory().settings().rotation
}

/// The number after `number`.
pub(super) fn next(number: u32) -> Result<u32> {
    number
        .checked_add(1)
        .context("there were too many rotations")
}

/// Says in the store which issuers were replaced: they issue no more.
pub(super) async fn mark_old(ca: &OpenCa, now: OffsetDateTime) -> Result<()> {
    for (key, issuer) in ca.keys().await? {
        if is_old(ca, key) && issuer.state == IssuerState::Active {
            let state = IssuerState::Retiring;
            ca.store()
                .set_issuer_state(issuer.id, state, &actor(), now)
                .await?;
        }
    }
    Ok(())
}

/// Whether another one is in use in its place.
pub(super) fn is_old(ca: &OpenCa, key: CaKey) -> bool {
    let directory = ca.directory();
    match key.role {
        CaRole::Root => key != directory.root(),
        CaRole::Issuing => key != directory.issuing(),
    }
}
