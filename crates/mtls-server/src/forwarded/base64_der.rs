//! DER in base64 (RFC 4648 section 4), as Traefik and HAProxy write it.
//!
//! Traefik writes what is between the lines of PEM, one certificate after the other with commas
//! between; HAProxy, the certificate alone.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::error::ForwardedError;

pub(super) fn read(value: &[u8]) -> Result<Vec<Vec<u8>>, ForwardedError> {
    let members = value.split(|byte| *byte == b',');
    // One more than is allowed, so that `parse` refuses it.
    members
        .take(ForwardedError::MAX_CERTIFICATES + 1)
        .map(|member| STANDARD.decode(member.trim_ascii()))
        .collect::<Result<_, _>>()
        .map_err(ForwardedError::Base64)
}

pub(super) fn write<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> String {
    let encoded: Vec<String> = certificates.map(|der| STANDARD.encode(der)).collect();
    encoded.join(",")
}
