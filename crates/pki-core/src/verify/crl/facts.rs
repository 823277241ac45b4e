//! Figures about loaded CRLs, for monitoring.

use time::OffsetDateTime;

use super::CrlSet;
use super::index::IndexedCrl;

impl CrlSet {
    /// How many CRLs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.crls().count()
    }

    /// Whether there are none; a set always has at least one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries they have in all.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.crls().map(IndexedCrl::len).sum()
    }

    /// The bytes that CRLs and indexes take in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.crls().map(IndexedCrl::memory).sum()
    }

    /// When the first CRL has to be replaced: the earliest nextUpdate of those that count, the newest complete CRLs
    /// of each issuer and distribution point. From then on certificates are refused, unless
    /// [`ExpiredCrl`](super::ExpiredCrl) says otherwise.
    #[must_use]
    pub fn next_update(&self) -> Option<OffsetDateTime> {
        self.newest().map(|crl| crl.header().next_update).min()
    }

    /// How old the information is: the earliest thisUpdate of the same CRLs.
    #[must_use]
    pub fn this_update(&self) -> Option<OffsetDateTime> {
        self.newest().map(|crl| crl.header().this_update).min()
    }

    /// Of each issuer and distribution point the complete CRL that counts, if its signature is good.
    fn newest(&self) -> impl Iterator<Item = &IndexedCrl> {
        self.by_issuer.values().flat_map(|lists| {
            // Those of one point are side by side, the newest first.
            let mut last: Option<&IndexedCrl> = None;
            lists.iter().map(AsRef::as_ref).filter(move |crl| {
                let first_of_its_point = !last.is_some_and(|last| last.is_of_same_point(crl));
                last = Some(crl);
                first_of_its_point && crl.is_complete()
            })
        })
    }
}
