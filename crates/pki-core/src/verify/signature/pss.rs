//! The parameters of RSASSA-PSS, for the message about those that are not accepted.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::ID_RSASSA_PSS;
use der::{Decode, Reader, Sequence, SliceReader};
use spki::AlgorithmIdentifierOwned;

use super::algorithm_name::algorithm_name;

/// RSASSA-PSS-params ([RFC 4055 section 3.1](https://www.rfc-editor.org/rfc/rfc4055#section-3.1)).
///
/// ```text
/// RSASSA-PSS-params  ::=  SEQUENCE  {
///    hashAlgorithm      [0] HashAlgorithm DEFAULT sha1Identifier,
///    maskGenAlgorithm   [1] MaskGenAlgorithm DEFAULT mgf1SHA1Identifier,
///    saltLength         [2] INTEGER DEFAULT 20,
///    trailerField       [3] INTEGER DEFAULT 1  }
/// ```
#[derive(Clone, Debug, Default, Sequence)]
pub(super) struct PssParameters {
    #[asn1(context_specific = "0", optional = "true")]
    hash: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", optional = "true")]
    mask: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", optional = "true")]
    salt_length: Option<u32>,
    #[asn1(context_specific = "3", optional = "true")]
    trailer: Option<u32>,
}

impl PssParameters {
    /// Of the content of an AlgorithmIdentifier, if it is one of RSASSA-PSS.
    pub(super) fn of_algorithm(content: &[u8]) -> Option<Self> {
        let mut fields = SliceReader::new(content).ok()?;
        if ObjectIdentifier::decode(&mut fields).ok()? != ID_RSASSA_PSS {
            return None;
        }
        if fields.is_finished() {
            return Some(Self::default());
        }
        Self::decode(&mut fields).ok()
    }
}

impl fmt::Display for PssParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |algorithm: &Option<AlgorithmIdentifierOwned>| match algorithm {
            Some(algorithm) => algorithm_name(algorithm.oid).replace("id-sha", "SHA-"),
            None => "SHA-1".to_owned(),
        };
        let hash = name(&self.hash);
        let salt = self.salt_length.unwrap_or(20);
        write!(f, "RSASSA-PSS with {hash} and a salt of {salt} bytes")?;
        let mask = self.mask.as_ref().and_then(|mask| mask.parameters.as_ref());
        let mask = mask.and_then(|hash| hash.decode_as::<AlgorithmIdentifierOwned>().ok());
        match name(&mask) {
            other if other != hash => write!(f, ", masked with {other}"),
            _ => Ok(()),
        }
    }
}
