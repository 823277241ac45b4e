//! What is allowed in a bundle, and yet may not be what was meant.

use pki_core::KeyKind;

use crate::link::BrokenLink;

/// A reader of files that does not take everything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Target {
    /// iOS and macOS, of any version.
    Apple,
    /// NSS: Firefox and Thunderbird.
    Nss,
}

/// Something about a bundle that is allowed, and yet may not be what was meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// A reader refuses the whole file for the kind of its key.
    KeyTypeUnsupportedBy {
        /// The kind of key.
        kind: KeyKind,
        /// Who refuses it.
        target: Target,
    },
    /// The certificate is that of a CA, whose key has no place on a device.
    LeafIsCa,
    /// The certificate does not say that it is for TLS clients.
    NoClientAuth,
    /// A certificate of the chain did not issue the one before it, or cannot be shown to have.
    UnverifiedLink {
        /// Where in the chain, counted from 0.
        index: usize,
        /// Why not.
        reason: BrokenLink,
    },
}
