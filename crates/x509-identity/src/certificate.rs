use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::OnceLock;

use const_oid::ObjectIdentifier;
use der::asn1::{BitStringRef, IntRef};
use der::pem::LineEnding;
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierRef;
use time::OffsetDateTime;

use crate::extension::{Known, parse_extensions};
use crate::name::Names;
use crate::pem;
use crate::tlv::{self, Fields, INTEGER, SEQUENCE, constructed_context, context};
use crate::validity::parse_time;
use crate::{
    BasicConstraints, DistinguishedName, Extension, KeyUsage, ParseError, PublicKeyAlgorithm,
    SerialNumber, SubjectAltName,
};

/// An X.509 certificate (RFC 5280 4.1), parsed once.
///
/// Equality and hashing are those of the DER.
#[derive(Clone)]
pub struct Certificate {
    pub(crate) der: Box<[u8]>,
    /// Where the TBSCertificate begins. The ranges count from here, so that a signature of another length moves none.
    pub(crate) tbs_start: usize,
    tbs_len: usize,
    version: u8,
    serial: SerialNumber,
    signature_algorithm: ObjectIdentifier,
    issuer: DistinguishedName,
    issuer_range: Range<usize>,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    subject: DistinguishedName,
    subject_range: Range<usize>,
    spki_range: Range<usize>,
    public_key_algorithm: PublicKeyAlgorithm,
    has_unique_ids: bool,
    extensions: Vec<StoredExtension>,
    known: Known,
    // Nobody asks for those of most CA certificates and of none that is being issued.
    pub(crate) fingerprint_sha256: OnceLock<[u8; 32]>,
    spki_sha256: OnceLock<[u8; 32]>,
    pub(crate) pem: OnceLock<Box<str>>,
}

#[derive(Clone)]
struct StoredExtension {
    oid: ObjectIdentifier,
    critical: bool,
    value: Range<usize>,
}

impl Certificate {
    /// Parses one DER certificate of at most [`MAX_CERTIFICATE_LEN`] bytes.
    ///
    /// # Errors
    ///
    /// [`ParseError`] says what cannot be read or represented exactly. Unknown extensions and
    /// algorithms are not an error; see [`critical_extensions`](Self::critical_extensions).
    pub fn from_der(der: &[u8]) -> Result<Self, ParseError> {
        Self::parse(der, Names::Asked)
    }

    /// Parses a certificate that is trusted as it is. Only its key and its restrictions matter, so
    /// names in it that cannot be read are skipped.
    ///
    /// # Errors
    ///
    /// As [`from_der`](Self::from_der), but for names.
    pub fn trust_anchor_from_der(der: &[u8]) -> Result<Self, ParseError> {
        Self::parse(der, Names::NotAsked)
    }

    /// Parses the first certificate of a PEM file, which is the one that a server or client
    /// presents as its own. Everything else in the file is skipped, text and keys included. A file
    /// of one certificate in DER is taken, too.
    ///
    /// ```
    /// # fn read(file: &[u8]) -> Result<(), x509_identity::ParseError> {
    /// let certificate = x509_identity::Certificate::from_pem(file)?;
    /// println!("{}", certificate.subject());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ParseError::Pem`] and [`ParseError::NoCertificate`], and what [`from_der`](Self::from_der) says.
    pub fn from_pem(pem: &[u8]) -> Result<Self, ParseError> {
        if pem::is_der(pem) {
            return Self::from_der(pem::der_value(pem));
        }
        let file = pem::read(pem)?;
        let section = file
            .sections()
            .find(|section| section.label().is_certificate())
            .ok_or_else(|| ParseError::NoCertificate {
                found: file.describe(),
            })?;
        Self::from_der(&section.der()?)
    }

    /// The subject of a certificate, also where [`from_der`](Self::from_der) refuses the rest of it; `None` where the
    /// subject itself cannot be read. For messages about a certificate that is refused, and nothing else.
    pub fn subject_of_unreadable(der: &[u8]) -> Option<DistinguishedName> {
        if der.len() > MAX_CERTIFICATE_LEN {
            return None;
        }
        let what = "certificate";
        let mut outer = Fields::new(der, what).ok()?;
        let mut certificate = Fields::new(outer.required(SEQUENCE).ok()?.value, what).ok()?;
        let mut tbs = Fields::new(certificate.required(SEQUENCE).ok()?.value, what).ok()?;
        tbs.optional(constructed_context(0)).ok()?;
        // serialNumber, signature, issuer, validity.
        for _ in 0..4 {
            tbs.next().ok()?;
        }
        DistinguishedName::from_der(tbs.required(SEQUENCE).ok()?.der).ok()
    }

