//! The layout of a new file, as OpenSSL lays it out and all readers know it.
//!
//! Two parts: the certificates, leaf first, encrypted as one; then the private key in its own
//! encrypted bag. The leaf and the key have a localKeyID and the same friendlyName. CA certificates
//! have no attributes: with a name, Java and Android would list them as entries of their own, and
//! Apple would keep one of two that share it.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::hmac;
use const_oid::ObjectIdentifier;
use der::asn1::{Any, AnyRef, BmpString, OctetString, OctetStringRef, SetOfVec};
use der::referenced::OwnedToRef;
use der::{Decode, Encode};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};
use x509_cert::attr::{Attribute, Attributes};
use zeroize::Zeroizing;

use crate::asn1::{
    CertBag, ContentInfo, DigestInfo, EncryptedContentInfo, EncryptedData, EncryptedPrivateKeyInfo,
    MacData, Pbes2Params, Pbkdf2Params, Pfx, Pkcs12PbeParams, SafeBag, oid,
};
use crate::builder::Encoding;
use crate::cipher::Cipher;
use crate::digest::Digest;
use crate::error::BuildError;
use crate::kdf::{Purpose, Request, derive, pbkdf2_sha256_together};
use crate::password::PasswordOctets;

/// What goes into a file.
pub(crate) struct Parts<'a> {
    pub(crate) chain: &'a [Vec<u8>],
    pub(crate) friendly_name: Option<BmpString>,
    pub(crate) leaf: &'a [u8],
    pub(crate) pkcs8: &'a [u8],
}

pub(crate) fn encode(
    parts: &Parts<'_>,
    encoding: Encoding,
    iterations: u32,
    password: &PasswordOctets<'_>,
) -> Result<Vec<u8>, BuildError> {
    let secrets = match encoding {
        Encoding::Compat => Secrets::compat(iterations, password)?,
        Encoding::Modern => Secrets::modern(iterations, password)?,
    };
    let attributes = attributes(parts).map_err(BuildError::encode)?;
    let certificates = certificates(parts, &attributes).map_err(BuildError::encode)?;
    let certificates = secrets.certificates.seal(certificates)?;
    let pkcs8 = secrets.key.seal(Zeroizing::new(parts.pkcs8.to_vec()))?;
    let algorithms = (&secrets.certificates.algorithm, &secrets.key.algorithm);
    let content = authenticated_safe(&certificates, &pkcs8, algorithms, attributes)
        .map_err(BuildError::encode)?;
    pfx(&content, &secrets.mac, iterations).map_err(BuildError::encode)
}

/// All that is derived from the password for one file. The salts are fresh for each.
struct Secrets {
    certificates: Seal,
    key: Seal,
    mac: MacSecret,
}

struct Seal {
    algorithm: AlgorithmIdentifierOwned,
    cipher: Cipher,
    iv: Zeroizing<Vec<u8>>,
    key: Zeroizing<Vec<u8>>,
}

struct MacSecret {
    digest: Digest,
    key: Zeroizing<Vec<u8>>,
    salt: Vec<u8>,
}

impl Secrets {
    fn compat(iterations: u32, password: &PasswordOctets<'_>) -> Result<Self, BuildError> {
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

    fn modern(iterations: u32, password: &PasswordOctets<'_>) -> Result<Self, BuildError> {
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
    fn seal(&self, plain: Zeroizing<Vec<u8>>) -> Result<Vec<u8>, BuildError> {
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

fn with_null(oid: ObjectIdentifier) -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef {
        oid,
        parameters: Some(AnyRef::NULL),
    }
}

/// The attributes of the leaf and the key.
fn attributes(parts: &Parts<'_>) -> der::Result<Attributes> {
    let attribute = |oid, value: Any| {
        Ok::<_, der::Error>(Attribute {
            oid,
            values: SetOfVec::from_iter([value])?,
        })
    };
    let key_id = digest(&SHA1_FOR_LEGACY_USE_ONLY, parts.leaf);
    let key_id = Any::encode_from(&OctetString::new(key_id.as_ref())?)?;
    let mut all = vec![attribute(oid::LOCAL_KEY_ID, key_id)?];
    if let Some(name) = &parts.friendly_name {
        all.push(attribute(oid::FRIENDLY_NAME, Any::encode_from(name)?)?);
    }
    SetOfVec::from_iter(all)
}

fn certificates(parts: &Parts<'_>, attributes: &Attributes) -> der::Result<Zeroizing<Vec<u8>>> {
    let leaf = certificate_bag(parts.leaf)?;
    let chain = parts
        .chain
        .iter()
        .map(|der| certificate_bag(der))
        .collect::<Result<Vec<_>, _>>()?;
    let mut bags = vec![SafeBag {
        bag_id: oid::CERT_BAG,
        bag_value: leaf.to_ref(),
        bag_attributes: Some(attributes.clone()),
    }];
    bags.extend(chain.iter().map(|value| SafeBag {
        bag_id: oid::CERT_BAG,
        bag_value: value.to_ref(),
        bag_attributes: None,
    }));
    bags.to_der().map(Zeroizing::new)
}

fn certificate_bag(certificate: &[u8]) -> der::Result<Any> {
    let octets = Any::encode_from(&OctetString::new(certificate)?)?;
    let bag = CertBag {
        cert_id: oid::X509_CERTIFICATE,
        cert_value: octets.to_ref(),
    };
    Any::encode_from(&bag)
}

fn authenticated_safe(
    certificates: &[u8],
    pkcs8: &[u8],
    (certificates_algorithm, key_algorithm): (&AlgorithmIdentifierOwned, &AlgorithmIdentifierOwned),
    attributes: Attributes,
) -> der::Result<Vec<u8>> {
    let encrypted = EncryptedData {
        version: 0,
        encrypted_content_info: EncryptedContentInfo::new(
            certificates_algorithm.owned_to_ref(),
            certificates,
        )?,
    };
    let encrypted = Any::encode_from(&encrypted)?;

    let key = EncryptedPrivateKeyInfo {
        algorithm: key_algorithm.owned_to_ref(),
        encrypted_data: OctetStringRef::new(pkcs8)?,
    };
    let key = Any::encode_from(&key)?;
    let key = vec![SafeBag {
        bag_id: oid::SHROUDED_KEY_BAG,
        bag_value: key.to_ref(),
        bag_attributes: Some(attributes),
    }];
    let key = Any::encode_from(&OctetString::new(key.to_der()?)?)?;

    let contents = vec![
        ContentInfo {
            content_type: oid::ENCRYPTED_DATA,
            content: encrypted.to_ref(),
        },
        ContentInfo {
            content_type: oid::DATA,
            content: key.to_ref(),
        },
    ];
    contents.to_der()
}

fn pfx(content: &[u8], mac: &MacSecret, iterations: u32) -> der::Result<Vec<u8>> {
    let tag = hmac::sign(&hmac::Key::new(mac.digest.hmac(), &mac.key), content);
    let content = Any::encode_from(&OctetString::new(content)?)?;
    let pfx = Pfx {
        version: 3,
        auth_safe: ContentInfo {
            content_type: oid::DATA,
            content: content.to_ref(),
        },
        mac_data: Some(MacData {
            mac: DigestInfo {
                algorithm: with_null(mac.digest.oid()),
                digest: OctetStringRef::new(tag.as_ref())?,
            },
            mac_salt: OctetStringRef::new(&mac.salt)?,
            iterations: iterations.into(),
        }),
    };
    pfx.to_der()
}
