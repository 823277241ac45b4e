//! Why no lab was made.

use pkcs12_ios::{BuildError, ProfileError, SignProfileError};
use pki_core::{CrlBuildError, CsrError, IssueError, KeyError};
use x509_identity::ParseError;

/// A lab that could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// A bundle was refused, nearly always because of its password.
    #[error("the .p12 bundle could not be made")]
    Bundle(#[from] BuildError),

    /// A CRL could not be signed.
    #[error("a CRL of the lab could not be signed")]
    Crl(#[from] CrlBuildError),

    /// A certification request could not be read back.
    #[error("a certification request of the lab could not be read")]
    Csr(#[from] CsrError),

    /// A certification request, or a certificate that has to be refused, could not be made.
    #[error("a certification request, or a certificate that has to be refused, could not be made")]
    Encode(#[from] rcgen::Error),

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

    /// The Apple profile could not be signed.
    #[error("the configuration profile could not be signed")]
    SignProfile(#[from] SignProfileError),
}