    fn parse(der: &[u8], names: Names) -> Result<Self, ParseError> {
        if der.len() > MAX_CERTIFICATE_LEN {
            let what = "certificate";
            return Err(ParseError::TooLong {
                what,
                len: der.len(),
                limit: MAX_CERTIFICATE_LEN,
            });
        }
        let mut certificate = Fields::within(der, SEQUENCE, "certificate")?;
        let whole_tbs = certificate.required(SEQUENCE)?;
        let within = |part: &[u8]| range_within(whole_tbs.der, part);
        let mut tbs = Fields::new(whole_tbs.value, "tbsCertificate")?;
        let signature_algorithm = certificate.required(SEQUENCE)?;
        let _signature: BitStringRef<'_> = certificate.decode()?;
        certificate.finish()?;

        let version = match tbs.optional(constructed_context(0))? {
            Some(explicit) => parse_version(explicit.value)?,
            None => 1,
        };
        let serial = tbs.required(INTEGER)?;
        tlv::decode::<IntRef<'_>>(serial.der, "serialNumber")?;
        if tbs.required(SEQUENCE)?.der != signature_algorithm.der {
            return Err(ParseError::SignatureAlgorithmMismatch);
        }
        let algorithm: AlgorithmIdentifierRef<'_> =
            tlv::decode(signature_algorithm.der, "signatureAlgorithm")?;
        let issuer = tbs.required(SEQUENCE)?.der;
        let mut validity = Fields::new(tbs.required(SEQUENCE)?.value, "validity")?;
        let not_before = parse_time(validity.next()?, "notBefore")?;
        let not_after = parse_time(validity.next()?, "notAfter")?;
        validity.finish()?;
        let subject = tbs.required(SEQUENCE)?.der;
        let spki = tbs.required(SEQUENCE)?.der;
        let issuer_unique_id = tbs.optional(context(1))?;
        let subject_unique_id = tbs.optional(context(2))?;
        let (extensions, known) = match tbs.optional(constructed_context(3))? {
            Some(_) if version < 3 => return Err(ParseError::ExtensionsBeforeV3(version)),
            Some(explicit) => parse_extensions(explicit.value, names)?,
            None => Default::default(),
        };
        tbs.finish()?;

        Ok(Self {
            version,
            serial: SerialNumber::from_integer(serial.value),
            signature_algorithm: algorithm.oid,
            issuer: DistinguishedName::parse(issuer, names)?,
            issuer_range: within(issuer),
            not_before,
            not_after,
            subject: DistinguishedName::parse(subject, names)?,
            subject_range: within(subject),
            spki_range: within(spki),
            public_key_algorithm: PublicKeyAlgorithm::from_spki(spki)?,
            has_unique_ids: issuer_unique_id.is_some() || subject_unique_id.is_some(),
            extensions: extensions
                .into_iter()
                .map(
                    |Extension {
                         oid,
                         critical,
                         value,
                     }| StoredExtension {
                        oid,
                        critical,
                        value: within(value),
                    },
                )
                .collect(),
            known,
            fingerprint_sha256: OnceLock::new(),
            spki_sha256: OnceLock::new(),
            pem: OnceLock::new(),
            tbs_start: range_within(der, whole_tbs.der).start,
            tbs_len: whole_tbs.der.len(),
            der: der.into(),
        })
    }

    /// The certificate as it was given.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as PEM (RFC 7468 section 5), written once: that of a CA goes out with each certificate below it.
    ///
    /// # Panics
    ///
    /// Never: certificates are at most 64 KiB.
    pub fn pem(&self) -> &str {
        self.pem.get_or_init(|| {
            let text = der::pem::encode_string("CERTIFICATE", LineEnding::LF, &self.der);
            text.expect("a certificate of at most 64 KiB can be written as PEM")
                .into_boxed_str()
        })
    }

    /// The TBSCertificate as DER, octet for octet: what the signature is over.
    pub fn tbs_der(&self) -> &[u8] {
        self.part(&(0..self.tbs_len))
    }

    /// 1, 2 or 3.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// The serial number.
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// Whom the certificate names. May be empty.
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// Who signed it, by its own account.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// The subject as DER, octet for octet.
    pub fn subject_der(&self) -> &[u8] {
        self.part(&self.subject_range)
    }

    /// The issuer as DER, octet for octet.
    pub fn issuer_der(&self) -> &[u8] {
        self.part(&self.issuer_range)
    }

    /// Whether subject and issuer are the same octets. Says nothing about who signed.
    pub fn is_self_issued(&self) -> bool {
        self.subject_der() == self.issuer_der()
    }

