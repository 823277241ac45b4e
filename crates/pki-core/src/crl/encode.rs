//! What a CRL looks like in DER, with its entries as one run of bytes (RFC 5280 section 5.1).
//!
//! A CRL may have a million entries. Each is encoded when it is added, so there is never a tree of them.

use std::sync::LazyLock;

use const_oid::db::rfc5280::ID_CE_CRL_REASONS;
use der::asn1::{AnyRef, IntRef};
use der::{Encode, Header, Length, Sequence, Tag};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::Extensions;
use x509_cert::time::Time;

use super::entry::CrlEntry;
use crate::asn1::{asn1_time, extension};
use crate::verify::RevocationReason;

/// ```text
/// TBSCertList  ::=  SEQUENCE  {
///      version                 Version OPTIONAL, -- if present, MUST be v2
///      signature               AlgorithmIdentifier,
///      issuer                  Name,
///      thisUpdate              Time,
///      nextUpdate              Time OPTIONAL,
///      revokedCertificates     SEQUENCE OF SEQUENCE  { ... } OPTIONAL,
///      crlExtensions           [0]  EXPLICIT Extensions OPTIONAL }
/// ```
#[derive(Sequence)]
pub(super) struct TbsCertList<'a> {
    pub(super) version: u8,
    pub(super) signature: AlgorithmIdentifierOwned,
    pub(super) issuer: AnyRef<'a>,
    pub(super) this_update: Time,
    pub(super) next_update: Time,
    pub(super) revoked_certificates: Option<AnyRef<'a>>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(super) extensions: Extensions,
}

/// The content of `revokedCertificates`.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries(Vec<u8>);

impl Entries {
    /// Adds one.
    ///
    /// ```text
    /// SEQUENCE  {
    ///      userCertificate         CertificateSerialNumber,
    ///      revocationDate          Time,
    ///      crlEntryExtensions      Extensions OPTIONAL }
    /// ```
    ///
    /// The fields are written one after another, which takes half the time of a derived `Sequence`.
    pub(super) fn push(&mut self, entry: &CrlEntry) -> der::Result<()> {
        let serial = IntRef::new(entry.serial.as_bytes())?;
        let date = asn1_time(entry.date)?;
        let reason = reason_extensions(entry.reason);
        let len = serial.encoded_len()? + date.encoded_len()? + Length::try_from(reason.len())?;
        Header::new(Tag::Sequence, len?).encode(&mut self.0)?;
        serial.encode(&mut self.0)?;
        date.encode(&mut self.0)?;
        self.0.extend_from_slice(reason);
        Ok(())
    }

    /// An empty CRL has no `revokedCertificates` at all (RFC 5280 section 5.1.2.6).
    pub(super) fn to_any(&self) -> der::Result<Option<AnyRef<'_>>> {
        let list = (!self.0.is_empty()).then_some(&self.0);
        list.map(|list| AnyRef::new(Tag::Sequence, list))
            .transpose()
    }
}

/// The extensions of an entry; empty for a reason that is left out, unspecified.
fn reason_extensions(reason: RevocationReason) -> &'static [u8] {
    let code = reason.code().map_or(0, |code| code as usize);
    REASONS.get(code).map_or(&[], Vec::as_slice)
}

/// By the code of the reason.
static REASONS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let extensions = |code| {
        let reason = RevocationReason::from_code(code).and_then(RevocationReason::code)?;
        let reason = extension(ID_CE_CRL_REASONS, false, &reason).ok()?;
        vec![reason].to_der().ok()
    };
    (0..=10)
        .map(|code| extensions(code).unwrap_or_default())
        .collect()
});
