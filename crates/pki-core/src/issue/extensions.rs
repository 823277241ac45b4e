//! The extensions of a certificate (RFC 5280 section 4.2).

use std::net::IpAddr;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_CRL_DISTRIBUTION_POINTS,
    ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_NAME_CONSTRAINTS, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER, ID_PE_AUTHORITY_INFO_ACCESS,
};
use const_oid::db::rfc5912::ID_CE_NO_REV_AVAIL;
use const_oid::db::rfc6960::ID_PKIX_OCSP_NOCHECK;
use der::Encode;
use der::asn1::{Ia5String, Null, OctetString};
use sha1::{Digest, Sha1};
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints,
    CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_identity::KeyUsageBit;

use super::issuer_facts::IssuerFacts;
use crate::asn1::{distribution_point_name, extension, general_name};
use crate::profile::{NameConstraints, Subtrees};
use crate::verify::signature::key_bits;
use crate::{CertificateParameters, KeyKind, Profile, Role};

/// The extensions of the certificate that `profile` makes of `parameters`.
pub(super) fn extensions(
    parameters: &CertificateParameters,
    profile: &Profile,
    issuer: &IssuerFacts<'_>,
    key: KeyKind,
) -> der::Result<Extensions> {
    let role = profile.role;
    let mut list = Vec::with_capacity(ROOM);
    let constraints = BasicConstraints {
        ca: role.is_ca(),
        path_len_constraint: profile.path_len(),
    };
    list.push(extension(ID_CE_BASIC_CONSTRAINTS, true, &constraints)?);
    let usage = key_usage(role, key);
    list.push(extension(ID_CE_KEY_USAGE, true, &usage)?);
    let usages = profile.extended_key_usage();
    if !usages.is_empty() {
        let usages = ExtendedKeyUsage(usages);
        list.push(extension(ID_CE_EXT_KEY_USAGE, false, &usages)?);
    }
    if !profile.name_constraints.is_empty() {
        let constraints = name_constraints(&profile.name_constraints)?;
        list.push(extension(ID_CE_NAME_CONSTRAINTS, true, &constraints)?);
    }
    if !parameters.sans.is_empty() {
        let names = parameters
            .sans
            .iter()
            .map(general_name)
            .collect::<der::Result<Vec<_>>>()?;
        // RFC 5280 section 4.2.1.6: critical if and only if the subject is empty.
        list.push(extension(
            ID_CE_SUBJECT_ALT_NAME,
            parameters.subject.is_empty(),
            &names,
        )?);
    }
    let own_id = match &parameters.key_id {
        Some(id) => OctetString::new(id.as_slice())?,
        None => key_identifier(&parameters.public_key)?,
    };
    list.push(extension(
        ID_CE_SUBJECT_KEY_IDENTIFIER,
        false,
        &SubjectKeyIdentifier(own_id),
    )?);
    if role != Role::Root {
        let key_identifier = issuer.key_id.map(OctetString::new).transpose()?;
        let id = AuthorityKeyIdentifier {
            key_identifier,
            ..AuthorityKeyIdentifier::default()
        };
        list.push(extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, false, &id)?);
    }
    if !profile.crl_distribution_points.is_empty() {
        let points = profile
            .crl_distribution_points
            .iter()
            .map(|url| distribution_point(url));
        let points = CrlDistributionPoints(points.collect::<der::Result<_>>()?);
        list.push(extension(ID_CE_CRL_DISTRIBUTION_POINTS, false, &points)?);
    }
    let access = profile
        .ocsp
        .iter()
        .map(|url| access_description(ID_AD_OCSP, url))
        .chain(
            profile
                .ca_issuers
                .iter()
                .map(|url| access_description(ID_AD_CA_ISSUERS, url)),
        )
        .collect::<der::Result<Vec<_>>>()?;
    if !access.is_empty() {
        list.push(extension(
            ID_PE_AUTHORITY_INFO_ACCESS,
            false,
            &AuthorityInfoAccessSyntax(access),
        )?);
    }
    if role == Role::OcspResponder {
        list.push(extension(ID_PKIX_OCSP_NOCHECK, false, &Null)?);
    }
    if profile.no_rev_avail {
        list.push(extension(ID_CE_NO_REV_AVAIL, false, &Null)?);
    }
    Ok(list)
}

fn key_usage(role: Role, key: KeyKind) -> KeyUsage {
    let mut flags = der::flagset::FlagSet::default();
    for bit in role.key_usage(key).bits() {
        flags |= match bit {
            KeyUsageBit::KeyEncipherment => KeyUsages::KeyEncipherment,
            KeyUsageBit::KeyCertSign => KeyUsages::KeyCertSign,
            KeyUsageBit::CrlSign => KeyUsages::CRLSign,
            _ => KeyUsages::DigitalSignature,
        };
    }
    KeyUsage(flags)
}

/// RFC 5280 section 4.2.1.2, method 1: the SHA-1 of the key's bits. It identifies, it protects nothing.
fn key_identifier(spki: &[u8]) -> der::Result<OctetString> {
    OctetString::new(Sha1::digest(key_bits(spki)?).to_vec())
}

fn distribution_point(url: &str) -> der::Result<DistributionPoint> {
    let name = Some(distribution_point_name(url)?);
    Ok(DistributionPoint {
        distribution_point: name,
        reasons: None,
        crl_issuer: None,
    })
}

fn access_description(method: ObjectIdentifier, url: &str) -> der::Result<AccessDescription> {
    let access_location = GeneralName::UniformResourceIdentifier(Ia5String::new(url)?);
    Ok(AccessDescription {
        access_method: method,
        access_location,
    })
}

/// The value of a nameConstraints extension (RFC 5280 section 4.2.1.10).
pub(super) fn name_constraints_der(constraints: &NameConstraints) -> der::Result<Vec<u8>> {
    name_constraints(constraints)?.to_der()
}

fn name_constraints(
    constraints: &NameConstraints,
) -> der::Result<x509_cert::ext::pkix::NameConstraints> {
    Ok(x509_cert::ext::pkix::NameConstraints {
        permitted_subtrees: subtrees(&constraints.permitted)?,
        excluded_subtrees: subtrees(&constraints.excluded)?,
    })
}

fn subtrees(subtrees: &Subtrees) -> der::Result<Option<Vec<GeneralSubtree>>> {
    let dns = subtrees.dns.iter().map(|subtree| {
        let domain = Ia5String::new(subtree.domain())?;
        Ok(GeneralName::DnsName(domain))
    });
    let ip = subtrees.ip.iter().map(|pattern| {
        let network = pattern.network();
        let octets = [network.network(), network.netmask()].map(octets).concat();
        Ok(GeneralName::IpAddress(OctetString::new(octets)?))
    });
    let bases: Vec<GeneralName> = dns.chain(ip).collect::<der::Result<_>>()?;
    let subtree = |base| GeneralSubtree {
        base,
        minimum: 0,
        maximum: None,
    };
    let list: Vec<_> = bases.into_iter().map(subtree).collect();
    Ok(Some(list).filter(|list| !list.is_empty()))
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// As many as a certificate can have here.
const ROOM: usize = 11;

/// id-ad-caIssuers (RFC 5280 section 4.2.2.1).
const ID_AD_CA_ISSUERS: ObjectIdentifier = const_oid::db::rfc5280::ID_AD_CA_ISSUERS;
/// id-ad-ocsp (RFC 5280 section 4.2.2.1).
const ID_AD_OCSP: ObjectIdentifier = const_oid::db::rfc5280::ID_AD_OCSP;
