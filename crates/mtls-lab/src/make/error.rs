//! Why no lab was made.

use pkcs12_ios::{BuildError, ProfileError};
use pki_core::{CrlBuildError, CsrError, IssueError, KeyError};
use x509_identity::ParseError;

/// A lab that could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// A bundle was refused, nearly always because of its password.
    #[error("the .p12 bundle could not be made")]
    Bundle(#[from] BuildError),

    /// A request for a certificate could not be read back.
    #[error("a certificate request of the lab could not be read")]
    Csr(#[from] CsrError),

    /// A certificate was refused, nearly always because of an extra server name.
    #[error("a certificate of the lab could not be issued")]
    Issue(#[from] IssueError),

    /// No key could be made.
    #[error("a key of the lab could not be made")]
    Key(#[from] KeyError),

    /// A name cannot stand in a certificate.
    #[error("a name of the lab cannot be certified")]
    Name(#[from] ParseError),

    /// The Apple profile could not be made.
    #[error("the configuration profile could not be made")]
    Profile(#[from] ProfileError),

    /// A revocation list could not be signed.
    #[error("a revocation list of the lab could not be signed")]
    RevocationList(#[from] CrlBuildError),

    /// One of the certificates that are wrong on purpose could not be made.
    #[error("a certificate that is wrong on purpose could not be made")]
    Wrong(#[from] rcgen::Error),
}
