//! Which names a certificate gets: those that are granted, of those that a CSR asks for.

use std::collections::BTreeSet;

use const_oid::db::rfc4519::COMMON_NAME;
use pki_core::{CertificateParameters, CertificateRequest, Profile, Role};
use pki_store::NamePattern;
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use super::credential::Grant;
use super::refusal::Refusal;

/// What a certificate for this CSR should say: each name that it asks for has to be granted.
///
/// A CSR without names gets the names of the grant, where these are names and not patterns.
pub(crate) fn granted(
    csr: &CertificateRequest,
    grant: &Grant,
    profile: &Profile,
) -> Result<CertificateParameters, Refusal> {
    let requested = csr.requested_names();
    let parameters = if grant.names.is_empty() {
        CertificateParameters::from_csr(csr)
    } else if requested.subject().is_empty() && requested.sans().is_empty() {
        let (subject, sans) = names_of_grant(&grant.names, profile.role)?;
        CertificateParameters::for_key(csr.public_key_der(), subject).sans(sans)
    } else {
        check(&grant.names, requested.subject(), requested.sans())?;
        CertificateParameters::from_csr(csr)
    };
    // Before it waits for somebody who would have to look for what the CA refuses anyway.
    let refused = profile.explain(&parameters).decisions.into_iter();
    let refused: Vec<_> = refused
        .filter(|decision| !decision.allowed)
        .map(|decision| format!("{} by {}", decision.asked, decision.rule))
        .collect();
    if refused.is_empty() {
        Ok(parameters)
    } else {
        Err(Refusal::Policy(refused.join("; ")))
    }
}

fn check(
    granted: &[NamePattern],
    subject: &DistinguishedName,
    sans: &[SubjectAltName],
) -> Result<(), Refusal> {
    for attribute in subject.attributes() {
        let name = attribute
            .text()
            .filter(|_| attribute.oid() == COMMON_NAME)
            .unwrap_or_default();
        if !granted.iter().any(|it| it.allows_common_name(name)) {
            return Err(Refusal::Name(attribute.to_string()));
        }
    }
    for name in sans {
        if !granted.iter().any(|it| it.allows(name)) {
            return Err(Refusal::Name(name.to_string()));
        }
    }
    Ok(())
}

/// The first host name for which a common name has room: 64 characters (RFC 5280 appendix A.1).
pub(super) fn short_host(names: &[SubjectAltName]) -> Option<&str> {
    names.iter().find_map(|name| match name {
        SubjectAltName::Dns(name) if name.len() <= 64 => Some(name.as_str()),
        _ => None,
    })
}

fn names_of_grant(
    granted: &[NamePattern],
    role: Role,
) -> Result<(DistinguishedName, Vec<SubjectAltName>), Refusal> {
    let mut sans: Vec<_> = granted.iter().filter_map(NamePattern::only_name).collect();
    let mut common_name = granted.iter().find_map(|name| match name {
        NamePattern::CommonName(name) => Some(name.clone()),
        _ => None,
    });
    if common_name.is_none() {
        common_name = short_host(&sans).map(str::to_owned);
    }
    if role == Role::Client {
        // `sensor-7` is what the client is called, and no host of the DNS.
        sans.retain(|name| !matches!(name, SubjectAltName::Dns(name) if !name.contains('.')));
    }
    let subject = match common_name {
        Some(name) => DistinguishedName::builder()
            .common_name(&name)
            .build()
            .map_err(|_| Refusal::Name(name))?,
        None if sans.is_empty() => return Err(Refusal::NoName),
        None => DistinguishedName::default(),
    };
    Ok((subject, sans))
}

/// What the certificate that renews `present` should say: the same names, whatever the key.
pub(crate) fn renewed(
    csr: &CertificateRequest,
    present: &Certificate,
) -> Result<CertificateParameters, Refusal> {
    let requested = csr.requested_names();
    let names = |sans: &[SubjectAltName]| {
        let names = sans.iter().map(|name| (name.kind(), name.to_string()));
        names.collect::<BTreeSet<_>>()
    };
    let none = requested.subject().is_empty() && requested.sans().is_empty();
    // The string types may differ: a certificate has those of RFC 5280.
    let same = requested.subject().to_string() == present.subject().to_string()
        && names(requested.sans()) == names(present.sans());
    if !none && !same {
        return Err(Refusal::NamesChanged);
    }
    let subject = present.subject().clone();
    Ok(
        CertificateParameters::for_key(csr.public_key_der(), subject)
            .sans(present.sans().to_vec())
            .end_with_issuer(),
    )
}
