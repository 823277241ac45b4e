//! What a certificate says about its own status checks.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ID_AD_OCSP, ID_PE_AUTHORITY_INFO_ACCESS};
use der::Decode;
use x509_cert::ext::pkix::AuthorityInfoAccessSyntax;
use x509_identity::Certificate;

use crate::asn1::uri;

/// Where the certificate's issuer answers: the URIs with access method id-ad-ocsp, in the order that
/// the certificate gives them (RFC 5280 section 4.2.2.1, RFC 6960 section 3.1).
///
/// Empty where there are none, or the extension cannot be read. What has a control character in it is no URI, and is left
/// out.
#[must_use]
pub fn responder_urls(certificate: &Certificate) -> Vec<String> {
    certificate
        .extension(ID_PE_AUTHORITY_INFO_ACCESS)
        .and_then(|extension| AuthorityInfoAccessSyntax::from_der(extension.value).ok())
        .into_iter()
        .flat_map(|access| access.0)
        .filter(|description| description.access_method == ID_AD_OCSP)
        .filter_map(|description| uri(description.access_location))
        .collect()
}

/// Whether the certificate may be presented only with an OCSP response stapled to it: its TLS feature
/// extension names status_request (RFC 7633).
#[must_use]
pub fn must_staple(certificate: &Certificate) -> bool {
    certificate
        .extension(ID_PE_TLS_FEATURE)
        .and_then(|extension| Vec::<u16>::from_der(extension.value).ok())
        .is_some_and(|features| features.contains(&STATUS_REQUEST))
}

/// id-pe-tlsfeature, 1.3.6.1.5.5.7.1.24 (RFC 7633 section 6), which `const-oid` does not have.
const ID_PE_TLS_FEATURE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.24");

/// The number of the TLS extension status_request (RFC 6066 section 8).
const STATUS_REQUEST: u16 = 5;
