//! Certificates of a simulated platform.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PublicKeyData, SignatureAlgorithm,
};
use spki::SubjectPublicKeyInfoRef;
use spki::der::Decode as _;
use time::OffsetDateTime;
use x509_identity::Certificate;

/// A certificate or a key could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the simulator could not make a certificate")]
pub struct SimulatorError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl From<rcgen::Error> for SimulatorError {
    fn from(error: rcgen::Error) -> Self {
        Self(error.into())
    }
}

impl From<x509_identity::ParseError> for SimulatorError {
    fn from(error: x509_identity::ParseError) -> Self {
        Self(error.into())
    }
}

/// A CA with its key.
pub(super) type Issuer = CertifiedIssuer<'static, KeyPair>;

/// A name and a validity period.
pub(super) fn named(
    attributes: &[(DnType, &str)],
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, text) in attributes {
        params.distinguished_name.push(kind.clone(), *text);
    }
    params.not_before = not_before;
    params.not_after = not_after;
    params
}

pub(super) fn ca(mut params: CertificateParams) -> CertificateParams {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

pub(super) fn with_extension(
    mut params: CertificateParams,
    oid: &[u64],
    value: Vec<u8>,
) -> CertificateParams {
    let extension = CustomExtension::from_oid_content(oid, value);
    params.custom_extensions.push(extension);
    params
}

/// A new key for a root.
pub(super) fn root_key() -> Result<KeyPair, SimulatorError> {
    Ok(KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?)
}

/// One that was kept.
pub(super) fn read_root_key(pem: &str) -> Result<KeyPair, SimulatorError> {
    Ok(KeyPair::from_pkcs8_pem_and_sign_algo(
        pem,
        &PKCS_ECDSA_P384_SHA384,
    )?)
}

/// The key of an app that was kept.
pub(super) fn read_app_key(pem: &str) -> Result<KeyPair, SimulatorError> {
    Ok(KeyPair::from_pkcs8_pem_and_sign_algo(
        pem,
        &PKCS_ECDSA_P256_SHA256,
    )?)
}

pub(super) fn root(params: CertificateParams, key: KeyPair) -> Result<Issuer, SimulatorError> {
    Ok(CertifiedIssuer::self_signed(ca(params), key)?)
}

pub(super) fn below(params: CertificateParams, issuer: &Issuer) -> Result<Issuer, SimulatorError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    Ok(CertifiedIssuer::signed_by(params, key, issuer)?)
}

pub(super) fn parsed(certificate: &rcgen::Certificate) -> Result<Certificate, SimulatorError> {
    Ok(Certificate::from_der(certificate.der())?)
}

/// The key of a certificate request, on P-256.
pub(super) struct RequestKey(Vec<u8>);

impl RequestKey {
    /// Reads a DER `SubjectPublicKeyInfo`.
    pub(super) fn read(spki_der: &[u8]) -> Result<Self, SimulatorError> {
        let wrong = |what: &'static str| SimulatorError(what.into());
        let spki = SubjectPublicKeyInfoRef::from_der(spki_der);
        let spki = spki.map_err(|error| SimulatorError(error.into()))?;
        let point = spki.subject_public_key.as_bytes();
        let key = Self(point.unwrap_or_default().to_vec());
        // Which is so on P-256 alone.
        match key.subject_public_key_info() == spki_der {
            true => Ok(key),
            false => Err(wrong("the key is not one on P-256")),
        }
    }
}

impl PublicKeyData for RequestKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}
