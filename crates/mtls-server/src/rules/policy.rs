//! Certificate policies, checked along the whole verified path.

use std::sync::Arc;

use const_oid::db::rfc5280::{
    ANY_POLICY, ID_CE_CERTIFICATE_POLICIES, ID_CE_INHIBIT_ANY_POLICY, ID_CE_POLICY_MAPPINGS,
};
use der::{Decode, Reader, Sequence, SliceReader, asn1::AnyRef};
use x509_identity::{Certificate, ObjectIdentifier};

use super::finding::Finding;

/// Whether the leaf has `policy`, and every CA between it and the trust anchor may issue under it.
///
/// The verifier accepts any policy, as RFC 5280 section 6.1 does without an initial policy set. So a
/// subordinate CA could put into a leaf what its own certificate does not allow. Therefore each
/// certificate below the trust anchor must have the policy. In an intermediate anyPolicy counts, too,
/// unless some certificate inhibits it. Policy mappings make the finding unclear.
pub(super) fn asserted(path: &[Arc<Certificate>], policy: ObjectIdentifier) -> Finding {
    let Some((leaf, above)) = path.split_first() else {
        return Finding::Mismatch;
    };
    let intermediates = above.split_last().map_or(above, |(_, below)| below);
    let has = |oid| move |certificate: &Arc<Certificate>| certificate.extension(oid).is_some();
    if intermediates.iter().any(has(ID_CE_POLICY_MAPPINGS)) {
        return Finding::Unclear("policies-are-mapped");
    }
    let any_inhibited = intermediates.iter().any(has(ID_CE_INHIBIT_ANY_POLICY));
    let mut finding = names(leaf, |oid| oid == policy);
    for intermediate in intermediates {
        finding = match (
            finding,
            names(intermediate, |oid| {
                oid == policy || (oid == ANY_POLICY && !any_inhibited)
            }),
        ) {
            (Finding::Match, above) => above,
            (below, _) => below,
        };
    }
    finding
}

/// Whether a certificate has a policy that is `wanted`.
fn names(certificate: &Certificate, wanted: impl Fn(ObjectIdentifier) -> bool) -> Finding {
    let Some(extension) = certificate.extension(ID_CE_CERTIFICATE_POLICIES) else {
        return Finding::Mismatch;
    };
    match read(extension.value, wanted) {
        Ok(true) => Finding::Match,
        Ok(false) => Finding::Mismatch,
        Err(_) => Finding::Unclear("policies-unreadable"),
    }
}

fn read(extension: &[u8], wanted: impl Fn(ObjectIdentifier) -> bool) -> der::Result<bool> {
    let mut reader = SliceReader::new(extension)?;
    let mut found = false;
    reader.sequence(|list: &mut SliceReader<'_>| {
        while !list.is_finished() {
            found |= wanted(PolicyInformation::decode(list)?.policy_identifier);
        }
        Ok::<_, der::Error>(())
    })?;
    reader.finish()?;
    Ok(found)
}

/// RFC 5280 section 4.2.1.4.
///
/// ```text
/// PolicyInformation ::= SEQUENCE {
///     policyIdentifier   CertPolicyId,
///     policyQualifiers   SEQUENCE SIZE (1..MAX) OF PolicyQualifierInfo OPTIONAL }
/// ```
#[derive(Sequence)]
struct PolicyInformation<'a> {
    policy_identifier: ObjectIdentifier,
    #[allow(dead_code, reason = "qualifiers are for people to read")]
    policy_qualifiers: Option<AnyRef<'a>>,
}
