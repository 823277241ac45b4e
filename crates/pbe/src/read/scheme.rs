//! How something is encrypted: PBES1 or PBES2 of RFC 8018, or RFC 7292 appendix C.

use const_oid::ObjectIdentifier;
use der::asn1::OctetStringRef;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::budget::Budget;
use super::error::PbeError;
use super::kdf::{Pbkdf2, Scrypt, parameters};
use crate::asn1::{PbeParams, Pbes2Params, Pkcs12PbeParams, Rc2CbcParams, oid};
use crate::crypto::{
    Cipher, Derivation, DerivationKind, Digest, PasswordOctets, Pbes1Hash, derive, pbkdf1,
};

/// An encryption whose parameters have been judged.
#[derive(Debug)]
pub struct Scheme<'a>(Kind<'a>);

#[derive(Debug)]
enum Kind<'a> {
    Pbes1 {
        hash: Pbes1Hash,
        cipher: Cipher,
        salt: &'a [u8],
        iterations: u32,
    },
    Pbes2 {
        kdf: Kdf<'a>,
        cipher: Cipher,
        iv: &'a [u8],
    },
    Pkcs12 {
        cipher: Cipher,
        salt: &'a [u8],
        iterations: u32,
    },
}

#[derive(Debug)]
enum Kdf<'a> {
    Pbkdf2(Pbkdf2<'a>),
    Scrypt(Scrypt<'a>),
}

impl<'a> Scheme<'a> {
    /// Reads an algorithm, and judges what it asks for.
    ///
    /// # Errors
    ///
    /// [`PbeError::UnsupportedAlgorithm`] names what is not read; the others are about its parameters, and about what
    /// `budget` does not allow.
    pub fn parse(
        algorithm: &AlgorithmIdentifierRef<'a>,
        budget: &Budget,
    ) -> Result<Self, PbeError> {
        let oid = algorithm.oid;
        let kind = if oid == oid::PBES2 {
            Kind::pbes2(algorithm, budget)?
        } else if let Some(cipher) = Cipher::of_pkcs12(oid) {
            let params: Pkcs12PbeParams<'_> = parameters(algorithm)?;
            let salt = params.salt.as_bytes();
            budget.limits().check_salt(salt)?;
            let iterations = budget.accept(params.iterations)?;
            Kind::Pkcs12 {
                cipher,
                salt,
                iterations,
            }
        } else if let Some((hash, cipher)) = pbes1(oid) {
            let params: PbeParams<'_> = parameters(algorithm)?;
            let salt = params.salt.as_bytes();
            budget.limits().check_salt(salt)?;
            let iterations = budget.accept(params.iterations)?;
            Kind::Pbes1 {
                hash,
                cipher,
                salt,
                iterations,
            }
        } else {
            return Err(PbeError::UnsupportedAlgorithm { oid });
        };
        Ok(Self(kind))
    }

    /// The derivation of its key, where that gains from being done beside others; see [`Budget::prepare`].
    #[must_use]
    pub fn derivation(&self) -> Option<Derivation> {
        match &self.0 {
            Kind::Pkcs12 {
                cipher,
                salt,
                iterations,
            } => Some(pkcs12_derivation(*cipher, salt, *iterations)),
            Kind::Pbes2 {
                kdf: Kdf::Pbkdf2(kdf),
                cipher,
                ..
            } => kdf.derivation(cipher.key_len()),
            _ => None,
        }
    }

    /// Charges `budget` with what [`decrypt`](Self::decrypt) costs at least, to refuse a file before any work on it.
    ///
    /// # Errors
    ///
    /// [`PbeError::LimitExceeded`]
    pub fn charge(&self, budget: &mut Budget) -> Result<(), PbeError> {
        match &self.0 {
            Kind::Pbes1 { iterations, .. } => budget.charge(u64::from(*iterations)),
            Kind::Pbes2 {
                kdf: Kdf::Pbkdf2(kdf),
                cipher,
                ..
            } => budget.charge(kdf.cost(cipher.key_len())),
            Kind::Pbes2 {
                kdf: Kdf::Scrypt(kdf),
                ..
            } => budget.charge_memory(kdf.memory()),
            Kind::Pkcs12 {
                cipher, iterations, ..
            } => budget.charge(pkcs12_derivation(*cipher, &[], *iterations).cost()),
        }
    }

    /// Decrypts a SEQUENCE, which is all that is ever encrypted in a file.
    ///
    /// Every derivation it takes is charged to `budget`: one, or two where a password has two forms.
    ///
    /// # Errors
    ///
    /// [`PbeError::DecryptFailed`] for a wrong password, [`PbeError::LimitExceeded`] if `budget` has less left than
    /// this costs.
    pub fn decrypt(
        &self,
        ciphertext: &[u8],
        password: &mut PasswordOctets<'_>,
        budget: &mut Budget,
    ) -> Result<Zeroizing<Vec<u8>>, PbeError> {
        let mut prepared = self.derivation().and_then(|it| budget.secret_prepared(&it));
        match self.0 {
            Kind::Pbes1 {
                hash,
                cipher,
                salt,
                iterations,
            } => {
                self.charge(budget)?;
                let derived = pbkdf1(hash, password.utf8(), salt, iterations);
                let (key, iv) = derived.split_at(8);
                decrypt_sequence(cipher, key, iv, ciphertext)
            }
            Kind::Pbes2 {
                ref kdf,
                cipher,
                iv,
            } => {
                // It was derived of UTF-8, which is tried first.
                prepared = prepared.filter(|_| password.begins_with_utf8());
                let mut attempt = |octets: &[u8]| {
                    let key = match prepared.take() {
                        Some(key) => key,
                        None => kdf.derive(octets, cipher.key_len(), budget)?,
                    };
                    decrypt_sequence(cipher, &key, iv, ciphertext)
                };
                match kdf {
                    // Old NSS gave PBKDF2 the UTF-16 form too.
                    Kdf::Pbkdf2(_) => {
                        let is_wrong_key = |error: &_| matches!(error, PbeError::DecryptFailed);
                        password.find_rfc8018_form(attempt, is_wrong_key)
                    }
                    Kdf::Scrypt(_) => attempt(password.utf8()),
                }
            }
            Kind::Pkcs12 {
                cipher,
                salt,
                iterations,
            } => {
                let derivation = pkcs12_derivation(cipher, salt, iterations);
                password.find_form(|password| {
                    if let Some(derived) = prepared.take() {
                        let (key, iv) = derived.split_at(cipher.key_len());
                        return decrypt_sequence(cipher, key, iv, ciphertext);
                    }
                    self.charge(budget)?;
                    let derived = derive(Digest::Sha1, &derivation.requests(password));
                    decrypt_sequence(cipher, &derived[0], &derived[1], ciphertext)
                })
            }
        }
    }
}

impl<'a> Kind<'a> {
    fn pbes2(algorithm: &AlgorithmIdentifierRef<'a>, budget: &Budget) -> Result<Self, PbeError> {
        let params: Pbes2Params<'_> = parameters(algorithm)?;
        let (cipher, iv) = pbes2_cipher(&params.encryption)?;
        if iv.len() != cipher.iv_len() {
            let reason = "the initialisation vector is not one block long";
            return Err(PbeError::UnsupportedParameters { reason });
        }
        let (kdf, len) = if params.key_derivation.oid == oid::SCRYPT {
            let kdf = Scrypt::parse(&params.key_derivation, budget)?;
            let len = kdf.len;
            (Kdf::Scrypt(kdf), len)
        } else {
            let kdf = Pbkdf2::parse(&params.key_derivation, budget)?;
            let len = kdf.key_len();
            (Kdf::Pbkdf2(kdf), len)
        };
        if len.is_some_and(|len| len != cipher.key_len()) {
            let reason = "the key length is not that of the cipher";
            return Err(PbeError::UnsupportedParameters { reason });
        }
        Ok(Self::Pbes2 { kdf, cipher, iv })
    }
}

impl Kdf<'_> {
    fn derive(
        &self,
        password: &[u8],
        len: usize,
        budget: &mut Budget,
    ) -> Result<Zeroizing<Vec<u8>>, PbeError> {
        match self {
            Self::Pbkdf2(kdf) => kdf.derive(password, len, budget),
            Self::Scrypt(kdf) => kdf.derive(password, len, budget),
        }
    }
}

