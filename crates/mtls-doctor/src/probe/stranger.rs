//! A client certificate of a CA that nobody knows.

use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use time::OffsetDateTime;
use tls_identity::{Identity, IdentityError};
use x509_identity::DistinguishedName;

/// Makes a CA and a client certificate of it, in memory, good in all but being known.
///
/// # Errors
///
/// [`StrangerError`] if this machine cannot make keys.
pub(super) fn stranger(now: OffsetDateTime) -> Result<Identity, StrangerError> {
    let name = |common_name: &str| {
        DistinguishedName::builder()
            .common_name(common_name)
            .build()
    };
    let root_name = name("mtls doctor: a CA that nobody trusts").map_err(StrangerError::name)?;
    let root_key = KeyPair::generate(KeyKind::P256).map_err(StrangerError::key)?;
    let root = Authority::root(root_name, root_key, &Profile::root(), now)
        .map_err(StrangerError::issue)?;
    let key = KeyPair::generate(KeyKind::P256).map_err(StrangerError::key)?;
    let client = name("mtls doctor: a stranger").map_err(StrangerError::name)?;
    let parameters = CertificateParameters::for_key(key.public_key_der(), client);
    let issued = root
        .issue(&parameters, &Profile::client(), now)
        .map_err(StrangerError::issue)?;
    Identity::from_pem(
        issued.chain_pem().as_bytes(),
        key.secret_pkcs8_pem().as_bytes(),
    )
    .map_err(StrangerError::Identity)
}

/// Why there is no stranger to try.
#[derive(Debug, thiserror::Error)]
#[error("a certificate to try cannot be made")]
pub(super) enum StrangerError {
    Identity(#[source] IdentityError),
    Issue(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StrangerError {
    fn name(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Issue(Box::new(error))
    }

    fn key(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Issue(Box::new(error))
    }

    fn issue(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Issue(Box::new(error))
    }
}
