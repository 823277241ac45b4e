//! Alternative names, as extensions have them.

use der::Decode;
use der::asn1::Ia5String;
use x509_cert::ext::pkix::name::GeneralName;
use x509_identity::SubjectAltName;

/// The GeneralName of `name` (RFC 5280 section 4.2.1.6), of the kinds that a profile may allow.
pub(crate) fn general_name(name: &SubjectAltName) -> der::Result<GeneralName> {
    Ok(match name {
        SubjectAltName::Dns(text) => GeneralName::DnsName(Ia5String::new(text)?),
        SubjectAltName::Email(text) => GeneralName::Rfc822Name(Ia5String::new(text)?),
        SubjectAltName::Ip(address) => GeneralName::from(*address),
        SubjectAltName::Uri(text) => GeneralName::UniformResourceIdentifier(Ia5String::new(text)?),
        SubjectAltName::DirectoryName(name) => {
            GeneralName::DirectoryName(x509_cert::name::Name::from_der(&name.to_der())?)
        }
        // No profile allows the other kinds.
        _ => return Err(der::ErrorKind::Failed.into()),
    })
}

/// The URI that a name is. One with a control character is none: whoever prints it would obey it.
pub(crate) fn uri(name: GeneralName) -> Option<String> {
    match name {
        GeneralName::UniformResourceIdentifier(uri) => Some(uri.to_string()),
        _ => None,
    }
    .filter(|uri| !uri.contains(char::is_control))
}
