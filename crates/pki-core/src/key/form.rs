//! The forms of a private key.

use const_oid::db::rfc5912::RSA_ENCRYPTION;
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use der::{Decode, Encode, Reader, SliceReader, Tag, TagNumber, Tagged};
use pkcs8::PrivateKeyInfoRef;
use rustls_pki_types::PrivateKeyDer;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

/// How a private key is encoded, once it is decrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    Pkcs1,
    Pkcs8,
    Sec1,
}

impl Form {
    /// The form that a key begins as, if it is one of these.
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        match PrivateKeyDer::try_from(der).ok()? {
            PrivateKeyDer::Pkcs1(_) => Some(Self::Pkcs1),
            PrivateKeyDer::Pkcs8(_) => Some(Self::Pkcs8),
            PrivateKeyDer::Sec1(_) => Some(Self::Sec1),
            _ => None,
        }
    }

    /// A key in a form that every reader takes, where a program wrote it a little beside PKCS#8; `None` for all others.
    ///
    /// - RSA without parameters, where RFC 8017 appendix A.1 wants NULL.
    /// - Ed25519 as ring, and with it rcgen, wrote it up to 2023: the public key of RFC 5958 is tagged explicitly.
    pub(super) fn mended(self, der: &[u8]) -> Option<(Self, Zeroizing<Vec<u8>>)> {
        if self != Self::Pkcs8 {
            return None;
        }
        let key = Parts::read(der).ok()?;
        if key.algorithm.oid == RSA_ENCRYPTION && key.algorithm.parameters.is_none() {
            return Some((Self::Pkcs1, Zeroizing::new(key.private_key.to_vec())));
        }
        let public_key = key.explicit_public_key?;
        if key.algorithm.oid != ID_ED_25519 {
            return None;
        }
        let mended = PrivateKeyInfoRef {
            algorithm: key.algorithm,
            private_key: OctetStringRef::new(key.private_key).ok()?,
            public_key: Some(public_key),
        };
        Some((Self::Pkcs8, Zeroizing::new(mended.to_der().ok()?)))
    }
}

/// The fields of a `OneAsymmetricKey` (RFC 5958 section 2).
struct Parts<'k> {
    algorithm: AlgorithmIdentifierRef<'k>,
    private_key: &'k [u8],
    /// The public key, where it is tagged explicitly. Implicitly would be right.
    explicit_public_key: Option<BitStringRef<'k>>,
}

impl<'k> Parts<'k> {
    fn read(der: &'k [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let parts = reader.sequence(|fields| {
            u8::decode(fields)?;
            let algorithm = AlgorithmIdentifierRef::decode(fields)?;
            let private_key = <&OctetStringRef>::decode(fields)?.as_bytes();
            let mut explicit_public_key = None;
            while !fields.is_finished() {
                let field = AnyRef::decode(fields)?;
                if field.tag() == EXPLICIT_1 {
                    explicit_public_key = Some(BitStringRef::from_der(field.value())?);
                }
            }
            Ok::<_, der::Error>(Self {
                algorithm,
                private_key,
                explicit_public_key,
            })
        })?;
        reader.finish()?;
        Ok(parts)
    }
}

const EXPLICIT_1: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(1),
};
