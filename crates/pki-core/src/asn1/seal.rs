//! What was signed, with its signature.

use der::asn1::BitStringRef;
use der::{Encode, Header, Length, Tag};
use spki::AlgorithmIdentifierOwned;

/// `SIGNED` of certificates and CRLs (RFC 5280 sections 4.1 and 5.1), around bytes that stay where they are: of a CRL with
/// a million entries there are 49 MB of them.
///
/// ```text
/// SEQUENCE  {
///      tbs         TBSCertificate or TBSCertList,
///      algorithm   AlgorithmIdentifier,
///      signature   BIT STRING }
/// ```
pub(crate) fn seal(
    tbs: Vec<u8>,
    algorithm: &AlgorithmIdentifierOwned,
    signature: &[u8],
) -> der::Result<Vec<u8>> {
    let signature = BitStringRef::from_bytes(signature)?;
    let len = algorithm.encoded_len()? + signature.encoded_len()? + Length::try_from(tbs.len())?;
    let header = Header::new(Tag::Sequence, len?).to_der()?;
    let mut sealed = tbs;
    algorithm.encode_to_vec(&mut sealed)?;
    signature.encode_to_vec(&mut sealed)?;
    sealed.splice(..0, header);
    Ok(sealed)
}
