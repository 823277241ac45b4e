//! One CRL, checked when it is loaded and searched in constant time.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{OnceLock, PoisonError, RwLock};

use hashbrown::HashTable;
use x509_identity::Certificate;

use super::issuer_name::IssuerName;
use crate::crl::{Crl, CrlError, CrlScope, Entry, Header, magnitude};

/// A CRL of one issuer (RFC 5280 section 5).
///
/// The DER is kept as it came, and each serial number costs one slot of four bytes (plus one of
/// control, at a load of at most 7/8) in a table of offsets into it: 6 to 12 bytes an entry beside the
/// 30 to 50 bytes of its DER. Reason and date are read on a hit.
pub(super) struct IndexedCrl {
    crl: Crl,
    issuer: IssuerName,
    entries: HashTable<u32>,
    hasher: RandomState,
    /// Issuer keys (SHA-256 of their SubjectPublicKeyInfo) that were tried on the signature.
    tried: RwLock<Vec<([u8; 32], bool)>>,
    /// The first of them that made it.
    signer: OnceLock<IssuerKey>,
}

/// The key of a CA whose name is that of a CRL's issuer.
#[derive(Clone)]
pub(super) struct IssuerKey {
    /// The subjectKeyIdentifier of the CA's certificate.
    id: Option<Box<[u8]>>,
    spki: Box<[u8]>,
    hash: [u8; 32],
}

impl IssuerKey {
    fn of(issuer: &Certificate) -> Self {
        Self {
            id: issuer.subject_key_id().map(Into::into),
            spki: issuer.spki_der().into(),
            hash: *issuer.spki_sha256(),
        }
    }
}

impl PartialEq for IssuerKey {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl IndexedCrl {
    pub(super) fn from_der(der: &[u8]) -> Result<Self, CrlError> {
        let hasher = RandomState::new();
        let mut offsets = Vec::new();
        let crl = Crl::read(der, |offset| offsets.push(offset))?;

        let hash = |offset: &u32| hasher.hash_one(serial_at(der, *offset));
        let mut entries = HashTable::with_capacity(offsets.len());
        for offset in offsets {
            let same = |other: &u32| serial_at(der, *other) == serial_at(der, offset);
            // A serial number that is listed twice takes one slot: a million of them would be a
            // million collisions.
            entries.entry(hash(&offset), same, hash).or_insert(offset);
        }
        Ok(Self {
            issuer: IssuerName::of_der(crl.issuer_der()),
            crl,
            entries,
            hasher,
            tried: RwLock::default(),
            signer: OnceLock::new(),
        })
    }

    pub(super) fn der(&self) -> &[u8] {
        self.crl.der()
    }

    pub(super) fn header(&self) -> &Header {
        self.crl.header()
    }

    pub(super) fn issuer(&self) -> &IssuerName {
        &self.issuer
    }

    /// Whether `certificate` is within the scope of this CRL.
    pub(super) fn is_for(&self, certificate: &Certificate, role: CrlScope) -> bool {
        let point = self.header().distribution_point.as_ref();
        point.is_none_or(|point| point.holds(certificate, role))
    }

    /// Whether what is not listed is not revoked.
    pub(super) fn is_complete(&self) -> bool {
        self.header().problem.is_none()
    }

    /// Orders CRLs of one distribution point by age.
    pub(super) fn age(&self) -> impl Ord + '_ {
        let number = self.crl.number_octets().unwrap_or_default();
        (number.len(), number, self.crl.this_update())
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes in memory, but for the header's few.
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.der().len() + self.entries.allocation_size()
    }

    /// Whether both are versions of one CRL.
    pub(super) fn is_of_same_point(&self, other: &Self) -> bool {
        self.issuer == other.issuer
            && self.is_complete() == other.is_complete()
            && self.header().point() == other.header().point()
    }

