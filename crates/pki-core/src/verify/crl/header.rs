//! Reading the DER of a CRL without copying its entries (RFC 5280 section 5.1).

use std::ops::Range;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CERTIFICATE_ISSUER, ID_CE_CRL_NUMBER, ID_CE_CRL_REASONS,
    ID_CE_DELTA_CRL_INDICATOR, ID_CE_ISSUING_DISTRIBUTION_POINT,
};
use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, ErrorKind, Reader, SliceReader, Tag, TagNumber, Tagged};
use time::OffsetDateTime;
use x509_cert::ext::pkix::IssuingDistributionPoint;
use x509_cert::ext::pkix::name::DistributionPointName;
use x509_cert::time::Time;

use super::index::{CrlError, RevocationReason, magnitude, moment};

/// Everything in a CRL but its entries.
#[derive(Debug)]
pub(super) struct Header {
    /// Where the issuer's Name is, tag and length included.
    pub(super) issuer: Range<usize>,
    pub(super) this_update: OffsetDateTime,
    pub(super) next_update: OffsetDateTime,
    /// cRLNumber, big-endian without leading zeros; empty where there is none.
    pub(super) number: Vec<u8>,
    /// The key that signed the list, if it says which: the keyIdentifier of its authorityKeyIdentifier.
    pub(super) key_id: Option<Vec<u8>>,
    pub(super) distribution_point: Option<DistributionPoint>,
    /// Why it cannot count as the complete list of its issuer, if there is a reason.
    pub(super) problem: Option<CrlError>,
}

/// The issuingDistributionPoint extension of a CRL (RFC 5280 section 5.2.5).
#[derive(Debug)]
pub(super) struct DistributionPoint {
    /// The extension's value, which tells one shard of an issuer from another.
    pub(super) der: Vec<u8>,
    pub(super) covers: Covers,
    /// The DER of each GeneralName of its fullName; `None` where it has no name at all.
    pub(super) names: Option<Vec<Vec<u8>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Covers {
    All,
    CaCertificates,
    UserCertificates,
}

/// One revoked certificate.
pub(super) struct Entry<'a> {
    /// The content of the INTEGER.
    pub(super) serial: &'a [u8],
    pub(super) date: OffsetDateTime,
    pub(super) reason: RevocationReason,
}

impl Header {
    /// Reads the whole CRL and calls `entry` with the offset of each revoked certificate in `der`.
    pub(super) fn read(der: &[u8], entry: impl FnMut(u32)) -> Result<Self, CrlError> {
        let mut reader = SliceReader::new(der)?;
        let header = reader.sequence(|list| {
            let (algorithm, header) = list.sequence(|tbs| tbs_cert_list(der, tbs, entry))?;
            if list.tlv_bytes()? != algorithm {
                return Err(CrlError::from(ErrorKind::Value { tag: Tag::Sequence }));
            }
            BitStringRef::decode(list)?;
            Ok::<_, CrlError>(header)
        })?;
        reader.finish()?;
        Ok(header)
    }
}

/// Returns the signature algorithm that is inside what is signed, and the header.
fn tbs_cert_list<'a>(
    der: &'a [u8],
    tbs: &mut SliceReader<'a>,
    entry: impl FnMut(u32),
) -> Result<(&'a [u8], Header), CrlError> {
    let version2 = next_is(tbs, Tag::Integer);
    if version2 && u8::decode(tbs)? != 1 {
        return Err(CrlError::Version);
    }
    let algorithm = tbs.tlv_bytes()?;
    let name = tbs.tlv_bytes()?;
    if name.first() != Some(&0x30) {
        return Err(ErrorKind::Value { tag: Tag::Sequence }.into());
    }
    let start = offset_in(der, name);
    let this_update = read_time(tbs)?;
    if !(next_is(tbs, Tag::UtcTime) || next_is(tbs, Tag::GeneralizedTime)) {
        return Err(CrlError::NoNextUpdate);
    }
    let next_update = read_time(tbs)?;

    let mut header = Header {
        issuer: start..start + name.len(),
        this_update,
        next_update,
        number: Vec::new(),
        key_id: None,
        distribution_point: None,
        problem: None,
    };
    if next_is(tbs, Tag::Sequence) {
        tbs.sequence(|entries| revoked_certificates(der, entries, &mut header, version2, entry))?;
    }
    if !tbs.is_finished() {
        let explicit = AnyRef::decode(tbs)?;
        explicit.tag().assert_eq(CRL_EXTENSIONS)?;
        if !version2 {
            return Err(CrlError::Version);
        }
        let mut inner = SliceReader::new(explicit.value())?;
        extensions(&mut inner, |oid, critical, value| {
            let result = header.remember(oid, critical, value);
            header.note(result)
        })?;
        inner.finish()?;
    }
    Ok((algorithm, header))
}

