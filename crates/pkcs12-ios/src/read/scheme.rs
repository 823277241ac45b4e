//! How one part of a file is encrypted: PBES1 of RFC 7292 appendix C, or PBES2 of RFC 8018.

use der::asn1::{AnyRef, OctetStringRef};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::asn1::{Pbes2Params, Pbkdf2Params, Pkcs12PbeParams, oid};

use super::budget::KdfBudget;
use super::error::ReadError;
use super::place::{Limit, Place};
use crate::crypto::{Cipher, Digest, PasswordOctets, Purpose, Request, derive, pbkdf2};

/// An encryption whose parameters have been judged.
#[derive(Debug)]
pub(crate) enum Scheme<'a> {
    Pbes2 {
        kdf: Pbkdf2<'a>,
        cipher: Cipher,
        iv: &'a [u8],
    },
    Pkcs12 {
        cipher: Cipher,
        salt: &'a [u8],
        iterations: u32,
    },
}

impl<'a> Scheme<'a> {
    pub(crate) fn parse(
        algorithm: &AlgorithmIdentifierRef<'a>,
        place: Place,
        budget: &KdfBudget<'_>,
    ) -> Result<Self, ReadError> {
        if let Some(cipher) = Cipher::of_pkcs12(algorithm.oid) {
            let params: Pkcs12PbeParams<'_> = parameters(algorithm, place)?;
            let salt = params.salt.as_bytes();
            let limits = budget.limits();
            limits.check(Limit::SaltLen, limits.salt_len, salt.len())?;
            let iterations = budget.accept(place, params.iterations)?;
            return Ok(Self::Pkcs12 {
                cipher,
                salt,
                iterations,
            });
        }
        if algorithm.oid != oid::PBES2 {
            return Err(ReadError::UnsupportedAlgorithm {
                oid: algorithm.oid,
                place,
            });
        }
        let params: Pbes2Params<'_> = parameters(algorithm, place)?;
        let cipher =
            Cipher::of_pbes2(params.encryption.oid).ok_or(ReadError::UnsupportedAlgorithm {
                oid: params.encryption.oid,
                place,
            })?;
        let iv: &OctetStringRef = parameters(&params.encryption, place)?;
        let iv = iv.as_bytes();
        if iv.len() != cipher.iv_len() {
            let reason = "the initialisation vector is not one block long";
            return Err(ReadError::UnsupportedParameters { place, reason });
        }
        let kdf = Pbkdf2::parse(&params.key_derivation, place, budget)?;
        if kdf.len.is_some_and(|len| len != cipher.key_len()) {
            let reason = "the key length is not that of the cipher";
            return Err(ReadError::UnsupportedParameters { place, reason });
        }
        Ok(Self::Pbes2 { kdf, cipher, iv })
    }

    /// Decrypts a SEQUENCE, which is all that is ever encrypted in a file.
    ///
    /// Every derivation it takes is charged to `budget`: one, or two where a password has two forms.
    pub(crate) fn decrypt(
        &self,
        ciphertext: &[u8],
        password: &mut PasswordOctets<'_>,
        place: Place,
        budget: &mut KdfBudget<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        match *self {
            Self::Pbes2 {
                ref kdf,
                cipher,
                iv,
            } => {
                // Old NSS gave PBKDF2 the UTF-16 form too.
                let mut attempt = |octets: &[u8]| {
                    let key = kdf.derive(octets, cipher.key_len(), budget)?;
                    decrypt_sequence(cipher, &key, iv, ciphertext, place)
                };
                match attempt(password.utf8()) {
                    Err(ReadError::DecryptFailed { .. }) => attempt(password.utf16()),
                    decided => decided,
                }
            }
            Self::Pkcs12 {
                cipher,
                salt,
                iterations,
            } => password.find_form(|password| {
                budget.charge(iterations)?;
                let request = |purpose, len| Request {
                    purpose,
                    password: password.utf16(),
                    salt,
                    iterations,
                    len,
                };
                let derived = derive(
                    Digest::Sha1,
                    &[
                        request(Purpose::EncryptionKey, cipher.key_len()),
                        request(Purpose::Iv, cipher.iv_len()),
                    ],
                );
                decrypt_sequence(cipher, &derived[0], &derived[1], ciphertext, place)
            }),
        }
    }
}

fn decrypt_sequence(
    cipher: Cipher,
    key: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
    place: Place,
) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    const SEQUENCE: u8 = 0x30;
    cipher
        .decrypt(key, iv, Zeroizing::new(ciphertext.to_vec()))
        .ok()
        // One wrong key in 256 leaves what looks like padding.
        .filter(|plain| plain.first() == Some(&SEQUENCE))
        .ok_or(ReadError::DecryptFailed { place })
}

/// PBKDF2 with judged parameters.
#[derive(Debug)]
pub(crate) struct Pbkdf2<'a> {
    prf: Digest,
    salt: &'a [u8],
    iterations: u32,
    pub(crate) len: Option<usize>,
}

impl<'a> Pbkdf2<'a> {
    pub(crate) fn parse(
        algorithm: &AlgorithmIdentifierRef<'a>,
        place: Place,
        budget: &KdfBudget<'_>,
    ) -> Result<Self, ReadError> {
        if algorithm.oid != oid::PBKDF2 {
            return Err(ReadError::UnsupportedAlgorithm {
                oid: algorithm.oid,
                place,
            });
        }
        let params: Pbkdf2Params<'_> = parameters(algorithm, place)?;
        let salt = params.salt.as_bytes();
        let limits = budget.limits();
        limits.check(Limit::SaltLen, limits.salt_len, salt.len())?;
        let iterations = budget.accept(place, params.iterations)?;
        let prf = match params.prf {
            // The default of RFC 8018 appendix A.2.
            None => Digest::Sha1,
            Some(prf) => Digest::of_hmac(prf.oid).ok_or(ReadError::UnsupportedAlgorithm {
                oid: prf.oid,
                place,
            })?,
        };
        let len = params
            .key_length
            .map(usize::try_from)
            .transpose()
            .map_err(|_| ReadError::UnsupportedParameters {
                place,
                reason: "the key length is negative",
            })?;
        Ok(Self {
            prf,
            salt,
            iterations,
            len,
        })
    }

    pub(crate) fn derive(
        &self,
        password: &[u8],
        len: usize,
        budget: &mut KdfBudget<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        budget.charge(self.iterations)?;
        Ok(pbkdf2(self.prf, password, self.salt, self.iterations, len))
    }
}

/// Decodes the parameters of an algorithm, which all of ours have.
pub(crate) fn parameters<'a, T>(
    algorithm: &AlgorithmIdentifierRef<'a>,
    place: Place,
) -> Result<T, ReadError>
where
    T: der::DecodeValue<'a, Error = der::Error> + der::FixedTag + 'a,
{
    let any: AnyRef<'a> = algorithm
        .parameters
        .ok_or(ReadError::UnsupportedParameters {
            place,
            reason: "there are none",
        })?;
    any.decode_as().map_err(ReadError::malformed(place))
}
