//! Keys that are known to be in other hands.

use std::collections::HashSet;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// Public keys that are never certified, by the SHA-256 of their `SubjectPublicKeyInfo`: compromised ones, those of the
/// examples of a manual, those that every device of a kind has.
///
/// As text one hash a line, in hexadecimal, as `openssl pkey -pubin -outform DER | sha256sum` prints it; what follows a
/// blank is ignored, and so are empty lines and those that begin with `#`.
///
/// ```
/// use pki_core::{KeyBlocklist, KeyKind, KeyPair};
///
/// let [leaked, other] = [(); 2].map(|()| KeyPair::generate(KeyKind::P256).unwrap());
/// let mut blocked: KeyBlocklist = "# keys of the manual\n".parse()?;
/// blocked.block(leaked.public_key_der());
/// assert!(blocked.contains(leaked.public_key_der()) && !blocked.contains(other.public_key_der()));
/// # Ok::<(), pki_core::BlocklistError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyBlocklist(HashSet<[u8; 32]>);

/// A line of a blocklist that is not a hash.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line} of the list of blocked keys is not a SHA-256 hash of 64 hexadecimal digits")]
pub struct BlocklistError {
    /// Counted from 1.
    pub line: usize,
}

impl KeyBlocklist {
    /// Blocks this key (`SubjectPublicKeyInfo` DER).
    pub fn block(&mut self, spki_der: &[u8]) {
        self.0.insert(Sha256::digest(spki_der).into());
    }

    /// Whether this key (`SubjectPublicKeyInfo` DER) is blocked.
    #[must_use]
    pub fn contains(&self, spki_der: &[u8]) -> bool {
        !self.is_empty() && self.contains_hash(&Sha256::digest(spki_der).into())
    }

    /// Whether the key is blocked whose `SubjectPublicKeyInfo` has this SHA-256.
    #[must_use]
    pub fn contains_hash(&self, spki_sha256: &[u8; 32]) -> bool {
        self.0.contains(spki_sha256)
    }

    /// How many keys are blocked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// From hashes.
impl FromIterator<[u8; 32]> for KeyBlocklist {
    fn from_iter<I: IntoIterator<Item = [u8; 32]>>(hashes: I) -> Self {
        Self(hashes.into_iter().collect())
    }
}

impl Extend<[u8; 32]> for KeyBlocklist {
    fn extend<I: IntoIterator<Item = [u8; 32]>>(&mut self, hashes: I) {
        self.0.extend(hashes);
    }
}

impl FromStr for KeyBlocklist {
    type Err = BlocklistError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lines = text.lines().enumerate();
        let hashes = lines.filter_map(|(index, line)| {
            let hash = line.split_whitespace().next()?;
            let error = BlocklistError { line: index + 1 };
            (!hash.starts_with('#')).then(|| from_hex(hash).ok_or(error))
        });
        hashes.collect::<Result<_, _>>().map(Self)
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    let read = base16ct::mixed::decode(text, &mut hash).ok()?.len();
    (read == hash.len()).then_some(hash)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_list_has_a_hash_a_line() {
        let hash = "E3B0C44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (text, count) in [
            (String::new(), Ok(0)),
            (format!("# empty\n\n{hash}  -\n"), Ok(1)),
            (format!("{hash}\n{}", hash.to_lowercase()), Ok(1)),
            (
                format!("{hash}\n{}", &hash[1..]),
                Err(BlocklistError { line: 2 }),
            ),
            (format!("+{}", &hash[1..]), Err(BlocklistError { line: 1 })),
            (hash.replace('E', "é"), Err(BlocklistError { line: 1 })),
        ] {
            let read = text.parse::<KeyBlocklist>();
            assert_eq!(read.map(|list| list.len()), count, "{text}");
        }
        let list: KeyBlocklist = hash.parse().unwrap();
        assert!(list.contains(b"") && !list.contains(b"key"));
    }
}
