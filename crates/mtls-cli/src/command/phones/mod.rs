//! Commands that bring a certificate to a phone.

pub(crate) mod links;
pub(crate) mod onboard;
pub(crate) mod profile;
mod signing;

use pkcs12_ios::ProfileBuilder;
use x509_identity::Certificate;

/// Each once: those that signed themselves as roots, and other CAs as intermediates.
fn add_authorities(mut builder: ProfileBuilder, authorities: &[Certificate]) -> ProfileBuilder {
    for (index, certificate) in authorities.iter().enumerate() {
        if authorities[..index].contains(certificate) {
            continue;
        }
        let name = name_of(certificate);
        builder = match certificate.is_self_issued() {
            true => builder.root(certificate.der(), name),
            false => builder.intermediate(certificate.der(), name),
        };
    }
    builder
}

/// The common name, or the whole subject of those that have none.
fn name_of(certificate: &Certificate) -> String {
    let subject = certificate.subject();
    let common_name = subject.common_name().map(str::to_owned);
    common_name.unwrap_or_else(|| subject.to_string())
}
