//! Reading the DER of a CRL without copying its entries (RFC 5280 section 5.1).

use std::ops::Range;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CRL_NUMBER, ID_CE_DELTA_CRL_INDICATOR,
    ID_CE_ISSUING_DISTRIBUTION_POINT,
};
use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, ErrorKind, Reader, SliceReader, Tag, TagNumber, Tagged};
use time::OffsetDateTime;

use super::distribution_point::DistributionPoint;
use super::entry::Entry;
use super::error::CrlError;
use super::fields::{extensions, magnitude, next_is, not_critical, offset_in, read_time};

/// Everything in a CRL but its entries.
#[derive(Debug)]
pub(crate) struct Header {
    /// Where the issuer's Name is, tag and length included.
    pub(crate) issuer: Range<usize>,
    /// Where the content of revokedCertificates is; empty where there is none.
    pub(crate) entries: Range<usize>,
    pub(crate) this_update: OffsetDateTime,
    pub(crate) next_update: OffsetDateTime,
    /// cRLNumber, big-endian without leading zeros.
    pub(crate) number: Option<Vec<u8>>,
    /// The key that signed the CRL, if it says which: the keyIdentifier of its authorityKeyIdentifier.
    pub(crate) key_id: Option<Vec<u8>>,
    pub(crate) distribution_point: Option<DistributionPoint>,
    /// Why it cannot count as the complete CRL of its issuer, if there is a reason.
    pub(crate) problem: Option<CrlError>,
}

impl Header {
    /// Reads the whole CRL and calls `entry` with the offset of each revoked certificate in `der`.
    pub(crate) fn read(der: &[u8], entry: impl FnMut(u32)) -> Result<Self, CrlError> {
        let mut reader = SliceReader::new(der)?;
        let header = reader.sequence(|list| {
            let (algorithm, header) = list.sequence(|tbs| tbs_cert_list(der, tbs, entry))?;
            if list.tlv_bytes()? != algorithm {
                return Err(CrlError::SignatureAlgorithmMismatch);
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
    let this_update = read_time(tbs, "thisUpdate of the CRL")?;
    if !(next_is(tbs, Tag::UtcTime) || next_is(tbs, Tag::GeneralizedTime)) {
        return Err(CrlError::NoNextUpdate);
    }
    let next_update = read_time(tbs, "nextUpdate of the CRL")?;

    let mut header = Header {
        issuer: start..start + name.len(),
        entries: 0..0,
        this_update,
        next_update,
        number: None,
        key_id: None,
        distribution_point: None,
        problem: None,
    };
    if next_is(tbs, Tag::Sequence) {
        let list = AnyRef::decode(tbs)?.value();
        let start = offset_in(der, list);
        header.entries = start..start + list.len();
        revoked_certificates(der, list, &mut header, version2, entry)?;
    }
    if !tbs.is_finished() {
        let explicit = AnyRef::decode(tbs)?;
        explicit.tag().assert_eq(CRL_EXTENSIONS)?;
        if !version2 {
            return Err(CrlError::Version);
        }
        let mut inner = SliceReader::new(explicit.value())?;
        extensions(&mut inner, |oid, critical, value| {
            let read = header.remember(oid, critical, value);
            read.or_else(|problem| header.note(problem))
        })?;
        inner.finish()?;
    }
    Ok((algorithm, header))
}

fn revoked_certificates<'a>(
    der: &'a [u8],
    list: &'a [u8],
    header: &mut Header,
    version2: bool,
    mut entry: impl FnMut(u32),
) -> Result<(), CrlError> {
    let mut entries = SliceReader::new(list)?;
    while !entries.is_finished() {
        let tlv = entries.tlv_bytes()?;
        let mut reader = SliceReader::new(tlv)?;
        reader.sequence(|fields| Entry::read(fields, version2, |problem| header.note(problem)))?;
        // A CRL is at most 64 MiB, so an offset into it is a u32.
        entry(u32::try_from(offset_in(der, tlv)).map_err(|_| ErrorKind::Overflow)?);
    }
    Ok(())
}

impl Header {
    /// What tells one distribution point of an issuer from another.
    pub(crate) fn point(&self) -> Option<&[u8]> {
        self.distribution_point
            .as_ref()
            .map(|point| point.der.as_slice())
    }

    /// Whether a certificate that is listed is revoked, even though others may be as well.
    pub(crate) fn says_who_is_revoked(&self) -> bool {
        matches!(
            self.problem,
            None | Some(CrlError::Delta | CrlError::PartialReasons)
        )
    }

    /// Keeps a problem that limits the CRL, and passes on one that makes it unreadable.
    fn note(&mut self, problem: CrlError) -> Result<(), CrlError> {
        match problem {
            problem @ (CrlError::AttributeCertificates
            | CrlError::Delta
            | CrlError::Indirect
            | CrlError::MarkedCritical(_)
            | CrlError::PartialReasons
            | CrlError::RelativeDistributionPoint
            | CrlError::UnknownCriticalExtension(_)) => {
                let outweighs = self.says_who_is_revoked();
                if outweighs {
                    self.problem = Some(problem);
                }
                Ok(())
            }
            other => Err(other),
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
                self.number = Some(magnitude(number.value()).to_vec());
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

const KEY_IDENTIFIER: Tag = Tag::ContextSpecific {
    constructed: false,
    number: TagNumber(0),
};

const CRL_EXTENSIONS: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(0),
};
