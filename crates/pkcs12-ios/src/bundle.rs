//! One key with its certificates: the content of a file for one person or device.

use pki_core::{KeyPair, Password};
use x509_identity::Certificate;

use crate::link;
use crate::open_error::OpenError;
use crate::read::{Archive, ArchivedCertificate, Limits};
use crate::write::BundleBuilder;

/// A private key, its certificate and the chain above it.
///
/// Deliberately not `Clone`: the key has one owner.
#[derive(Debug)]
pub struct Bundle {
    chain: Vec<Vec<u8>>,
    friendly_name: Option<String>,
    key: KeyPair,
    leaf: Vec<u8>,
}

impl Bundle {
    /// Starts a new file for `key` and `leaf`, its certificate in DER.
    pub fn builder<'a>(key: &'a KeyPair, leaf: &'a [u8]) -> BundleBuilder<'a> {
        BundleBuilder::new(key, leaf)
    }

    /// Reads a file that holds exactly one private key, and sorts out what belongs to it.
    ///
    /// The certificate is the one with the key's localKeyID or, where there is none, with its
    /// public key. The chain follows from it by name and key identifier; signatures are not
    /// checked here, since nothing here decides on trust. Other certificates in the file are left out
    /// and can be had from an [`Archive`].
    ///
    /// # Errors
    ///
    /// [`OpenError::Read`] for whatever [`Archive::read`] refuses; the others if the file does not
    /// hold one usable key with a certificate for it.
    pub fn open(pkcs12: &[u8], password: &Password, limits: &Limits) -> Result<Self, OpenError> {
        Self::from_archive(&Archive::read(pkcs12, password, limits)?)
    }

    fn from_archive(archive: &Archive) -> Result<Self, OpenError> {
        let archived = match archive.keys() {
            [] => return Err(OpenError::NoKey),
            [key] => key,
            several => return Err(OpenError::SeveralIdentities { got: several.len() }),
        };
        let key = KeyPair::from_der(archived.secret_pkcs8_der()).map_err(OpenError::UnusableKey)?;
        let certificates = archive
            .certificates()
            .iter()
            .enumerate()
            .map(|(index, certificate)| {
                Certificate::from_der(certificate.der())
                    .map_err(|source| OpenError::MalformedCertificate { index, source })
            })
            .collect::<Result<Vec<_>, _>>()?;

        let key_id = archived.attributes().local_key_id();
        let paired = |certificate: &ArchivedCertificate| {
            key_id.is_some() && certificate.attributes().local_key_id() == key_id
        };
        let has_key = |certificate: &Certificate| certificate.spki_der() == key.public_key_der();
        let leaf = match archive.certificates().iter().position(paired) {
            // Some writers give the localKeyID to the whole chain.
            Some(first) => (first..certificates.len())
                .find(|&i| paired(&archive.certificates()[i]) && has_key(&certificates[i]))
                .ok_or(OpenError::KeyCertMismatch)?,
            None => certificates
                .iter()
                .position(has_key)
                .ok_or(OpenError::NoCert)?,
        };

        let friendly_name = [
            archived.attributes(),
            archive.certificates()[leaf].attributes(),
        ]
        .iter()
        .find_map(|attributes| attributes.friendly_name())
        .map(str::to_owned);
        let chain = chain_above(leaf, &certificates)
            .into_iter()
            .map(|index| certificates[index].der().to_vec())
            .collect();
        let leaf = certificates[leaf].der().to_vec();
        Ok(Self {
            chain,
            friendly_name,
            key,
            leaf,
        })
    }

