//! Keys and names as rcgen takes them.

use pki_core::{KeyKind, KeyPair, Signer as _};
use rcgen::{
    CertificateParams, DnType, DnValue, PublicKeyData, SanType, SignatureAlgorithm, SigningKey,
};
use spki::SubjectPublicKeyInfoRef;
use x509_identity::{
    Attribute, AttributeValue, DistinguishedName, ObjectIdentifier, StringType, SubjectAltName,
};

use super::error::MakeError;

/// A key that signs what rcgen writes. Not a key of rcgen's own: that reads no ML-DSA.
pub(super) struct Signing<'a> {
    key: &'a KeyPair,
    /// The content of the subjectPublicKey.
    bits: Vec<u8>,
}

impl<'a> Signing<'a> {
    pub(super) fn with(key: &'a KeyPair) -> Self {
        let spki = SubjectPublicKeyInfoRef::try_from(key.public_key_der())
            .expect("a key pair has a SubjectPublicKeyInfo");
        let bits = spki.subject_public_key.raw_bytes().to_vec();
        Self { key, bits }
    }
}

impl PublicKeyData for Signing<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.bits
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.key.kind() {
            KeyKind::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyKind::MlDsa65 => &rcgen::PKCS_ML_DSA_65,
            // The one kind that is left to a `KeyType`, in whatever size.
            _ => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl SigningKey for Signing<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.key.sign(message);
        signature.map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// Parameters with these names and nothing else.
pub(super) fn named_params(
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
