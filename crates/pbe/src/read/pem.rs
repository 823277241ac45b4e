//! OpenSSL's old PEM form: `Proc-Type: 4,ENCRYPTED` and `DEK-Info` (RFC 1421 section 4.6.1.3).

use zeroize::Zeroizing;

use super::error::PbeError;
use super::scheme::decrypt_sequence;
use crate::crypto::{Cipher, evp_bytes_to_key};

/// How the content of such a section is encrypted, by a key that one round of MD5 makes of the password.
#[derive(Debug)]
pub struct PemEncryption {
    cipher: Cipher,
    iv: Vec<u8>,
}

impl PemEncryption {
    /// Reads the value of the header `DEK-Info`: a cipher and its initialisation vector, such as
    /// `AES-256-CBC,6E09…`.
    ///
    /// # Errors
    ///
    /// [`PbeError::UnsupportedCipher`] names one that is not read, [`PbeError::UnsupportedParameters`] is for anything
    /// else.
    pub fn parse(dek_info: &str) -> Result<Self, PbeError> {
        let (name, iv) = dek_info.split_once(',').unwrap_or((dek_info, ""));
        let name = name.trim();
        let cipher = Cipher::of_pem(name).ok_or_else(|| PbeError::UnsupportedCipher {
            name: name.chars().take(LONGEST_NAME).collect(),
        })?;
        let reason = "the initialisation vector is not one block in hexadecimal digits";
        let iv = hex(iv.trim())
            .filter(|iv| iv.len() == cipher.iv_len())
            .ok_or(PbeError::UnsupportedParameters { reason })?;
        Ok(Self { cipher, iv })
    }

    /// Decrypts a SEQUENCE, as keys in this form are.
    ///
    /// # Errors
    ///
    /// [`PbeError::DecryptFailed`] for a wrong password.
    pub fn decrypt(
        &self,
        ciphertext: &[u8],
        password: &str,
    ) -> Result<Zeroizing<Vec<u8>>, PbeError> {
        // OpenSSL, `crypto/pem/pem_lib.c`: the salt is the first eight octets of the vector.
        let salt = &self.iv[..8];
        let key = evp_bytes_to_key(password.as_bytes(), salt, self.cipher.key_len());
        decrypt_sequence(self.cipher, &key, &self.iv, ciphertext)
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs
        .iter()
        .map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8))
        .collect()
}

/// Of a name for an error, which a file must not make long.
const LONGEST_NAME: usize = 40;
