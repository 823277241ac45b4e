//! After a refusal by webpki: which certificate it was, and the reason a person would name.
//!
//! This runs on failures only, so it may verify signatures again; the number is bounded.

use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use webpki::Error;
use x509_identity::{Certificate, ParseError};

use crate::verify::path::label;
use crate::verify::rules::{permits, unknown_critical_extension, wrong_usage};
use crate::verify::settings::WEBPKI_MAX_DEPTH;
use crate::verify::signature::{has_accepted_algorithm, is_signed_by, weak_key, weak_signature};
use crate::verify::{Purpose, TrustAnchors, VerifyError};

pub(super) struct Diagnosis<'a> {
    pub(super) anchors: &'a TrustAnchors,
    pub(super) purpose: Purpose,
    pub(super) leaf: &'a Certificate,
    pub(super) presented: &'a [CertificateDer<'a>],
    pub(super) now: OffsetDateTime,
}

impl Diagnosis<'_> {
    pub(super) fn explain(&self, error: Error) -> VerifyError {
        match error {
            Error::MaximumSignatureChecksExceeded
            | Error::MaximumPathBuildCallsExceeded
            | Error::MaximumNameConstraintComparisonsExceeded => {
                return VerifyError::ChainTooComplex(Box::new(error));
            }
            _ => {}
        }
        let (others, malformed) = self.parse_presented();
        // A broken certificate is what is wrong only where the path is wanting.
        let broken = |otherwise: VerifyError| match malformed {
            Some((position, source)) => VerifyError::Malformed { position, source },
            None => otherwise,
        };
        if let Some(problem) = self.trust_problem(&others) {
            return match problem {
                VerifyError::UnknownIssuer { .. } => broken(problem),
                _ => problem,
            };
        }
        match self.property_problem(&error, &others) {
            Some(problem) => problem,
            None => broken(VerifyError::Rejected {
                subject: label(self.leaf),
                source: Box::new(error),
            }),
        }
    }

    fn parse_presented(&self) -> (Vec<Certificate>, Option<(usize, ParseError)>) {
        let mut parsed = Vec::new();
        let mut malformed = None;
        for (index, der) in self.presented.iter().enumerate() {
            match Certificate::from_der(der) {
                Ok(certificate) => parsed.push(certificate),
                Err(error) => malformed = malformed.or(Some((index + 1, error))),
            }
        }
        (parsed, malformed)
    }

    /// What breaks the chain of signatures from the leaf to a trust anchor, if anything does.
    ///
    /// What an untrusted certificate says about itself is the peer's invention, so this comes first.
    fn trust_problem(&self, others: &[Certificate]) -> Option<VerifyError> {
        let trusted_key = |anchor: &Certificate| anchor.spki_der() == self.leaf.spki_der();
        if self.leaf.is_self_issued()
            && !self
                .anchors
                .named_by(self.leaf)
                .any(|anchor| trusted_key(anchor))
            && is_signed_by(self.leaf, self.leaf)
        {
            return Some(VerifyError::SelfSigned {
                subject: label(self.leaf),
            });
        }

        // With each certificate the one that it issued.
        let mut waiting = vec![(self.leaf, self.leaf)];
        let mut seen = vec![self.leaf.der()];
        let mut problem = None;
        let mut budget = MAX_SIGNATURES;
        while let Some((certificate, issued)) = waiting.pop() {
            let roots = self.anchors.named_by(certificate).map(|anchor| &**anchor);
            let presented = others
                .iter()
                .filter(|other| certificate.names_issuer(other));
            let (mut candidates, mut signers) = (Vec::new(), Vec::new());
            for (is_root, issuer) in roots
                .map(|root| (true, root))
                .chain(presented.map(|other| (false, other)))
            {
                budget = budget.checked_sub(1)?;
                candidates.push(issuer);
                if is_signed_by(certificate, issuer) {
                    if is_root {
                        return None;
                    }
                    signers.push(issuer);
                }
            }
            signers.retain(|signer| !seen.contains(&signer.der()));
            if signers.is_empty() {
                // The end of this line: a root that is not trusted, or a certificate whose issuer is missing.
                let foreign_root = certificate.is_self_issued();
                problem = Some(if foreign_root {
                    unknown_issuer(issued)
                } else {
                    unsigned(certificate, &candidates)
                });
            }
            seen.extend(signers.iter().map(|signer| signer.der()));
            waiting.extend(signers.into_iter().map(|signer| (signer, certificate)));
        }
        Some(problem.unwrap_or_else(|| unknown_issuer(self.leaf)))
    }

    fn property_problem(&self, error: &Error, others: &[Certificate]) -> Option<VerifyError> {
        let mut chain = std::iter::once(self.leaf).chain(others);
        let subject = label(self.leaf);
        let now = self.now;
        Some(match error {
            Error::CertExpired { .. } => {
                let expired = chain.find(|certificate| certificate.not_after() < now)?;
                VerifyError::Expired {
                    subject: label(expired),
                    not_after: expired.not_after(),
                    now,
                }
            }
            Error::CertNotValidYet { .. } => {
                let early = chain.find(|certificate| certificate.not_before() > now)?;
                VerifyError::NotYetValid {
                    subject: label(early),
                    not_before: early.not_before(),
                    now,
                }
            }
            Error::InvalidCertValidity => {
                let reversed =
                    chain.find(|certificate| certificate.not_after() < certificate.not_before())?;
                VerifyError::Validity {
                    subject: label(reversed),
                    not_before: reversed.not_before(),
                    not_after: reversed.not_after(),
                }
            }
            Error::CaUsedAsEndEntity => VerifyError::CaAsLeaf {
                subject,
                purpose: self.purpose,
            },
            Error::EndEntityUsedAsCa => VerifyError::NotACa { subject },
            Error::RequiredEkuNotFoundContext(_) => {
                let limited = chain.find(|certificate| {
                    certificate
                        .extended_key_usage()
                        .is_some_and(|usages| !permits(usages, self.purpose))
                });
                wrong_usage(limited.unwrap_or(self.leaf), self.purpose)
            }
            Error::InvalidSignatureForPublicKey
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
                VerifyError::BadSignature {
                    subject,
                    issuer: name(self.leaf.issuer().to_string()),
                }
            }
            Error::UnsupportedSignatureAlgorithmContext(_) => {
                weak_signature(chain.find(|certificate| !has_accepted_algorithm(certificate))?)
            }
            Error::UnsupportedCriticalExtension => {
                let (certificate, oid) = chain.find_map(|certificate| {
                    unknown_critical_extension(certificate).map(|oid| (certificate, oid))
                })?;
                VerifyError::UnknownCriticalExtension {
                    subject: label(certificate),
                    oid: oid.to_string(),
                }
            }
            Error::UnsupportedCertVersion => {
                let old = chain.find(|certificate| certificate.version() != 3)?;
                VerifyError::UnsupportedVersion {
                    subject: label(old),
                    version: old.version(),
                }
            }
            Error::PathLenConstraintViolated => VerifyError::PathLength { subject },
            Error::NameConstraintViolation => VerifyError::NameConstraint { subject },
            Error::MaximumPathDepthExceeded => VerifyError::TooDeep {
                subject,
                allowed: WEBPKI_MAX_DEPTH,
            },
            Error::UnknownIssuer => unknown_issuer(self.leaf),
            _ => return None,
        })
    }
}

