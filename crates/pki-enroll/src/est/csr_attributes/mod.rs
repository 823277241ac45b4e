//! What a CSR should have, for a client that asks (RFC 7030 section 4.5.2, RFC 9908): a key of the kind that the profile
//! has first, and the names that whoever asks is granted.
//!
//! Clients that know the template of RFC 9908 use it, and ignore what is there for older ones.

mod key;
mod template;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
use const_oid::db::rfc5912::ID_EXTENSION_REQ;
use der::asn1::{Any, Ia5String, OctetString, SetOfVec};
use der::{Decode as _, Encode as _, EncodeValue, Tagged};
use pki_core::{Profile, Role};
use pki_store::NamePattern;
use x509_cert::attr::Attribute;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use self::template::{ExtensionTemplate, RequestTemplate};
use crate::enroll::names::names_of_grant;

/// The names that a CSR should ask for.
pub(super) struct Names {
    subject: DistinguishedName,
    sans: Vec<SubjectAltName>,
}

/// Those of a credential, where they are names and not patterns.
pub(super) fn granted(granted: &[NamePattern], role: Role) -> Option<Names> {
    let (subject, sans) = names_of_grant(granted, role).ok()?;
    Some(Names { subject, sans })
}

/// Those of a certificate that is to be renewed.
pub(super) fn of_certificate(present: &Certificate) -> Names {
    Names {
        subject: present.subject().clone(),
        sans: present.sans().to_vec(),
    }
}

/// `CsrAttrs`; `None` where there is nothing to say.
///
/// libest refuses more than [`MAX`] octets. What would be longer has no template, in which the names are a second time; and
/// if that is not enough, no names: whoever asks for none is given those that are granted.
pub(super) fn encode(profile: &Profile, names: Option<&Names>) -> der::Result<Option<Vec<u8>>> {
    let mut said = attributes(profile, names)?;
    if said.to_der()?.len() > MAX {
        said.pop();
    }
    if said.to_der()?.len() > MAX {
        said = attributes(profile, None)?;
    }
    if said.is_empty() {
        return Ok(None);
    }
    said.to_der().map(Some)
}

/// Of which the template is the last.
fn attributes(profile: &Profile, names: Option<&Names>) -> der::Result<Vec<Any>> {
    let mut all = Vec::new();
    let mut attributes = SetOfVec::new();
    if let Some(names) = names.filter(|it| !it.sans.is_empty()) {
        let request = extension_request(names)?;
        all.push(Any::encode_from(&request)?);
        attributes.insert(request)?;
    } else if profile.role == Role::Server {
        // A server without an alternative name is no server for anybody, and which one it has is for the client to say.
        let san = ExtensionTemplate {
            extn_id: ID_CE_SUBJECT_ALT_NAME,
        };
        attributes.insert(attribute(EXTENSION_REQ_TEMPLATE, &vec![san])?)?;
    }
    let subject = names.filter(|it| !it.subject.is_empty());
    let subject = subject.map(|it| Name::from_der(&it.subject.to_der()));
    let mut template = RequestTemplate {
        version: 0,
        subject: subject.transpose()?,
        key: None,
        attributes,
    };
    if let Some(kind) = profile.keys.first() {
        all.push(Any::encode_from(&key::attribute(*kind)?)?);
        template.key = Some(key::template(*kind)?);
    }
    if all.is_empty() && template.subject.is_none() && template.attributes.is_empty() {
        return Ok(all);
    }
    all.push(Any::encode_from(&attribute(REQUEST_TEMPLATE, &template)?)?);
    Ok(all)
}

/// extensionRequest with the alternative names (RFC 2985 section 5.4.2).
fn extension_request(names: &Names) -> der::Result<Attribute> {
    let sans = names.sans.iter().map(general_name);
    let sans = sans.collect::<der::Result<Vec<_>>>()?;
    let extension = Extension {
        extn_id: ID_CE_SUBJECT_ALT_NAME,
        // RFC 5280 section 4.2.1.6.
        critical: names.subject.is_empty(),
        extn_value: OctetString::new(sans.to_der()?)?,
    };
    attribute(ID_EXTENSION_REQ, &vec![extension])
}

fn attribute<T: EncodeValue + Tagged>(oid: ObjectIdentifier, value: &T) -> der::Result<Attribute> {
    let values = SetOfVec::try_from(vec![Any::encode_from(value)?])?;
    Ok(Attribute { oid, values })
}

/// Of the kinds that a profile may allow.
fn general_name(name: &SubjectAltName) -> der::Result<GeneralName> {
    Ok(match name {
        SubjectAltName::Dns(text) => GeneralName::DnsName(Ia5String::new(text)?),
        SubjectAltName::Email(text) => GeneralName::Rfc822Name(Ia5String::new(text)?),
        SubjectAltName::Ip(address) => GeneralName::from(*address),
        SubjectAltName::Uri(text) => GeneralName::UniformResourceIdentifier(Ia5String::new(text)?),
        _ => return Err(der::ErrorKind::Failed.into()),
    })
}

