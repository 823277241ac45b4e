//! Client certificates of CAs that nobody knows.

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
    of_ca(named("mtls doctor: a CA that nobody trusts")?, now)
}

/// The same, of a CA with the name of one that is known, and another key.
///
/// # Errors
///
/// [`StrangerError`] if this machine cannot make keys.
pub(super) fn namesake(
    issuer: &DistinguishedName,
    now: OffsetDateTime,
) -> Result<Identity, StrangerError> {
    of_ca(issuer.clone(), now)
}

fn of_ca(ca: DistinguishedName, now: OffsetDateTime) -> Result<Identity, StrangerError> {
    let key = || KeyPair::generate(KeyKind::P256).map_err(StrangerError::issue);
    let root = Authority::root(ca, key()?, &Profile::root(), now).map_err(StrangerError::issue)?;
    let key = key()?;
    let client = named("mtls doctor: a stranger")?;
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

fn named(common_name: &str) -> Result<DistinguishedName, StrangerError> {
    let name = DistinguishedName::builder().common_name(common_name);
    name.build().map_err(StrangerError::issue)
}

/// Why there is no stranger to try.
#[derive(Debug, thiserror::Error)]
#[error("a certificate to try cannot be made")]
pub(super) enum StrangerError {
    Identity(#[source] IdentityError),
    Issue(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StrangerError {
    fn issue(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Issue(Box::new(error))
    }
}
