//! What is derived from the password for one new file, and the parameters that say how.

use const_oid::ObjectIdentifier;
use der::asn1::{Any, AnyRef, OctetString, OctetStringRef};
use der::referenced::OwnedToRef;
use der::{Decode, Encode};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};
use zeroize::Zeroizing;

use super::error::BuildError;
use crate::asn1::{Pbes2Params, Pbkdf2Params, Pkcs12PbeParams, oid};
use crate::crypto::{
    Cipher, Digest, PasswordOctets, Purpose, Request, derive, pbkdf2_sha256_together,
};

/// All that is derived from the password for one file. The salts are fresh for each.
pub(super) struct Secrets {
    pub(super) certificates: Seal,
    pub(super) key: Seal,
    pub(super) mac: MacSecret,
}

pub(super) struct Seal {
    pub(super) algorithm: AlgorithmIdentifierOwned,
    cipher: Cipher,
    iv: Zeroizing<Vec<u8>>,
    key: Zeroizing<Vec<u8>>,
}

pub(super) struct MacSecret {
    pub(super) digest: Digest,
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) salt: Vec<u8>,
}

impl Secrets {
    pub(super) fn compat(
        iterations: u32,
        password: &PasswordOctets<'_>,
    ) -> Result<Self, BuildError> {
        let salts: [[u8; 8]; 3] = [random()?, random()?, random()?];
        let [certificates, key, mac] = &salts;
        let request = |purpose, salt, len| Request {
            purpose,
            password: password.utf16(),
            salt,
            iterations,
            len,
        };
        let cipher = Cipher::TripleDes;
        let mut derived = derive(
            Digest::Sha1,
            &[
                request(Purpose::EncryptionKey, certificates, cipher.key_len()),
                request(Purpose::Iv, certificates, cipher.iv_len()),
                request(Purpose::EncryptionKey, key, cipher.key_len()),
                request(Purpose::Iv, key, cipher.iv_len()),
                request(Purpose::MacKey, mac, Digest::Sha1.output_len()),
            ],
        )
        .into_iter();
        let mut next = || derived.next().unwrap_or_default();
        let mut seal = |salt: &[u8]| {
            let algorithm = pbes1(salt, iterations).map_err(BuildError::encode)?;
            Ok::<_, BuildError>(Seal {
                algorithm,
                cipher,
                key: next(),
                iv: next(),
            })
        };
        Ok(Self {
            certificates: seal(certificates)?,
            key: seal(key)?,
            mac: MacSecret {
                digest: Digest::Sha1,
                key: next(),
                salt: mac.to_vec(),
            },
        })
    }

    pub(super) fn modern(
        iterations: u32,
        password: &PasswordOctets<'_>,
    ) -> Result<Self, BuildError> {
        let salts: [[u8; 16]; 3] = [random()?, random()?, random()?];
        let [certificates, key, mac] = &salts;
        let keys = pbkdf2_sha256_together(password.utf8(), [certificates, key], iterations);
        let seal = |salt: &[u8], key| {
            let iv: [u8; 16] = random()?;
            let algorithm = pbes2(salt, iterations, &iv).map_err(BuildError::encode)?;
            let iv = Zeroizing::new(iv.to_vec());
            Ok::<_, BuildError>(Seal {
                algorithm,
                cipher: Cipher::Aes256,
                iv,
                key,
            })
        };
        let [certificates_key, key_key] = keys;
        let digest = Digest::Sha256;
        let mac_key = derive(
            digest,
            &[Request {
                purpose: Purpose::MacKey,
                password: password.utf16(),
                salt: mac,
                iterations,
                len: digest.output_len(),
            }],
        );
        Ok(Self {
            certificates: seal(certificates, certificates_key)?,
            key: seal(key, key_key)?,
            mac: MacSecret {
                digest,
                key: mac_key.into_iter().next().unwrap_or_default(),
                salt: mac.to_vec(),
            },
        })
    }
}

impl Seal {
    pub(super) fn seal(&self, plain: Zeroizing<Vec<u8>>) -> Result<Vec<u8>, BuildError> {
        self.cipher
            .encrypt(&self.key, &self.iv, plain)
            .map_err(|unspecified| BuildError::encode(unspecified.to_string()))
    }
}

fn random<const N: usize>() -> Result<[u8; N], BuildError> {
    let mut octets = [0; N];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| BuildError::Random)?;
    Ok(octets)
}

fn pbes1(salt: &[u8], iterations: u32) -> der::Result<AlgorithmIdentifierOwned> {
    let params = Pkcs12PbeParams {
        salt: OctetStringRef::new(salt)?,
        iterations: iterations.into(),
    };
    algorithm(oid::PBE_3DES, &params)
}

fn pbes2(salt: &[u8], iterations: u32, iv: &[u8]) -> der::Result<AlgorithmIdentifierOwned> {
    // Apple reads the function only if it is there with its NULL, and takes no other.
    let prf = with_null(Digest::Sha256.hmac_oid());
    let key_derivation = Pbkdf2Params {
        salt: OctetStringRef::new(salt)?,
        iterations: iterations.into(),
        key_length: None,
        prf: Some(prf),
    };
    let key_derivation = algorithm(oid::PBKDF2, &key_derivation)?;
    let encryption = algorithm(oid::AES_256_CBC, &OctetString::new(iv)?)?;
    let params = Pbes2Params {
        key_derivation: key_derivation.owned_to_ref(),
        encryption: encryption.owned_to_ref(),
    };
    algorithm(oid::PBES2, &params)
}

fn algorithm<T: Encode>(
    oid: ObjectIdentifier,
    params: &T,
) -> der::Result<AlgorithmIdentifierOwned> {
    Ok(AlgorithmIdentifierOwned {
        oid,
        parameters: Some(Any::from_der(&params.to_der()?)?),
    })
}

pub(super) fn with_null(oid: ObjectIdentifier) -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef {
        oid,
        parameters: Some(AnyRef::NULL),
    }
}
