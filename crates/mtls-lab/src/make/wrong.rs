//! Requests, and certificates that `pki-core` rightly refuses to issue.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyUsagePurpose, SanType, SerialNumber,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use time::{Duration, OffsetDateTime};
use x509_identity::{
    Attribute, AttributeValue, Certificate, DistinguishedName, ObjectIdentifier, StringType,
    SubjectAltName,
};

use super::MakeError;
use super::names::CLIENT_DAYS;
use pki_core::{Authority, KeyPair};

/// What is wrong with a certificate. Everything else in it is as it should be.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub(super) subject: DistinguishedName,
    pub(super) sans: Vec<SubjectAltName>,
    pub(super) usage: Option<ExtendedKeyUsagePurpose>,
    pub(super) ca: bool,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
}

impl Wrong {
    /// A certificate for `usage` with nothing wrong yet.
    pub(super) fn starting_from(
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
        signer: &rcgen::KeyPair,
        key: &KeyPair,
    ) -> Result<Certificate, MakeError> {
        let authority = authority.certificate();
        let mut issuer = named_params(authority.subject(), &[])?;
        let key_id = authority.subject_key_id().unwrap_or_default();
        issuer.key_identifier_method = KeyIdMethod::PreSpecified(key_id.to_vec());
        let issuer = Issuer::from_params(&issuer, signer);
        let certificate = self.params()?.signed_by(&rcgen_key(key)?, &issuer)?;
        Ok(Certificate::from_der(certificate.der())?)
    }

    /// Signed by its own key.
    pub(super) fn self_signed(&self, key: &KeyPair) -> Result<Certificate, MakeError> {
        let certificate = self.params()?.self_signed(&rcgen_key(key)?)?;
        Ok(Certificate::from_der(certificate.der())?)
    }

    fn params(&self) -> Result<CertificateParams, MakeError> {
        let mut params = named_params(&self.subject, &self.sans)?;
        params.serial_number = Some(fresh_serial()?);
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

/// A certification request as the applicant makes it, in PEM.
pub(super) fn request(
    key: &KeyPair,
    subject: &DistinguishedName,
    sans: &[SubjectAltName],
) -> Result<String, MakeError> {
    Ok(named_params(subject, sans)?
        .serialize_request(&rcgen_key(key)?)?
        .pem()?)
}

pub(super) fn rcgen_key(key: &KeyPair) -> Result<rcgen::KeyPair, MakeError> {
    Ok(rcgen::KeyPair::try_from(&PrivatePkcs8KeyDer::from(
        key.secret_pkcs8_der(),
    ))?)
}

fn named_params(
    subject: &DistinguishedName,
    sans: &[SubjectAltName],
) -> Result<CertificateParams, MakeError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for attribute in subject.attributes() {
        params
            .distinguished_name
            .push(dn_type(attribute.oid()), dn_value(attribute)?);
    }
    params.subject_alt_names = sans.iter().map(san_type).collect::<Result<_, _>>()?;
    Ok(params)
}

fn dn_type(oid: ObjectIdentifier) -> DnType {
    let arcs: Vec<u64> = oid.arcs().map(u64::from).collect();
    DnType::from_oid(&arcs)
}

/// rcgen would write a UTF8String for all; a countryName, for one, is a PrintableString.
fn dn_value(attribute: &Attribute) -> Result<DnValue, rcgen::Error> {
    let text = attribute.text().unwrap_or_default();
    Ok(match attribute.value() {
        AttributeValue::Text {
            string_type: StringType::Printable,
            ..
        } => DnValue::PrintableString(text.try_into()?),
        _ => DnValue::Utf8String(text.to_owned()),
    })
}

fn san_type(name: &SubjectAltName) -> Result<SanType, rcgen::Error> {
    Ok(match name {
        SubjectAltName::Email(text) => SanType::Rfc822Name(text.as_str().try_into()?),
        SubjectAltName::Ip(address) => SanType::IpAddress(*address),
        SubjectAltName::Uri(text) => SanType::URI(text.as_str().try_into()?),
        other => SanType::DnsName(other.to_string().try_into()?),
    })
}

/// rcgen's own serial number is a hash of the key, and so the same for two certificates of one key.
fn fresh_serial() -> Result<SerialNumber, MakeError> {
    // A UUID is 16 random bytes but for six fixed bits.
    let mut bytes = uuid::Uuid::new_v4().into_bytes();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}
