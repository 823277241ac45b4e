//! One verdict for each chain, found once and judged again whenever it is used.
//!
//! Finding a path costs two or more signature checks. The chain that a client shows is the same in
//! each of its handshakes, so the path is kept, under the hash of all that was shown. What time
//! changes (validity, revocation lists that end, a revocation of the moment) is judged at each use;
//! what the settings change is a new `Judge`.

use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use pki_core::verify::{ChainVerifier, Path, VerifyError};
use rustls::pki_types::{CertificateDer, UnixTime};
use sha2::{Digest as _, Sha256};

use crate::{peer::client_cert::ClientCert, verify::denylist::RevokedNow};

/// Decides about client certificates, with one set of roots, lists and rules.
pub(crate) struct Judge {
    chain: ChainVerifier,
    revoked: Arc<RevokedNow>,
    known: Mutex<LruCache<ChainHash, Arc<Verified>>>,
}

/// A path that was found, and whom it names.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) path: Path,
    pub(crate) client: ClientCert,
    pub(crate) shown: ChainHash,
}

/// SHA-256 of what a client showed, each certificate after its length.
pub(crate) type ChainHash = [u8; 32];

/// Chains that are remembered: some kilobytes each.
const KNOWN_CHAINS: NonZeroUsize = NonZeroUsize::new(4096).expect("it is not zero");

impl Judge {
    pub(crate) fn new(chain: ChainVerifier, revoked: Arc<RevokedNow>) -> Self {
        let known = Mutex::new(LruCache::new(KNOWN_CHAINS));
        Self {
            chain,
            revoked,
            known,
        }
    }

    /// The verdict on a chain, leaf first.
    pub(crate) fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Arc<Verified>, VerifyError> {
        let shown = hash(leaf, others);
        if let Some(known) = self.recall(&shown, now) {
            return Ok(known);
        }
        // Also where a known path has just ended: another may stand, and if none does, the reason
        // is that of the whole search.
        let path = self.chain.verify(leaf, others, now)?;
        let verified = Arc::new(Verified {
            client: ClientCert::verified(&path),
            path,
            shown,
        });
        self.revoked.check(&verified.client)?;
        self.lock().put(shown, Arc::clone(&verified));
        Ok(verified)
    }

    /// The verdict on a client that other settings have let in.
    pub(crate) fn judge_again(
        &self,
        client: &ClientCert,
        now: UnixTime,
    ) -> Result<Arc<Verified>, VerifyError> {
        // But for the trust anchor, which is for this judge to choose.
        let below = client.chain().len().saturating_sub(1);
        let chain = client.chain().iter().take(below);
        let mut chain = chain.map(|certificate| CertificateDer::from(certificate.der()));
        let leaf = chain
            .next()
            .unwrap_or_else(|| CertificateDer::from(client.der()));
        self.judge(&leaf, &chain.collect::<Vec<_>>(), now)
    }

    /// A chain that was found good before and still is.
    pub(crate) fn recall(&self, shown: &ChainHash, now: UnixTime) -> Option<Arc<Verified>> {
        let known = self.lock().get(shown).map(Arc::clone)?;
        match self.recheck(&known, now) {
            Ok(()) => Some(known),
            Err(_) => {
                self.lock().pop(shown);
                None
            }
        }
    }

    /// Whether a path of this judge still stands.
    pub(crate) fn recheck(&self, verified: &Verified, now: UnixTime) -> Result<(), VerifyError> {
        self.chain.recheck(&verified.path, now)?;
        self.revoked.check(&verified.client)
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<ChainHash, Arc<Verified>>> {
        // No code that can panic runs under the lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").finish_non_exhaustive()
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
