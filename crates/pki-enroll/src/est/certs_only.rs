//! Certificates without anything else, as CMS (RFC 5272 section 4.1, "certs-only").

use cms::content_info::ContentInfo;
use der::{Decode as _, Encode as _};
use x509_identity::Certificate;

/// Their DER.
pub(super) fn encode<'a>(
    certificates: impl IntoIterator<Item = &'a Certificate>,
) -> der::Result<Vec<u8>> {
    let certificates = certificates
        .into_iter()
        .map(|certificate| x509_cert::Certificate::from_der(certificate.der()));
    let certificates = certificates.collect::<der::Result<Vec<_>>>()?;
    ContentInfo::try_from(certificates)?.to_der()
}
