//! Certificate policies (RFC 5280 section 6.1), which webpki does not know.
//!
//! Any policy is welcome here, as long as a CA in the path does not ask for an explicit one. So the tree
//! is needed for one question only, whether anything is left of it at the end, and equal nodes are one.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ANY_POLICY, ID_CE_CERTIFICATE_POLICIES, ID_CE_INHIBIT_ANY_POLICY, ID_CE_POLICY_CONSTRAINTS,
    ID_CE_POLICY_MAPPINGS, ID_QT_CPS, ID_QT_UNOTICE,
};
use der::Decode;
use x509_cert::ext::pkix::{CertificatePolicies, PolicyConstraints, PolicyMappings};
use x509_identity::Certificate;

use crate::verify::path::label;
use crate::verify::{Path, VerifyError};

/// The extensions that are obeyed here.
pub(in crate::verify) const OBEYED: [ObjectIdentifier; 4] = [
    ID_CE_CERTIFICATE_POLICIES,
    ID_CE_INHIBIT_ANY_POLICY,
    ID_CE_POLICY_CONSTRAINTS,
    ID_CE_POLICY_MAPPINGS,
];

pub(super) fn check(path: &Path) -> Result<(), VerifyError> {
    let mut read = Vec::new();
    // As the RFC counts, from the trust anchor down.
    for certificate in path.certificates().rev() {
        let policies = Policies::of(certificate).ok_or_else(|| VerifyError::Policy {
            subject: label(certificate),
        })?;
        read.push((&**certificate, policies));
    }
    if let Some(((_, root), below)) = read.split_first()
        && hold(root, below)
    {
        return Ok(());
    }
    Err(VerifyError::Policy {
        subject: label(&path.leaf),
    })
}

/// What one certificate says of policies.
#[derive(Default)]
struct Policies {
    named: Option<Vec<ObjectIdentifier>>,
    mappings: Vec<(ObjectIdentifier, ObjectIdentifier)>,
    require_explicit: Option<u32>,
    inhibit_mapping: Option<u32>,
    inhibit_any: Option<u32>,
}

impl Policies {
    /// `None` where an extension cannot be read, or is critical and has a qualifier that is not understood.
    fn of(certificate: &Certificate) -> Option<Self> {
        let mut policies = Self::default();
        for extension in certificate.extensions() {
            match extension.oid {
                ID_CE_CERTIFICATE_POLICIES => {
                    match CertificatePolicies::from_der(extension.value) {
                        Ok(CertificatePolicies(named)) => {
                            let mut qualifiers = named
                                .iter()
                                .flat_map(|policy| policy.policy_qualifiers.iter().flatten());
                            let understood = qualifiers.all(|qualifier| {
                                [ID_QT_CPS, ID_QT_UNOTICE].contains(&qualifier.policy_qualifier_id)
                            });
                            if extension.critical && !understood {
                                return None;
                            }
                            let named = named.iter().map(|policy| policy.policy_identifier);
                            policies.named = Some(named.collect());
                        }
                        // Not critical: as good as none, which refuses where one is required.
                        Err(_) if !extension.critical => {}
                        Err(_) => return None,
                    }
                }
                ID_CE_POLICY_MAPPINGS => {
                    let PolicyMappings(mappings) =
                        PolicyMappings::from_der(extension.value).ok()?;
                    let pairs = mappings
                        .iter()
                        .map(|pair| (pair.issuer_domain_policy, pair.subject_domain_policy));
                    policies.mappings = pairs.collect();
                }
                ID_CE_POLICY_CONSTRAINTS => {
                    let read = PolicyConstraints::from_der(extension.value).ok()?;
                    policies.require_explicit = read.require_explicit_policy;
                    policies.inhibit_mapping = read.inhibit_policy_mapping;
                }
                ID_CE_INHIBIT_ANY_POLICY => {
                    policies.inhibit_any = Some(u32::from_der(extension.value).ok()?);
                }
                _ => {}
            }
        }
        Some(policies)
    }
}

/// One valid policy, and the policies that the next certificate may name for it.
struct Node {
    valid: ObjectIdentifier,
    expected: Vec<ObjectIdentifier>,
}

