//! A key in a token, as a signer.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use pki_core::{CertificateRequest, KeyKind, Password, SignError, SignatureAlgorithm, Signer};
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_identity::{DistinguishedName, PublicKeyAlgorithm};

use crate::error::TokenError;
use crate::module::{Access, Module};
use crate::object::attributes;
use crate::public_key::public_key_der;
use crate::signature::ecdsa_sig_value;
use crate::uri::{KeyChoice, TokenUri};

/// A private key that stays in its token, and signs there.
///
/// The PIN is not kept. A token that was taken out and put back needs a new `TokenKey`.
pub struct TokenKey {
    /// One thread at a time has it: PKCS#11 section 5.11 allows one signature at a time in a session.
    session: Mutex<Session>,
    private: ObjectHandle,
    kind: KeyKind,
    public_key: Vec<u8>,
}

impl Module {
    /// Opens the private key that `uri` describes, as the token's user with this `pin`.
    ///
    /// The key signs once, so that a token whose public key is another's is found now and not by a certificate that
    /// nobody can verify.
    ///
    /// # Errors
    ///
    /// [`TokenError`] says what is missing, or wrong with it. [`TokenError::Pin`] counts towards the limit after which
    /// tokens lock themselves.
    pub fn key(&self, uri: &TokenUri, pin: &Password) -> Result<TokenKey, TokenError> {
        let session = self.session(uri, pin, Access::Read)?;
        let private = find_private(&session, &uri.key)?;
        TokenKey::new(session, private, &uri.key)
    }
}

impl TokenKey {
    fn new(
        session: Session,
        private: ObjectHandle,
        wanted: &KeyChoice,
    ) -> Result<Self, TokenError> {
        let public_key = public_key_der(&session, private, wanted)?;
        let algorithm = PublicKeyAlgorithm::from_spki(&public_key)
            .map_err(|error| TokenError::unsupported(error.to_string()))?;
        let kind = KeyKind::of_public_key(algorithm)
            .ok_or_else(|| TokenError::unsupported(algorithm.to_string()))?;
        let key = Self {
            session: Mutex::new(session),
            private,
            kind,
            public_key,
        };
        let name = DistinguishedName::builder().common_name("self-check");
        let name = name.build().expect("a short name can be built");
        CertificateRequest::build(&key, &name, &[]).map_err(TokenError::SelfCheck)?;
        Ok(key)
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    fn sign_raw(&self, mechanism: &Mechanism<'_>, data: &[u8]) -> Result<Vec<u8>, SignError> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let signature = session.sign(mechanism, self.private, data);
        signature.map_err(|error| SignError::new(TokenError::token(error)))
    }

    /// Tokens hash for themselves only with some mechanisms, so the digest is made here.
    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        let raw = self.sign_raw(&Mechanism::Ecdsa, digest)?;
        ecdsa_sig_value(&raw).map_err(SignError::new)
    }
}

impl Signer for TokenKey {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.kind.signature_algorithm()
    }

    fn public_key_der(&self) -> &[u8] {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match self.algorithm() {
            SignatureAlgorithm::EcdsaSha256 => self.sign_digest(&Sha256::digest(message)),
            SignatureAlgorithm::EcdsaSha384 => self.sign_digest(&Sha384::digest(message)),
            SignatureAlgorithm::EcdsaSha512 => self.sign_digest(&Sha512::digest(message)),
            SignatureAlgorithm::RsaSha256 => self.sign_raw(&Mechanism::Sha256RsaPkcs, message),
            SignatureAlgorithm::Ed25519 => {
                let parameters = EddsaParams::new(EddsaSignatureScheme::Ed25519);
                self.sign_raw(&Mechanism::Eddsa(parameters), message)
            }
            other => Err(SignError::new(TokenError::unsupported(format!(
                "{other:?}"
            )))),
        }
    }
}

/// Without handles, which mean nothing outside of the process.
impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The one private key that is what is wanted.
fn find_private(session: &Session, wanted: &KeyChoice) -> Result<ObjectHandle, TokenError> {
    let mut template = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    template.extend(attributes(wanted));
    let found = session.find_objects(&template).map_err(TokenError::token)?;
    match found.as_slice() {
        [key] => Ok(*key),
        [] => Err(TokenError::NoKey {
            wanted: wanted.in_words(),
        }),
        several => Err(TokenError::AmbiguousKey {
            wanted: wanted.in_words(),
            count: several.len(),
        }),
    }
}
