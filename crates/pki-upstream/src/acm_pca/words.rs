//! An approved certificate in the words of the API.

use const_oid::ObjectIdentifier;
use const_oid::db::fips204::{ID_ML_DSA_44, ID_ML_DSA_65, ID_ML_DSA_87};
use const_oid::db::rfc4519::{
    COMMON_NAME, COUNTRY_NAME, LOCALITY_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME,
    SERIAL_NUMBER, ST,
};
use const_oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_OCSP_SIGNING, ID_KP_SERVER_AUTH};
use const_oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, SHA_256_WITH_RSA_ENCRYPTION,
};
use pki_core::CertificateRequest;
use pki_core::verify::RevocationReason;
use serde_json::{Map, Value, json};
use x509_identity::{Certificate, DistinguishedName, KeyUsageBit, SubjectAltName};

/// What a template of the kind `APIPassthrough` takes from a request.
///
/// # Errors
///
/// What cannot be asked for, in words.
pub(super) fn passthrough(
    approved: &Certificate,
    csr: &CertificateRequest,
) -> Result<Value, String> {
    if approved.is_ca() {
        return Err("certificates of CAs are not asked for".to_owned());
    }
    let subject = subject(approved.subject())?;
    // A template takes from the CSR what the request leaves out, and never leaves it out itself.
    if subject.is_none() && !csr.requested_names().subject().is_empty() {
        return Err(
            "it would take the subject of the CSR, and the approved one is empty".to_owned(),
        );
    }
    if approved.sans().is_empty() && !csr.requested_names().sans().is_empty() {
        return Err("it would take the names of the CSR, and none were approved".to_owned());
    }
    let mut extensions = Map::new();
    if let Some(usage) = approved.key_usage() {
        let bits = usage
            .bits()
            .map(|bit| (usage_name(bit).into(), true.into()));
        extensions.insert("KeyUsage".into(), Value::Object(bits.collect()));
    }
    let usages = approved.extended_key_usage().unwrap_or_default();
    if !usages.is_empty() {
        let usages: Vec<Value> = usages.iter().map(extended_usage).collect();
        extensions.insert("ExtendedKeyUsage".into(), usages.into());
    }
    if !approved.sans().is_empty() {
        let names = approved.sans().iter().map(name);
        let names = names.collect::<Result<Vec<_>, _>>()?;
        extensions.insert("SubjectAlternativeNames".into(), names.into());
    }
    let mut all = Map::new();
    all.insert("Extensions".into(), Value::Object(extensions));
    all.extend(subject.map(|subject| ("Subject".into(), subject)));
    Ok(Value::Object(all))
}

/// `SHA256WITHECDSA`: how the CA signs what was approved for it.
///
/// # Errors
///
/// What it does not sign by, in words.
pub(super) fn signing_algorithm(approved: &Certificate) -> Result<&'static str, String> {
    Ok(match approved.signature_algorithm() {
        ECDSA_WITH_SHA_256 => "SHA256WITHECDSA",
        ECDSA_WITH_SHA_384 => "SHA384WITHECDSA",
        ECDSA_WITH_SHA_512 => "SHA512WITHECDSA",
        SHA_256_WITH_RSA_ENCRYPTION => "SHA256WITHRSA",
        ID_ML_DSA_44 => "ML_DSA_44",
        ID_ML_DSA_65 => "ML_DSA_65",
        ID_ML_DSA_87 => "ML_DSA_87",
        other => return Err(format!("it does not sign by {other}")),
    })
}

/// Those that RFC 5280 has and the API has not are `UNSPECIFIED`.
pub(super) fn reason(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::KeyCompromise => "KEY_COMPROMISE",
        RevocationReason::CaCompromise => "CERTIFICATE_AUTHORITY_COMPROMISE",
        RevocationReason::AffiliationChanged => "AFFILIATION_CHANGED",
        RevocationReason::Superseded => "SUPERSEDED",
        RevocationReason::CessationOfOperation => "CESSATION_OF_OPERATION",
        RevocationReason::PrivilegeWithdrawn => "PRIVILEGE_WITHDRAWN",
        RevocationReason::AaCompromise => "A_A_COMPROMISE",
        _ => "UNSPECIFIED",
    }
}

/// `None` for an empty one. The API does not say in which order it writes the attributes that it has names for: where
/// there are several, each is named by its identifier, which keeps their order.
fn subject(subject: &DistinguishedName) -> Result<Option<Value>, String> {
    if let Some(rdn) = subject.rdns().iter().find(|it| it.attributes().len() != 1) {
        return Err(format!("it takes one attribute at a time, and not `{rdn}`"));
    }
    let mut found = Vec::new();
    for attribute in subject.attributes() {
        let text = attribute.text();
        let text = text.ok_or_else(|| format!("`{attribute}` is not a text"))?;
        found.push((attribute.oid(), text));
    }
    Ok(match found.as_slice() {
        [] => None,
        [(oid, text)] if attribute_name(*oid).is_some() => {
            let name = attribute_name(*oid).unwrap_or_default();
            Some(json!({ name: text }))
        }
        _ => {
            let custom = |(oid, text): &(ObjectIdentifier, &str)| json!({ "ObjectIdentifier": oid.to_string(), "Value": text });
            let all: Vec<Value> = found.iter().map(custom).collect();
            Some(json!({ "CustomAttributes": all }))
        }
    })
}

