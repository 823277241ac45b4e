//! Which names a certificate gets: those that are granted, of those that a CSR asks for.

use std::collections::BTreeSet;

use const_oid::db::rfc4519::COMMON_NAME;
use pki_core::{CertificateParameters, CertificateRequest, Profile, Role};
use pki_store::NamePattern;
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use super::refusal::Refusal;

/// What a certificate for this CSR should say: each name that it asks for has to be granted.
///
/// A CSR without names gets the names of the grant, where these are names and not patterns.
pub(crate) fn granted(
    csr: &CertificateRequest,
    granted: &[NamePattern],
    profile: &Profile,
) -> Result<CertificateParameters, Refusal> {
    let requested = csr.requested_names();
    if granted.is_empty() {
        return Ok(CertificateParameters::from_csr(csr));
    }
    if requested.subject().is_empty() && requested.sans().is_empty() {
        let (subject, sans) = names_of_grant(granted, profile.role)?;
        let parameters = CertificateParameters::for_key(csr.public_key_der(), subject);
        return Ok(parameters.sans(sans).proven_by(csr));
    }
    check(granted, requested.subject(), requested.sans())?;
    Ok(CertificateParameters::from_csr(csr))
}

/// What a certificate for the key of this CSR should say: these names, which somebody has proven, if each is granted.
pub(crate) fn proven(
    csr: &CertificateRequest,
    subject: DistinguishedName,
    sans: Vec<SubjectAltName>,
    granted: &[NamePattern],
) -> Result<CertificateParameters, Refusal> {
    if !granted.is_empty() {
        check(granted, &subject, &sans)?;
    }
    let parameters = CertificateParameters::for_key(csr.public_key_der(), subject);
    Ok(parameters.sans(sans).proven_by(csr))
}

/// Whether the profile allows all of this.
pub(crate) fn check_profile(
    parameters: &CertificateParameters,
    profile: &Profile,
) -> Result<(), Refusal> {
    // Nearly always, and then nobody reads why.
    if profile.allows(parameters) {
        return Ok(());
    }
    let refused = profile.explain(parameters).decisions.into_iter();
    let refused: Vec<_> = refused
        .filter(|decision| !decision.allowed)
        .map(|decision| format!("{} by {}", decision.asked, decision.rule))
        .collect();
    if refused.is_empty() {
        Ok(())
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

/// The names of a grant, where these are names and not patterns.
pub(crate) fn names_of_grant(
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
    // A certificate has a name once, whatever a CSR repeats, and host names are the same in any case.
    let names = |sans: &[SubjectAltName]| {
        let names = sans.iter().map(|name| match name {
            SubjectAltName::Dns(host) => (name.kind(), host.to_ascii_lowercase()),
            _ => (name.kind(), name.to_string()),
        });
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
            .proven_by(csr)
            .end_with_issuer(),
    )
}
