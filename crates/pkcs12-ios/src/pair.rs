//! Which certificate of a file belongs to which key.

use const_oid::db::rfc5912::ID_EC_PUBLIC_KEY;
use pki_core::EncodedKey;
use x509_identity::{Certificate, ParseError, PublicKeyAlgorithm};

use crate::open_error::OpenError;
use crate::read::{Archive, ArchivedKey};

/// A key and its certificate, by their places in an archive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) key: usize,
    pub(crate) leaf: usize,
}

impl Archive {
    /// The certificate of a key, by their places: the one with the key's localKeyID or, if there is none, with its public
    /// key.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says why there is none: the key is of a kind that is not used here, its certificate is another
    /// key's or not there. `OpenError::NoKey` if there is no key at `key`.
    pub fn certificate_of(&self, key: usize) -> Result<usize, OpenError> {
        let certificates: Vec<_> = self
            .certificates()
            .iter()
            .map(|certificate| Certificate::from_der(certificate.der()))
            .collect();
        let archived = self.keys().get(key).ok_or(OpenError::NoKey)?;
        leaf_of(archived, self, &certificates)
    }
}

/// The key with a certificate: the one with this name, where one is given, or else the only one.
pub(crate) fn choose(
    archive: &Archive,
    certificates: &[Result<Certificate, ParseError>],
    name: Option<&str>,
) -> Result<Found, OpenError> {
    let mut first_problem = None;
    let mut found: Vec<Found> = Vec::new();
    for (key, archived) in archive.keys().iter().enumerate() {
        match leaf_of(archived, archive, certificates) {
            // The same key twice is one.
            Ok(leaf) if found.iter().any(|other| other.leaf == leaf) => {}
            Ok(leaf) => found.push(Found { key, leaf }),
            Err(problem) => {
                first_problem.get_or_insert(problem);
            }
        }
    }
    let names = |found: &[Found]| -> Vec<String> {
        let names = found
            .iter()
            .filter_map(|it| name_of(archive, it.key, it.leaf));
        names.map(str::to_owned).collect()
    };
    match (name, found.as_slice()) {
        (_, []) => Err(first_problem.unwrap_or(OpenError::NoKey)),
        (None, [only]) => Ok(*only),
        (None, several) => Err(OpenError::SeveralIdentities {
            names: names(several),
        }),
        (Some(name), several) => several
            .iter()
            .find(|it| name_of(archive, it.key, it.leaf) == Some(name))
            .copied()
            .ok_or_else(|| OpenError::NoKeyOfThatName {
                names: names(several),
            }),
    }
}

/// The name that a user sees of an identity: that of its key, or else of its certificate.
pub(crate) fn name_of(archive: &Archive, key: usize, leaf: usize) -> Option<&str> {
    let key = archive.keys()[key].attributes();
    let leaf = archive.certificates()[leaf].attributes();
    key.friendly_name().or(leaf.friendly_name())
}

/// The certificate of the key: among those with its localKeyID, or, where there are none, among all.
fn leaf_of(
    key: &ArchivedKey,
    archive: &Archive,
    certificates: &[Result<Certificate, ParseError>],
) -> Result<usize, OpenError> {
    let public_key = EncodedKey::read(key.secret_pkcs8_der(), None)
        .and_then(|key| key.public_key_der())
        .map_err(OpenError::UnusableKey)?;
    let key_id = key.attributes().local_key_id();
    let paired = |index: &usize| {
        let attributes = archive.certificates()[*index].attributes();
        key_id.is_some() && attributes.local_key_id() == key_id
    };
    // Some writers give the localKeyID to the whole chain.
    let with_id: Vec<_> = (0..certificates.len()).filter(paired).collect();
    let (candidates, none) = if with_id.is_empty() {
        ((0..certificates.len()).collect(), OpenError::NoCert)
    } else {
        (with_id, OpenError::KeyCertMismatch)
    };
    let mut unreadable = None;
    let mut explicit = None;
    for index in candidates {
        match &certificates[index] {
            Ok(certificate) if certificate.spki_der() == public_key => return Ok(index),
            Ok(certificate) => {
                let curve = certificate.public_key_algorithm();
                if curve == PublicKeyAlgorithm::Other(ID_EC_PUBLIC_KEY) {
                    let subject = certificate.subject().to_string();
                    explicit.get_or_insert(OpenError::ExplicitCurve { subject });
                }
            }
            Err(source) => {
                let position = index + 1;
                let source = source.clone();
                unreadable.get_or_insert(OpenError::MalformedCertificate { position, source });
            }
        }
    }
    Err(explicit.or(unreadable).unwrap_or(none))
}
