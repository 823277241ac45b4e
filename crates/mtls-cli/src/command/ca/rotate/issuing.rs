//! A new issuing CA below the root that is there.

use anyhow::{Result, bail};
use time::OffsetDateTime;

use super::make::{Above, issuing_ca};
use super::replaced::{next, rotation_of};
use crate::home::{CaKey, OpenCa, Rotation};

/// Makes it; what is returned is to be written into the settings.
pub(super) async fn make(ca: &OpenCa, now: OffsetDateTime) -> Result<Rotation> {
    let rotation = rotation_of(ca);
    let key = ca.directory().root();
    need_key(ca, key)?;
    let authority = ca.authority(key).await?;
    let above = Above {
        key,
        authority: &authority,
    };
    let issuing = next(rotation.issuing)?;
    issuing_ca(ca, &above, CaKey::issuing(issuing), now).await?;
    Ok(Rotation {
        issuing,
        ..rotation
    })
}

/// A root's key may be elsewhere most of the time.
pub(super) fn need_key(ca: &OpenCa, root: CaKey) -> Result<()> {
    let place = ca.directory().key_place(root);
    if !place.is_here() {
        bail!(
            "the root's key is not here, which has to sign what is new: put it into {place}, and take it away again \
             afterwards"
        );
    }
    Ok(())
}
