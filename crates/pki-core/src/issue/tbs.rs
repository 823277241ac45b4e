//! The to-be-signed certificate: from parameters and a profile to bytes.

use der::asn1::AnyRef;
use der::{Decode, Encode, Sequence};
use spki::AlgorithmIdentifierOwned;
use time::{Duration, OffsetDateTime};
use x509_cert::ext::Extensions;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Validity;
use x509_identity::PublicKeyAlgorithm;

use super::IssueError;
use super::extensions::extensions;
use super::issuer_facts::IssuerFacts;
use crate::asn1::asn1_time;
use crate::random::random_bytes;
use crate::{CertificateParameters, KeyKind, Profile};

/// `TBSCertificate` (RFC 5280 section 4.1). The type in `x509-cert` keeps its fields to itself.
///
/// ```text
/// TBSCertificate  ::=  SEQUENCE  {
///      version         [0]  EXPLICIT Version DEFAULT v1,
///      serialNumber         CertificateSerialNumber,
///      signature            AlgorithmIdentifier,
///      issuer               Name,
///      validity             Validity,
///      subject              Name,
///      subjectPublicKeyInfo SubjectPublicKeyInfo,
///      extensions      [3]  EXPLICIT Extensions OPTIONAL }
/// ```
#[derive(Sequence)]
struct TbsCertificate<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: u8,
    serial_number: SerialNumber,
    signature: AlgorithmIdentifierOwned,
    issuer: AnyRef<'a>,
    validity: Validity,
    subject: AnyRef<'a>,
    public_key: AnyRef<'a>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Extensions,
}

/// Builds the TBSCertificate that `profile` makes of `parameters`. Nothing is decided here.
pub(super) fn build_tbs(
    parameters: &CertificateParameters,
    profile: &Profile,
    issuer: &IssuerFacts<'_>,
    now: OffsetDateTime,
) -> Result<Vec<u8>, IssueError> {
    let key = match parameters.checked_key {
        Some(kind) => kind,
        None => key_kind(&parameters.public_key)?,
    };
    let subject = parameters.subject.to_der();
    let tbs = TbsCertificate {
        version: V3,
        serial_number: fresh_serial()?,
        signature: issuer.algorithm.identifier(),
        issuer: AnyRef::from_der(issuer.name_der).map_err(IssueError::encode)?,
        validity: validity(parameters, profile, issuer, now)?,
        subject: AnyRef::from_der(&subject).map_err(IssueError::encode)?,
        public_key: AnyRef::from_der(&parameters.public_key).map_err(IssueError::encode)?,
        extensions: extensions(parameters, profile, issuer, key).map_err(IssueError::encode)?,
    };
    tbs.to_der().map_err(IssueError::encode)
}

fn key_kind(public_key: &[u8]) -> Result<KeyKind, IssueError> {
    let algorithm = PublicKeyAlgorithm::from_spki(public_key).map_err(IssueError::encode)?;
    KeyKind::of_public_key(algorithm).ok_or_else(|| IssueError::KeyKind {
        found: algorithm.to_string(),
    })
}

/// 16 random bytes. RFC 5280 4.1.2.2 allows 20 octets and wants it positive: a clear top bit keeps
/// DER from adding a sign octet, a set second one keeps it from dropping a zero octet.
fn fresh_serial() -> Result<SerialNumber, IssueError> {
    let mut bytes: [u8; 16] = random_bytes().map_err(IssueError::encode)?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::new(&bytes).map_err(IssueError::encode)
}

/// Whole seconds; notAfter is inclusive (RFC 5280 section 4.1.2.5), so a validity period of a day ends a
/// second before the next one begins.
fn validity(
    parameters: &CertificateParameters,
    profile: &Profile,
    issuer: &IssuerFacts<'_>,
    now: OffsetDateTime,
) -> Result<Validity, IssueError> {
    let period = match parameters.validity {
        Some(period) => period,
        None => Duration::try_from(profile.validity.default).map_err(IssueError::encode)?,
    };
    let beyond = || IssueError::encode("the certificate's validity is beyond the calendar");
    let start = now
        .replace_nanosecond(0)
        .map_err(IssueError::encode)?
        .checked_sub(profile.backdate_for(period))
        .ok_or_else(beyond)?;
    let end = period
        .checked_sub(Duration::SECOND)
        .and_then(|period| start.checked_add(period))
        .ok_or_else(beyond)?;
    let end = match issuer.not_after {
        Some(last) if parameters.ends_with_issuer => end.min(last),
        _ => end,
    };
    Ok(Validity::new(
        asn1_time(start).map_err(IssueError::encode)?,
        asn1_time(end).map_err(IssueError::encode)?,
    ))
}

const V3: u8 = 2;
