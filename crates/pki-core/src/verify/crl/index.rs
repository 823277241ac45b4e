//! One certificate revocation list, checked when it is loaded and searched in constant time.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{PoisonError, RwLock};

use const_oid::ObjectIdentifier;
use hashbrown::HashTable;
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::header::{Entry, Header};
use crate::verify::signature::Signed;

/// A CRL of one issuer (RFC 5280 section 5).
///
/// The DER is kept as it came, and each serial number costs one slot of four bytes (plus one of
/// control, at a load of at most 7/8) in a table of offsets into it: 6 to 12 bytes an entry beside the
/// 30 to 50 bytes of its DER. Reason and date are read on a hit.
pub(super) struct Crl {
    der: Box<[u8]>,
    pub(super) header: Header,
    entries: HashTable<u32>,
    hasher: RandomState,
    /// Issuer keys (SHA-256 of their SubjectPublicKeyInfo) that were tried on the signature.
    tried: RwLock<Vec<([u8; 32], bool)>>,
}

impl Crl {
    pub(super) fn from_der(der: &[u8]) -> Result<Self, CrlError> {
        let hasher = RandomState::new();
        let mut offsets = Vec::new();
        let header = Header::read(der, |offset| offsets.push(offset))?;

        let hash = |offset: &u32| hasher.hash_one(serial_at(der, *offset));
        let mut entries = HashTable::with_capacity(offsets.len());
        for offset in offsets {
            let same = |other: &u32| serial_at(der, *other) == serial_at(der, offset);
            // A serial number that is listed twice takes one slot: a million of them would be a
            // million collisions.
            entries.entry(hash(&offset), same, hash).or_insert(offset);
        }
        Ok(Self {
            der: der.into(),
            header,
            entries,
            hasher,
            tried: RwLock::default(),
        })
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn issuer_der(&self) -> &[u8] {
        &self.der[self.header.issuer.clone()]
    }

    /// Whether what is not listed is not revoked.
    pub(super) fn is_complete(&self) -> bool {
        self.header.problem.is_none()
    }

    /// Orders lists of one distribution point by age.
    pub(super) fn age(&self) -> impl Ord + '_ {
        let header = &self.header;
        (header.number.len(), &header.number, header.this_update)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes in memory, but for the header's few.
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.der.len() + self.entries.allocation_size()
    }

    /// Whether both are versions of one list.
    pub(super) fn is_of_same_point(&self, other: &Self) -> bool {
        self.issuer_der() == other.issuer_der()
            && self.is_complete() == other.is_complete()
            && self.header.point() == other.header.point()
    }

    /// The entry for a serial number, if it is listed.
    pub(super) fn find(&self, serial: &[u8]) -> Option<Entry<'_>> {
        let serial = magnitude(serial);
        let hash = self.hasher.hash_one(serial);
        let offset = self
            .entries
            .find(hash, |offset| serial_at(&self.der, *offset) == serial)?;
        Some(Entry::at(&self.der, *offset).expect("every entry was read when the list was loaded"))
    }

    /// Whether the issuer's key signed this list, and the list does not name another key. The signature is
    /// verified once for each key.
    pub(super) fn is_by(&self, issuer: &Certificate) -> bool {
        if let (Some(named), Some(id)) = (&self.header.key_id, issuer.subject_key_id())
            && named != id
        {
            return false;
        }
        let key = issuer.spki_sha256();
        let known = |tried: &[([u8; 32], bool)]| {
            tried
                .iter()
                .find(|(seen, _)| seen == key)
                .map(|(_, verdict)| *verdict)
        };
        if let Some(verdict) = known(&self.tried.read().unwrap_or_else(PoisonError::into_inner)) {
            return verdict;
        }
        // Under the lock: whoever comes meanwhile waits for the answer instead of hashing 64 MiB again.
        let mut tried = self.tried.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(verdict) = known(&tried) {
            return verdict;
        }
        let verdict =
            Signed::from_der(&self.der).is_ok_and(|signed| signed.is_by(issuer.spki_der()));
        if tried.len() < MAX_KEYS_TRIED {
            tried.push((*key, verdict));
        }
        verdict
    }

    /// Whether some issuer's key was found to have signed this list.
    pub(super) fn is_confirmed(&self) -> bool {
        let tried = self.tried.read().unwrap_or_else(PoisonError::into_inner);
        tried.iter().any(|(_, verdict)| *verdict)
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crl")
            .field("header", &self.header)
            .field("entries", &self.len())
            .finish_non_exhaustive()
    }
}

/// The reason of a CRL entry (RFC 5280 section 5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the RFC's")]
pub enum RevocationReason {
    Unspecified,
    KeyCompromise,
    CaCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    CertificateHold,
    RemoveFromCrl,
    PrivilegeWithdrawn,
    AaCompromise,
}

impl RevocationReason {
    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Unspecified,
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            8 => Self::RemoveFromCrl,
            9 => Self::PrivilegeWithdrawn,
            10 => Self::AaCompromise,
            _ => return None,
        })
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::RemoveFromCrl => "removeFromCRL",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        })
    }
}

/// Why a CRL cannot be used as the complete list of its issuer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// It lists attribute certificates only.
    #[error("CRL covers attribute certificates only")]
    AttributeCertificates,

    /// It lists changes to another CRL only.
    #[error("CRL is a delta CRL: load the complete one")]
    Delta,

    /// An extension occurs twice.
    #[error("CRL has extension {0} twice")]
    DuplicateExtension(ObjectIdentifier),

    /// It lists certificates of other issuers.
    #[error("CRL is an indirect CRL: load the one that each CA issued itself")]
    Indirect,

    /// It is not the DER of a CRL.
    #[error("CRL cannot be read")]
    Malformed(#[source] der::Error),

    /// It does not say until when it holds, so nobody could tell that it is out of date.
    #[error("CRL has no nextUpdate")]
    NoNextUpdate,

    /// It lists revocations for some reasons only.
    #[error("CRL covers some revocation reasons only")]
    PartialReasons,

    /// An extension is marked critical that RFC 5280 makes non-critical.
    #[error("CRL marks extension {0} critical, which RFC 5280 does not allow")]
    MarkedCritical(ObjectIdentifier),

    /// Its distribution point is named relative to the issuer.
    #[error("CRL names its distribution point relative to its issuer, which is not understood")]
    RelativeDistributionPoint,

    /// A critical extension, of the CRL or an entry, that nothing here obeys.
    #[error("CRL has a critical extension that is not understood ({0})")]
    UnknownCriticalExtension(ObjectIdentifier),

    /// Neither version 1 nor version 2.
    #[error("CRL has an unknown version")]
    Version,
}

fn serial_at(der: &[u8], offset: u32) -> &[u8] {
    Entry::at(der, offset).map_or(&[], |entry| magnitude(entry.serial))
}

/// Without leading zeros, so that an encoding with one more of them is the same number.
pub(super) fn magnitude(integer: &[u8]) -> &[u8] {
    let zeros = integer.iter().take_while(|byte| **byte == 0).count();
    &integer[zeros..]
}

pub(super) fn moment(since_epoch: std::time::Duration) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + since_epoch
}

/// Keys of one issuer name that are remembered; a name with more than a few is no honest roll-over.
const MAX_KEYS_TRIED: usize = 16;
