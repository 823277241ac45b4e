//! Which algorithms a new file uses.

/// The algorithms of a file, chosen as one set.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Encoding {
    /// 3DES for the key and the certificates, HMAC-SHA-1 over all: what every reader takes.
    ///
    /// iOS up to 17, macOS up to 14, Android up to 13, and old Windows and Java need it. Newer readers take it, too.
    /// The ciphers are weak, so the password is what protects the key. Make it a random one of some twenty characters.
    /// 2,048 iterations by default.
    #[default]
    Compat,

    /// AES-256 with PBKDF2 for the key and the certificates, HMAC-SHA-256 over all.
    ///
    /// For iOS 18, macOS 15, Android 14, Windows 10 1709, Java 8u301, OpenSSL 1.1 and newer; the
    /// others say that the password is wrong. 10,000 iterations by default.
    Modern,
}

impl Encoding {
    pub(super) fn default_iterations(self) -> u32 {
        match self {
            Self::Compat => 2048,
            Self::Modern => 10_000,
        }
    }
}
