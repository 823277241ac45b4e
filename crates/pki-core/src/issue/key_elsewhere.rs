//! The key of a CA whose certificates somebody else signs.

use crate::{KeyKind, SignError, SignatureAlgorithm, Signer};
use x509_identity::Certificate;

/// In place of a key: it says how the CA signs, and signs nothing.
pub(super) struct KeyElsewhere {
    public_key: Vec<u8>,
    kind: KeyKind,
}

/// The key was asked for a signature.
#[derive(Debug, thiserror::Error)]
#[error("the key of this CA is somewhere else, and signs only there")]
struct NotHere;

impl KeyElsewhere {
    /// `None` for a kind of key that no certificate is issued by.
    pub(super) fn of(certificate: &Certificate) -> Option<Self> {
        let kind = KeyKind::of_public_key(certificate.public_key_algorithm())?;
        Some(Self {
            public_key: certificate.spki_der().to_vec(),
            kind,
        })
    }
}

impl Signer for KeyElsewhere {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.kind.signature_algorithm()
    }

    fn public_key_der(&self) -> &[u8] {
        &self.public_key
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        Err(SignError::new(NotHere))
    }

    fn is_quick(&self) -> bool {
        true
    }
}
