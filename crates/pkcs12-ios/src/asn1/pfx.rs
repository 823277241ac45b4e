//! The outermost structure (RFC 7292 section 4).

use der::Sequence;
use der::asn1::OctetStringRef;
use pbe::Count;
use spki::AlgorithmIdentifierRef;

use super::ContentInfo;

/// RFC 7292 section 4.
///
/// ```text
/// PFX ::= SEQUENCE {
///     version  INTEGER {v3(3)}(v3,...),
///     authSafe ContentInfo,
///     macData  MacData OPTIONAL }
/// ```
#[derive(Sequence)]
pub(crate) struct Pfx<'a> {
    pub(crate) version: Count,
    pub(crate) auth_safe: ContentInfo<'a>,
    pub(crate) mac_data: Option<MacData<'a>>,
}

/// RFC 7292 section 4.
///
/// ```text
/// MacData ::= SEQUENCE {
///     mac        DigestInfo,
///     macSalt    OCTET STRING,
///     iterations INTEGER DEFAULT 1 }
/// ```
#[derive(Sequence)]
pub(crate) struct MacData<'a> {
    pub(crate) mac: DigestInfo<'a>,
    pub(crate) mac_salt: &'a OctetStringRef,
    #[asn1(default = "MacData::one_iteration")]
    pub(crate) iterations: Count,
}

impl MacData<'_> {
    fn one_iteration() -> Count {
        Count(1)
    }
}

/// RFC 8017 appendix A.2.4.
///
/// ```text
/// DigestInfo ::= SEQUENCE {
///     digestAlgorithm AlgorithmIdentifier,
///     digest          OCTET STRING }
/// ```
#[derive(Sequence)]
pub(crate) struct DigestInfo<'a> {
    pub(crate) algorithm: AlgorithmIdentifierRef<'a>,
    pub(crate) digest: &'a OctetStringRef,
}
