//! A TLS client that always shows its certificate, and says why it was refused.
//!
//! [`Connector`] makes connections to servers that lead to trusted roots, judged by
//! [`pki_core::verify`] at its strictest, then by a [`PinPolicy`] if there is one. It shows its
//! [`ClientIdentity`], or the one that fits, to every server that asks. All of that can be replaced while it
//! is in use, with all connections that a [`Rotating`] client keeps. It is a tower service for hyper-util and tonic, and
//! gives a reqwest client (feature `reqwest`). What fails becomes an [`Error`], whose [`ErrorKind`] says who refused whom
//! and why, also where TLS 1.3 tells it late.
//!
//! No file is read but those of [`IdentityFiles`] and [`TrustFiles`], and no root of this machine is trusted but by
//! [`platform_roots`]. There is no way to accept any server, and no plain HTTP unless
//! [allowed](ConnectorBuilder::allow_plain_http). Sessions are not resumed unless that is
//! [asked for](Resumption), and then only while the server would still be accepted.
//!
//! ```no_run
//! use mtls_client::{ClientIdentity, Connector, Error, TrustAnchors};
//!
//! # async fn run(ca: &[u8], cert: &[u8], key: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let identity = ClientIdentity::from_pem(cert, key)?;
//! let connector = Connector::builder(TrustAnchors::from_pem(ca)?, identity).build()?;
//! let client = connector.reqwest().build()?;
//! match client.get("https://localhost:8443/whoami").send().await {
//!     Ok(response) => println!("{}", response.text().await?),
//!     Err(error) => {
//!         let error = Error::from_reqwest(error);
//!         eprintln!("{}: {error}", error.kind());
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod clients;
mod config;
mod connect;
mod failure;
mod handshake;
mod identities;
mod trust;
mod watch;

pub use clients::retry::SafeRetry;
pub use clients::rotating::Rotating;
pub use connect::builder::{ConfigError, ConnectorBuilder, TlsVersions};
pub use connect::connector::Connector;
pub use connect::stream::TlsStream;
pub use failure::error::{Error, ErrorKind};
pub use handshake::sessions::Resumption;
pub use identities::Identities;
pub use trust::pin::{Pin, PinError, PinPlace, PinSet};
pub use trust::pin_policy::{PinMismatch, PinPolicy};
pub use trust::platform::{PlatformRootsError, platform_roots};
pub use watch::identity::IdentityWatch;
pub use watch::trust::{Trust, TrustFileError, TrustFiles, TrustWatch};

/// The certificate that is presented, and its files.
pub use tls_identity::{
    FileError, Identity as ClientIdentity, IdentityError, IdentityFileError, IdentityFiles,
};

/// What the connector's settings are made of.
pub use pki_core::{
    Password,
    verify::{
        AnchorError, CrlLoadError, CrlSet, ExpiredCrl, Revocation, Scope, TrustAnchors,
        UnknownStatus,
    },
};
