//! The strict rules: what RFC 5280 asks of a path and webpki leaves open.

pub(super) mod name_constraints;
pub(super) mod policies;

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS, ID_CE_SUBJECT_ALT_NAME, ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH,
};
use time::OffsetDateTime;
use x509_identity::{
    Attribute, BasicConstraints, Certificate, DistinguishedName, KeyUsageBit, SubjectAltName,
};

use super::path::label;
use super::signature::{algorithm_name, weak_key};
use super::{Path, Purpose, Strictness, VerifyError};

/// Judges a path that webpki has verified.
pub(super) fn judge(path: &Path, purpose: Purpose, now: OffsetDateTime) -> Result<(), VerifyError> {
    judge_presented(path, purpose, now)?;
    judge_leaf(&path.leaf, purpose)?;
    for certificate in path.certificates() {
        if let Some(key) = weak_key(certificate) {
            return Err(VerifyError::WeakKey {
                subject: label(certificate),
                key,
            });
        }
    }
    if is_trusted_itself(path) {
        return Ok(());
    }
    judge_anchor(path, purpose, now)?;
    for ca in path.certificates().skip(1) {
        require_key_usage(ca, KeyUsageBit::KeyCertSign)?;
        if ca.subject().is_empty() {
            return Err(nobody(ca));
        }
    }
    name_constraints::judge(path)?;
    policies::judge(path)
}

/// Whether the leaf is one of the roots: it is trusted as it is, issues nothing, and need not be a CA.
fn is_trusted_itself(path: &Path) -> bool {
    path.intermediates.is_empty() && path.leaf.der() == path.anchor.der()
}

/// Judges of a path that was good before what time alone changes.
pub(super) fn judge_time(
    path: &Path,
    strictness: Strictness,
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    judge_validity(&path.leaf, now)?;
    for ca in &path.intermediates {
        judge_validity(ca, now)?;
    }
    match strictness {
        Strictness::Strict => judge_anchor_validity(&path.anchor, now),
        // webpki reads a trust anchor for its name and key.
        Strictness::WebPki => Ok(()),
    }
}

/// Whether `certificate` is valid at `now`, both ends included (RFC 5280 section 4.1.2.5).
fn judge_validity(certificate: &Certificate, now: OffsetDateTime) -> Result<(), VerifyError> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if now > not_after {
        return Err(VerifyError::Expired {
            subject: label(certificate),
            not_after,
            now,
        });
    }
    if now < not_before {
        return Err(VerifyError::NotYetValid {
            subject: label(certificate),
            not_before,
            now,
        });
    }
    Ok(())
}

/// The same of a root.
fn judge_anchor_validity(anchor: &Certificate, now: OffsetDateTime) -> Result<(), VerifyError> {
    let (not_before, not_after) = (anchor.not_before(), anchor.not_after());
    if now > not_after {
        return Err(VerifyError::AnchorExpired {
            subject: label(anchor),
            not_after,
            now,
        });
    }
    if now < not_before {
        return Err(VerifyError::AnchorNotYetValid {
            subject: label(anchor),
            not_before,
            now,
        });
    }
    Ok(())
}

/// Judges what webpki has judged already, but for paths that come from [`Search`](super::path_building::Search).
fn judge_presented(path: &Path, purpose: Purpose, now: OffsetDateTime) -> Result<(), VerifyError> {
    for certificate in std::iter::once(&path.leaf).chain(&path.intermediates) {
        let subject = || label(certificate);
        if certificate.version() != 3 {
            return Err(VerifyError::UnsupportedVersion {
                subject: subject(),
                version: certificate.version(),
            });
        }
        judge_validity(certificate, now)?;
        if let Some(oid) = unknown_critical_extension(certificate) {
            return Err(VerifyError::UnknownCriticalExtension {
                subject: subject(),
                oid: oid.to_string(),
            });
        }
    }
    for (position, ca) in path.intermediates.iter().enumerate() {
        let subject = label(&path.leaf);
        let Some(constraints) = ca.basic_constraints().filter(|constraints| constraints.ca) else {
            return Err(VerifyError::NotACa { subject });
        };
        if exceeds(constraints, &path.intermediates[..position]) {
            return Err(VerifyError::PathLength { subject });
        }
        let usages = ca.extended_key_usage();
        if usages.is_some_and(|usages| !permits(usages, purpose)) {
            return Err(wrong_usage(ca, purpose));
        }
    }
    Ok(())
}

/// Whether more CAs follow than pathLen allows. RFC 5280 6.1.4 (l): self-issued ones do not count.
fn exceeds(constraints: BasicConstraints, below: &[Arc<Certificate>]) -> bool {
    let following = below.iter().filter(|ca| !ca.is_self_issued()).count();
    constraints
        .path_len
        .is_some_and(|limit| u64::from(limit) < following as u64)
}

fn nobody(certificate: &Certificate) -> VerifyError {
    VerifyError::NoName {
        serial: certificate.serial().to_string(),
    }
}

