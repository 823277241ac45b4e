//! Writing keys: PKCS#8, plain or encrypted.

use der::Encode;
use der::pem::LineEnding;
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

use super::error::KeyError;
use super::pair::KeyPair;
use super::password::Password;
use crate::random::random_bytes;

/// PBKDF2-HMAC-SHA-256 rounds of an encrypted key file: OWASP's figure of 2023, 0.1 s here.
const ROUNDS: u32 = 600_000;

impl KeyPair {
    /// The private key as PKCS#8 v1 DER (RFC 5958).
    #[must_use]
    pub fn secret_pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The private key as PEM, `PRIVATE KEY` (RFC 7468 section 10).
    ///
    /// # Panics
    ///
    /// Never: a PKCS#8 key that was read or made is always encodable.
    #[must_use]
    pub fn secret_pkcs8_pem(&self) -> Zeroizing<String> {
        let text = der::pem::encode_string("PRIVATE KEY", LineEnding::LF, &self.pkcs8);
        Zeroizing::new(text.expect("a key of a few kilobytes can be written as PEM"))
    }

    /// The private key as PEM, `ENCRYPTED PRIVATE KEY`: PBES2 with PBKDF2-HMAC-SHA-256,
    /// 600,000 rounds, and AES-256-CBC, which OpenSSL 1.1, Java 11 and Go read.
    ///
    /// # Errors
    ///
    /// [`KeyError::Generate`] if the random source or the encoder fails.
    pub fn secret_encrypted_pkcs8_pem(
        &self,
        password: &Password,
    ) -> Result<Zeroizing<String>, KeyError> {
        let salt: [u8; 16] = random_bytes().map_err(KeyError::generate)?;
        let iv: [u8; 16] = random_bytes().map_err(KeyError::generate)?;
        let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv)
            .map_err(|error| KeyError::generate(error.to_string()))?;
        let sealed = parameters
            .encrypt(password.secret_str(), &self.pkcs8)
            .map_err(|error| KeyError::generate(error.to_string()))?;
        let info = EncryptedPrivateKeyInfoRef {
            encryption_algorithm: parameters.into(),
            encrypted_data: der::asn1::OctetStringRef::new(&sealed).map_err(KeyError::generate)?,
        };
        let document = SecretDocument::try_from(info.to_der().map_err(KeyError::generate)?)
            .map_err(KeyError::generate)?;
        document
            .to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)
            .map_err(KeyError::generate)
    }
}
