//! Requests as JWS in flattened JSON (RFC 8555 section 6.2).

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::algorithms::ALGORITHMS;
use super::{Jwk, decoded};
use crate::acme::problem::{Kind, Problem};

/// A signed text, before its signature was verified.
#[derive(Debug)]
pub(in crate::acme) struct Jws {
    pub(in crate::acme) header: Header,
    payload: Vec<u8>,
    /// What the signature is over.
    message: String,
    signature: Vec<u8>,
}

/// The protected header, as far as it counts here.
#[derive(Debug)]
pub(in crate::acme) struct Header {
    pub(in crate::acme) algorithm: String,
    pub(in crate::acme) key: KeyReference,
    pub(in crate::acme) nonce: Option<String>,
    pub(in crate::acme) url: String,
}

/// Whose signature it is.
#[derive(Debug)]
pub(in crate::acme) enum KeyReference {
    /// Of whoever has this key.
    Jwk(Jwk),
    /// Of the account at this URL; in an external account binding, of the holder of the MAC key that is called so.
    Kid(String),
}

/// No member besides: an unprotected header would be one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flattened<'a> {
    #[serde(borrow)]
    protected: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    payload: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    signature: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct Protected<'a> {
    alg: String,
    #[serde(borrow)]
    jwk: Option<&'a RawValue>,
    kid: Option<String>,
    nonce: Option<String>,
    url: Option<String>,
    /// What says that more has to be understood than is here (RFC 7515 section 4.1.11).
    crit: Option<IgnoredAny>,
    b64: Option<IgnoredAny>,
}

impl Jws {
    /// Reads one, and refuses what nobody could verify.
    ///
    /// # Errors
    ///
    /// `malformed` or `badPublicKey`.
    pub(in crate::acme) fn read(json: &[u8]) -> Result<Self, Problem> {
        let jws: Flattened<'_> = serde_json::from_slice(json).map_err(|error| {
            Problem::malformed(format!("the request is not a flattened JWS: {error}"))
        })?;
        let protected = decoded(&jws.protected, "the protected header")?;
        let header: Protected<'_> = serde_json::from_slice(&protected).map_err(|error| {
            Problem::malformed(format!("the protected header cannot be read: {error}"))
        })?;
        if header.crit.is_some() || header.b64.is_some() {
            let detail = "the protected header has `crit` or `b64`, which are not supported";
            return Err(Problem::malformed(detail));
        }
        let key = match (header.jwk, header.kid) {
            (Some(jwk), None) => KeyReference::Jwk(Jwk::from_json(jwk.get())?),
            (None, Some(kid)) => KeyReference::Kid(kid),
            _ => {
                let detail = "the protected header has one of `jwk` and `kid`";
                return Err(Problem::malformed(detail));
            }
        };
        let no_url = || Problem::malformed("the protected header has no `url`");
        Ok(Self {
            header: Header {
                algorithm: header.alg,
                key,
                nonce: header.nonce,
                url: header.url.ok_or_else(no_url)?,
            },
            payload: decoded(&jws.payload, "the payload")?,
            signature: decoded(&jws.signature, "the signature")?,
            message: format!("{}.{}", jws.protected, jws.payload),
        })
    }

    /// What was signed, if it was signed by `key`.
    ///
    /// # Errors
    ///
    /// `badSignatureAlgorithm`, or `malformed` for the signature of somebody else.
    pub(in crate::acme) fn verified(self, key: &Jwk) -> Result<Vec<u8>, Problem> {
        let algorithm = self.header.algorithm.as_str();
        if algorithm != key.algorithm() {
            let detail = match ALGORITHMS.contains(&algorithm) {
                true => format!("{algorithm} is not the algorithm of this key"),
                false => format!(
                    "requests are signed by {}",
                    ALGORITHMS.as_slice().join(", ")
                ),
            };
            return Err(Problem::new(Kind::BadSignatureAlgorithm, detail));
        }
        match key.verifies(self.message.as_bytes(), &self.signature) {
            true => Ok(self.payload),
            false => Err(Problem::unauthorized(
                "the signature is not by the key of the account",
            )),
        }
    }

    /// What was signed, if `verify` says so of the message and the MAC.
    pub(super) fn verified_by(self, verify: impl FnOnce(&[u8], &[u8]) -> bool) -> Option<Vec<u8>> {
        verify(self.message.as_bytes(), &self.signature).then_some(self.payload)
    }
}
