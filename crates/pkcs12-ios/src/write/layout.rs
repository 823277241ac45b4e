//! The layout of a new file, as OpenSSL lays it out and all readers know it.
//!
//! Two parts: the certificates, leaf first, encrypted as one; then the private key in its own
//! encrypted bag. The leaf and the key have a localKeyID and the same friendlyName. CA certificates
//! have no attributes: with a name, Java and Android would list them as entries of their own, and
//! Apple would keep one of two that share it.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::hmac;
use der::Encode;
use der::asn1::{Any, BmpString, OctetString, OctetStringRef, SetOfVec};
use der::referenced::OwnedToRef;
use pbe::{EncryptedPrivateKeyInfo, PasswordOctets};
use spki::AlgorithmIdentifierOwned;
use x509_cert::attr::{Attribute, Attributes};
use zeroize::Zeroizing;

use super::encoding::Encoding;
use super::error::BuildError;
use super::secrets::{MacSecret, Secrets, with_null};
use crate::asn1::{
    CertBag, ContentInfo, DigestInfo, EncryptedContentInfo, EncryptedData, MacData, Pfx, SafeBag,
    oid,
};

/// What goes into a file.
pub(crate) struct Parts<'a> {
    pub(crate) chain: Vec<&'a [u8]>,
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
        version: 3.into(),
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
