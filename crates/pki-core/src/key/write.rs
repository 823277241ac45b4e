//! Writing keys: PKCS#8, plain or encrypted.

use der::Encode;
use der::pem::LineEnding;
use der::referenced::OwnedToRef;
use pbe::{Cipher, Digest, EncryptedPrivateKeyInfo, pbes2_aes256, pbkdf2};
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
        let algorithm = pbes2_aes256(&salt, ROUNDS, &iv).map_err(KeyError::generate)?;
        let cipher = Cipher::Aes256;
        let password = password.secret_str().as_bytes();
        let key = pbkdf2(Digest::Sha256, password, &salt, ROUNDS, cipher.key_len());
        let sealed = cipher
            .encrypt(&key, &iv, self.pkcs8.clone())
            .map_err(KeyError::generate)?;
        let info = EncryptedPrivateKeyInfo {
            algorithm: algorithm.owned_to_ref(),
            encrypted_data: der::asn1::OctetStringRef::new(&sealed).map_err(KeyError::generate)?,
        };
        let der = info.to_der().map_err(KeyError::generate)?;
        der::pem::encode_string("ENCRYPTED PRIVATE KEY", LineEnding::LF, &der)
            .map(Zeroizing::new)
            .map_err(|error| KeyError::generate(error.to_string()))
    }
}
