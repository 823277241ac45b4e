//! What a verifier goes by.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{Path, Purpose, Revocation, TrustAnchors, VerifyError, WithoutClientAuth};

/// The settings of one verifier, and of each verification by it.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) anchors: TrustAnchors,
    pub(super) purpose: Purpose,
    pub(super) strictness: Strictness,
    pub(super) max_depth: usize,
    pub(super) max_certificates: usize,
    pub(super) max_bytes: usize,
    pub(super) revocation: Option<Revocation>,
    /// What a path has to meet besides, where clients are verified as servers.
    pub(super) exemption: Option<Arc<WithoutClientAuth>>,
}

impl Settings {
    /// The strict ones, without revocation.
    pub(super) fn new(anchors: TrustAnchors, purpose: Purpose) -> Self {
        Self {
            anchors,
            purpose,
            strictness: Strictness::default(),
            max_depth: WEBPKI_MAX_DEPTH,
            max_certificates: 10,
            max_bytes: 32 * 1024,
            revocation: None,
            exemption: None,
        }
    }

    /// The same for what servers have, if the path meets `exemption`.
    pub(super) fn exempting(&self, exemption: WithoutClientAuth) -> Self {
        Self {
            purpose: Purpose::TlsServer,
            exemption: Some(Arc::new(exemption)),
            ..self.clone()
        }
    }

    pub(super) fn check_exemption(
        &self,
        path: &Path,
        now: OffsetDateTime,
    ) -> Result<(), VerifyError> {
        self.exemption
            .as_ref()
            .map_or(Ok(()), |exemption| exemption.check(path, now))
    }

    pub(super) fn check_revocation(
        &self,
        path: &Path,
        now: OffsetDateTime,
    ) -> Result<(), VerifyError> {
        self.revocation
            .as_ref()
            .map_or(Ok(()), |revocation| revocation.check(path, now))
    }
}

/// How much is checked beyond the path itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// The trust anchor is checked too (validity, CA, keyCertSign, pathLen, usages, critical extensions), unless it is
    /// the leaf itself; one of version 1 is a CA because it is trusted as one. Everything presented is a
    /// certificate. The leaf has the extended key usage, digitalSignature and a name, and is not a CA. CAs have
    /// keyCertSign. No key is weak. A certificate without a keyUsage extension may do everything.
    #[default]
    Strict,
    /// What webpki checks and no more: accepts expired trust anchors, leaves without extended key usage, and CAs
    /// without keyCertSign. Depth, limits and revocation are checked all the same.
    WebPki,
}

/// The intermediates that webpki looks at, whatever the settings.
pub(super) const WEBPKI_MAX_DEPTH: usize = 6;
