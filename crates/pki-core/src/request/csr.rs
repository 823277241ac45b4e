//! A PKCS#10 certification request (RFC 2986), read and checked.

use const_oid::db::rfc5280::{ID_CE_BASIC_CONSTRAINTS, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME};
use const_oid::db::rfc5912::ID_EXTENSION_REQ;
use der::asn1::{AnyRef, ContextSpecific, SetOfVec};
use der::{Decode, Reader, Sequence, SliceReader, Tag, TagNumber, ValueOrd};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::ext::{Extension, Extensions};
use x509_cert::request::Version;
use x509_identity::{
    DistinguishedName, ObjectIdentifier, ParseError, PublicKeyAlgorithm, SubjectAltName,
};

use crate::key::{self, BoxError};
use crate::pem::{self, Label, PemError};
use crate::verify::signature::Signed;
use crate::{KeyKind, WeakKey};

/// A certification request whose signature is good: whoever made it holds the private key.
///
/// It gives a public key and the requested names, and says whether it [asks for the certificate of a CA](Self::asks_for_ca),
/// which no leaf's profile gives. Everything else in it (any other key usage, any other extension) is not read, so it
/// cannot reach a certificate.
#[derive(Clone, Debug)]
pub struct CertificateRequest {
    der: Vec<u8>,
    public_key: Vec<u8>,
    key_kind: KeyKind,
    requested_names: RequestedNames,
    asks_for_ca: bool,
}

/// The names that a CSR asks for. Nothing is certified until a profile allows it.
#[derive(Clone, Debug)]
pub struct RequestedNames {
    subject: DistinguishedName,
    sans: Vec<SubjectAltName>,
}

/// Why a certification request is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsrError {
    /// The signature is not by the key in the request.
    #[error("the request's signature does not match its public key")]
    BadSignature,

    /// Nothing was there to read.
    #[error("the certificate request is empty")]
    Empty,

    /// Not a PKCS#10 request.
    #[error("the certificate request is malformed")]
    Malformed(#[source] BoxError),

    /// A name in it cannot be read exactly as it was meant.
    #[error("a name in the certificate request cannot be read")]
    Name(#[source] ParseError),

    /// PEM text without a request in it.
    #[error("no `CERTIFICATE REQUEST` block was found")]
    NotACsr,

    /// Larger than any sensible request.
    #[error("the certificate request has {got} bytes, more than the {limit} allowed")]
    TooLarge {
        /// The largest that is accepted, in bytes.
        limit: usize,
        /// Its size, in bytes.
        got: usize,
    },

    /// A key whose private half can be found, or that is no key.
    #[error("the key in the certificate request is not safe")]
    UnsafeKey(#[source] WeakKey),

    /// A key that is too weak, or of a kind that is not used here.
    #[error(
        "{found} keys are not certified; use P-256, P-384, P-521, RSA 2048, 3072 or 4096, Ed25519 or ML-DSA"
    )]
    WeakKey {
        /// The key that was found.
        found: String,
    },
}

impl CertificateRequest {
    /// Reads PEM text (`CERTIFICATE REQUEST` or `NEW CERTIFICATE REQUEST`).
    ///
    /// # Errors
    ///
    /// As [`from_der`](Self::from_der), and [`CsrError::NotACsr`] where the block is missing.
    pub fn from_pem(text: &[u8]) -> Result<Self, CsrError> {
        check_size(text)?;
        let malformed = |error: PemError| CsrError::Malformed(error.into());
        let file = pem::read(text).map_err(malformed)?;
        let request = file
            .sections()
            .find(|section| section.label() == Label::CertificateRequest)
            .ok_or(CsrError::NotACsr)?;
        Self::from_der(&request.der().map_err(malformed)?)
    }

    /// Reads PEM text or DER, whichever it is.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem) and [`from_der`](Self::from_der).
    pub fn from_pem_or_der(bytes: &[u8]) -> Result<Self, CsrError> {
        match pem::is_der(bytes) {
            true => Self::from_der(pem::der_value(bytes)),
            false => Self::from_pem(bytes),
        }
    }

    /// Reads DER, of at most 64 KiB, and checks the signature.
    ///
    /// # Errors
    ///
    /// [`CsrError`] says what is wrong with it.
    pub fn from_der(der: &[u8]) -> Result<Self, CsrError> {
        check_size(der)?;
        let signed = Signed::from_der(der).map_err(malformed)?;
        let RequestInfo {
            subject,
            public_key,
            attributes,
        } = RequestInfo::from_der(signed.message).map_err(malformed)?;
        let algorithm = PublicKeyAlgorithm::from_spki(public_key).map_err(CsrError::Name)?;
        let key_kind = KeyKind::of_public_key(algorithm).ok_or_else(|| CsrError::WeakKey {
            found: algorithm.to_string(),
        })?;
        check_signature(&signed, algorithm, public_key)?;
        let extensions = requested_extensions(&attributes)?;
        let requested_names = RequestedNames {
            subject: DistinguishedName::from_der(subject).map_err(CsrError::Name)?,
            sans: requested_sans(&extensions)?,
        };
        Ok(Self {
            der: der.to_vec(),
            public_key: public_key.to_vec(),
            key_kind,
            requested_names,
            asks_for_ca: asks_for_ca(&extensions)?,
        })
    }

