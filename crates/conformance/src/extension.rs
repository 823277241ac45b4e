//! Extensions, one function each.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_EXT_KEY_USAGE, ID_CE_INHIBIT_ANY_POLICY, ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_CONSTRAINTS, ID_CE_POLICY_MAPPINGS,
    ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER,
};
use der::asn1::OctetString;
use der::flagset::FlagSet;
use der::{Encode, Sequence};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::certpolicy::PolicyInformation;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::DistributionPointName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies, KeyUsage, KeyUsages,
    NameConstraints, PolicyConstraints, PolicyMapping, PolicyMappings, SubjectKeyIdentifier,
};

use crate::name::{General, decoded, uri};

pub(crate) fn extension(oid: ObjectIdentifier, critical: bool, value: &impl Encode) -> Extension {
    Extension {
        extn_id: oid,
        critical,
        extn_value: OctetString::new(value.to_der().unwrap()).unwrap(),
    }
}

/// The same, with the other criticality.
pub(crate) fn flipped(extension: Extension) -> Extension {
    Extension {
        critical: !extension.critical,
        ..extension
    }
}

pub(crate) fn ca(path_len: Option<u8>) -> Extension {
    basic(true, path_len)
}

pub(crate) fn basic(ca: bool, path_len_constraint: Option<u8>) -> Extension {
    let value = BasicConstraints {
        ca,
        path_len_constraint,
    };
    extension(ID_CE_BASIC_CONSTRAINTS, true, &value)
}

/// A CA with a pathLen that no byte holds.
pub(crate) fn long_path() -> Extension {
    #[derive(Sequence)]
    struct Wide {
        ca: bool,
        path_len: u16,
    }
    let value = Wide {
        ca: true,
        path_len: 1000,
    };
    extension(ID_CE_BASIC_CONSTRAINTS, true, &value)
}

pub(crate) fn key_usage(bits: impl Into<FlagSet<KeyUsages>>) -> Extension {
    extension(ID_CE_KEY_USAGE, true, &KeyUsage(bits.into()))
}

pub(crate) fn eku(purposes: &[ObjectIdentifier]) -> Extension {
    extension(ID_CE_EXT_KEY_USAGE, false, &purposes.to_vec())
}

pub(crate) fn san(names: &[General]) -> Extension {
    extension(ID_CE_SUBJECT_ALT_NAME, false, &names.to_vec())
}

pub(crate) fn subject_key_id(id: &[u8]) -> Extension {
    let value = SubjectKeyIdentifier(OctetString::new(id).unwrap());
    extension(ID_CE_SUBJECT_KEY_IDENTIFIER, false, &value)
}

pub(crate) fn authority_key_id(id: &[u8]) -> Extension {
    let value = AuthorityKeyIdentifier {
        key_identifier: Some(OctetString::new(id).unwrap()),
        ..AuthorityKeyIdentifier::default()
    };
    extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, false, &value)
}

pub(crate) fn distribution_point(url: &str) -> Extension {
    let point = DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![decoded(&uri(url))])),
        reasons: None,
        crl_issuer: None,
    };
    extension(ID_CE_CRL_DISTRIBUTION_POINTS, false, &vec![point])
}

pub(crate) fn constraints(permitted: &[General], excluded: &[General]) -> Extension {
    let subtrees = |bases: &[General]| {
        let subtrees = bases.iter().map(|base| GeneralSubtree {
            base: decoded(base),
            minimum: 0,
            maximum: None,
        });
        (!bases.is_empty()).then(|| subtrees.collect())
    };
    let value = NameConstraints {
        permitted_subtrees: subtrees(permitted),
        excluded_subtrees: subtrees(excluded),
    };
    extension(ID_CE_NAME_CONSTRAINTS, true, &value)
}

pub(crate) fn policies(named: &[ObjectIdentifier]) -> Extension {
    let named = named.iter().map(|policy| PolicyInformation {
        policy_identifier: *policy,
        policy_qualifiers: None,
    });
    let value = CertificatePolicies(named.collect());
    extension(ID_CE_CERTIFICATE_POLICIES, false, &value)
}

pub(crate) fn policy_constraints(explicit: Option<u32>, mapping: Option<u32>) -> Extension {
    let value = PolicyConstraints {
        require_explicit_policy: explicit,
        inhibit_policy_mapping: mapping,
    };
    extension(ID_CE_POLICY_CONSTRAINTS, true, &value)
}

pub(crate) fn inhibit_any_policy(skip: u32) -> Extension {
    extension(ID_CE_INHIBIT_ANY_POLICY, true, &skip)
}

pub(crate) fn policy_mapping(from: ObjectIdentifier, to: ObjectIdentifier) -> Extension {
    let value = PolicyMappings(vec![PolicyMapping {
        issuer_domain_policy: from,
        subject_domain_policy: to,
    }]);
    extension(ID_CE_POLICY_MAPPINGS, true, &value)
}

/// One that nobody knows: 1.3.6.1.4.1.99999.1, below an enterprise number that is not assigned.
pub(crate) fn unknown(critical: bool) -> Extension {
    let oid = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.1");
    extension(oid, critical, &der::asn1::Null)
}
