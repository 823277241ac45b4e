//! The external account binding (RFC 8555 section 7.3.4).

use aws_lc_rs::hmac;
use pki_store::AcmeMac;

use super::{Jwk, Jws, KeyReference};
use crate::acme::problem::Problem;

/// What binds an account key to a MAC key that the CA has given out.
#[derive(Debug)]
pub(in crate::acme) struct Binding {
    jws: Jws,
    kid: String,
}

impl Binding {
    /// Reads the field `externalAccountBinding` of a request that came to `url`.
    ///
    /// # Errors
    ///
    /// `malformed` where it is not such a binding.
    pub(in crate::acme) fn read(json: &[u8], url: &str) -> Result<Self, Problem> {
        let jws = Jws::read(json)?;
        let header = &jws.header;
        let KeyReference::Kid(kid) = &header.key else {
            return Err(Problem::malformed(
                "the external account binding has no `kid`",
            ));
        };
        if header.algorithm != "HS256" {
            let detail = "the external account binding is signed by HS256";
            return Err(Problem::malformed(detail));
        }
        if header.nonce.is_some() || header.url != url {
            let detail = "the external account binding has the URL of the request, and no nonce";
            return Err(Problem::malformed(detail));
        }
        let kid = kid.clone();
        Ok(Self { jws, kid })
    }

    /// What the MAC key is called.
    pub(in crate::acme) fn kid(&self) -> &str {
        &self.kid
    }

    /// Whether the holder of the MAC key has bound this account key.
    ///
    /// # Errors
    ///
    /// `unauthorized`.
    pub(in crate::acme) fn verify(self, mac: &AcmeMac, account: &Jwk) -> Result<(), Problem> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, mac.secret_bytes());
        let payload = self
            .jws
            .verified_by(|message, tag| hmac::verify(&key, message, tag).is_ok());
        let wrong = |detail| Problem::unauthorized(detail);
        let payload =
            payload.ok_or_else(|| wrong("the MAC of the external account binding is wrong"))?;
        let bound = str::from_utf8(&payload).ok();
        match bound.map(Jwk::from_json) {
            Some(Ok(bound)) if bound == *account => Ok(()),
            _ => Err(wrong(
                "the external account binding is of another account key",
            )),
        }
    }
}
