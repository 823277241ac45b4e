//! Parameters of PBMAC1 (RFC 8018 appendix A.5).

use der::Sequence;
use spki::AlgorithmIdentifierRef;

/// RFC 8018 appendix A.5, in a PKCS#12 MAC by RFC 9579.
///
/// ```text
/// PBMAC1-params ::= SEQUENCE {
///     keyDerivationFunc AlgorithmIdentifier,
///     messageAuthScheme AlgorithmIdentifier }
/// ```
#[derive(Sequence)]
pub(crate) struct Pbmac1Params<'a> {
    pub(crate) key_derivation: AlgorithmIdentifierRef<'a>,
    pub(crate) authentication: AlgorithmIdentifierRef<'a>,
}