/// `MAX_CSRATTRS` of libest.
const MAX: usize = 1024;
/// id-aa-certificationRequestInfoTemplate (RFC 9908 section 3.4).
const REQUEST_TEMPLATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.61");
/// id-aa-extensionReqTemplate (RFC 9908 section 3.4).
const EXTENSION_REQ_TEMPLATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.62");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1};
    use pki_core::KeyKind;

    use super::*;

    fn read(profile: &Profile, names: Option<&Names>) -> (Vec<Attribute>, RequestTemplate) {
        let der = encode(profile, names).unwrap().unwrap();
        let mut all = Vec::<Attribute>::from_der(&der).unwrap();
        let template = all.pop().unwrap();
        assert_eq!(template.oid, REQUEST_TEMPLATE);
        let template = template.values.get(0).unwrap().decode_as().unwrap();
        (all, template)
    }

    #[test]
    fn a_template_has_the_key_and_the_names_that_are_granted() {
        let patterns = ["cn:router-1", "router-1.example.org", "*.example.com"];
        let patterns = patterns.map(|it| it.parse::<NamePattern>().unwrap());
        let names = granted(&patterns, Role::Client).unwrap();
        let (all, template) = read(&Profile::client(), Some(&names));
        assert_eq!(template.subject.unwrap().to_string(), "CN=router-1");
        let key = template.key.unwrap();
        assert_eq!(key.algorithm.oid, ID_EC_PUBLIC_KEY);
        assert!(key.key.is_none());
        let oids: Vec<_> = all.iter().map(|it| it.oid).collect();
        assert_eq!(oids, [ID_EXTENSION_REQ, ID_EC_PUBLIC_KEY]);
        let curve: ObjectIdentifier = all[1].values.get(0).unwrap().decode_as().unwrap();
        assert_eq!(curve, SECP_256_R_1);
        assert_eq!(template.attributes.get(0), Some(&all[0]));
        let extensions: Vec<Extension> = all[0].values.get(0).unwrap().decode_as().unwrap();
        let sans = SubjectAltName::list_from_extension(extensions[0].extn_value.as_bytes());
        let expected = SubjectAltName::Dns("router-1.example.org".into());
        assert_eq!(sans.unwrap(), [expected]);
    }

    #[test]
    fn who_is_granted_no_single_name_is_told_none() {
        assert!(granted(&[], Role::Client).is_none());
        assert!(granted(&["*.example.org".parse().unwrap()], Role::Client).is_none());
        let (all, template) = read(&Profile::client(), None);
        assert_eq!(all.len(), 1);
        assert!(template.subject.is_none() && template.attributes.is_empty());
        let (_, template) = read(&Profile::server(), None);
        assert_eq!(
            template.attributes.get(0).unwrap().oid,
            EXTENSION_REQ_TEMPLATE
        );
        let mut nothing = Profile::client();
        nothing.keys.clear();
        assert_eq!(encode(&nothing, None).unwrap(), None);
    }

    #[test]
    fn what_is_said_is_no_longer_than_libest_reads() {
        let mut profile = Profile::server();
        profile.keys = vec![KeyKind::Rsa4096];
        let said = |count: usize| {
            let names = (0..count).map(|it| format!("{it:02}.a-name.devices.example.org"));
            let names = names.map(|it| it.parse::<NamePattern>().unwrap());
            let names = granted(&names.collect::<Vec<_>>(), Role::Server).unwrap();
            let der = encode(&profile, Some(&names)).unwrap().unwrap();
            assert!(der.len() <= 1024, "{count}: {}", der.len());
            let all = Vec::<Attribute>::from_der(&der).unwrap();
            all.iter().map(|it| it.oid).collect::<Vec<_>>()
        };
        assert_eq!(
            said(1),
            [ID_EXTENSION_REQ, RSA_ENCRYPTION, REQUEST_TEMPLATE]
        );
        assert_eq!(said(20), [ID_EXTENSION_REQ, RSA_ENCRYPTION]);
        assert_eq!(said(60), [RSA_ENCRYPTION, REQUEST_TEMPLATE]);
    }

    #[test]
    fn every_kind_of_key_can_be_asked_for() {
        for kind in KeyKind::ALL {
            let mut profile = Profile::client();
            profile.keys = vec![kind];
            let (all, template) = read(&profile, None);
            let key = template.key.unwrap();
            assert_eq!(all[0].oid, key.algorithm.oid, "{kind}");
            assert_eq!(key.key.is_some(), kind.is_rsa(), "{kind}");
            if key.algorithm.oid == RSA_ENCRYPTION {
                let bits: u16 = all[0].values.get(0).unwrap().decode_as().unwrap();
                let spki = spki::SubjectPublicKeyInfoOwned {
                    algorithm: key.algorithm,
                    subject_public_key: key.key.unwrap(),
                };
                let spki = spki.to_der().unwrap();
                let found = x509_identity::PublicKeyAlgorithm::from_spki(&spki).unwrap();
                assert_eq!(KeyKind::of_public_key(found), Some(kind), "{bits}");
            }
        }
    }
}