/// None of the certificates that bear the issuer's name signed this one.
fn unsigned(certificate: &Certificate, candidates: &[&Certificate]) -> VerifyError {
    if candidates.is_empty() {
        return unknown_issuer(certificate);
    }
    if !has_accepted_algorithm(certificate) {
        return weak_signature(certificate);
    }
    let weak = candidates
        .iter()
        .find_map(|issuer| weak_key(issuer).map(|key| (issuer, key)));
    if let Some((issuer, key)) = weak {
        return VerifyError::WeakKey {
            subject: label(issuer),
            key,
        };
    }
    // Another CA of the same name says so itself: its key identifier is another.
    let is_named =
        |issuer: &&Certificate| match (certificate.authority_key_id(), issuer.subject_key_id()) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => true,
        };
    if candidates.iter().any(is_named) {
        let issuer = name(certificate.issuer().to_string());
        VerifyError::BadSignature {
            subject: label(certificate),
            issuer,
        }
    } else {
        unknown_issuer(certificate)
    }
}

fn unknown_issuer(certificate: &Certificate) -> VerifyError {
    VerifyError::UnknownIssuer {
        subject: label(certificate),
        issuer: name(certificate.issuer().to_string()),
    }
}

fn name(distinguished_name: String) -> String {
    if distinguished_name.is_empty() {
        "a CA without a name".to_owned()
    } else {
        distinguished_name
    }
}

/// As many as webpki itself allows.
const MAX_SIGNATURES: usize = 100;
