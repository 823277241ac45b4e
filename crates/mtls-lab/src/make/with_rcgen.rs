//! Keys and names as rcgen takes them.

use pki_core::KeyPair;
use rcgen::{CertificateParams, DnType, DnValue, SanType};
use rustls_pki_types::PrivatePkcs8KeyDer;
use x509_identity::{
    Attribute, AttributeValue, DistinguishedName, ObjectIdentifier, StringType, SubjectAltName,
};

use super::error::MakeError;

pub(super) fn rcgen_key(key: &KeyPair) -> Result<rcgen::KeyPair, MakeError> {
    Ok(rcgen::KeyPair::try_from(&PrivatePkcs8KeyDer::from(
        key.secret_pkcs8_der(),
    ))?)
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