fn judge_leaf(leaf: &Certificate, purpose: Purpose) -> Result<(), VerifyError> {
    if leaf.is_ca() {
        return Err(VerifyError::CaAsLeaf {
            subject: label(leaf),
            purpose,
        });
    }
    match leaf.extended_key_usage() {
        None => {
            return Err(VerifyError::NoExtendedKeyUsage {
                subject: label(leaf),
                purpose,
            });
        }
        Some(usages) if !usages.contains(&purpose.oid()) => return Err(wrong_usage(leaf, purpose)),
        Some(_) => {}
    }
    require_key_usage(leaf, KeyUsageBit::DigitalSignature)?;
    if leaf.subject().rdns().is_empty() && leaf.sans().is_empty() {
        return Err(nobody(leaf));
    }
    match unfit_name(leaf) {
        Some(problem) => Err(VerifyError::UnfitName {
            serial: leaf.serial().to_string(),
            problem,
        }),
        None => Ok(()),
    }
}

/// What is wrong with the text in a leaf's names, which applications print, log and compare.
fn unfit_name(leaf: &Certificate) -> Option<&'static str> {
    let alternative = leaf.sans().iter().filter_map(|name| match name {
        SubjectAltName::DirectoryName(name) => Some(name),
        _ => None,
    });
    let names = std::iter::once(leaf.subject()).chain(alternative);
    let mut texts = names
        .flat_map(DistinguishedName::attributes)
        .filter_map(Attribute::text);
    texts.find_map(|text| {
        if text.chars().any(char::is_control) {
            Some("contains a control character")
        } else if text.chars().nth(MAX_NAME_CHARS).is_some() {
            Some("is longer than 256 characters")
        } else {
            None
        }
    })
}

/// RFC 5280 A.1 says 64 for most attributes; certificates with somewhat more are in use.
const MAX_NAME_CHARS: usize = 256;

fn judge_anchor(path: &Path, purpose: Purpose, now: OffsetDateTime) -> Result<(), VerifyError> {
    let anchor = &*path.anchor;
    let subject = || label(anchor);
    judge_anchor_validity(anchor, now)?;
    match anchor.basic_constraints() {
        // RFC 5280 6.1.4 (k): before version 3 a CA is one by what is known besides, and this one is trusted.
        None if anchor.version() < 3 => {}
        Some(constraints) if constraints.ca => {
            if exceeds(constraints, &path.intermediates) {
                return Err(VerifyError::PathLength {
                    subject: label(&path.leaf),
                });
            }
        }
        _ => return Err(VerifyError::AnchorNotCa { subject: subject() }),
    }
    if anchor
        .extended_key_usage()
        .is_some_and(|usages| !permits(usages, purpose))
    {
        return Err(wrong_usage(anchor, purpose));
    }
    match unknown_critical_extension(anchor) {
        Some(oid) => Err(VerifyError::UnknownCriticalExtension {
            subject: subject(),
            oid: oid.to_string(),
        }),
        None => Ok(()),
    }
}

/// Absent key usage passes, present key usage must fit (RFC 5280 section 4.2.1.3).
fn require_key_usage(certificate: &Certificate, needed: KeyUsageBit) -> Result<(), VerifyError> {
    if certificate
        .key_usage()
        .is_none_or(|usage| usage.contains(needed))
    {
        return Ok(());
    }
    Err(VerifyError::KeyUsage {
        subject: label(certificate),
        needed,
    })
}

/// Whether a CA that limits its issuance by these usages may issue for the purpose. As in a leaf,
/// anyExtendedKeyUsage does not stand for it: RFC 5280 4.2.1.12 leaves that to us, and OpenSSL and BoringSSL
/// decide the same.
pub(super) fn permits(usages: &[ObjectIdentifier], purpose: Purpose) -> bool {
    usages.contains(&purpose.oid())
}

pub(super) fn wrong_usage(certificate: &Certificate, purpose: Purpose) -> VerifyError {
    let present = certificate.extended_key_usage().unwrap_or_default().iter();
    let present = present
        .map(|oid| match *oid {
            ID_KP_CLIENT_AUTH => Purpose::TlsClient.usage().to_owned(),
            ID_KP_SERVER_AUTH => Purpose::TlsServer.usage().to_owned(),
            other => algorithm_name(other),
        })
        .collect();
    VerifyError::WrongExtendedKeyUsage {
        subject: label(certificate),
        purpose,
        present,
    }
}

/// The first critical extension that neither webpki nor these rules obey.
pub(crate) fn unknown_critical_extension(certificate: &Certificate) -> Option<ObjectIdentifier> {
    const OBEYED: [ObjectIdentifier; 6] = [
        ID_CE_BASIC_CONSTRAINTS,
        ID_CE_CRL_DISTRIBUTION_POINTS,
        ID_CE_EXT_KEY_USAGE,
        ID_CE_KEY_USAGE,
        ID_CE_NAME_CONSTRAINTS,
        ID_CE_SUBJECT_ALT_NAME,
    ];
    certificate
        .extensions()
        .find(|extension| {
            extension.critical
                && !OBEYED.contains(&extension.oid)
                && !policies::OBEYED.contains(&extension.oid)
        })
        .map(|extension| extension.oid)
}