/// RFC 5280 6.1.2 to 6.1.5, with the user's initial policy set being anyPolicy. What the trust anchor limits, and
/// may have marked as critical, holds from the start.
fn hold(root: &Policies, path: &[(&Certificate, Policies)]) -> bool {
    let n = path.len();
    let start = u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
    let mut explicit = start.min(root.require_explicit.unwrap_or(start));
    let mut mapping = start.min(root.inhibit_mapping.unwrap_or(start));
    let mut any = start.min(root.inhibit_any.unwrap_or(start));
    let mut tree = vec![node(ANY_POLICY)];
    if !map(&mut tree, &root.mappings, true) {
        return false;
    }
    for (index, (certificate, policies)) in path.iter().enumerate() {
        let is_final = index + 1 == n;
        let self_issued = certificate.is_self_issued();
        // (d) and (e)
        let any_counts = any > 0 || (!is_final && self_issued);
        tree = match &policies.named {
            Some(named) => next_level(&tree, named, any_counts),
            None => Vec::new(),
        };
        // (f)
        if explicit == 0 && tree.is_empty() {
            return false;
        }
        if !is_final {
            // 6.1.4 (a) and (b)
            if !map(&mut tree, &policies.mappings, mapping > 0) {
                return false;
            }
            // (h)
            if !self_issued {
                for counter in [&mut explicit, &mut mapping, &mut any] {
                    *counter = counter.saturating_sub(1);
                }
            }
            // (i) and (j)
            explicit = explicit.min(policies.require_explicit.unwrap_or(u32::MAX));
            mapping = mapping.min(policies.inhibit_mapping.unwrap_or(u32::MAX));
            any = any.min(policies.inhibit_any.unwrap_or(u32::MAX));
        } else {
            // 6.1.5 (a) and (b)
            explicit = explicit.saturating_sub(1);
            if policies.require_explicit == Some(0) {
                explicit = 0;
            }
        }
    }
    explicit > 0 || !tree.is_empty()
}

fn node(policy: ObjectIdentifier) -> Node {
    Node {
        valid: policy,
        expected: vec![policy],
    }
}

/// 6.1.3 (d).
fn next_level(tree: &[Node], named: &[ObjectIdentifier], any_counts: bool) -> Vec<Node> {
    let mut next: Vec<Node> = Vec::new();
    let any_valid = tree.iter().any(|parent| parent.valid == ANY_POLICY);
    for policy in named.iter().take(MAX_POLICIES) {
        let expected = tree.iter().any(|parent| parent.expected.contains(policy));
        let known = next.iter().any(|node| node.valid == *policy);
        if *policy != ANY_POLICY && !known && (expected || any_valid) {
            next.push(node(*policy));
        }
    }
    if any_counts && named.contains(&ANY_POLICY) {
        for policy in tree.iter().flat_map(|parent| &parent.expected) {
            if !next.iter().any(|node| node.valid == *policy) {
                next.push(node(*policy));
            }
        }
    }
    next
}

/// 6.1.4 (a) and (b); false where anyPolicy is mapped.
fn map(
    tree: &mut Vec<Node>,
    mappings: &[(ObjectIdentifier, ObjectIdentifier)],
    allowed: bool,
) -> bool {
    if mappings.len() > MAX_POLICIES
        || mappings
            .iter()
            .any(|(from, to)| *from == ANY_POLICY || *to == ANY_POLICY)
    {
        return false;
    }
    if !allowed {
        tree.retain(|node| !mappings.iter().any(|(from, _)| node.valid == *from));
        return true;
    }
    // Where any policy is valid, a node for what is mapped would add nothing: all is expected there.
    for (from, _) in mappings {
        if let Some(node) = tree.iter_mut().find(|node| node.valid == *from) {
            let to = mappings.iter().filter(|(other, _)| other == from);
            node.expected = to.map(|(_, to)| *to).collect();
        }
    }
    true
}

/// Far above the handful that certificates name; the search for equal ones is quadratic.
const MAX_POLICIES: usize = 256;