    /// The entry for a serial number, if it is listed.
    pub(super) fn find(&self, serial: &[u8]) -> Option<Entry<'_>> {
        let serial = magnitude(serial);
        let hash = self.hasher.hash_one(serial);
        let offset = self
            .entries
            .find(hash, |offset| serial_at(self.der(), *offset) == serial)?;
        Some(Entry::at(self.der(), *offset).expect("every entry was read when the list was loaded"))
    }

    /// Whether the issuer's key signed this CRL, and the CRL does not name another key. The signature is
    /// verified once for each key.
    pub(super) fn is_by(&self, issuer: &Certificate) -> bool {
        let id = issuer.subject_key_id();
        let is_by = self.verify(id, issuer.spki_der(), issuer.spki_sha256());
        if is_by {
            self.signer.get_or_init(|| IssuerKey::of(issuer));
        }
        is_by
    }

    /// Tries the key that signed another CRL of this issuer, in the same way.
    pub(super) fn try_key(&self, key: &IssuerKey) {
        if self.verify(key.id.as_deref(), &key.spki, &key.hash) {
            self.signer.get_or_init(|| key.clone());
        }
    }

    fn verify(&self, id: Option<&[u8]>, spki: &[u8], key: &[u8; 32]) -> bool {
        if !self.crl.names_key(id) {
            return false;
        }
        let known = |tried: &[([u8; 32], bool)]| {
            tried
                .iter()
                .find(|(seen, _)| seen == key)
                .map(|(_, verdict)| *verdict)
        };
        if let Some(verdict) = known(&self.tried.read().unwrap_or_else(PoisonError::into_inner)) {
            return verdict;
        }
        // Under the lock: other threads wait for the answer instead of hashing 64 MiB again.
        let mut tried = self.tried.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(verdict) = known(&tried) {
            return verdict;
        }
        let verdict = self.crl.is_by(spki);
        if tried.len() < MAX_KEYS_TRIED {
            tried.push((*key, verdict));
        }
        verdict
    }

    /// The issuer's key that was found to have signed this CRL.
    pub(super) fn signer(&self) -> Option<&IssuerKey> {
        self.signer.get()
    }

    /// Whether some issuer's key was found to have signed this CRL.
    pub(super) fn is_confirmed(&self) -> bool {
        self.signer.get().is_some()
    }

    /// Whether keys of its issuer are known, and none of them has signed it.
    pub(super) fn is_disproved(&self) -> bool {
        let tried = self.tried.read().unwrap_or_else(PoisonError::into_inner);
        !self.is_confirmed() && !tried.is_empty()
    }

    /// Whether one key may have signed both, by what they say and by what is known.
    pub(super) fn may_share_key(&self, other: &Self) -> bool {
        match (self.signer(), other.signer()) {
            (Some(one), Some(other)) => one == other,
            _ => match (self.crl.authority_key_id(), other.crl.authority_key_id()) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            },
        }
    }
}

impl fmt::Debug for IndexedCrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexedCrl")
            .field("crl", &self.crl)
            .finish_non_exhaustive()
    }
}

fn serial_at(der: &[u8], offset: u32) -> &[u8] {
    Entry::serial_at(der, offset).map_or(&[], magnitude)
}

/// Keys of one issuer name that are remembered; an honest roll-over has two or three.
const MAX_KEYS_TRIED: usize = 16;

#[cfg(test)]
mod tests {
    use test_pki::Ca;

    use super::*;

    fn listing(serials: impl IntoIterator<Item = u64>) -> IndexedCrl {
        let crl = Ca::root("root").crl().revoke_all(serials);
        IndexedCrl::from_der(crl.der()).expect("a CRL")
    }

    /// Of many, some share what the table keeps of a hash.
    #[test]
    fn each_of_many_serial_numbers_is_found_and_no_other() {
        let listed = || (1_000..5_000).step_by(2);
        let crl = listing(listed());
        assert_eq!(crl.len(), listed().count());
        for serial in listed() {
            let found = crl.find(&serial.to_be_bytes()).expect("it is listed");
            assert_eq!(magnitude(found.serial), magnitude(&serial.to_be_bytes()));
            assert!(crl.find(&(serial + 1).to_be_bytes()).is_none(), "{serial}");
        }
    }

    #[test]
    fn a_serial_number_that_is_listed_twice_takes_one_slot() {
        assert_eq!(listing([7, 8, 7, 7]).len(), 2);
    }
}
