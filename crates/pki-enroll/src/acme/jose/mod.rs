//! What of JOSE ACME needs: signatures of accounts (RFC 7515), their keys (RFC 7517), and the external account binding.
//!
//! The algorithm is decided by the key, and has to be what the header says. `none`, and MACs where a signature belongs, are
//! unknown.

pub(super) mod algorithms;
mod binding;
mod jwk;
mod jws;

pub(super) use binding::Binding;
pub(super) use jwk::Jwk;
pub(super) use jws::{Header, Jws, KeyReference};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::problem::Problem;

/// Base64url without padding, in its one form (RFC 7515 section 2).
fn decoded(text: &str, what: &str) -> Result<Vec<u8>, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(text);
    bytes.map_err(|_| Problem::malformed(format!("{what} is not base64url without padding")))
}
