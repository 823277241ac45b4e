//! What a file may cost before its reading ends.

use super::error::ReadError;
use super::place::Limit;

/// Bounds on a file that came from somewhere else.
///
/// With the defaults, every file that a known writer makes is read, and no file costs more than two seconds. What a file
/// shows that it costs without its password is added up before any of the work. Each field may be lowered or raised.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Octets in the file. Default: 1 MiB.
    pub file_len: usize,
    /// Levels of nesting in one encoding. Default: 16.
    pub nesting: usize,
    /// Bags in the file, of any type. Default: 64.
    pub bags: usize,
    /// Certificates in the file. Default: 32.
    pub certificates: usize,
    /// Private keys in the file. Default: 16.
    pub keys: usize,
    /// Attributes on one bag. Default: 16.
    pub attributes: usize,
    /// Octets in one salt. Default: 1,024.
    pub salt_len: usize,
    /// Rounds that one MAC or one encrypted part may ask for. Default: 1,000,000.
    pub iterations: u32,
    /// Hash blocks that all parts together may ask for. Default: 7,000,000.
    ///
    /// Rounds alone do not tell what a file costs: by algorithm and length of key, one is 1 to 6 hash blocks. A block
    /// is what a hash function compresses at once; [`pbe::Limits::hash_blocks`] says how many each derivation takes.
    /// GnuTLS asks for the most of all known writers: `certtool` with `3des-pkcs12`, 600,000 rounds for the MAC and for each
    /// part, comes to 6,000,000 for a key with its certificate and CAs. Without the processor's SHA instructions, 5,000,000
    /// were measured to take 0.4 s of one core with SHA-1, 0.9 s with SHA-256 and 1.1 s with SHA-512, so that 7,000,000 stay
    /// below two seconds with each.
    pub hash_blocks: u64,
    missing_mac: MissingMac,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum MissingMac {
    Refuse,
    Allow,
}

impl Limits {
    /// Accepts files without a MAC too, which are refused by default. Such a file may have been changed since it was
    /// written.
    #[must_use]
    pub fn allow_missing_mac(mut self) -> Self {
        self.missing_mac = MissingMac::Allow;
        self
    }

    pub(crate) fn allows_missing_mac(&self) -> bool {
        self.missing_mac == MissingMac::Allow
    }

    /// What deriving keys may cost in one file.
    pub(crate) fn of_key_derivation(&self) -> pbe::Limits {
        pbe::Limits {
            salt_len: self.salt_len,
            iterations: self.iterations,
            hash_blocks: self.hash_blocks,
            // `contents` refuses it by name.
            scrypt_memory: 0,
        }
    }

    pub(crate) fn check(&self, what: Limit, limit: usize, got: usize) -> Result<(), ReadError> {
        if got <= limit {
            return Ok(());
        }
        Err(ReadError::LimitExceeded {
            what,
            limit: limit as u64,
            got: got as u64,
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_len: 1 << 20,
            nesting: 16,
            bags: 64,
            certificates: 32,
            keys: 16,
            attributes: 16,
            salt_len: 1024,
            iterations: 1_000_000,
            hash_blocks: 7_000_000,
            missing_mac: MissingMac::Refuse,
        }
    }
}
