//! Names in the words of the secrets engine `pki`.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::COMMON_NAME;
use x509_identity::{Certificate, SubjectAltName};

/// The names of a certificate, as `sign` takes them.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) common_name: String,
    /// Host names and mailboxes, with commas between.
    pub(super) alt_names: String,
    pub(super) ip_sans: Vec<String>,
    pub(super) uri_sans: Vec<String>,
}

impl Names {
    /// # Errors
    ///
    /// What cannot be asked for, in words.
    pub(super) fn of(certificate: &Certificate) -> Result<Self, String> {
        let mut names = Self::default();
        let mut texts = Vec::new();
        for attribute in certificate.subject().attributes() {
            let text = attribute.text().filter(|_| attribute.oid() == COMMON_NAME);
            let text = text.filter(|_| names.common_name.is_empty());
            let text = text.ok_or_else(|| {
                format!(
                    "of a subject it takes one common name from a request, and `{attribute}` is more; let its role set that, \
                     or sign verbatim"
                )
            })?;
            text.clone_into(&mut names.common_name);
        }
        for name in certificate.sans() {
            match name {
                SubjectAltName::Dns(text) | SubjectAltName::Email(text) => {
                    texts.push(whole(text)?.to_owned());
                }
                SubjectAltName::Ip(address) => names.ip_sans.push(address.to_string()),
                SubjectAltName::Uri(text) => names.uri_sans.push(whole(text)?.to_owned()),
                other => return Err(format!("it takes no {} name from a request", other.kind())),
            }
        }
        names.alt_names = texts.join(",");
        Ok(names)
    }
}

/// Its lists have commas between the names.
fn whole(name: &str) -> Result<&str, String> {
    match name.contains(',') {
        true => Err(format!("the name `{name}` has a comma in it")),
        false => Ok(name),
    }
}

/// The extended key usages of a certificate, in dotted form.
pub(super) fn extended_usages(certificate: &Certificate) -> Vec<String> {
    let usages = certificate.extended_key_usage().unwrap_or_default();
    usages.iter().map(ObjectIdentifier::to_string).collect()
}

/// The key usages, by the names of RFC 5280, which it reads in any case.
pub(super) fn usages(certificate: &Certificate) -> Vec<&'static str> {
    let usage = certificate.key_usage();
    usage
        .iter()
        .flat_map(|it| it.bits())
        .map(|bit| bit.name())
        .collect()
}
