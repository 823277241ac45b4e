//! CRLs from a place that anybody may have written to: what stays when another response arrives.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use time::OffsetDateTime;
use x509_identity::Certificate;

use super::file::{CrlFile, MAX_FILE_LEN};
use super::index::IndexedCrl;
use super::issuer_name::IssuerName;

/// The CRLs of one place on a network: its last response, and what that cannot take away.
///
/// The signature of an old CRL is as good as that of a new one, and a CRL can be verified only by whoever has the
/// certificate of its CA. So somebody on the network can replay and forge CRLs. Therefore:
///
/// * A response that lacks an unexpired CRL which its CA is known to have signed, or has an older version of it, is
///   refused.
/// * A CRL stays in use beside newer ones until one of them is known to be signed by the same CA, or, if it has
///   expired, until a response has no CRL of that CA. Which one counts is decided when a path is verified: see
///   [`CrlSet`](super::CrlSet).
/// * A CRL is verified as soon as it arrives by every key of its issuer that is known: of the certificates that are
///   [named](Self::name_issuers), and of those below which a path was verified with one of these CRLs.
/// * What is not verified takes a bounded amount of memory. When that is used up, CRLs that cannot have been made by
///   the known key of their issuer, and those that have expired, make room. If that is not enough, the response is
///   refused.
#[derive(Clone, Debug, Default)]
pub struct CrlHistory {
    latest: Vec<Arc<IndexedCrl>>,
    /// In the order in which they arrived.
    beside: Vec<Arc<IndexedCrl>>,
    issuers: Arc<[Certificate]>,
}

/// Why a response is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlResponseError {
    /// It has an older version of a CRL that its CA is known to have signed, or lacks one that has not expired.
    #[error("a CRL is older than before, or missing")]
    Older,

    /// It has too many CRLs, or there are too many that nobody could verify.
    #[error("there are too many CRLs that cannot be verified")]
    TooMany,
}

impl CrlHistory {
    /// The most CRLs of one response, and the most that are kept beside it without being verified.
    pub const MAX_CRLS: usize = 4096;

    /// The most CRLs of one issuer and distribution point that are kept beside the response without being verified.
    pub const MAX_VERSIONS: usize = 32;

    /// Names the CAs whose CRLs may be among these, instead of those that were named before.
    pub fn name_issuers(&mut self, issuers: impl Into<Arc<[Certificate]>>) {
        self.issuers = issuers.into();
    }

    /// Takes a response.
    ///
    /// # Errors
    ///
    /// [`CrlResponseError`]. Nothing has changed then.
    pub fn take(&mut self, response: CrlFile, now: OffsetDateTime) -> Result<(), CrlResponseError> {
        if response.crls.len() > Self::MAX_CRLS {
            return Err(CrlResponseError::TooMany);
        }
        let same = |crl: Arc<IndexedCrl>| {
            let known = self.all().find(|known| known.der() == crl.der());
            known.map_or(crl, Arc::clone)
        };
        let latest: Vec<_> = response.crls.into_iter().map(same).collect();
        self.verify(&latest);
        let is_lost = |crl: &Arc<IndexedCrl>| crl.is_confirmed() && is_lost(crl, &latest, now);
        if self.all().any(is_lost) {
            return Err(CrlResponseError::Older);
        }
        let mut next = Self {
            beside: self.all().cloned().collect(),
            latest,
            issuers: Arc::clone(&self.issuers),
        };
        next.settle(now);
        next.make_room(now)?;
        *self = next;
        Ok(())
    }

    /// Forgets what is not needed any more, after paths have been verified or time has passed.
    pub fn settle(&mut self, now: OffsetDateTime) {
        let all: Vec<_> = self.all().cloned().collect();
        self.verify(&all);
        let confirmed: Vec<_> = all.iter().filter(|crl| crl.is_confirmed()).collect();
        let latest = &self.latest;
        self.beside.retain(|crl| {
            let is_latest = latest.iter().any(|known| Arc::ptr_eq(known, crl));
            let is_superseded = confirmed.iter().any(|it| supersedes(it, crl, now));
            let is_over = crl.header().next_update < now
                && !latest.iter().any(|other| other.is_of_same_point(crl));
            !(is_latest || is_superseded || is_over)
        });
    }

    /// Whether the last response lacks something that an earlier one had, or has an older version of it, and nobody
    /// could verify that one: the last response is a replay, or the earlier one was forged. Both are in use.
    #[must_use]
    pub fn is_doubtful(&self, now: OffsetDateTime) -> bool {
        let mut unknown = self.beside.iter().filter(|crl| !crl.is_disproved());
        unknown.any(|crl| is_lost(crl, &self.latest, now))
    }

