//! What ARI calls a certificate (RFC 9773 section 4.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pki_store::{CertificateRecord, Filter, Page};
use x509_identity::SerialNumber;

use crate::acme::call::Call;
use crate::acme::problem::Problem;

/// The certificate of this CA that is called so.
pub(super) async fn certificate_id(call: &Call, id: &str) -> Result<CertificateRecord, Problem> {
    let (authority_key_id, serial) = parts(id)?;
    let filter = Filter {
        ca: Some(call.ca.name().to_owned()),
        serial: Some(serial),
        ..Filter::default()
    };
    let store = call.ca.store();
    let found = store
        .certificates(&filter, Page::first(2), call.now)
        .await?;
    for record in found {
        let issuer = store.issuer(record.issuer).await?;
        if issuer.certificate().subject_key_id() == Some(&authority_key_id) {
            return Ok(record);
        }
    }
    Err(Problem::malformed(
        "there is no certificate that is called so",
    ))
}

/// The identifier of the issuer's key, and the serial number.
pub(super) fn parts(id: &str) -> Result<(Vec<u8>, SerialNumber), Problem> {
    let parts = id.split_once('.').and_then(|(key, serial)| {
        let key = URL_SAFE_NO_PAD.decode(key).ok()?;
        let serial = URL_SAFE_NO_PAD.decode(serial).ok()?;
        let sensible = !serial.is_empty() && serial.len() <= 32 && key.len() <= 64;
        sensible.then(|| (key, SerialNumber::from_integer_octets(&serial)))
    });
    parts.ok_or_else(|| {
        Problem::malformed(
            "a certificate is called by its authority key identifier and its serial number (RFC 9773)",
        )
    })
}
