//! One CRL, read.

use std::fmt;

use der::pem::LineEnding;
use der::{Reader, SliceReader};
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName, ParseError};

use super::distribution_point::CrlScope;
use super::entry::{CrlEntry, Entry};
use super::error::CrlError;
use super::header::Header;
use crate::pem::{self, Label, PemError};
use crate::verify::signature::Signed;

/// A CRL (RFC 5280 section 5), read in whole and kept as the DER that it came in.
///
/// Anybody can make one: what it says counts after [`is_signed_by`](Self::is_signed_by), and as the whole truth about its
/// issuer's certificates only if it has no [`problem`](Self::problem). To look certificates up, put CRLs into a
/// [`CrlSet`](crate::verify::CrlSet).
pub struct Crl {
    der: Box<[u8]>,
    header: Header,
    entries: usize,
}

/// Why a file holds no CRL that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlReadError {
    /// PEM text without a CRL in it.
    #[error("no `X509 CRL` block was found")]
    NoCrl,

    /// It is not PEM.
    #[error("the CRL file cannot be read")]
    Pem(#[source] PemError),

    /// The CRL in it cannot be used.
    #[error("the CRL cannot be used")]
    Unusable(#[source] CrlError),
}

impl Crl {
    /// Reads DER.
    ///
    /// # Errors
    ///
    /// [`CrlError`] says what is wrong with it.
    pub fn from_der(der: &[u8]) -> Result<Self, CrlError> {
        Self::read(der, |_| {})
    }

    /// Reads the first CRL of a PEM file (`X509 CRL`, RFC 7468 section 6), or a CRL in DER.
    ///
    /// # Errors
    ///
    /// [`CrlReadError`] says what is wrong with it.
    pub fn from_pem_or_der(bytes: &[u8]) -> Result<Self, CrlReadError> {
        if pem::is_der(bytes) {
            return Self::from_der(pem::der_value(bytes)).map_err(CrlReadError::Unusable);
        }
        let file = pem::read(bytes).map_err(CrlReadError::Pem)?;
        let section = file
            .sections()
            .find(|section| section.label() == Label::Crl);
        let der = section.ok_or(CrlReadError::NoCrl)?.der();
        Self::from_der(&der.map_err(CrlReadError::Pem)?).map_err(CrlReadError::Unusable)
    }

    /// Calls `entry` with the offset of each entry in the DER.
    pub(crate) fn read(der: &[u8], mut entry: impl FnMut(u32)) -> Result<Self, CrlError> {
        let mut entries = 0;
        let header = Header::read(der, |offset| {
            entries += 1;
            entry(offset);
        })?;
        Ok(Self {
            der: der.into(),
            header,
            entries,
        })
    }

    /// The CRL as DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The CRL as PEM (RFC 7468 section 6).
    ///
    /// # Panics
    ///
    /// Never: what was read is not larger than PEM can be (256 MiB).
    #[must_use]
    pub fn pem(&self) -> String {
        crl_pem(&self.der).expect("a CRL that was read can be written as PEM")
    }

    /// The issuer's name.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for a name that cannot be represented exactly.
    pub fn issuer(&self) -> Result<DistinguishedName, ParseError> {
        DistinguishedName::from_der(self.issuer_der())
    }

    /// The issuer's name, as DER.
    #[must_use]
    pub fn issuer_der(&self) -> &[u8] {
        &self.der[self.header.issuer.clone()]
    }

    /// The cRLNumber (RFC 5280 section 5.2.3): `None` where there is none, or one of more than 64 bits, which
    /// [`number_octets`](Self::number_octets) has.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        let octets = self.number_octets()?;
        let mut bytes = [0; 8];
        let start = bytes.len().checked_sub(octets.len())?;
        bytes[start..].copy_from_slice(octets);
        Some(u64::from_be_bytes(bytes))
    }

    /// The cRLNumber, if there is one: big-endian, without leading zeros, in at most 20 octets.
    #[must_use]
    pub fn number_octets(&self) -> Option<&[u8]> {
        self.header.number.as_deref()
    }

    /// When the CRL was made.
    #[must_use]
    pub fn this_update(&self) -> OffsetDateTime {
        self.header.this_update
    }

    /// When the next one is due at the latest. A CRL without this date is not read.
    #[must_use]
    pub fn next_update(&self) -> OffsetDateTime {
        self.header.next_update
    }

    /// The keyIdentifier of its authorityKeyIdentifier: which key of the issuer signed it.
    #[must_use]
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.header.key_id.as_deref()
    }

    /// Which certificates of its issuer it covers, by its issuing distribution point.
    #[must_use]
    pub fn scope(&self) -> CrlScope {
        let point = self.header.distribution_point.as_ref();
        point.map_or(CrlScope::All, |point| point.covers)
    }

    /// The URLs of its issuing distribution point: it is for the certificates that name one of them, and for all if there
    /// are none.
    #[must_use]
    pub fn distribution_point_urls(&self) -> Vec<String> {
        let point = self.header.distribution_point.iter();
        point.flat_map(|point| point.urls()).collect()
    }

    /// Why the CRL cannot count as the complete CRL of its issuer, if there is a reason: it is a delta CRL, an indirect
    /// one, for some reasons only, or has a critical extension that is not understood.
    #[must_use]
    pub fn problem(&self) -> Option<&CrlError> {
        self.header.problem.as_ref()
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Whether it has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Its entries, in its order. They are read one by one: a CRL of a million takes no more memory for it.
    ///
    /// # Panics
    ///
    /// Never: each entry was read when the CRL was.
    pub fn entries(&self) -> impl Iterator<Item = CrlEntry> + '_ {
        let list = &self.der[self.header.entries.clone()];
        let mut reader = SliceReader::new(list).expect("a CRL is not larger than DER can be");
        std::iter::from_fn(move || {
            if reader.is_finished() {
                return None;
            }
            let entry = reader.tlv_bytes().expect("every entry was read before");
            let entry = Entry::at(entry, 0).expect("every entry was read before");
            Some(entry.to_owned())
        })
    }

    /// Whether `issuer` is its issuer, by name, and has signed it, by an algorithm that is accepted.
    ///
    /// Whether `issuer` may sign CRLs is another question: [`Certificate::key_usage`].
    #[must_use]
    pub fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let same_name = self.issuer_der() == issuer.subject_der()
            || self
                .issuer()
                .is_ok_and(|name| name.matches(issuer.subject()));
        same_name && self.names_key(issuer.subject_key_id()) && self.is_by(issuer.spki_der())
    }

    /// Whether the CRL does not say that another key signed it than the one with this identifier.
    pub(crate) fn names_key(&self, id: Option<&[u8]>) -> bool {
        match (self.authority_key_id(), id) {
            (Some(named), Some(id)) => named == id,
            _ => true,
        }
    }

    /// Whether the key in this SubjectPublicKeyInfo signed it.
    pub(crate) fn is_by(&self, spki_der: &[u8]) -> bool {
        Signed::from_der(&self.der).is_ok_and(|signed| signed.is_by(spki_der))
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crl")
            .field("header", &self.header)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

/// A CRL in DER as PEM (RFC 7468 section 6); `None` for one that is larger than PEM can be (256 MiB).
#[must_use]
pub fn crl_pem(der: &[u8]) -> Option<String> {
    encode_pem(der).ok()
}

pub(super) fn encode_pem(der: &[u8]) -> Result<String, der::pem::Error> {
    der::pem::encode_string("X509 CRL", LineEnding::LF, der)
}
