//! Percent-encoded PEM, as nginx (`$ssl_client_escaped_cert`) and Envoy (`Cert`, `Chain`) write it.
//!
//! Both encode the same characters of it: space, line feed, `+`, `/` and `=`. A `+` that is not
//! encoded, as AWS load balancers write it, stands for itself.

use std::borrow::Cow;

use der::pem::{self, LineEnding};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};

use super::error::ForwardedError;

/// Takes PEM certificates with nothing but white space between them.
pub(super) fn read(value: &[u8]) -> Result<Vec<Vec<u8>>, ForwardedError> {
    let text: Cow<'_, [u8]> = percent_decode(value).into();
    let mut rest = text.trim_ascii();
    let mut certificates = Vec::new();
    // One more than is allowed, so that `parse` refuses it.
    while !rest.is_empty() && certificates.len() <= ForwardedError::MAX_CERTIFICATES {
        if !rest.starts_with(BEGIN) {
            return Err(ForwardedError::Pem);
        }
        let end = rest.windows(END.len()).position(|window| window == END);
        let end = end.ok_or(ForwardedError::Pem)? + END.len();
        let (section, more) = rest.split_at(end);
        let (_, der) = pem::decode_vec(section).map_err(|_| ForwardedError::Pem)?;
        certificates.push(der);
        rest = more.trim_ascii_start();
    }
    Ok(certificates)
}

pub(super) fn write<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> String {
    certificates.map(|der| escape(&section(der))).collect()
}

fn section(der: &[u8]) -> String {
    pem::encode_string("CERTIFICATE", LineEnding::LF, der)
        .expect("the label is one, and a certificate is shorter than memory")
}

fn escape(pem: &str) -> String {
    utf8_percent_encode(pem, ESCAPED).to_string()
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'+').add(b'/').add(b'=');
