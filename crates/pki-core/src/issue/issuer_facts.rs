//! What a certificate says about its issuer.

use time::OffsetDateTime;

use crate::SignatureAlgorithm;

/// Who signs, as far as the certificate says it.
pub(super) struct IssuerFacts<'a> {
    pub(super) name_der: &'a [u8],
    pub(super) key_id: Option<&'a [u8]>,
    pub(super) algorithm: SignatureAlgorithm,
    /// `None` for a root, which is its own.
    pub(super) not_after: Option<OffsetDateTime>,
}