    /// All that is in use.
    #[must_use]
    pub fn to_file(&self) -> CrlFile {
        CrlFile {
            crls: self.all().cloned().collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Arc<IndexedCrl>> {
        self.beside.iter().chain(&self.latest)
    }

    /// Verifies them by the keys that are known. Each key is tried once.
    fn verify(&self, crls: &[Arc<IndexedCrl>]) {
        let keys = self
            .all()
            .filter_map(|it| Some((it.issuer(), it.signer()?)));
        let keys: Vec<_> = keys.collect();
        for crl in crls.iter().filter(|crl| !crl.is_confirmed()) {
            for issuer in self.issuers.iter() {
                if IssuerName::of_subject(issuer) == *crl.issuer() {
                    crl.is_by(issuer);
                }
            }
            for (_, key) in keys.iter().filter(|(issuer, _)| *issuer == crl.issuer()) {
                crl.try_key(key);
            }
        }
    }

    /// Forgets CRLs that cannot be of use, the oldest first, until there are few enough that nobody could verify.
    fn make_room(&mut self, now: OffsetDateTime) -> Result<(), CrlResponseError> {
        let confirmed: Vec<_> = self.all().filter(|crl| crl.is_confirmed()).collect();
        let known: HashSet<_> = confirmed.iter().map(|crl| crl.issuer().clone()).collect();
        let mut unconfirmed = Unconfirmed::default();
        self.beside.iter().for_each(|crl| unconfirmed.add(crl));
        self.beside.retain(|crl| {
            let is_dispensable = crl.is_disproved()
                || crl.header().next_update < now
                || known.contains(crl.issuer());
            let goes = !crl.is_confirmed() && is_dispensable && unconfirmed.are_too_many(crl);
            if goes {
                unconfirmed.remove(crl);
            }
            !goes
        });
        match self.beside.iter().any(|crl| unconfirmed.are_too_many(crl)) {
            true => Err(CrlResponseError::TooMany),
            false => Ok(()),
        }
    }
}

/// How many CRLs nobody could verify.
#[derive(Default)]
struct Unconfirmed {
    bytes: usize,
    count: usize,
    versions: HashMap<Point, usize>,
}

/// An issuer, whether the CRL is complete, and the distribution point.
type Point = (IssuerName, bool, Option<Vec<u8>>);

fn point(crl: &IndexedCrl) -> Point {
    let point = crl.header().point().map(<[u8]>::to_vec);
    (crl.issuer().clone(), crl.is_complete(), point)
}

impl Unconfirmed {
    fn add(&mut self, crl: &IndexedCrl) {
        if !crl.is_confirmed() {
            self.bytes += crl.der().len();
            self.count += 1;
            *self.versions.entry(point(crl)).or_default() += 1;
        }
    }

    fn remove(&mut self, crl: &IndexedCrl) {
        self.bytes -= crl.der().len();
        self.count -= 1;
        if let Some(versions) = self.versions.get_mut(&point(crl)) {
            *versions -= 1;
        }
    }

    /// Too many versions of this one, or all together.
    fn are_too_many(&self, crl: &IndexedCrl) -> bool {
        let versions = self.versions.get(&point(crl)).copied().unwrap_or(0);
        self.bytes > MAX_FILE_LEN
            || self.count > CrlHistory::MAX_CRLS
            || versions > CrlHistory::MAX_VERSIONS
    }
}

/// Whether a response lacks a CRL, or has an older version of it.
fn is_lost(crl: &IndexedCrl, response: &[Arc<IndexedCrl>], now: OffsetDateTime) -> bool {
    let of_point = || {
        let all = response.iter();
        all.filter(|other| other.is_of_same_point(crl))
    };
    let of_key = of_point().filter(|other| other.may_share_key(crl));
    match of_key.map(|other| other.age()).max() {
        Some(newest) => newest < crl.age(),
        // Of another key of that CA: both are in use.
        None if of_point().next().is_some() => false,
        None => crl.header().next_update >= now,
    }
}

/// Whether `newer`, which is known to be signed by its CA, takes the place of an older version.
fn supersedes(newer: &IndexedCrl, crl: &IndexedCrl, now: OffsetDateTime) -> bool {
    newer.header().this_update <= now
        && newer.is_of_same_point(crl)
        && newer.may_share_key(crl)
        && newer.age() > crl.age()
}
