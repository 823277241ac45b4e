//! Retiring what was replaced, once nothing needs it.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use pki_core::verify::RevocationReason;
use pki_store::{Actor, IssuerState, Selection, Selector};
use serde::Serialize;
use time::OffsetDateTime;

use super::issuing::need_key;
use super::replaced::{mark_old, rotation_of};
use super::status::{Old, old_issuers};
use crate::home::{CaRole, KeyPlace, OpenCa, Rotation, actor};
use crate::look::certificates;
use crate::output::{Fields, Outcome, Output};

#[derive(Debug, Serialize)]
pub(super) struct Finished {
    retired: Vec<String>,
    keys: Vec<String>,
}

/// Retires all that was replaced.
///
/// The root revokes the certificates of old issuing CAs, and the new root that of the old one: what they have issued is
/// refused from then on, revoked or not, though their CRLs end.
pub(super) async fn finish(ca: &mut OpenCa) -> Result<Finished> {
    let now = OffsetDateTime::now_utc();
    mark_old(ca, now).await?;
    let old = old_issuers(ca, now).await?;
    if old.is_empty() && ca.directory().old_root().is_none() {
        bail!("nothing is being replaced");
    }
    for one in &old {
        if !one.needed_by.is_empty() {
            bail!(too_early(one));
        }
    }
    let root = ca.directory().root();
    need_key(ca, root)?;
    let authority = ca.authority(root).await?;
    revoke(ca, &old, &actor(), now).await?;
    authority.sign_crl(0, root.crl_life(), now).await?;
    for one in &old {
        let state = IssuerState::Retired;
        ca.store()
            .set_issuer_state(one.issuer.id, state, &actor(), now)
            .await?;
    }
    let rotation = rotation_of(ca);
    if rotation.old_root.is_some() {
        ca.switch(Rotation {
            old_root: None,
            ..rotation
        })?;
    }
    // For the checkpoint.
    ca.issuing().await?;
    let keys = old.iter().map(|one| ca.directory().key_place(one.key));
    Ok(Finished {
        retired: old
            .iter()
            .map(|one| one.issuer.certificate().subject().to_string())
            .collect(),
        keys: keys
            .filter(KeyPlace::is_here)
            .map(|place| place.to_string())
            .collect(),
    })
}

/// Revokes what the root in use has certified: old issuing CAs, and the old root.
async fn revoke(ca: &OpenCa, old: &[Old], actor: &Actor, now: OffsetDateTime) -> Result<()> {
    let mut superseded = Vec::new();
    for one in old {
        match one.key.role {
            CaRole::Issuing => superseded.push(*one.issuer.certificate().fingerprint_sha256()),
            CaRole::Root => {
                let path = ca.directory().cross_back_path(ca.directory().root());
                let cross = certificates(&crate::files::read(&path)?)?;
                superseded.extend(cross.iter().map(|it| *it.fingerprint_sha256()));
            }
        }
    }
    for fingerprint in superseded {
        let selection = Selection::of(ca.name(), Selector::Fingerprint(fingerprint));
        let reason = RevocationReason::Superseded;
        ca.store().revoke(&selection, reason, actor, now).await?;
    }
    Ok(())
}

fn too_early(old: &Old) -> String {
    let subject = old.issuer.certificate().subject();
    let count = old.needed_by.len();
    let (mut text, rest) = match count {
        1 => (
            format!("1 certificate still needs `{subject}`"),
            "renew and revoke it, or wait until it ends",
        ),
        _ => (
            format!("{count} certificates still need `{subject}`"),
            "renew and revoke them, or wait until they end",
        ),
    };
    for (position, record) in old.needed_by.iter().take(NAMED).enumerate() {
        let before = if position == 0 { ": " } else { ", " };
        let who = crate::command::records::record::RecordView::of(record).who();
        // Writing into a string does not fail.
        let _ = write!(text, "{before}{who} ({})", record.serial);
    }
    if count > NAMED {
        let _ = write!(text, " and {} more", count - NAMED);
    }
    let _ = write!(text, "; {rest}");
    text
}

pub(super) fn report(finished: &Finished, ca: &OpenCa, out: &mut Output) -> Result<Outcome> {
    if out.is_json() {
        out.json(finished)?;
        return Ok(Outcome::Done);
    }
    let mut fields = Fields::default();
    fields
        .add_all("retired", &finished.retired)
        .add_all("keys to delete", &finished.keys);
    out.line(fields.to_string())?;
    let name = ca.name();
    out.line(format!("`mtls ca show --ca {name}` shows what is left"))?;
    Ok(Outcome::Done)
}

/// How many certificates an error names.
const NAMED: usize = 10;
