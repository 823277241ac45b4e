//! An attested key signs what an app sends.

use minicbor::Decoder;
use minicbor::decode::Error;
use pki_core::verify::is_message_signed_by;
use sha2::{Digest as _, Sha256};

use super::authenticator::Header;
use super::cbor::{each_key, end, required};
use super::{AppId, AppleRefusal, ClientData};
use crate::Binding;

/// The most bytes of an assertion.
const LIMIT: usize = 4 * 1024;

/// What an assertion has to be about.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedAssertion<'a> {
    /// The app.
    pub app: &'a AppId,
    /// The attested key, from [`AppAttestation::public_key`](super::AppAttestation::public_key).
    pub public_key: &'a [u8],
    /// What the app signed: it has a challenge in it, which the caller made, and which is used once.
    pub client_data: ClientData<'a>,
    /// The counter of the last assertion; 0 after the attestation.
    pub previous_counter: u32,
}

/// An assertion that is good.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Asserted {
    /// Its counter. The caller keeps it in place of the previous one, by a comparison and an exchange in one step: of
    /// two assertions with one counter, one is accepted.
    pub counter: u32,
    /// What it ties the evidence to.
    pub binding: Binding,
}

/// Verifies that the app has signed `client_data` with its attested key.
///
/// # Errors
///
/// The first check that fails.
pub fn verify_assertion(
    assertion: &[u8],
    expected: &ExpectedAssertion<'_>,
) -> Result<Asserted, AppleRefusal> {
    if assertion.len() > LIMIT {
        return Err(AppleRefusal::TooLarge {
            limit: LIMIT,
            got: assertion.len(),
        });
    }
    let (signature, data) = read(assertion).map_err(AppleRefusal::malformed("the assertion"))?;
    let header = Header::read(data)?;
    if *header.rp_id_hash != expected.app.hash() {
        return Err(AppleRefusal::App {
            expected: expected.app.clone(),
            seen: crate::hex(header.rp_id_hash),
        });
    }
    let mut nonce = Sha256::new();
    nonce.update(data);
    nonce.update(Sha256::digest(expected.client_data.bytes()));
    // Which the signature algorithm hashes once more.
    if !is_message_signed_by(&nonce.finalize(), signature, expected.public_key) {
        return Err(AppleRefusal::Signature);
    }
    if header.counter <= expected.previous_counter {
        return Err(AppleRefusal::Counter {
            previous: expected.previous_counter,
            seen: header.counter,
        });
    }
    Ok(Asserted {
        counter: header.counter,
        binding: expected.client_data.binding(),
    })
}

fn read(bytes: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let (mut signature, mut data) = (None, None);
    let mut decoder = Decoder::new(bytes);
    each_key(&mut decoder, |key, decoder| {
        match key {
            "signature" => signature = Some(decoder.bytes()?),
            "authenticatorData" => data = Some(decoder.bytes()?),
            _ => decoder.skip()?,
        }
        Ok(())
    })?;
    end(&decoder)?;
    Ok((
        required(signature, "signature")?,
        required(data, "authenticatorData")?,
    ))
}