fn revoked_certificates<'a>(
    der: &'a [u8],
    entries: &mut SliceReader<'a>,
    header: &mut Header,
    version2: bool,
    mut entry: impl FnMut(u32),
) -> Result<(), CrlError> {
    while !entries.is_finished() {
        let tlv = entries.tlv_bytes()?;
        let mut reader = SliceReader::new(tlv)?;
        let read = reader.sequence(|fields| Entry::read(fields, version2));
        header.note(read.map(drop))?;
        // A CRL is at most 64 MiB, so an offset into it fits.
        entry(u32::try_from(offset_in(der, tlv)).map_err(|_| ErrorKind::Overflow)?);
    }
    Ok(())
}

impl<'a> Entry<'a> {
    /// Whether the entry revokes; in a delta CRL it may take a revocation back.
    pub(super) fn revokes(&self) -> bool {
        self.reason != RevocationReason::RemoveFromCrl
    }

    /// Reads the entry that starts at `offset`.
    pub(super) fn at(der: &'a [u8], offset: u32) -> Result<Self, CrlError> {
        let entry = usize::try_from(offset)
            .ok()
            .and_then(|offset| der.get(offset..));
        let mut reader = SliceReader::new(entry.unwrap_or_default())?;
        reader.sequence(|fields| Self::read(fields, true))
    }

    fn read(fields: &mut SliceReader<'a>, version2: bool) -> Result<Self, CrlError> {
        let serial = AnyRef::decode(fields)?;
        serial.tag().assert_eq(Tag::Integer)?;
        let date = read_time(fields)?;
        let mut reason = RevocationReason::Unspecified;
        if !fields.is_finished() {
            if !version2 {
                return Err(CrlError::Version);
            }
            extensions(fields, |oid, critical, value| match oid {
                ID_CE_CRL_REASONS => {
                    reason = read_reason(value)?;
                    not_critical(oid, critical)
                }
                ID_CE_CERTIFICATE_ISSUER => Err(CrlError::Indirect),
                _ if critical => Err(CrlError::UnknownCriticalExtension(oid)),
                _ => Ok(()),
            })?;
        }
        Ok(Self {
            serial: serial.value(),
            date,
            reason,
        })
    }
}

impl Header {
    /// What tells one distribution point of an issuer from another.
    pub(super) fn point(&self) -> Option<&[u8]> {
        self.distribution_point
            .as_ref()
            .map(|point| point.der.as_slice())
    }

    /// Whether whoever is listed is revoked, even though others may be, too.
    pub(super) fn says_who_is_revoked(&self) -> bool {
        matches!(
            self.problem,
            None | Some(CrlError::Delta | CrlError::PartialReasons)
        )
    }

    /// Keeps what limits the list, and passes on what makes it none.
    fn note(&mut self, result: Result<(), CrlError>) -> Result<(), CrlError> {
        match result {
            Err(
                problem @ (CrlError::AttributeCertificates
                | CrlError::Delta
                | CrlError::Indirect
                | CrlError::MarkedCritical(_)
                | CrlError::PartialReasons
                | CrlError::RelativeDistributionPoint
                | CrlError::UnknownCriticalExtension(_)),
            ) => {
                let outweighs = self.says_who_is_revoked();
                if outweighs {
                    self.problem = Some(problem);
                }
                Ok(())
            }
            other => other,
        }
    }

    fn remember(
        &mut self,
        oid: ObjectIdentifier,
        critical: bool,
        value: &[u8],
    ) -> Result<(), CrlError> {
        match oid {
            ID_CE_CRL_NUMBER => {
                let number = AnyRef::from_der(value)?;
                number.tag().assert_eq(Tag::Integer)?;
                // RFC 5280 5.2.3: at most 20 octets, and not negative.
                if number.value().len() > 21
                    || number.value().first().is_none_or(|byte| byte & 0x80 != 0)
                {
                    return Err(ErrorKind::Value { tag: Tag::Integer }.into());
                }
                self.number = magnitude(number.value()).to_vec();
                not_critical(oid, critical)
            }
            ID_CE_ISSUING_DISTRIBUTION_POINT => {
                let (point, some_reasons) = DistributionPoint::read(value)?;
                self.distribution_point = Some(point);
                if some_reasons {
                    return Err(CrlError::PartialReasons);
                }
                Ok(())
            }
            ID_CE_DELTA_CRL_INDICATOR => Err(CrlError::Delta),
            ID_CE_AUTHORITY_KEY_IDENTIFIER => {
                self.key_id = key_id(value)?;
                Ok(())
            }
            _ if critical => Err(CrlError::UnknownCriticalExtension(oid)),
            _ => Ok(()),
        }
    }
}