    /// The certificates above the leaf in DER, its issuer first, as far as the file has them.
    ///
    /// The last one is the root if the file has it.
    #[must_use]
    pub fn chain_der(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The name that a user sees.
    #[must_use]
    pub fn friendly_name(&self) -> Option<&str> {
        self.friendly_name.as_deref()
    }

    /// Hands over the key, the leaf and the chain above it, the certificates in DER.
    #[must_use]
    pub fn into_parts(self) -> (KeyPair, Vec<u8>, Vec<Vec<u8>>) {
        (self.key, self.leaf, self.chain)
    }

    /// The private key with its public key.
    #[must_use]
    pub fn key(&self) -> &KeyPair {
        &self.key
    }

    /// The certificate of the key in DER.
    #[must_use]
    pub fn leaf_der(&self) -> &[u8] {
        &self.leaf
    }
}

/// Follows the issuers, each certificate once.
fn chain_above(leaf: usize, certificates: &[Certificate]) -> Vec<usize> {
    let mut path = vec![leaf];
    let mut last = leaf;
    while !certificates[last].is_self_issued() {
        let issuer = (0..certificates.len()).find(|&candidate| {
            !path.contains(&candidate)
                && link::names_issuer(&certificates[last], &certificates[candidate]).is_ok()
        });
        let Some(issuer) = issuer else { break };
        path.push(issuer);
        last = issuer;
    }
    path.split_off(1)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test says what it expects by unwrapping it"
    )]

    use const_oid::db::rfc5912::ID_EC_PUBLIC_KEY;
    use pki_core::KeyKind;
    use test_pki::{Ca, rcgen};
    use zeroize::Zeroizing;

    use super::*;
    use crate::read::{ArchivedKey, BagAttributes};

    fn attributes(local_key_id: Option<u8>) -> BagAttributes {
        BagAttributes {
            local_key_id: local_key_id.map(|id| vec![id]),
            friendly_name: None,
        }
    }

    fn archived_key(key: &KeyPair, id: Option<u8>) -> ArchivedKey {
        let pkcs8 = Zeroizing::new(key.secret_pkcs8_der().to_vec());
        ArchivedKey {
            algorithm: ID_EC_PUBLIC_KEY,
            attributes: attributes(id),
            pkcs8,
        }
    }

    fn archived_certificate(key: &KeyPair, name: &str, id: Option<u8>) -> ArchivedCertificate {
        let key = rcgen::KeyPair::from_pem(&key.secret_pkcs8_pem()).unwrap();
        let leaf = Ca::root("root").client(name).with_key(key);
        ArchivedCertificate {
            attributes: attributes(id),
            der: leaf.der().to_vec(),
        }
    }

    fn name(opened: Result<Bundle, OpenError>) -> Result<String, OpenError> {
        let leaf = Certificate::from_der(opened?.leaf_der()).unwrap();
        Ok(leaf.subject().common_name().unwrap().to_owned())
    }

    #[test]
    fn a_key_is_paired_by_its_id_or_else_by_its_public_key() {
        let [key, other] = [(); 2].map(|()| KeyPair::generate(KeyKind::P256).unwrap());
        let open = |key_id, certificates: Vec<(&KeyPair, &str, Option<u8>)>| {
            let certificates = certificates
                .into_iter()
                .map(|(key, name, id)| archived_certificate(key, name, id))
                .collect();
            let keys = vec![archived_key(&key, key_id)];
            name(Bundle::from_archive(&Archive { certificates, keys }))
        };
        let id = Some(1);
        assert_eq!(
            open(id, vec![(&key, "old", None), (&key, "new", id)]).unwrap(),
            "new"
        );
        assert_eq!(
            open(id, vec![(&other, "ca", id), (&key, "leaf", id)]).unwrap(),
            "leaf"
        );
        assert_eq!(
            open(id, vec![(&other, "ca", None), (&key, "leaf", None)]).unwrap(),
            "leaf"
        );
        assert_eq!(
            open(None, vec![(&other, "ca", id), (&key, "leaf", None)]).unwrap(),
            "leaf"
        );
        let refused = open(id, vec![(&key, "leaf", None), (&other, "other", id)]);
        assert!(matches!(refused, Err(OpenError::KeyCertMismatch)));
        assert!(matches!(
            open(None, vec![(&other, "other", None)]),
            Err(OpenError::NoCert)
        ));
        assert!(matches!(open(id, vec![]), Err(OpenError::NoCert)));
    }

    #[test]
    fn a_bundle_has_one_key() {
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        for (keys, opens) in [(0, false), (1, true), (2, false)] {
            let certificates = vec![archived_certificate(&key, "leaf", None)];
            let keys: Vec<_> = (0..keys).map(|_| archived_key(&key, None)).collect();
            let got = keys.len();
            match Bundle::from_archive(&Archive { certificates, keys }) {
                Ok(_) => assert!(opens),
                Err(OpenError::NoKey) => assert_eq!(got, 0),
                Err(OpenError::SeveralIdentities { got: said }) => assert_eq!((got, said), (2, 2)),
                Err(other) => assert!(opens, "{other}"),
            }
        }
    }

    #[test]
    fn a_circle_of_issuers_ends() {
        let certificates = [("a", "b"), ("b", "a")].map(|(subject, issuer)| {
            let leaf = Ca::root(issuer).client(subject);
            Certificate::from_der(leaf.der()).unwrap()
        });
        assert_eq!(chain_above(0, &certificates), [1]);
    }
}
