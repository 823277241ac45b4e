//! The roots that this machine trusts.

use std::error::Error as StdError;

use pki_core::verify::TrustAnchors;

/// The roots that the operating system trusts for servers. On Linux that is the first bundle found in the usual places,
/// elsewhere the system's store. The environment variables `SSL_CERT_FILE` and `SSL_CERT_DIR` name others.
///
/// Only a connector that gets them trusts them. They can be used alone, or beside private roots by
/// [`TrustAnchors::and`]. A certificate among them that cannot be read is left out, with an event of level warn (target
/// `mtls_client`). The call blocks for some milliseconds.
///
/// ```no_run
/// use mtls_client::{ClientIdentity, Connector, TrustAnchors, platform_roots};
///
/// # fn run(ca: &[u8], identity: ClientIdentity) -> Result<(), Box<dyn std::error::Error>> {
/// let roots = TrustAnchors::from_pem(ca)?.and(&platform_roots()?);
/// let connector = Connector::builder(roots, identity).build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`PlatformRootsError`] if there is none at all.
pub fn platform_roots() -> Result<TrustAnchors, PlatformRootsError> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(target: "mtls_client", %error, "some roots of this machine cannot be read");
    }
    let readable = found.certs.iter().filter(|certificate| {
        TrustAnchors::from_certs([certificate])
            .inspect_err(|error| {
                tracing::warn!(target: "mtls_client", %error, "a root of this machine is left out");
            })
            .is_ok()
    });
    TrustAnchors::from_certs(readable).map_err(|empty| PlatformRootsError {
        source: match found.errors.into_iter().next() {
            Some(error) => error.into(),
            None => empty.into(),
        },
    })
}

/// This machine has no roots.
#[derive(Debug, thiserror::Error)]
#[error(
    "no trusted root was found on this machine; install its package of CA certificates, or name a bundle in SSL_CERT_FILE"
)]
pub struct PlatformRootsError {
    source: Box<dyn StdError + Send + Sync>,
}
