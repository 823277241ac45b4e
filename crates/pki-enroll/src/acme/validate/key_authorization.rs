//! What proves that a challenge is met by the holder of the account (RFC 8555 section 8.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The token of a challenge, a dot, and the thumbprint of the account key.
pub(super) struct KeyAuthorization {
    text: String,
    token_length: usize,
}

impl KeyAuthorization {
    pub(super) fn new(token: &str, thumbprint: &[u8; 32]) -> Self {
        Self {
            text: format!("{token}.{}", URL_SAFE_NO_PAD.encode(thumbprint)),
            token_length: token.len(),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn token(&self) -> &str {
        self.text.get(..self.token_length).unwrap_or_default()
    }

    pub(super) fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.text).into()
    }
}
