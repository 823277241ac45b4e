//! What the agent trusts.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use mtls_client::{EnrolledFiles, Pin, TrustAnchors};
use x509_identity::Certificate;

use crate::files::read;
use crate::look::ServerUrl;

/// The roots for the server at `url`: of a file, or the one with a key that is known.
///
/// Those that the CA has told since are trusted, too: its root may be being replaced.
pub(super) fn roots(
    url: &str,
    ca_file: Option<&PathBuf>,
    pin: Option<&Pin>,
    files: &EnrolledFiles,
) -> Result<TrustAnchors> {
    let roots = match (ca_file, pin) {
        (Some(path), _) => anchors_of(path)?,
        (None, Some(pin)) => match files.roots()? {
            // The pin was checked when these were fetched.
            Some(known) => return Ok(known),
            None => pinned(url, pin)?,
        },
        (None, None) => bail!("say with --ca-file what the CA's root is"),
    };
    Ok(match files.roots()? {
        Some(known) => roots.and(&known),
        None => roots,
    })
}

fn anchors_of(path: &Path) -> Result<TrustAnchors> {
    TrustAnchors::from_pem(&read(path)?).with_context(|| format!("cannot use {}", path.display()))
}

/// The root with this key, of those that the server presents. The server is verified by it afterwards.
fn pinned(url: &str, pin: &Pin) -> Result<TrustAnchors> {
    let server: ServerUrl = url.parse()?;
    for der in server.presented()? {
        let certificate = Certificate::from_der(&der);
        if let Ok(certificate) = certificate
            && certificate.is_self_issued()
            && Pin::of(&certificate) == *pin
        {
            return Ok(TrustAnchors::from_certs([der])?);
        }
    }
    bail!("the server at {url} presents no root with the key {pin}")
}
