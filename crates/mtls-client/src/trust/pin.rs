//! Pins: public keys, one of which the server's verified path must have.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_core::verify::Path;
use x509_identity::Certificate;

const PREFIX: &str = "sha256//";

/// The SHA-256 of a SubjectPublicKeyInfo (RFC 7469 section 2.4), written `sha256//BASE64` as curl does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pin([u8; 32]);

impl Pin {
    /// The pin of a certificate's public key.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        Self(*certificate.spki_sha256())
    }

    /// A pin from the hash itself.
    #[must_use]
    pub fn from_spki_sha256(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The hash itself.
    #[must_use]
    pub fn spki_sha256(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let encoded = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| PinError::Prefix(text.to_owned()))?;
        let hash = STANDARD.decode(encoded).map_err(PinError::Base64)?;
        let length = hash.len();
        hash.try_into()
            .map(Self)
            .map_err(|_: Vec<u8>| PinError::Length(length))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

/// The pinned keys: the one in use, and the backups that will replace it. One of them has to be in the server's
/// verified path.
///
/// A set is never empty. A pin may be of the server's own key, of an intermediate or of the root, unless
/// [`at`](Self::at) says where it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinSet {
    pins: Vec<Pin>,
    place: PinPlace,
    refusal: Refusal,
}

/// Where in the server's verified path a pinned key counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinPlace {
    /// The trusted root alone: the server may change its key and its issuer below that root.
    Anchor,
    /// Any certificate of the path.
    #[default]
    Anywhere,
    /// The server's own certificate alone.
    Leaf,
}

/// What happens to a server without a pinned key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Enforced,
    ReportOnly,
}

impl PinSet {
    /// A set of at least one pin, any of which may be anywhere in the path.
    ///
    /// # Errors
    ///
    /// [`PinError::Empty`] if there is none.
    pub fn new(pins: impl IntoIterator<Item = Pin>) -> Result<Self, PinError> {
        let pins: Vec<Pin> = pins.into_iter().collect();
        if pins.is_empty() {
            return Err(PinError::Empty);
        }
        Ok(Self {
            pins,
            place: PinPlace::default(),
            refusal: Refusal::Enforced,
        })
    }

    /// Counts a pinned key at `place` only. Default: [`PinPlace::Anywhere`].
    #[must_use]
    pub fn at(mut self, place: PinPlace) -> Self {
        self.place = place;
        self
    }

    /// Refuses no server for its keys. A mismatch is only reported, by an event and by
    /// [`PinPolicy::on_mismatch`](crate::PinPolicy::on_mismatch). Default: the server is refused, too.
    #[must_use]
    pub fn report_only(mut self) -> Self {
        self.refusal = Refusal::ReportOnly;
        self
    }

    /// Whether one of the pins is `pin`.
    #[must_use]
    pub fn contains(&self, pin: &Pin) -> bool {
        self.pins.contains(pin)
    }

    pub(crate) fn place(&self) -> PinPlace {
        self.place
    }

    pub(crate) fn reports_only(&self) -> bool {
        self.refusal == Refusal::ReportOnly
    }

    /// Whether a pinned key is in the verified path, where it counts.
    pub(crate) fn accepts(&self, path: &Path) -> bool {
        let pinned = |certificate: &Certificate| self.contains(&Pin::of(certificate));
        match self.place {
            PinPlace::Anchor => pinned(path.anchor()),
            PinPlace::Anywhere => path.certificates().any(|found| pinned(found)),
            PinPlace::Leaf => pinned(path.leaf()),
        }
    }
}

/// A text that is not a pin, or a set without any.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinError {
    /// What follows the prefix is not Base64.
    #[error("the pin is not valid Base64; it should read sha256//BASE64")]
    Base64(#[source] base64::DecodeError),

    /// A set that would accept no server at all.
    #[error("a pin set needs at least one pin")]
    Empty,

    /// Pins for something that cannot be a host.
    #[error("{0:?} is neither a DNS name nor an IP address")]
    Host(String),

    /// Not the length of a SHA-256.
    #[error("the pin has {0} bytes instead of the 32 of a SHA-256")]
    Length(usize),

    /// Not written as curl writes it.
    #[error("the pin {0:?} does not start with sha256//")]
    Prefix(String),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_pin_reads_what_it_prints() {
        let pin = Pin::from_spki_sha256([7; 32]);
        assert_eq!(pin.to_string().parse::<Pin>().unwrap(), pin);
    }

    #[test]
    fn a_text_that_is_not_a_pin_is_refused() {
        let short = format!("sha256//{}", STANDARD.encode([1; 31]));
        for text in [
            "",
            "sha256//",
            "sha256//!",
            "sha1//AAAA",
            "sha256/AAAA",
            short.as_str(),
        ] {
            assert!(text.parse::<Pin>().is_err(), "{text}");
        }
        assert_eq!(PinSet::new([]), Err(PinError::Empty));
    }
}
