//! What is derived from the password for one new file, and the parameters that say how.

use const_oid::ObjectIdentifier;
use der::asn1::AnyRef;
use pbe::{Cipher, Digest, PasswordOctets, Purpose, Request, derive, pbkdf2_sha256_together};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};
use zeroize::Zeroizing;

use super::error::BuildError;

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
            let algorithm = pbe::pbes1_3des(salt, iterations).map_err(BuildError::encode)?;
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
            let algorithm = pbe::pbes2_aes256(salt, iterations, &iv).map_err(BuildError::encode)?;
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

pub(super) fn with_null(oid: ObjectIdentifier) -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef {
        oid,
        parameters: Some(AnyRef::NULL),
    }
}