    /// Whether its issuer is the subject of `ca`, as RFC 5280 section 7.1 compares names. Says nothing
    /// about who signed.
    pub fn names_issuer(&self, ca: &Self) -> bool {
        // Octets first: they are the same nearly always.
        self.issuer_der() == ca.subject_der() || self.issuer.matches(&ca.subject)
    }

    /// The first moment of validity.
    pub fn not_before(&self) -> OffsetDateTime {
        self.not_before
    }

    /// The last second of validity.
    pub fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// The algorithm of the signature.
    pub fn signature_algorithm(&self) -> ObjectIdentifier {
        self.signature_algorithm
    }

    /// The whole SubjectPublicKeyInfo as DER.
    pub fn spki_der(&self) -> &[u8] {
        self.part(&self.spki_range)
    }

    /// The kind and size of the public key. That the key is a valid one is not checked.
    pub fn public_key_algorithm(&self) -> PublicKeyAlgorithm {
        self.public_key_algorithm
    }

    /// Whether it has an issuerUniqueID or a subjectUniqueID (RFC 5280 4.1.2.8). Nothing here uses
    /// them.
    pub fn has_unique_ids(&self) -> bool {
        self.has_unique_ids
    }

    /// SHA-256 of the DER.
    pub fn fingerprint_sha256(&self) -> &[u8; 32] {
        self.fingerprint_sha256
            .get_or_init(|| Sha256::digest(&self.der).into())
    }

    /// SHA-256 of the SubjectPublicKeyInfo: what a pin compares (RFC 7469 2.4).
    pub fn spki_sha256(&self) -> &[u8; 32] {
        self.spki_sha256
            .get_or_init(|| Sha256::digest(self.spki_der()).into())
    }

    /// The subject alternative names in their order; empty without the extension.
    pub fn sans(&self) -> &[SubjectAltName] {
        &self.known.sans
    }

    /// The key usages, if the certificate restricts them.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.known.key_usage
    }

    /// The purposes, if the certificate restricts them. Empty where it names only ones that cannot be
    /// represented (see [`ParseError::Der`]).
    pub fn extended_key_usage(&self) -> Option<&[ObjectIdentifier]> {
        self.known.extended_key_usage.as_deref()
    }

    /// The basic constraints extension, if there is one.
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.known.basic_constraints
    }

    /// Whether basic constraints say that this is a CA. Never for versions 1 and 2.
    pub fn is_ca(&self) -> bool {
        self.known
            .basic_constraints
            .is_some_and(|constraints| constraints.ca)
    }

    /// The subject key identifier.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.known.subject_key_id.as_deref()
    }

    /// The key identifier of the authority key identifier extension.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.known.authority_key_id.as_deref()
    }

    /// The URIs of all CRL distribution points.
    pub fn crl_distribution_points(&self) -> &[String] {
        &self.known.crl_distribution_points
    }

    /// All extensions in their order. Extensions that are not critical and whose type cannot be
    /// represented are left out (see [`ParseError::Der`]). No type appears twice.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'_>> {
        self.extensions.iter().map(|stored| self.read(stored))
    }

    /// The extension of this type, if it is there. One that [`extensions`](Self::extensions) leaves out is not.
    pub fn extension(&self, oid: ObjectIdentifier) -> Option<Extension<'_>> {
        let mut extensions = self.extensions.iter();
        extensions
            .find(|stored| stored.oid == oid)
            .map(|stored| self.read(stored))
    }

    /// The types of the critical extensions. A verifier has to understand each of them.
    pub fn critical_extensions(&self) -> impl Iterator<Item = ObjectIdentifier> {
        self.extensions
            .iter()
            .filter(|stored| stored.critical)
            .map(|stored| stored.oid)
    }

    fn read(&self, stored: &StoredExtension) -> Extension<'_> {
        Extension {
            oid: stored.oid,
            critical: stored.critical,
            value: self.part(&stored.value),
        }
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der
            .get(self.tbs_start..)
            .and_then(|tbs| tbs.get(range.clone()))
            .expect("the range was taken from these bytes")
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl Hash for Certificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fingerprint_sha256().hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .field("serial", &self.serial)
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .field("sans", &self.known.sans)
            .finish_non_exhaustive()
    }
}

/// Version ::= INTEGER { v1(0), v2(1), v3(2) }
fn parse_version(explicit: &[u8]) -> Result<u8, ParseError> {
    match tlv::decode::<u8>(explicit, "version")? {
        version @ 0..=2 => Ok(version + 1),
        _ => Err(ParseError::Version),
    }
}

/// Where `part`, which was borrowed from `whole`, lies in it.
fn range_within(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr() - whole.as_ptr().addr();
    start..start + part.len()
}

/// The longest certificate that is read, in bytes. Real ones have 1 to 3 KiB.
pub const MAX_CERTIFICATE_LEN: usize = 64 * 1024;