fn pkcs12_derivation(cipher: Cipher, salt: &[u8], iterations: u32) -> Derivation {
    Derivation {
        kind: DerivationKind::Pkcs12(cipher),
        salt: salt.to_vec(),
        iterations,
    }
}

/// RFC 8018 appendix A.3, without MD2.
fn pbes1(oid: ObjectIdentifier) -> Option<(Pbes1Hash, Cipher)> {
    match oid {
        oid::PBE_MD5_DES => Some((Pbes1Hash::Md5, Cipher::Des)),
        oid::PBE_MD5_RC2 => Some((Pbes1Hash::Md5, Cipher::Rc2With64Bits)),
        oid::PBE_SHA1_DES => Some((Pbes1Hash::Sha1, Cipher::Des)),
        oid::PBE_SHA1_RC2 => Some((Pbes1Hash::Sha1, Cipher::Rc2With64Bits)),
        _ => None,
    }
}

/// RFC 8018 appendix B.2: the cipher, and its initialisation vector.
fn pbes2_cipher<'a>(
    encryption: &AlgorithmIdentifierRef<'a>,
) -> Result<(Cipher, &'a [u8]), PbeError> {
    let oid = encryption.oid;
    if oid == oid::RC2_CBC {
        let params: Rc2CbcParams<'_> = parameters(encryption)?;
        let cipher = Cipher::of_rc2_version(params.version);
        let reason = "RC2 is to have a number of bits other than 40, 64 and 128";
        let cipher = cipher.ok_or(PbeError::UnsupportedParameters { reason })?;
        return Ok((cipher, params.iv.as_bytes()));
    }
    let cipher = Cipher::of_pbes2(oid).ok_or(PbeError::UnsupportedAlgorithm { oid })?;
    let iv: &OctetStringRef = parameters(encryption)?;
    Ok((cipher, iv.as_bytes()))
}

pub(super) fn decrypt_sequence(
    cipher: Cipher,
    key: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PbeError> {
    const SEQUENCE: u8 = 0x30;
    cipher
        .decrypt(key, iv, Zeroizing::new(ciphertext.to_vec()))
        .ok()
        // One wrong key in 256 leaves what looks like padding.
        .filter(|plain| plain.first() == Some(&SEQUENCE))
        .ok_or(PbeError::DecryptFailed)
}
