//! The two CMS content types of a PKCS#12 file: `data` and `encryptedData` (RFC 5652).

use std::borrow::Cow;

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Reader, Sequence, SliceReader, Tag, TagNumber, Tagged};
use spki::AlgorithmIdentifierRef;

/// RFC 5652 section 3. PKCS#12 always has the content (RFC 7292 section 4).
///
/// ```text
/// ContentInfo ::= SEQUENCE {
///     contentType ContentType,
///     content [0] EXPLICIT ANY DEFINED BY contentType }
/// ```
#[derive(Sequence)]
pub(crate) struct ContentInfo<'a> {
    pub(crate) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(crate) content: AnyRef<'a>,
}

/// RFC 5652 section 8.
///
/// ```text
/// EncryptedData ::= SEQUENCE {
///     version CMSVersion,
///     encryptedContentInfo EncryptedContentInfo }
/// ```
#[derive(Sequence)]
pub(crate) struct EncryptedData<'a> {
    pub(crate) version: u8,
    pub(crate) encrypted_content_info: EncryptedContentInfo<'a>,
}

/// RFC 5652 section 6.1, with the content there, since a bag without one is of no use.
///
/// ```text
/// EncryptedContentInfo ::= SEQUENCE {
///     contentType ContentType,
///     contentEncryptionAlgorithm ContentEncryptionAlgorithmIdentifier,
///     encryptedContent [0] IMPLICIT OCTET STRING }
/// ```
#[derive(Sequence)]
pub(crate) struct EncryptedContentInfo<'a> {
    pub(crate) content_type: ObjectIdentifier,
    pub(crate) algorithm: AlgorithmIdentifierRef<'a>,
    // ANY, because BER writers (NSS, BouncyCastle, Java) send the constructed form, and the
    // implicit tag hides from the transcoder that this is a string.
    pub(crate) encrypted_content: AnyRef<'a>,
}

impl<'a> EncryptedContentInfo<'a> {
    const CONTENT_TAG: Tag = Tag::ContextSpecific {
        constructed: false,
        number: TagNumber(0),
    };
    const CONSTRUCTED_TAG: Tag = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(0),
    };

    /// Wraps ciphertext of `data`.
    pub(crate) fn new(
        algorithm: AlgorithmIdentifierRef<'a>,
        ciphertext: &'a [u8],
    ) -> der::Result<Self> {
        Ok(Self {
            content_type: super::oid::DATA,
            algorithm,
            encrypted_content: AnyRef::new(Self::CONTENT_TAG, ciphertext)?,
        })
    }

    /// The ciphertext, whether it came in one piece or in several.
    pub(crate) fn ciphertext(&self) -> der::Result<Cow<'a, [u8]>> {
        let value = self.encrypted_content.value();
        match self.encrypted_content.tag() {
            Self::CONTENT_TAG => Ok(Cow::Borrowed(value)),
            Self::CONSTRUCTED_TAG => {
                let mut reader = SliceReader::new(value)?;
                let mut whole = Vec::with_capacity(value.len());
                while !reader.is_finished() {
                    whole.extend_from_slice(<&OctetStringRef>::decode(&mut reader)?.as_bytes());
                }
                Ok(Cow::Owned(whole))
            }
            other => Err(other.unexpected_error(Some(Self::CONTENT_TAG)).into()),
        }
    }
}