fn attribute_name(oid: ObjectIdentifier) -> Option<&'static str> {
    Some(match oid {
        COMMON_NAME => "CommonName",
        COUNTRY_NAME => "Country",
        LOCALITY_NAME => "Locality",
        ORGANIZATION_NAME => "Organization",
        ORGANIZATIONAL_UNIT_NAME => "OrganizationalUnit",
        SERIAL_NUMBER => "SerialNumber",
        ST => "State",
        _ => return None,
    })
}

fn name(name: &SubjectAltName) -> Result<Value, String> {
    Ok(match name {
        SubjectAltName::Dns(text) => json!({ "DnsName": text }),
        SubjectAltName::Email(text) => json!({ "Rfc822Name": text }),
        SubjectAltName::Ip(address) => json!({ "IpAddress": address.to_string() }),
        SubjectAltName::Uri(text) => json!({ "UniformResourceIdentifier": text }),
        other => return Err(format!("no {} name is asked for", other.kind())),
    })
}

fn extended_usage(oid: &ObjectIdentifier) -> Value {
    match *oid {
        ID_KP_CLIENT_AUTH => json!({ "ExtendedKeyUsageType": "CLIENT_AUTH" }),
        ID_KP_SERVER_AUTH => json!({ "ExtendedKeyUsageType": "SERVER_AUTH" }),
        ID_KP_OCSP_SIGNING => json!({ "ExtendedKeyUsageType": "OCSP_SIGNING" }),
        other => json!({ "ExtendedKeyUsageObjectIdentifier": other.to_string() }),
    }
}

fn usage_name(bit: KeyUsageBit) -> &'static str {
    match bit {
        KeyUsageBit::DigitalSignature => "DigitalSignature",
        KeyUsageBit::ContentCommitment => "NonRepudiation",
        KeyUsageBit::KeyEncipherment => "KeyEncipherment",
        KeyUsageBit::DataEncipherment => "DataEncipherment",
        KeyUsageBit::KeyAgreement => "KeyAgreement",
        KeyUsageBit::KeyCertSign => "KeyCertSign",
        KeyUsageBit::CrlSign => "CRLSign",
        KeyUsageBit::EncipherOnly => "EncipherOnly",
        KeyUsageBit::DecipherOnly => "DecipherOnly",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile};
    use time::macros::datetime;

    use super::*;

    /// What `profile` makes of these names, and the CSR that asks for those.
    fn asked(
        profile: &Profile,
        names: (&str, &[SubjectAltName]),
        of_csr: (&str, &[SubjectAltName]),
    ) -> Result<Value, String> {
        let now = datetime!(2026-03-01 00:00 UTC);
        let root = KeyPair::generate(KeyKind::P384).unwrap();
        let root = Authority::root("CN=Root".parse().unwrap(), root, &Profile::root(), now);
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        let csr = CertificateRequest::build(&key, &of_csr.0.parse().unwrap(), of_csr.1).unwrap();
        let parameters =
            CertificateParameters::for_key(key.public_key_der(), names.0.parse().unwrap());
        let parameters = parameters.sans(names.1.to_vec());
        let prepared = root.unwrap().prepare(&parameters, profile, now).unwrap();
        assert_eq!(
            signing_algorithm(prepared.unsigned()).unwrap(),
            "SHA384WITHECDSA"
        );
        passthrough(prepared.unsigned(), &csr)
    }

    #[test]
    fn a_server_is_asked_for_by_its_names_and_usages() {
        let names = [
            SubjectAltName::Dns("api.example.org".into()),
            SubjectAltName::Ip("10.0.0.1".parse().unwrap()),
        ];
        let profile = Profile::server();
        let body = asked(&profile, ("CN=api.example.org", &names), ("CN=csr", &[])).unwrap();
        let expected = json!({
            "Subject": { "CommonName": "api.example.org" },
            "Extensions": {
                "KeyUsage": { "DigitalSignature": true },
                "ExtendedKeyUsage": [{ "ExtendedKeyUsageType": "SERVER_AUTH" }],
                "SubjectAlternativeNames": [{ "DnsName": "api.example.org" }, { "IpAddress": "10.0.0.1" }],
            },
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn several_attributes_keep_their_order() {
        let subject = "SERIALNUMBER=7,CN=sensor-7";
        let body = asked(&Profile::client(), (subject, &[]), ("CN=csr", &[])).unwrap();
        let custom = body["Subject"]["CustomAttributes"].as_array().unwrap();
        let oids: Vec<_> = custom
            .iter()
            .map(|it| it["ObjectIdentifier"].clone())
            .collect();
        // RFC 4514 writes the last one first.
        assert_eq!(oids, ["2.5.4.3", "2.5.4.5"]);
    }

    #[test]
    fn what_a_template_would_take_from_the_csr_was_approved() {
        let uri = [SubjectAltName::Uri("spiffe://example.org/a".into())];
        let profile = Profile::client();
        assert!(asked(&profile, ("", &uri), ("", &[])).is_ok());
        let error = asked(&profile, ("", &uri), ("CN=csr", &[])).unwrap_err();
        assert!(error.contains("subject of the CSR"), "{error}");
        assert!(asked(&profile, ("CN=a", &[]), ("CN=b", &[])).is_ok());
        let error = asked(&profile, ("CN=a", &[]), ("CN=a", &uri)).unwrap_err();
        assert!(error.contains("names of the CSR"), "{error}");
    }
}
