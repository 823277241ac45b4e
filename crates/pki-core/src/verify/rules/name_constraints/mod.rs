//! Name constraints (RFC 5280 sections 4.2.1.10 and 6.1.3 (b) and (c)), which webpki knows for DNS names
//! and addresses only.

use std::net::IpAddr;

use const_oid::db::rfc3280::EMAIL_ADDRESS;
use const_oid::db::rfc5280::ID_CE_NAME_CONSTRAINTS;
use der::{Decode, Encode};
use x509_cert::ext::pkix::NameConstraints;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;
use x509_identity::pattern::{Mailbox, is_host_name};
use x509_identity::{AttributeValue, Certificate, DistinguishedName, Rdn, SubjectAltName};

use crate::verify::path::label;
use crate::verify::{Path, VerifyError};

/// Holds every name of the path against the constraints of every CA above it, the trust anchor included.
pub(super) fn check(path: &Path) -> Result<(), VerifyError> {
    let certificates: Vec<&Certificate> = path.certificates().map(|c| &**c).collect();
    if are_obeyed(&certificates) {
        return Ok(());
    }
    Err(VerifyError::NameConstraint {
        subject: label(&path.leaf),
    })
}

/// Whether every name is within the constraints of every CA above it; the leaf comes first.
pub(crate) fn are_obeyed(certificates: &[&Certificate]) -> bool {
    let mut budget = MAX_COMPARISONS;
    for (position, ca) in certificates.iter().enumerate().skip(1) {
        let Some(extension) = ca.extension(ID_CE_NAME_CONSTRAINTS) else {
            continue;
        };
        let constraints = NameConstraints::from_der(extension.value).ok();
        let obeyed = constraints.is_some_and(|constraints| {
            certificates[..position]
                .iter()
                .enumerate()
                // 6.1.3: a self-issued CA is not constrained, a self-issued leaf is.
                .filter(|(below, certificate)| *below == 0 || !certificate.is_self_issued())
                .all(|(_, certificate)| obeys(certificate, &constraints, &mut budget))
        });
        if !obeyed {
            return false;
        }
    }
    true
}

/// Whether the certificate limits the names below it.
pub(in crate::verify) fn constrains_names(certificate: &Certificate) -> bool {
    certificate.extension(ID_CE_NAME_CONSTRAINTS).is_some()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Permitted,
    Excluded,
}

impl Side {
    /// What a name counts as that cannot be compared: whichever refuses it.
    fn incomparable(self) -> bool {
        self == Self::Excluded
    }
}

fn obeys(certificate: &Certificate, constraints: &NameConstraints, budget: &mut usize) -> bool {
    let permitted = constraints.permitted_subtrees.as_deref();
    let excluded = constraints.excluded_subtrees.as_deref();
    names(certificate).iter().all(|name| {
        verdicts(permitted, name, Side::Permitted, budget)
            .is_some_and(|found| found.is_empty() || found.contains(&true))
            && verdicts(excluded, name, Side::Excluded, budget)
                .is_some_and(|found| !found.contains(&true))
    })
}

/// Everything a certificate names. The address in a subject's emailAddress counts as one, with or without
/// alternative names beside it (RFC 5280 asks for it without; more is what OpenSSL does).
fn names(certificate: &Certificate) -> Vec<SubjectAltName> {
    let subject = certificate.subject();
    let mut names = certificate.sans().to_vec();
    if !subject.is_empty() {
        names.push(SubjectAltName::DirectoryName(subject.clone()));
    }
    let addresses = subject
        .attributes()
        .filter(|attribute| attribute.oid() == EMAIL_ADDRESS);
    names.extend(addresses.map(|address| match address.value() {
        AttributeValue::Text { text, .. } => SubjectAltName::Email(text.clone()),
        AttributeValue::Der(der) => SubjectAltName::Unreadable {
            kind: "email",
            der: der.to_vec(),
        },
    }));
    names
}

/// Whether the name lies in each subtree of its own kind; `None` once the budget is spent.
fn verdicts(
    subtrees: Option<&[GeneralSubtree]>,
    name: &SubjectAltName,
    side: Side,
    budget: &mut usize,
) -> Option<Vec<bool>> {
    let mut found = Vec::new();
    for subtree in subtrees.unwrap_or_default() {
        *budget = budget.checked_sub(1)?;
        let Some(within) = within(&subtree.base, name, side) else {
            continue;
        };
        // RFC 5280: minimum is zero and maximum is absent, always.
        let plain = subtree.minimum == 0 && subtree.maximum.is_none();
        found.push(if plain { within } else { side.incomparable() });
    }
    Some(found)
}

/// `None` where the two are of different kinds.
fn within(base: &GeneralName, name: &SubjectAltName, side: Side) -> Option<bool> {
    let verdict = match (base, name) {
        (GeneralName::DnsName(base), SubjectAltName::Dns(name)) => {
            dns_within(base.as_str(), name, side)
        }
        (GeneralName::Rfc822Name(base), SubjectAltName::Email(name)) => {
            email_within(base.as_str(), name).unwrap_or(side.incomparable())
        }
        (GeneralName::UniformResourceIdentifier(base), SubjectAltName::Uri(name)) => {
            host_of_uri(name).map_or(side.incomparable(), |host| {
                host_or_domain(base.as_str(), host)
            })
        }
        (GeneralName::IpAddress(base), SubjectAltName::Ip(name)) => {
            ip_within(base.as_bytes(), *name).unwrap_or(side.incomparable())
        }
        (GeneralName::DirectoryName(base), SubjectAltName::DirectoryName(name)) => base
            .to_der()
            .ok()
            .and_then(|der| DistinguishedName::from_der(&der).ok())
            .and_then(|base| directory_within(&base, name))
            .unwrap_or(side.incomparable()),
        (base, SubjectAltName::Other { kind, .. } | SubjectAltName::Unreadable { kind, .. })
            if kind_of(base) == *kind =>
        {
            side.incomparable()
        }
        _ => return None,
    };
    Some(verdict)
}

