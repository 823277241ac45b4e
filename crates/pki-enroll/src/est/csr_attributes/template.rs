//! A CSR that is filled in by its client.

use const_oid::ObjectIdentifier;
use der::Sequence;
use der::asn1::{BitString, SetOfVec};
use spki::AlgorithmIdentifierOwned;
use x509_cert::attr::Attribute;
use x509_cert::name::Name;

/// RFC 9908 section 3.4. A name whose values are all there is a `NameTemplate`.
///
/// ```text
/// CertificationRequestInfoTemplate ::= SEQUENCE {
///     version       INTEGER { v1(0) } (v1, ... ),
///     subject       NameTemplate OPTIONAL,
///     subjectPKInfo [0] SubjectPublicKeyInfoTemplate{{ PKInfoAlgorithms }} OPTIONAL,
///     attributes    [1] Attributes{{ CRIAttributes }} }
/// ```
#[derive(Sequence)]
pub(super) struct RequestTemplate {
    pub(super) version: u8,
    #[asn1(optional = "true")]
    pub(super) subject: Option<Name>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) key: Option<KeyTemplate>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT")]
    pub(super) attributes: SetOfVec<Attribute>,
}

/// RFC 9908 section 3.4.
///
/// ```text
/// SubjectPublicKeyInfoTemplate{PUBLIC-KEY:IOSet} ::= SEQUENCE {
///     algorithm        AlgorithmIdentifier{PUBLIC-KEY, {IOSet}},
///     subjectPublicKey BIT STRING OPTIONAL }
/// ```
#[derive(Clone, Sequence)]
pub(super) struct KeyTemplate {
    pub(super) algorithm: AlgorithmIdentifierOwned,
    #[asn1(optional = "true")]
    pub(super) key: Option<BitString>,
}

/// RFC 9908 section 3.4, of an extension that is not critical and whose value is the client's.
///
/// ```text
/// ExtensionTemplate {EXTENSION:ExtensionSet} ::= SEQUENCE {
///     extnID    EXTENSION.&id({ExtensionSet}),
///     critical  BOOLEAN DEFAULT FALSE,
///     extnValue OCTET STRING (CONTAINING EXTENSION.&ExtnType({ExtensionSet}{@extnID})) OPTIONAL }
/// ```
#[derive(Sequence)]
pub(super) struct ExtensionTemplate {
    pub(super) extn_id: ObjectIdentifier,
}
