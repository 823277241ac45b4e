//! Signatures and keys: which are accepted, and whether a key made a signature.

pub(crate) mod algorithm_name;
mod pss;

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Reader, SliceReader};
use x509_identity::{Certificate, PublicKeyAlgorithm};

use super::VerifyError;
use super::path::label;

use self::algorithm_name::algorithm_name;
use self::pss::PssParameters;

/// What is signed, by which algorithm, and the signature: the outer shape of certificates and CRLs.
#[derive(Clone, Copy)]
pub(crate) struct Signed<'a> {
    /// The to-be-signed structure, tag and length included.
    pub(crate) message: &'a [u8],
    /// The content of the AlgorithmIdentifier.
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Takes `SEQUENCE { tbs, AlgorithmIdentifier, BIT STRING }` apart.
    pub(crate) fn from_der(der: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let signed = reader.sequence(|fields| {
            let message = fields.tlv_bytes()?;
            let algorithm = sequence_content(fields)?;
            let signature = whole_bytes(BitStringRef::decode(fields)?)?;
            Ok::<_, der::Error>(Self {
                message,
                algorithm,
                signature,
            })
        })?;
        reader.finish()?;
        Ok(signed)
    }

    /// Whether the algorithm is one that any key could pass with.
    pub(crate) fn has_accepted_algorithm(&self) -> bool {
        webpki::ALL_VERIFICATION_ALGS
            .iter()
            .any(|accepted| accepted.signature_alg_id().as_ref() == self.algorithm)
    }

    /// Whether the algorithm is accepted, and not with these parameters.
    fn has_other_parameters(&self) -> bool {
        let identifier = SliceReader::new(self.algorithm).and_then(|mut reader| reader.tlv_bytes());
        identifier.is_ok_and(|identifier| {
            webpki::ALL_VERIFICATION_ALGS
                .iter()
                .any(|accepted| accepted.signature_alg_id().as_ref().starts_with(identifier))
        })
    }

    /// Whether the key in this SubjectPublicKeyInfo made the signature, by an accepted algorithm.
    pub(crate) fn is_by(&self, spki_der: &[u8]) -> bool {
        let Ok((key_algorithm, key)) = key_parts(spki_der) else {
            return false;
        };
        webpki::ALL_VERIFICATION_ALGS
            .iter()
            .filter(|accepted| {
                accepted.signature_alg_id().as_ref() == self.algorithm
                    && accepted.public_key_alg_id().as_ref() == key_algorithm
            })
            .any(|accepted| {
                accepted
                    .verify_signature(key, self.message, self.signature)
                    .is_ok()
            })
    }
}

/// Whether the key in this `SubjectPublicKeyInfo` made the signature on `message`, by whichever algorithm for such keys
/// is accepted: what [`Signer::sign`](crate::Signer::sign) makes of a message that is neither a certificate nor a CRL.
#[must_use]
pub fn is_message_signed_by(message: &[u8], signature: &[u8], spki_der: &[u8]) -> bool {
    webpki::ALL_VERIFICATION_ALGS.iter().any(|accepted| {
        let algorithm = accepted.signature_alg_id();
        let signed = Signed {
            message,
            algorithm: algorithm.as_ref(),
            signature,
        };
        signed.is_by(spki_der)
    })
}

/// Whether the key of `issuer` made the signature on `certificate`, by an algorithm that is accepted.
///
/// That alone does not make a path: names, times, usages and constraints are for
/// [`ChainVerifier`](super::ChainVerifier).
#[must_use]
pub fn is_signed_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    Signed::from_der(certificate.der()).is_ok_and(|signed| signed.is_by(issuer.spki_der()))
}

/// Whether the signature's algorithm is one that any key could pass with.
#[must_use]
pub fn has_accepted_algorithm(certificate: &Certificate) -> bool {
    Signed::from_der(certificate.der()).is_ok_and(|signed| signed.has_accepted_algorithm())
}

/// Kind and size of a key that is not accepted, for the message; `None` for a good one.
pub(crate) fn weak_key(certificate: &Certificate) -> Option<String> {
    match certificate.public_key_algorithm() {
        PublicKeyAlgorithm::Rsa { bits } if bits < MIN_RSA_BITS => {
            Some(format!("RSA of {bits} bits"))
        }
        kind @ PublicKeyAlgorithm::Other(_) => Some(kind.to_string()),
        _ => None,
    }
}

/// How a certificate is signed, where that is not accepted.
pub(crate) fn weak_signature(certificate: &Certificate) -> VerifyError {
    let subject = label(certificate);
    let signed = Signed::from_der(certificate.der()).ok();
    let parameters = signed.and_then(|signed| PssParameters::of_algorithm(signed.algorithm));
    let algorithm = algorithm_name(certificate.signature_algorithm());
    match parameters {
        Some(parameters) => VerifyError::PssParameters {
            subject,
            parameters: parameters.to_string(),
        },
        None if signed.is_some_and(|signed| signed.has_other_parameters()) => {
            VerifyError::SignatureParameters { subject, algorithm }
        }
        None => VerifyError::WeakSignature { subject, algorithm },
    }
}

/// The content of the subjectPublicKey BIT STRING, which is what key identifiers hash.
pub(crate) fn key_bits(spki_der: &[u8]) -> der::Result<&[u8]> {
    key_parts(spki_der).map(|(_, key)| key)
}

/// The content of the AlgorithmIdentifier, and the key bits.
fn key_parts(spki_der: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(spki_der)?;
    reader.sequence(|fields| {
        let algorithm = sequence_content(fields)?;
        let key = whole_bytes(BitStringRef::decode(fields)?)?;
        Ok((algorithm, key))
    })
}

fn sequence_content<'a>(reader: &mut SliceReader<'a>) -> der::Result<&'a [u8]> {
    let any = AnyRef::decode(reader)?;
    der::Tagged::tag(&any).assert_eq(der::Tag::Sequence)?;
    Ok(any.value())
}

fn whole_bytes(bits: BitStringRef<'_>) -> der::Result<&[u8]> {
    bits.as_bytes().ok_or_else(|| {
        der::ErrorKind::Value {
            tag: der::Tag::BitString,
        }
        .into()
    })
}

/// RFC 9325 section 4.2 and the CA/Browser Forum agree on it.
const MIN_RSA_BITS: u32 = 2048;