/// As [`SubjectAltName::kind`] says it.
fn kind_of(base: &GeneralName) -> &'static str {
    match base {
        GeneralName::OtherName(_) => "other-name",
        GeneralName::Rfc822Name(_) => "email",
        GeneralName::DnsName(_) => "dns",
        GeneralName::DirectoryName(_) => "directory-name",
        GeneralName::EdiPartyName(_) => "edi-party-name",
        GeneralName::UniformResourceIdentifier(_) => "uri",
        GeneralName::IpAddress(_) => "ip",
        GeneralName::RegisteredId(_) => "registered-id",
    }
}

/// `host.example` and everything below it; with a leading dot, what is below it only.
fn dns_within(base: &str, name: &str, side: Side) -> bool {
    let domain = base.strip_prefix('.').unwrap_or(base);
    let name = name.strip_suffix('.').unwrap_or(name);
    let host = name.strip_prefix("*.").unwrap_or(name);
    if !(is_host_name(host) && (domain.is_empty() || is_host_name(domain))) {
        return side.incomparable();
    }
    match name.strip_prefix("*.") {
        // One wildcard stands for many names: it is permitted if all are, and excluded if one is.
        Some(parent) => {
            is_below(parent, domain)
                || parent.eq_ignore_ascii_case(domain)
                || (side == Side::Excluded && is_below(domain, parent))
        }
        None => is_below(name, domain) || (base == domain && name.eq_ignore_ascii_case(domain)),
    }
}

/// Whether `name` is `domain` with labels before it. Everything is below the empty domain.
fn is_below(name: &str, domain: &str) -> bool {
    if domain.is_empty() {
        return true;
    }
    name.len()
        .checked_sub(domain.len())
        .and_then(|start| Some((name.get(..start)?, name.get(start..)?)))
        .is_some_and(|(labels, end)| labels.ends_with('.') && end.eq_ignore_ascii_case(domain))
}

/// A mailbox, all mailboxes of a host, or, with a leading dot, those of all hosts below a domain.
///
/// `None` where host and mailbox cannot be told apart.
fn email_within(base: &str, address: &str) -> Option<bool> {
    let mailbox = Mailbox::parse(address)?;
    Some(if base.contains('@') {
        Mailbox::parse(base)? == mailbox
    } else {
        host_or_domain(base, mailbox.host())
    })
}

fn host_or_domain(base: &str, host: &str) -> bool {
    match base.strip_prefix('.') {
        Some(domain) => is_below(host, domain),
        None => base.is_empty() || host.eq_ignore_ascii_case(base),
    }
}

/// The host of a URI, if it has one that is a name: constraints say nothing of others, and RFC 5280
/// refuses those.
fn host_of_uri(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split_once(':').map_or(host, |(host, _port)| host);
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_name = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    (is_name && !host.is_empty() && host.parse::<IpAddr>().is_err()).then_some(host)
}

/// `None` for a constraint that is not an address and a mask.
fn ip_within(base: &[u8], name: IpAddr) -> Option<bool> {
    let octets = match name {
        IpAddr::V4(name) => name.octets().to_vec(),
        IpAddr::V6(name) => name.octets().to_vec(),
    };
    if base.len() != 8 && base.len() != 32 {
        return None;
    }
    let (network, mask) = base.split_at(base.len() / 2);
    if octets.len() != network.len() {
        return Some(false);
    }
    let ones = mask.iter().map(|byte| byte.leading_ones()).sum::<u32>();
    let set = mask.iter().map(|byte| byte.count_ones()).sum::<u32>();
    let leading = mask
        .iter()
        .take_while(|byte| **byte == 0xff)
        .count()
        .min(mask.len());
    let contiguous = ones == set && mask.iter().skip(leading + 1).all(|byte| *byte == 0);
    contiguous.then(|| {
        octets
            .iter()
            .zip(network)
            .zip(mask)
            .all(|((octet, network), mask)| octet & mask == network & mask)
    })
}

/// Whether `name` begins with the RDNs of `base`; `None` where a value that is compared cannot be read.
fn directory_within(base: &DistinguishedName, name: &DistinguishedName) -> Option<bool> {
    let unreadable = |rdn: &Rdn| {
        let mut attributes = rdn.attributes().iter();
        attributes.any(|attribute| attribute.value().is_unreadable())
    };
    let compared = name.rdns().iter().take(base.rdns().len());
    if base.rdns().iter().chain(compared).any(unreadable) {
        return None;
    }
    Some(name.begins_with(base))
}

/// As many as webpki itself allows.
const MAX_COMPARISONS: usize = 250_000;

#[cfg(test)]
mod tests;
