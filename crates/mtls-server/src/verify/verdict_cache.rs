//! Verified chains, remembered, and checked again whenever they are used.
//!
//! Building a path costs two or more signature checks. A client presents the same chain in each of
//! its handshakes, so the path is remembered under the hash of all that was presented. What time
//! changes (validity periods, CRLs that expire, the denylist) is checked at each use. What the
//! settings change makes a new cache.

use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use pki_core::verify::{ChainVerifier, Path, VerifyError};
use rustls::pki_types::{CertificateDer, UnixTime};
use sha2::{Digest as _, Sha256};

use crate::{peer::client_cert::ClientCert, verify::denylist::Denylist};

/// Verifies client certificates, by one set of trust anchors, CRLs and strictness.
pub(crate) struct VerdictCache {
    chain: ChainVerifier,
    denylist: Arc<Denylist>,
    known: Mutex<LruCache<ChainHash, Arc<Verified>>>,
}

/// A verified chain, and whom it names.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) path: Path,
    pub(crate) client: ClientCert,
    pub(crate) presented: ChainHash,
}

/// SHA-256 of what a client presented, each certificate after its length.
pub(crate) type ChainHash = [u8; 32];

/// How many chains are remembered, of some kilobytes each.
const KNOWN_CHAINS: NonZeroUsize = NonZeroUsize::new(4096).expect("it is not zero");

impl VerdictCache {
    pub(crate) fn new(chain: ChainVerifier, denylist: Arc<Denylist>) -> Self {
        let known = Mutex::new(LruCache::new(KNOWN_CHAINS));
        Self {
            chain,
            denylist,
            known,
        }
    }

    /// The verdict on a chain, leaf first.
    pub(crate) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Arc<Verified>, VerifyError> {
        let presented = hash(leaf, others);
        if let Some(known) = self.recall(&presented, now) {
            return Ok(known);
        }
        // Also where a remembered path is no longer valid: another may be, and if none is, the reason
        // is that of the whole search.
        let path = self.chain.verify(leaf, others, now)?;
        let verified = Arc::new(Verified {
            client: ClientCert::verified(&path),
            path,
            presented,
        });
        self.denylist.check(&verified.client)?;
        self.lock().put(presented, Arc::clone(&verified));
        Ok(verified)
    }

    /// The verdict on a client that was accepted by other settings.
    pub(crate) fn verify_again(
        &self,
        client: &ClientCert,
        now: UnixTime,
    ) -> Result<Arc<Verified>, VerifyError> {
        // Without the trust anchor, which is to be found among the present ones.
        let below = client.chain().len().saturating_sub(1);
        let chain = client.chain().iter().take(below);
        let mut chain = chain.map(|certificate| CertificateDer::from(certificate.der()));
        let leaf = chain
            .next()
            .unwrap_or_else(|| CertificateDer::from(client.der()));
        self.verify(&leaf, &chain.collect::<Vec<_>>(), now)
    }

    /// A chain that was accepted before, if it still is.
    pub(crate) fn recall(&self, presented: &ChainHash, now: UnixTime) -> Option<Arc<Verified>> {
        let known = self.lock().get(presented).map(Arc::clone)?;
        match self.recheck(&known, now) {
            Ok(()) => Some(known),
            Err(_) => {
                self.lock().pop(presented);
                None
            }
        }
    }

    /// Whether a path that was verified here is still valid.
    pub(crate) fn recheck(&self, verified: &Verified, now: UnixTime) -> Result<(), VerifyError> {
        self.chain.recheck(&verified.path, now)?;
        self.denylist.check(&verified.client)
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<ChainHash, Arc<Verified>>> {
        // No code that can panic runs under the lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for VerdictCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerdictCache").finish_non_exhaustive()
    }
}

fn hash(leaf: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> ChainHash {
    let mut hash = Sha256::new();
    for der in std::iter::once(leaf).chain(others) {
        // With the lengths no two chains run into the same bytes.
        hash.update((der.len() as u64).to_be_bytes());
        hash.update(der);
    }
    hash.finalize().into()
}

#[cfg(test)]
pub(super) mod tests {
    use pki_core::verify::{Purpose, TrustAnchors};
    use test_pki::Ca;
    use time::OffsetDateTime;

    use super::*;
    use crate::rules::rule::Rule;

    /// Trusts this root, and denies whom the second denies.
    pub(in crate::verify) fn trusting(ca: &Ca) -> (VerdictCache, Arc<Denylist>) {
        let anchors = TrustAnchors::from_certs([ca.der()]).expect("a root");
        let chain = ChainVerifier::builder(anchors, Purpose::TlsClient).build();
        let denylist = Arc::new(Denylist::default());
        (VerdictCache::new(chain, Arc::clone(&denylist)), denylist)
    }

    #[test]
    fn no_two_chains_have_one_hash() {
        let hash = |chain: &[&[u8]]| {
            let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(*der)).collect();
            let (leaf, others) = chain.split_first().expect("a leaf");
            hash(leaf, others)
        };
        let chains: [&[&[u8]]; 4] = [&[b"ab"], &[b"a", b"b"], &[b"ab", b""], &[b"b", b"a"]];
        let hashes: std::collections::HashSet<_> = chains.map(hash).into();
        assert_eq!(hashes.len(), chains.len());
    }

    #[test]
    fn a_chain_is_verified_once_and_forgotten_when_it_is_no_longer_good() {
        let ca = Ca::root("root");
        let (cache, denylist) = trusting(&ca);
        let (alice, bob) = (ca.client("alice"), ca.client("bob"));
        let verify = |leaf: &test_pki::Leaf| cache.verify(leaf.der(), &[], UnixTime::now());
        let of_alice = verify(&alice).expect("a good certificate");
        let again = verify(&alice).expect("as good as before");
        assert!(Arc::ptr_eq(&of_alice, &again));
        let of_bob = verify(&bob).expect("a good certificate");
        denylist.add(Rule::common_name("alice"), OffsetDateTime::now_utc());
        assert!(verify(&alice).is_err());
        let again = verify(&bob).expect("nobody has revoked it");
        assert!(Arc::ptr_eq(&of_bob, &again));
        assert_eq!(cache.lock().len(), 1);
    }
}
