//! Keys, and signatures with them: by algorithms too that no library signs with any more.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, ID_MD_5, ID_SHA_1, ID_SHA_256,
    MD_5_WITH_RSA_ENCRYPTION, RSA_ENCRYPTION, SHA_1_WITH_RSA_ENCRYPTION,
    SHA_256_WITH_RSA_ENCRYPTION,
};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::{Any, BitString, OctetString, Uint};
use der::{Decode, Encode, Sequence};
use num_bigint::BigUint;
use sha2::Digest;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

/// A private key that signs certificates and lists.
pub(crate) struct Key {
    kind: Kind,
    pkcs8: Vec<u8>,
    spki: Vec<u8>,
}

enum Kind {
    Ecdsa(Box<EcdsaKeyPair>, ObjectIdentifier),
    Ed25519(Box<Ed25519KeyPair>),
    Rsa(RsaPrivateKey),
}

/// What an RSA key hashes with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Md5,
    Sha1,
    Sha256,
}

impl Key {
    pub(crate) fn p256() -> Self {
        Self::ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_WITH_SHA_256)
    }

    pub(crate) fn p384() -> Self {
        Self::ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_WITH_SHA_384)
    }

    pub(crate) fn p521() -> Self {
        Self::ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING, ECDSA_WITH_SHA_512)
    }

    fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, oid: ObjectIdentifier) -> Self {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        Self {
            pkcs8: pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
            spki: pair.public_key().as_der().unwrap().as_ref().to_vec(),
            kind: Kind::Ecdsa(Box::new(pair), oid),
        }
    }

    pub(crate) fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        Self {
            pkcs8: pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
            spki: pair.public_key().as_der().unwrap().as_ref().to_vec(),
            kind: Kind::Ed25519(Box::new(pair)),
        }
    }

    pub(crate) fn rsa_1024() -> Self {
        Self::rsa(include_str!("../fixtures/rsa-1024.pem"))
    }

    pub(crate) fn rsa_2048() -> Self {
        Self::rsa(include_str!("../fixtures/rsa-2048.pem"))
    }

    fn rsa(pem: &str) -> Self {
        let (_, pkcs8) = der::pem::decode_vec(pem.as_bytes()).unwrap();
        let info = pkcs8::PrivateKeyInfoRef::try_from(pkcs8.as_slice()).unwrap();
        let private = RsaPrivateKey::from_der(info.private_key.as_bytes()).unwrap();
        let public = RsaPublicKey {
            modulus: private.modulus.clone(),
            exponent: private.public_exponent.clone(),
        };
        let spki = SubjectPublicKeyInfoOwned {
            algorithm: algorithm(RSA_ENCRYPTION, true),
            subject_public_key: BitString::from_bytes(&public.to_der().unwrap()).unwrap(),
        };
        Self {
            spki: spki.to_der().unwrap(),
            kind: Kind::Rsa(private),
            pkcs8,
        }
    }

    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// RFC 5280 section 4.2.1.2, method 1.
    pub(crate) fn id(&self) -> Vec<u8> {
        let info = SubjectPublicKeyInfoOwned::from_der(&self.spki).unwrap();
        sha1::Sha1::digest(info.subject_public_key.raw_bytes()).to_vec()
    }

    /// How [`Self::sign`] signs; only RSA keys have a choice.
    pub(crate) fn algorithm(&self, hash: Hash) -> AlgorithmIdentifierOwned {
        match &self.kind {
            Kind::Ecdsa(_, oid) => algorithm(*oid, false),
            Kind::Ed25519(_) => algorithm(ID_ED_25519, false),
            Kind::Rsa(_) => algorithm(
                match hash {
                    Hash::Md5 => MD_5_WITH_RSA_ENCRYPTION,
                    Hash::Sha1 => SHA_1_WITH_RSA_ENCRYPTION,
                    Hash::Sha256 => SHA_256_WITH_RSA_ENCRYPTION,
                },
                true,
            ),
        }
    }

    pub(crate) fn sign(&self, message: &[u8], hash: Hash) -> Vec<u8> {
        match &self.kind {
            Kind::Ecdsa(pair, _) => {
                let signature = pair.sign(&SystemRandom::new(), message).unwrap();
                signature.as_ref().to_vec()
            }
            Kind::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Kind::Rsa(key) => key.sign(message, hash),
        }
    }
}

/// RFC 8017 A.1.1.
#[derive(Sequence)]
struct RsaPublicKey {
    modulus: Uint,
    exponent: Uint,
}

/// RFC 8017 A.1.2.
#[derive(Sequence)]
struct RsaPrivateKey {
    version: u8,
    modulus: Uint,
    public_exponent: Uint,
    private_exponent: Uint,
    prime1: Uint,
    prime2: Uint,
    exponent1: Uint,
    exponent2: Uint,
    coefficient: Uint,
}

/// RFC 8017 A.2.4.
#[derive(Sequence)]
struct DigestInfo {
    digest_algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

impl RsaPrivateKey {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.1), in no constant time: the keys are public.
    fn sign(&self, message: &[u8], hash: Hash) -> Vec<u8> {
        let (oid, digest) = match hash {
            Hash::Md5 => (ID_MD_5, md5::Md5::digest(message).to_vec()),
            Hash::Sha1 => (ID_SHA_1, sha1::Sha1::digest(message).to_vec()),
            Hash::Sha256 => (ID_SHA_256, sha2::Sha256::digest(message).to_vec()),
        };
        let info = DigestInfo {
            digest_algorithm: algorithm(oid, true),
            digest: OctetString::new(digest).unwrap(),
        };
        let info = info.to_der().unwrap();
        let length = self.modulus.as_bytes().len();
        let mut encoded = vec![0, 1];
        encoded.resize(length - info.len() - 1, 0xff);
        encoded.push(0);
        encoded.extend(info);
        let number = |uint: &Uint| BigUint::from_bytes_be(uint.as_bytes());
        let signature = BigUint::from_bytes_be(&encoded)
            .modpow(&number(&self.private_exponent), &number(&self.modulus))
            .to_bytes_be();
        [vec![0; length - signature.len()], signature].concat()
    }
}

fn algorithm(oid: ObjectIdentifier, null: bool) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid,
        parameters: null.then(Any::null),
    }
}
