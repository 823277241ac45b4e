//! The CA that all processes have.

use std::path::Path;

use anyhow::Result;
use pki_core::{Authority, KeyKind, KeyPair, Profile};
use time::OffsetDateTime;

/// A new root, in `authority.crt` and `authority.key` of this directory.
pub(crate) fn make(directory: &Path) -> Result<()> {
    let key = KeyPair::generate(KeyKind::P256)?;
    let pem = key.secret_pkcs8_pem();
    let now = OffsetDateTime::now_utc();
    let root = Authority::root("CN=Store Suite".parse()?, key, &Profile::root(), now)?;
    std::fs::write(directory.join("authority.key"), pem.as_bytes())?;
    let certificate = pki_core::certificate_pem(root.certificate());
    std::fs::write(directory.join("authority.crt"), certificate)?;
    Ok(())
}

/// The one that [`make`] has written.
pub(crate) fn read(directory: &Path) -> Result<Authority> {
    let key = std::fs::read(directory.join("authority.key"))?;
    let key = KeyPair::from_pem(&key, None)?;
    let chain = std::fs::read(directory.join("authority.crt"))?;
    Ok(Authority::from_pem(&chain, key)?)
}
