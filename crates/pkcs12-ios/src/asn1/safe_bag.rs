//! Bags (RFC 7292 section 4.2).

use der::Sequence;
use der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::attr::Attributes;

/// RFC 7292 section 4.2. `SafeContents` is a sequence of these.
///
/// ```text
/// SafeBag ::= SEQUENCE {
///     bagId         BAG-TYPE.&id,
///     bagValue      [0] EXPLICIT BAG-TYPE.&Type,
///     bagAttributes SET OF PKCS12Attribute OPTIONAL }
/// ```
#[derive(Sequence)]
pub(crate) struct SafeBag<'a> {
    pub(crate) bag_id: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(crate) bag_value: AnyRef<'a>,
    pub(crate) bag_attributes: Option<Attributes>,
}

/// RFC 7292 section 4.2.3. The value is an OCTET STRING for X.509, an IA5String for SDSI.
///
/// ```text
/// CertBag ::= SEQUENCE {
///     certId    BAG-TYPE.&id,
///     certValue [0] EXPLICIT BAG-TYPE.&Type }
/// ```
#[derive(Sequence)]
pub(crate) struct CertBag<'a> {
    pub(crate) cert_id: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(crate) cert_value: AnyRef<'a>,
}
