//! A profile in a CMS `SignedData` (RFC 5652 section 5).

use aws_lc_rs::digest;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{
    ID_CONTENT_TYPE, ID_DATA, ID_MESSAGE_DIGEST, ID_SIGNED_DATA, ID_SIGNING_TIME,
};
use const_oid::db::rfc5912::{ID_SHA_256, ID_SHA_384, ID_SHA_512};
use der::asn1::{Any, AnyRef, OctetStringRef, SetOfVec};
use der::{DateTime, Decode as _, Encode as _, EncodeValue, Tag, Tagged};
use pki_core::{SignatureAlgorithm, Signer};
use spki::AlgorithmIdentifierOwned;
use time::OffsetDateTime;
use x509_cert::attr::{Attribute, Attributes};
use x509_cert::time::Time;
use x509_identity::{Certificate, KeyUsageBit};
use zeroize::Zeroizing;

use super::error::SignProfileError;
use crate::asn1::{
    ContentInfo, EncapsulatedContentInfo, IssuerAndSerialNumber, SignedData, SignerInfo,
};
use crate::link;

/// Signs `content` with the key whose certificate is the first of `chain`.
pub(super) fn sign(
    content: &[u8],
    signer: &dyn Signer,
    chain: &[Certificate],
    now: OffsetDateTime,
) -> Result<Zeroizing<Vec<u8>>, SignProfileError> {
    let algorithms = Algorithms::of(signer.algorithm())?;
    let certificate = check(signer, chain, now)?;
    let attributes = signed_attributes(&algorithms, content, now)?;
    // RFC 5652 section 5.4: what is signed is the SET OF itself, not with its implicit tag.
    let message = attributes.to_der().map_err(SignProfileError::encode)?;
    let signature = signer.sign(&message).map_err(SignProfileError::Sign)?;
    let signer_info = signer_info(certificate, &algorithms, attributes, &signature)
        .map_err(SignProfileError::encode)?;
    encode(content, chain, &algorithms, &signer_info).map_err(SignProfileError::encode)
}

/// How the content is hashed, and how the hash is signed.
struct Algorithms {
    digest: &'static digest::Algorithm,
    digest_oid: ObjectIdentifier,
    signature: AlgorithmIdentifierOwned,
}

impl Algorithms {
    fn of(algorithm: SignatureAlgorithm) -> Result<Self, SignProfileError> {
        let (digest, digest_oid) = match algorithm {
            SignatureAlgorithm::EcdsaSha256 | SignatureAlgorithm::RsaSha256 => {
                (&digest::SHA256, ID_SHA_256)
            }
            SignatureAlgorithm::EcdsaSha384 => (&digest::SHA384, ID_SHA_384),
            SignatureAlgorithm::EcdsaSha512 => (&digest::SHA512, ID_SHA_512),
            _ => return Err(SignProfileError::Algorithm),
        };
        Ok(Self {
            digest,
            digest_oid,
            signature: algorithm.identifier(),
        })
    }

    /// RFC 5754 section 2: without parameters.
    fn digest_identifier(&self) -> AlgorithmIdentifierOwned {
        AlgorithmIdentifierOwned {
            oid: self.digest_oid,
            parameters: None,
        }
    }
}

/// The certificate of the signer, if it is for this key, for signatures and for now, and the others lead up from it.
fn check<'a>(
    signer: &dyn Signer,
    chain: &'a [Certificate],
    now: OffsetDateTime,
) -> Result<&'a Certificate, SignProfileError> {
    let certificate = chain.first().ok_or(SignProfileError::NoCertificate)?;
    let subject = || certificate.subject().to_string();
    if certificate.spki_der() != signer.public_key_der() {
        return Err(SignProfileError::KeyCertMismatch { subject: subject() });
    }
    let signs = |usage: x509_identity::KeyUsage| usage.contains(KeyUsageBit::DigitalSignature);
    if !certificate.key_usage().is_none_or(signs) {
        return Err(SignProfileError::KeyUsage { subject: subject() });
    }
    let (from, to) = (certificate.not_before(), certificate.not_after());
    if !(from..=to).contains(&now) {
        return Err(SignProfileError::NotValidNow {
            subject: subject(),
            from,
            to,
        });
    }
    for (index, pair) in chain.windows(2).enumerate() {
        link::check(&pair[0], &pair[1]).map_err(|reason| SignProfileError::ChainBroken {
            position: index + 2,
            reason,
        })?;
    }
    Ok(certificate)
}

/// RFC 5652 section 11: what is signed, and when.
fn signed_attributes(
    algorithms: &Algorithms,
    content: &[u8],
    now: OffsetDateTime,
) -> Result<Attributes, SignProfileError> {
    let digest = digest::digest(algorithms.digest, content);
    let attributes = || {
        let digest = OctetStringRef::new(digest.as_ref())?;
        SetOfVec::try_from(vec![
            attribute(ID_CONTENT_TYPE, &ID_DATA)?,
            attribute(ID_MESSAGE_DIGEST, &digest)?,
            attribute(ID_SIGNING_TIME, &signing_time(now)?)?,
        ])
    };
    attributes().map_err(SignProfileError::encode)
}

fn attribute<T: EncodeValue + Tagged>(oid: ObjectIdentifier, value: &T) -> der::Result<Attribute> {
    Ok(Attribute {
        oid,
        values: SetOfVec::try_from(vec![Any::encode_from(value)?])?,
    })
}

/// RFC 5652 section 11.3: UTCTime up to 2049, GeneralizedTime from 2050.
fn signing_time(now: OffsetDateTime) -> der::Result<Time> {
    let seconds = u64::try_from(now.unix_timestamp()).map_err(|_| der::ErrorKind::DateTime)?;
    let since_epoch = std::time::Duration::from_secs(seconds);
    DateTime::from_unix_duration(since_epoch).map(Time::from)
}

fn signer_info<'a>(
    certificate: &'a Certificate,
    algorithms: &Algorithms,
    signed_attrs: Attributes,
    signature: &'a [u8],
) -> der::Result<SignerInfo<'a>> {
    Ok(SignerInfo {
        version: 1,
        sid: IssuerAndSerialNumber {
            issuer: AnyRef::from_der(certificate.issuer_der())?,
            serial_number: AnyRef::new(Tag::Integer, certificate.serial().as_bytes())?,
        },
        digest_algorithm: algorithms.digest_identifier(),
        signed_attrs,
        signature_algorithm: algorithms.signature.clone(),
        signature: OctetStringRef::new(signature)?,
    })
}

fn encode(
    content: &[u8],
    chain: &[Certificate],
    algorithms: &Algorithms,
    signer_info: &SignerInfo<'_>,
) -> der::Result<Zeroizing<Vec<u8>>> {
    let certificates: der::Result<Vec<_>> = chain
        .iter()
        .map(|certificate| Any::from_der(certificate.der()))
        .collect();
    let signed_data = SignedData {
        version: 1,
        digest_algorithms: SetOfVec::try_from(vec![algorithms.digest_identifier()])?,
        encap_content_info: EncapsulatedContentInfo {
            content_type: ID_DATA,
            content: OctetStringRef::new(content)?,
        },
        certificates: SetOfVec::try_from(certificates?)?,
        signer_infos: SetOfVec::try_from(vec![Any::encode_from(signer_info)?])?,
    };
    // A profile may have a password in it.
    let signed_data = Zeroizing::new(signed_data.to_der()?);
    let whole = ContentInfo {
        content_type: ID_SIGNED_DATA,
        content: AnyRef::from_der(signed_data.as_slice())?,
    };
    whole.to_der().map(Zeroizing::new)
}
