//! The block ciphers of key files, all in CBC mode with the padding of RFC 8018 section 6.1.1.

use aws_lc_rs::cipher::{
    self, AES_128, AES_192, AES_256, Algorithm, DecryptionContext, EncryptionContext,
    PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, InnerIvInit};
use const_oid::ObjectIdentifier;
use rc2::Rc2;
use zeroize::Zeroizing;

use crate::asn1::{Count, oid};

/// A cipher that is read. [`Aes256`](Self::Aes256), and [`TripleDes`](Self::TripleDes) for old readers, are the ones to write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Cipher {
    /// AES with 128 bits
    Aes128,
    /// AES with 192 bits
    Aes192,
    /// AES with 256 bits
    Aes256,
    /// Single DES, whose 56 bits anybody can search
    Des,
    /// RC2 with 128 bits
    Rc2With128Bits,
    /// RC2 with 40 bits
    Rc2With40Bits,
    /// RC2 with 64 bits
    Rc2With64Bits,
    /// Triple DES with three keys
    TripleDes,
    /// Triple DES with two keys
    TripleDesTwoKeys,
}

impl Cipher {
    /// The cipher inside an algorithm of RFC 7292 appendix C.
    #[must_use]
    pub fn of_pkcs12(oid: ObjectIdentifier) -> Option<Self> {
        match oid {
            oid::PBE_3DES => Some(Self::TripleDes),
            oid::PBE_2DES => Some(Self::TripleDesTwoKeys),
            oid::PBE_RC2_128 => Some(Self::Rc2With128Bits),
            oid::PBE_RC2_40 => Some(Self::Rc2With40Bits),
            _ => None,
        }
    }

    /// The cipher of PBES2 (RFC 8018 appendix B.2) whose only parameter is its initialisation vector.
    #[must_use]
    pub fn of_pbes2(oid: ObjectIdentifier) -> Option<Self> {
        match oid {
            oid::AES_128_CBC => Some(Self::Aes128),
            oid::AES_192_CBC => Some(Self::Aes192),
            oid::AES_256_CBC => Some(Self::Aes256),
            oid::DES_CBC => Some(Self::Des),
            oid::DES_EDE_3_CBC => Some(Self::TripleDes),
            _ => None,
        }
    }

    /// RC2 by the version in its parameters, which stands for its bits (RFC 8018 appendix B.2.3).
    pub(crate) fn of_rc2_version(version: Option<Count>) -> Option<Self> {
        match version.map(|version| version.0) {
            Some(160) => Some(Self::Rc2With40Bits),
            Some(120) => Some(Self::Rc2With64Bits),
            Some(58) => Some(Self::Rc2With128Bits),
            _ => None,
        }
    }

    /// The cipher by OpenSSL's name for it, as in the header of an old PEM file.
    pub(crate) fn of_pem(name: &str) -> Option<Self> {
        const NAMES: [(&str, Cipher); 9] = [
            ("AES-128-CBC", Cipher::Aes128),
            ("AES-192-CBC", Cipher::Aes192),
            ("AES-256-CBC", Cipher::Aes256),
            ("DES-CBC", Cipher::Des),
            ("DES-EDE-CBC", Cipher::TripleDesTwoKeys),
            ("DES-EDE3-CBC", Cipher::TripleDes),
            ("RC2-CBC", Cipher::Rc2With128Bits),
            ("RC2-64-CBC", Cipher::Rc2With64Bits),
            ("RC2-40-CBC", Cipher::Rc2With40Bits),
        ];
        let known = NAMES
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(_, cipher)| cipher)
    }

    /// Octets in a key.
    #[must_use]
    pub fn key_len(self) -> usize {
        match self {
            Self::Rc2With40Bits => 5,
            Self::Des | Self::Rc2With64Bits => 8,
            Self::Aes128 | Self::Rc2With128Bits | Self::TripleDesTwoKeys => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
        }
    }

    /// Octets in an initialisation vector, which is one block.
    #[must_use]
    pub fn iv_len(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            Self::Des
            | Self::Rc2With128Bits
            | Self::Rc2With40Bits
            | Self::Rc2With64Bits
            | Self::TripleDes
            | Self::TripleDesTwoKeys => 8,
        }
    }

    /// Encrypts in place.
    ///
    /// # Errors
    ///
    /// For RC2, and for a key or an initialisation vector of another length.
    pub fn encrypt(
        self,
        key: &[u8],
        iv: &[u8],
        mut data: Zeroizing<Vec<u8>>,
    ) -> Result<Vec<u8>, Unspecified> {
        let context = match self.iv_len() {
            8 => EncryptionContext::Iv64(FixedLength::try_from(iv)?),
            _ => EncryptionContext::Iv128(FixedLength::try_from(iv)?),
        };
        let key = UnboundCipherKey::new(self.provided().ok_or(Unspecified)?, key)?;
        // The padding must not move a plain private key to a new buffer.
        data.reserve_exact(self.iv_len());
        PaddedBlockEncryptingKey::cbc_pkcs7(key)?.less_safe_encrypt(&mut *data, context)?;
        Ok(std::mem::take(&mut data))
    }

    /// Decrypts in place.
    ///
    /// # Errors
    ///
    /// If there is no padding, as with a wrong key; and for a key or an initialisation vector of another length.
    pub fn decrypt(
        self,
        key: &[u8],
        iv: &[u8],
        mut data: Zeroizing<Vec<u8>>,
    ) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let len = match self.provided() {
            Some(algorithm) => {
                let context = match self.iv_len() {
                    8 => DecryptionContext::Iv64(FixedLength::try_from(iv)?),
                    _ => DecryptionContext::Iv128(FixedLength::try_from(iv)?),
                };
                let key = UnboundCipherKey::new(algorithm, key)?;
                PaddedBlockDecryptingKey::cbc_pkcs7(key)?
                    .decrypt(&mut data, context)?
                    .len()
            }
            None if key.len() != self.key_len() => return Err(Unspecified),
            None => {
                let cipher = Rc2::new_with_eff_key_len(key, key.len() * 8);
                cbc::Decryptor::inner_iv_slice_init(cipher, iv)
                    .map_err(|_| Unspecified)?
                    .decrypt_padded::<Pkcs7>(&mut data)
                    .map_err(|_| Unspecified)?
                    .len()
            }
        };
        data.truncate(len);
        Ok(data)
    }

    /// What aws-lc has of these: all but RC2.
    #[allow(
        deprecated,
        reason = "3DES is what the devices of a decade read, and nothing else is"
    )]
    fn provided(self) -> Option<&'static Algorithm> {
        match self {
            Self::Aes128 => Some(&AES_128),
            Self::Aes192 => Some(&AES_192),
            Self::Aes256 => Some(&AES_256),
            Self::Des => Some(&cipher::DES_FOR_LEGACY_USE_ONLY),
            Self::Rc2With128Bits | Self::Rc2With40Bits | Self::Rc2With64Bits => None,
            Self::TripleDes => Some(&cipher::DES_EDE3_FOR_LEGACY_USE_ONLY),
            Self::TripleDesTwoKeys => Some(&cipher::DES_EDE_FOR_LEGACY_USE_ONLY),
        }
    }
}