/// The keyIdentifier of an AuthorityKeyIdentifier, which comes first in it. Nothing else of it is used, or read.
fn key_id(value: &[u8]) -> Result<Option<Vec<u8>>, CrlError> {
    let sequence = AnyRef::from_der(value)?;
    sequence.tag().assert_eq(Tag::Sequence)?;
    let mut fields = SliceReader::new(sequence.value())?;
    if !next_is(&fields, KEY_IDENTIFIER) {
        return Ok(None);
    }
    Ok(Some(AnyRef::decode(&mut fields)?.value().to_vec()))
}

impl DistributionPoint {
    /// Returns also whether the list is for some revocation reasons only.
    fn read(value: &[u8]) -> Result<(Self, bool), CrlError> {
        let point = IssuingDistributionPoint::from_der(value)?;
        if point.indirect_crl {
            return Err(CrlError::Indirect);
        }
        if point.only_contains_attribute_certs {
            return Err(CrlError::AttributeCertificates);
        }
        let covers = match (point.only_contains_user_certs, point.only_contains_ca_certs) {
            (false, false) => Covers::All,
            (false, true) => Covers::CaCertificates,
            (true, false) => Covers::UserCertificates,
            (true, true) => return Err(ErrorKind::Value { tag: Tag::Boolean }.into()),
        };
        let names = match point.distribution_point {
            None => None,
            Some(DistributionPointName::FullName(names)) => {
                Some(names.iter().map(Encode::to_der).collect::<Result<_, _>>()?)
            }
            Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => {
                return Err(CrlError::RelativeDistributionPoint);
            }
        };
        let read = Self {
            der: value.to_vec(),
            covers,
            names,
        };
        Ok((read, point.only_some_reasons.is_some()))
    }
}

impl From<der::Error> for CrlError {
    fn from(source: der::Error) -> Self {
        Self::Malformed(source)
    }
}

impl From<ErrorKind> for CrlError {
    fn from(kind: ErrorKind) -> Self {
        Self::Malformed(kind.into())
    }
}

/// Reads `SEQUENCE OF Extension`, each at most once.
fn extensions<'a>(
    reader: &mut SliceReader<'a>,
    mut each: impl FnMut(ObjectIdentifier, bool, &'a [u8]) -> Result<(), CrlError>,
) -> Result<(), CrlError> {
    let mut seen = Vec::new();
    reader.sequence(|list| {
        while !list.is_finished() {
            list.sequence(|extension| {
                let oid = ObjectIdentifier::decode(extension)?;
                let critical = next_is(extension, Tag::Boolean) && bool::decode(extension)?;
                let value = AnyRef::decode(extension)?;
                value.tag().assert_eq(Tag::OctetString)?;
                if seen.contains(&oid) {
                    return Err(CrlError::DuplicateExtension(oid));
                }
                if seen.len() == MAX_EXTENSIONS {
                    return Err(ErrorKind::Overlength.into());
                }
                seen.push(oid);
                each(oid, critical, value.value())
            })?;
        }
        Ok(())
    })
}

/// RFC 5280 sections 5.2.3 and 5.3.1: whoever marks these critical means something else by them.
fn not_critical(oid: ObjectIdentifier, critical: bool) -> Result<(), CrlError> {
    match critical {
        true => Err(CrlError::MarkedCritical(oid)),
        false => Ok(()),
    }
}

/// ENUMERATED (RFC 5280 section 5.3.1). A reason that is not assigned, such as 7, revokes for no known reason.
fn read_reason(value: &[u8]) -> Result<RevocationReason, CrlError> {
    let code = AnyRef::from_der(value)?;
    code.tag().assert_eq(Tag::Enumerated)?;
    match code.value() {
        [code] => Ok(RevocationReason::from_code(*code).unwrap_or(RevocationReason::Unspecified)),
        _ => Err(ErrorKind::Value {
            tag: Tag::Enumerated,
        }
        .into()),
    }
}

fn read_time(reader: &mut SliceReader<'_>) -> Result<OffsetDateTime, CrlError> {
    Ok(moment(Time::decode(reader)?.to_unix_duration()))
}

fn next_is(reader: &SliceReader<'_>, tag: Tag) -> bool {
    Tag::peek(reader).is_ok_and(|next| next == tag)
}

/// `part` is a slice of `whole`.
fn offset_in(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr() - whole.as_ptr().addr()
}

const KEY_IDENTIFIER: Tag = Tag::ContextSpecific {
    constructed: false,
    number: TagNumber(0),
};

const CRL_EXTENSIONS: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(0),
};

/// The search for repetitions is quadratic; honest CRLs have a handful.
const MAX_EXTENSIONS: usize = 32;
