//! The end of an audit log, signed.

use pki_core::verify::is_message_signed_by;
use pki_core::{SignError, Signer};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::chain::AuditHead;
use crate::record::hex;

/// Where an audit log ended at some time, which CRL numbers were used by then, and a signature on that.
///
/// The key is any [`Signer`]: one that is for nothing else, so that whoever steals a backup of the CA cannot sign
/// checkpoints, or the CA's own. What is signed cannot be taken for a certificate or a CRL, as it begins with
/// `pki-store checkpoint v1`.
///
/// An acknowledgement that a store was restored from a backup is a checkpoint, too, and says in place of which one it is.
///
/// As text it is one line of JSON, with the members `payload` (the JSON that is signed, as a text), `key` (the
/// `SubjectPublicKeyInfo`) and `signature`, both in hexadecimal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    document: Document,
    payload: Payload,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Document {
    payload: String,
    key: String,
    signature: String,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {
    pub(crate) store: String,
    pub(crate) seq: u64,
    pub(crate) hash: String,
    /// Seconds since 1970.
    pub(crate) at: i64,
    pub(crate) revision: u64,
    pub(crate) crls: Vec<UsedCrlNumber>,
    /// Of an acknowledgement: the checkpoint that the store is older than.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) instead_of: Option<InsteadOf>,
}

/// The row that a checkpoint is of, and its hash.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InsteadOf {
    pub(crate) seq: u64,
    pub(crate) hash: String,
}

/// The last number that was given out for the CRLs of a partition.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsedCrlNumber {
    /// The fingerprint of the issuer's certificate.
    pub(crate) issuer: String,
    pub(crate) partition: u32,
    pub(crate) number: u64,
}

impl UsedCrlNumber {
    pub(crate) fn issuer_fingerprint(&self) -> Option<Vec<u8>> {
        octets(&self.issuer)
    }
}

/// A text that is not a checkpoint, or not one of this key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It cannot be read.
    #[error("this is not a checkpoint")]
    Malformed(#[source] Option<serde_json::Error>),

    /// It was signed by another key than the one that was expected.
    #[error("the checkpoint was signed by another key")]
    OtherKey,

    /// It was not signed by the key that it names.
    #[error("the signature on the checkpoint is wrong")]
    Signature,
}

impl Checkpoint {
    pub(crate) fn sign(payload: Payload, signer: &dyn Signer) -> Result<Self, SignError> {
        let text = serde_json::to_string(&payload).map_err(SignError::new)?;
        let signature = signer.sign(&message(&text))?;
        let document = Document {
            payload: text,
            key: hex(signer.public_key_der()),
            signature: hex(&signature),
        };
        Ok(Self { document, payload })
    }

    /// Reads a checkpoint, and checks that the key in it has signed it. Whether it is the right key is for
    /// [`is_by`](Self::is_by).
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let document: Document = read(text.trim())?;
        let payload: Payload = read(&document.payload)?;
        let malformed = CheckpointError::Malformed(None);
        let (key, signature) = match (octets(&document.key), octets(&document.signature)) {
            (Some(key), Some(signature)) => (key, signature),
            _ => return Err(malformed),
        };
        if octets(&payload.hash).is_none_or(|hash| hash.len() != 32) {
            return Err(malformed);
        }
        if !is_message_signed_by(&message(&document.payload), &signature, &key) {
            return Err(CheckpointError::Signature);
        }
        Ok(Self { document, payload })
    }

    /// Checks that it was signed by the key of this `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::OtherKey`] if it was not.
    pub fn is_by(&self, public_key_der: &[u8]) -> Result<(), CheckpointError> {
        if self.document.key == hex(public_key_der) {
            Ok(())
        } else {
            Err(CheckpointError::OtherKey)
        }
    }

    /// Where the audit log ended.
    #[must_use]
    pub fn head(&self) -> AuditHead {
        let hash = octets(&self.payload.hash).and_then(|hash| hash.try_into().ok());
        AuditHead {
            seq: self.payload.seq,
            hash: hash.unwrap_or_default(),
        }
    }

    /// When it was signed, by the clock of whoever did.
    #[must_use]
    pub fn at(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.payload.at).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Whether this is an acknowledgement that the store is older than `other`, by the key that has signed that.
    pub(crate) fn is_instead_of(&self, other: &Self) -> bool {
        let instead_of = self.payload.instead_of.as_ref();
        instead_of.is_some_and(|it| it.seq == other.payload.seq && it.hash == other.payload.hash)
            && self.payload.store == other.payload.store
            && self.document.key == other.document.key
    }

    pub(crate) fn payload(&self) -> &Payload {
        &self.payload
    }

    /// As one line of JSON, without a line feed.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::json!(self.document).to_string()
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, CheckpointError> {
    if text.len() > MAX_LEN {
        return Err(CheckpointError::Malformed(None));
    }
    serde_json::from_str(text).map_err(|error| CheckpointError::Malformed(Some(error)))
}

fn message(payload: &str) -> Vec<u8> {
    [b"pki-store checkpoint v1\n".as_slice(), payload.as_bytes()].concat()
}

fn octets(hexadecimal: &str) -> Option<Vec<u8>> {
    base16ct::mixed::decode_vec(hexadecimal).ok()
}

/// Bytes of a checkpoint: some 100 for each CRL partition.
pub(crate) const MAX_LEN: usize = 16 * 1024 * 1024;
