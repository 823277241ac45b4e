//! Certificates that have to be refused: `pki-core` rightly issues none of them, so rcgen does.

use pki_core::{Authority, KeyPair};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod,
    KeyUsagePurpose, SerialNumber,
};
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use super::error::MakeError;
use super::names::CLIENT_DAYS;
use super::with_rcgen::{Signing, named_params};

/// What a certificate says.
#[derive(Clone, Debug)]
pub(super) struct Params {
    pub(super) subject: DistinguishedName,
    pub(super) sans: Vec<SubjectAltName>,
    pub(super) usage: Option<ExtendedKeyUsagePurpose>,
    pub(super) ca: bool,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
}

impl Params {
    /// What a good certificate for `usage` says.
    pub(super) fn good(
        subject: DistinguishedName,
        sans: Vec<SubjectAltName>,
        usage: ExtendedKeyUsagePurpose,
        now: OffsetDateTime,
    ) -> Self {
        let not_before = now - Duration::minutes(1);
        let not_after = not_before + Duration::days(i64::from(CLIENT_DAYS));
        Self {
            subject,
            sans,
            usage: Some(usage),
            ca: false,
            not_before,
            not_after,
        }
    }

    /// Signed by `authority`, whose key is `signer`.
    pub(super) fn signed_by(
        &self,
        authority: &Authority,
        signer: &KeyPair,
        key: &KeyPair,
    ) -> Result<Certificate, MakeError> {
        let authority = authority.certificate();
        let mut issuer = named_params(authority.subject(), &[])?;
        let key_id = authority.subject_key_id().unwrap_or_default();
        issuer.key_identifier_method = KeyIdMethod::PreSpecified(key_id.to_vec());
        let issuer = Issuer::from_params(&issuer, Signing::with(signer));
        let certificate = self.params()?.signed_by(&Signing::with(key), &issuer)?;
        Ok(Certificate::from_der(certificate.der())?)
    }

    /// Signed by its own key.
    pub(super) fn self_signed(&self, key: &KeyPair) -> Result<Certificate, MakeError> {
        let certificate = self.params()?.self_signed(&Signing::with(key))?;
        Ok(Certificate::from_der(certificate.der())?)
    }

    fn params(&self) -> Result<CertificateParams, MakeError> {
        let mut params = named_params(&self.subject, &self.sans)?;
        params.serial_number = Some(fresh_serial());
        params.not_before = self.not_before;
        params.not_after = self.not_after;
        params.use_authority_key_identifier_extension = true;
        params.key_identifier_method = KeyIdMethod::Sha256;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = self.usage.iter().cloned().collect();
        params.is_ca = IsCa::ExplicitNoCa;
        if self.ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        }
        Ok(params)
    }
}

/// rcgen's own serial number is a hash of the key, and so the same for two certificates of one key.
fn fresh_serial() -> SerialNumber {
    // A UUID is 16 random bytes but for six fixed bits.
    let mut bytes = uuid::Uuid::new_v4().into_bytes();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&bytes)
}
