//! Evidence as a device sends it: JSON, with bytes in base64.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_attest::apple::AppId;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Kinds of evidence.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EvidenceKind {
    /// An Android device attests the key of the request.
    AndroidKey,
    /// Apple attests the key of an app, which is registered then.
    AppleAppAttest,
    /// An app signs with the key that it has registered.
    AppleAssertion,
}

impl EvidenceKind {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AndroidKey => "android-key",
            Self::AppleAppAttest => "apple-app-attest",
            Self::AppleAssertion => "apple-assertion",
        }
    }

    pub(super) fn is_apples(self) -> bool {
        matches!(self, Self::AppleAppAttest | Self::AppleAssertion)
    }
}

impl fmt::Display for EvidenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `attestation` in the body of a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Evidence {
    AndroidKey {
        challenge: Challenged,
        /// Leaf first, root last.
        chain: Vec<Bytes>,
    },
    AppleAppAttest {
        challenge: Challenged,
        key_id: KeyId,
        attestation: Bytes,
        /// Which of several apps it is.
        app: Option<AppId>,
    },
    AppleAssertion {
        challenge: Challenged,
        key_id: KeyId,
        assertion: Bytes,
    },
}

impl Evidence {
    pub(crate) fn kind(&self) -> EvidenceKind {
        match self {
            Self::AndroidKey { .. } => EvidenceKind::AndroidKey,
            Self::AppleAppAttest { .. } => EvidenceKind::AppleAppAttest,
            Self::AppleAssertion { .. } => EvidenceKind::AppleAssertion,
        }
    }

    pub(crate) fn challenge(&self) -> [u8; 32] {
        match self {
            Self::AndroidKey { challenge, .. }
            | Self::AppleAppAttest { challenge, .. }
            | Self::AppleAssertion { challenge, .. } => challenge.0,
        }
    }

    /// The key that is known by then, for an assertion.
    pub(crate) fn known_key(&self) -> Option<[u8; 32]> {
        match self {
            Self::AppleAssertion { key_id, .. } => Some(key_id.0),
            Self::AndroidKey { .. } | Self::AppleAppAttest { .. } => None,
        }
    }
}

/// Base64, with padding.
#[derive(Clone, Debug)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

/// The same of 32 bytes: an identifier of a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyId(pub(crate) [u8; 32]);

/// The same of 32 bytes: a challenge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Challenged(pub(crate) [u8; 32]);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let decoded = STANDARD.decode(text);
        decoded
            .map(Self)
            .map_err(|_| D::Error::custom("the evidence has something that is not base64"))
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Bytes::deserialize(deserializer)?.0.try_into();
        bytes
            .map(Self)
            .map_err(|_| D::Error::custom("`key_id` does not have 32 bytes"))
    }
}

impl<'de> Deserialize<'de> for Challenged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Bytes::deserialize(deserializer)?.0.try_into();
        bytes
            .map(Self)
            .map_err(|_| D::Error::custom("`challenge` does not have 32 bytes"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn read(json: &str) -> Result<Evidence, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn evidence_is_read_by_its_kind_and_nothing_else_is() {
        let id = STANDARD.encode([7; 32]);
        let good = format!(
            r#"{{"kind":"apple-assertion","challenge":"{id}","key_id":"{id}","assertion":"AAE="}}"#
        );
        let evidence = read(&good).unwrap();
        assert_eq!(evidence.kind(), EvidenceKind::AppleAssertion);
        assert_eq!(evidence.challenge(), [7; 32]);
        assert_eq!(evidence.known_key(), Some([7; 32]));
        let short = STANDARD.encode([7; 31]);
        for (from, to) in [
            ("apple-assertion", "apple"),
            ("\"assertion\"", "\"attestation\""),
            ("\"AAE=\"", "\"AAE=\",\"more\":1"),
            ("\"AAE=\"", "\"A\""),
            ("\"AAE=\"", "1"),
            (id.as_str(), short.as_str()),
        ] {
            let wrong = good.replace(from, to);
            assert_ne!(wrong, good);
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }
}