    /// The request as it was read, which says what was asked for where that matters later.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The key to certify, as `SubjectPublicKeyInfo` DER.
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key
    }

    /// The kind of that key.
    #[must_use]
    pub fn key_kind(&self) -> KeyKind {
        self.key_kind
    }

    /// Whether it asks for the certificate of a CA: by basic constraints that say so, or by a key usage with keyCertSign.
    #[must_use]
    pub fn asks_for_ca(&self) -> bool {
        self.asks_for_ca
    }

    /// The names it asks for.
    #[must_use]
    pub fn requested_names(&self) -> &RequestedNames {
        &self.requested_names
    }
}

impl RequestedNames {
    /// The subject that is asked for; may be empty.
    #[must_use]
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// The alternative names that are asked for.
    #[must_use]
    pub fn sans(&self) -> &[SubjectAltName] {
        &self.sans
    }
}

/// `CertificationRequestInfo` (RFC 2986 section 4.1), where it stands: its names and its key are read by others.
///
/// ```text
/// CertificationRequestInfo ::= SEQUENCE {
///      version       INTEGER { v1(0) } (v1,...),
///      subject       Name,
///      subjectPKInfo SubjectPublicKeyInfo{{ PKInfoAlgorithms }},
///      attributes    [0] Attributes{{ CRIAttributes }} }
/// ```
struct RequestInfo<'a> {
    subject: &'a [u8],
    public_key: &'a [u8],
    attributes: SetOfVec<RequestAttribute<'a>>,
}

/// `Attribute` (RFC 2986 section 4.1).
///
/// ```text
/// Attribute ::= SEQUENCE {
///      type   ATTRIBUTE.&id({IOSet}),
///      values SET SIZE(1..MAX) OF ATTRIBUTE.&Type({IOSet}{@type}) }
/// ```
#[derive(Sequence, ValueOrd)]
struct RequestAttribute<'a> {
    oid: ObjectIdentifier,
    values: SetOfVec<AnyRef<'a>>,
}

impl<'a> RequestInfo<'a> {
    fn from_der(der: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let info = reader.sequence(|fields| {
            let _v1 = Version::decode(fields)?;
            let subject = fields.tlv_bytes()?;
            let public_key = fields.tlv_bytes()?;
            let attributes = ContextSpecific::decode_implicit(fields, TagNumber(0))?;
            let attributes = attributes.ok_or_else(|| Tag::Set.value_error())?.value;
            Ok::<_, der::Error>(Self {
                subject,
                public_key,
                attributes,
            })
        })?;
        reader.finish()?;
        Ok(info)
    }
}

/// Whether the key is one that may be certified, and has made the signature.
fn check_signature(
    signed: &Signed<'_>,
    algorithm: PublicKeyAlgorithm,
    public_key: &[u8],
) -> Result<(), CsrError> {
    let check = || key::check(algorithm, public_key).map_err(CsrError::UnsafeKey);
    let is_point = key::is_uncompressed_point(algorithm, public_key);
    // Some signatures by weak keys cannot even be verified, or take long. A point with which a signature was verified is
    // known to lie on its curve.
    if !is_point {
        check()?;
    }
    if signed.is_by(public_key) {
        return Ok(());
    }
    check()?;
    Err(CsrError::BadSignature)
}

/// What is inside of extensionRequest attributes (RFC 2985 section 5.4.2).
fn requested_extensions(
    attributes: &SetOfVec<RequestAttribute<'_>>,
) -> Result<Vec<Extension>, CsrError> {
    let mut requested = Vec::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.oid == ID_EXTENSION_REQ)
    {
        for value in attribute.values.iter() {
            let extensions: Extensions = value.decode_as().map_err(malformed)?;
            requested.extend(extensions);
        }
    }
    Ok(requested)
}

fn requested_sans(extensions: &[Extension]) -> Result<Vec<SubjectAltName>, CsrError> {
    let mut sans = Vec::new();
    for value in values(extensions, ID_CE_SUBJECT_ALT_NAME) {
        let names = SubjectAltName::list_from_extension(value);
        sans.extend(names.map_err(CsrError::Name)?);
    }
    Ok(sans)
}

fn asks_for_ca(extensions: &[Extension]) -> Result<bool, CsrError> {
    for value in values(extensions, ID_CE_BASIC_CONSTRAINTS) {
        if BasicConstraints::from_der(value).map_err(malformed)?.ca {
            return Ok(true);
        }
    }
    // Nothing else of a key usage matters here, nor whether it is well-formed.
    let may_sign =
        |value| KeyUsage::from_der(value).is_ok_and(|usage: KeyUsage| usage.key_cert_sign());
    Ok(values(extensions, ID_CE_KEY_USAGE).any(may_sign))
}

fn values(extensions: &[Extension], wanted: ObjectIdentifier) -> impl Iterator<Item = &[u8]> {
    let of_kind = extensions.iter().filter(move |it| it.extn_id == wanted);
    of_kind.map(|extension| extension.extn_value.as_bytes())
}

fn check_size(bytes: &[u8]) -> Result<(), CsrError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(CsrError::Empty);
    }
    if bytes.len() > MAX_CSR {
        return Err(CsrError::TooLarge {
            limit: MAX_CSR,
            got: bytes.len(),
        });
    }
    Ok(())
}

fn malformed(error: der::Error) -> CsrError {
    CsrError::Malformed(error.into())
}

const MAX_CSR: usize = 64 * 1024;
