//! What was judged, and may be signed.

use der::asn1::{AnyRef, BitString};
use der::{Decode, Encode, Sequence};
use spki::AlgorithmIdentifierOwned;

use crate::SignatureAlgorithm;
use crate::issue::IssueError;

/// A to-be-signed certificate that was judged and may be signed, once.
///
/// Only [`judge`](super::judge) makes one and only [`sealed`](Self::sealed) uses it up, so no path to a signature
/// leads around the policy, and what is signed is what was judged.
pub(in crate::issue) struct Approved {
    pub(super) tbs: Vec<u8>,
    pub(super) algorithm: SignatureAlgorithm,
}

impl Approved {
    /// The bytes to sign.
    pub(in crate::issue) fn message(&self) -> &[u8] {
        &self.tbs
    }

    /// The certificate: these bytes with this signature.
    pub(in crate::issue) fn sealed(self, signature: &[u8]) -> Result<Vec<u8>, IssueError> {
        seal(&self.tbs, self.algorithm, signature)
    }
}

/// `Certificate` (RFC 5280 section 4.1), around bytes that stay as they are.
#[derive(Sequence)]
struct SealedCertificate<'a> {
    tbs: AnyRef<'a>,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

pub(super) fn seal(
    tbs: &[u8],
    algorithm: SignatureAlgorithm,
    signature: &[u8],
) -> Result<Vec<u8>, IssueError> {
    let sealed = SealedCertificate {
        tbs: AnyRef::from_der(tbs).map_err(IssueError::encode)?,
        algorithm: algorithm.identifier(),
        signature: BitString::from_bytes(signature).map_err(IssueError::encode)?,
    };
    sealed.to_der().map_err(IssueError::encode)
}
