#![doc = include_str!("../README.md")]

mod clients;
mod config;
mod connect;
#[cfg(feature = "enroll")]
mod enroll;
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
#[cfg(feature = "enroll")]
pub use enroll::{
    agent::{RenewalAgent, RenewalEvent},
    enrolled::Enrolled,
    enroller::Enroller,
    error::EnrollError,
    evidence::{Attester, AttesterError, Evidence, EvidencePurpose, EvidenceRequest},
    files::{EnrolledFiles, PendingRequest},
    key_store::{KeyStore, KeyStoreError},
    window::RenewalWindow,
};
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

/// What a certificate is asked for with.
#[cfg(feature = "enroll")]
pub use pki_core::{CertificateRequest, KeyKind, KeyPair};

/// Names, identifiers and certificates: its types are in signatures of this crate.
pub use x509_identity;

/// What the connector's settings are made of.
pub use pki_core::{
    Password,
    verify::{
        AnchorError, CrlLoadError, CrlSet, ExpiredCrl, Revocation, Scope, TrustAnchors,
        UnknownStatus,
    },
};
