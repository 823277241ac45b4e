//! How requests may be signed.

/// Of signatures by accounts.
pub(in crate::acme) const ALGORITHMS: [&str; 4] = ["ES256", "ES384", "EdDSA", "RS256"];
