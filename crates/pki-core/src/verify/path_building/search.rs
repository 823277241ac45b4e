//! A second search for a path, where webpki refuses what RFC 5280 allows.
//!
//! webpki counts self-issued CAs in pathLen, knows constraints for DNS names and addresses only, and no
//! policies; it compares names by their octets; and there are certificates that it does not read. Here a path is
//! signatures and names alone; everything else is for [`rules`](crate::verify::rules), which check all of it.

use std::sync::Arc;

use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::verify::rules::name_constraints::constrains_names;
use crate::verify::rules::policies;
use crate::verify::signature::is_signed_by;
use crate::verify::{Path, TrustAnchors};

/// Whether the certificate has something that webpki checks otherwise than RFC 5280.
pub(super) fn is_beyond_webpki(certificate: &Certificate) -> bool {
    (certificate.is_ca() && certificate.is_self_issued())
        || is_unreadable_to_webpki(certificate)
        || certificate
            .critical_extensions()
            .any(|oid| policies::OBEYED.contains(&oid))
}

/// Whether webpki judges this certificate and its issuer otherwise than RFC 5280: it takes names for
/// different ones that differ in string type, letter case or spaces alone (section 7.1).
pub(super) fn is_link_beyond_webpki(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.issuer_der() != issuer.subject_der() || constrains_names(issuer)
}

/// webpki reads no unique identifiers (RFC 5280 4.1.2.8), no time before 1970 and no pathLen of two bytes.
fn is_unreadable_to_webpki(certificate: &Certificate) -> bool {
    let path_len = certificate.basic_constraints().and_then(|it| it.path_len);
    certificate.has_unique_ids()
        || certificate.not_before() < OffsetDateTime::UNIX_EPOCH
        || path_len.is_some_and(|limit| limit > u8::MAX.into())
}

pub(super) struct Search<'a> {
    leaf: &'a Arc<Certificate>,
    anchors: &'a TrustAnchors,
    candidates: &'a [Arc<Certificate>],
    max_depth: usize,
    signatures: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        leaf: &'a Arc<Certificate>,
        anchors: &'a TrustAnchors,
        candidates: &'a [Arc<Certificate>],
        max_depth: usize,
    ) -> Self {
        Self {
            leaf,
            anchors,
            candidates,
            max_depth,
            signatures: MAX_SIGNATURES,
        }
    }

    /// Offers each path from the leaf to a trust anchor until one is taken.
    pub(super) fn paths(mut self, mut take: impl FnMut(Path) -> bool) {
        self.extend(&mut Vec::new(), &mut take);
    }

    fn extend(
        &mut self,
        intermediates: &mut Vec<Arc<Certificate>>,
        take: &mut impl FnMut(Path) -> bool,
    ) -> bool {
        let head = Arc::clone(intermediates.last().unwrap_or(self.leaf));
        let anchors = self.anchors;
        for anchor in anchors.issuers_of(&head) {
            if self.is_signed(&head, anchor) && take(path(self.leaf, intermediates, anchor)) {
                return true;
            }
        }
        if intermediates.len() >= self.max_depth {
            return false;
        }
        for issuer in self.candidates {
            let is_loop = intermediates.iter().any(|earlier| {
                earlier.spki_der() == issuer.spki_der()
                    && earlier.subject_der() == issuer.subject_der()
            });
            if !head.names_issuer(issuer) || is_loop || !self.is_signed(&head, issuer) {
                continue;
            }
            intermediates.push(Arc::clone(issuer));
            if self.extend(intermediates, take) {
                return true;
            }
            intermediates.pop();
        }
        false
    }

    fn is_signed(&mut self, certificate: &Certificate, issuer: &Certificate) -> bool {
        let Some(left) = self.signatures.checked_sub(1) else {
            return false;
        };
        self.signatures = left;
        is_signed_by(certificate, issuer)
    }
}

/// The path of `leaf` over `intermediates`.
fn path(
    leaf: &Arc<Certificate>,
    intermediates: &[Arc<Certificate>],
    anchor: &Arc<Certificate>,
) -> Path {
    Path {
        leaf: Arc::clone(leaf),
        intermediates: intermediates.to_vec(),
        anchor: Arc::clone(anchor),
        without_client_auth_until: None,
    }
}

/// Enough for honest chains, whose every certificate has one or two issuers.
const MAX_SIGNATURES: usize = 40;
