//! One key with its certificates, opened from a `.p12` or put into one: the content of a file for one person or device.

use const_oid::db::rfc5912::ID_EC_PUBLIC_KEY;
use pki_core::{EncodedKey, KeyPair, Password};
use x509_identity::{Certificate, ParseError, PublicKeyAlgorithm};

use crate::chain;
use crate::open_error::OpenError;
use crate::read::{Archive, ArchivedKey, Limits};
use crate::write::BundleBuilder;

/// A private key, its certificate and the chain above it.
///
/// Deliberately not `Clone`: the key has one owner.
#[derive(Debug)]
pub struct Bundle {
    chain: Vec<Vec<u8>>,
    friendly_name: Option<String>,
    key: EncodedKey,
    leaf: Vec<u8>,
}

impl Bundle {
    /// Starts a new file for `key` and `leaf`, its certificate in DER.
    pub fn builder<'a>(key: &'a KeyPair, leaf: &'a [u8]) -> BundleBuilder<'a> {
        BundleBuilder::new(key, leaf)
    }

    /// Reads a file with exactly one private key, and finds the certificates that belong to that key.
    ///
    /// The certificate is the one with the key's localKeyID or, if there is none, with its public key. The chain
    /// follows from it by name and signature. It is the same chain that a PEM file of these certificates would have.
    /// Whether it can be trusted is decided elsewhere. Other certificates in the file are left out. An [`Archive`] has
    /// them.
    ///
    /// The key is of any kind that TLS can sign with: also of one that [`builder`](Self::builder) does not take.
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
        let key =
            EncodedKey::read(archived.secret_pkcs8_der(), None).map_err(OpenError::UnusableKey)?;
        let public_key = key.public_key_der().map_err(OpenError::UnusableKey)?;
        let certificates: Vec<_> = archive
            .certificates()
            .iter()
            .map(|certificate| Certificate::from_der(certificate.der()))
            .collect();
        let leaf = leaf_of(archived, &public_key, archive, &certificates)?;
        // What the key does not need may be of any form.
        let certificates: Vec<_> = certificates.into_iter().map(Result::ok).collect();

        let friendly_name = [
            archived.attributes(),
            archive.certificates()[leaf].attributes(),
        ]
        .iter()
        .find_map(|attributes| attributes.friendly_name())
        .map(str::to_owned);
        let der = |index: usize| archive.certificates()[index].der().to_vec();
        Ok(Self {
            chain: chain::above(leaf, &certificates)
                .into_iter()
                .map(der)
                .collect(),
            friendly_name,
            key,
            leaf: der(leaf),
        })
    }

    /// The certificates above the leaf in DER, as far as the file has them. The leaf's issuer is first, the root last.
    ///
    /// Where a CA has several certificates, all of them are among these.
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
    pub fn into_parts(self) -> (EncodedKey, Vec<u8>, Vec<Vec<u8>>) {
        (self.key, self.leaf, self.chain)
    }

    /// The private key.
    #[must_use]
    pub fn key(&self) -> &EncodedKey {
        &self.key
    }

    /// The certificate of the key in DER.
    #[must_use]
    pub fn leaf_der(&self) -> &[u8] {
        &self.leaf
    }
}

/// The certificate of the key: among those with its localKeyID, or, where there are none, among all.
fn leaf_of(
    key: &ArchivedKey,
    public_key: &[u8],
    archive: &Archive,
    certificates: &[Result<Certificate, ParseError>],
) -> Result<usize, OpenError> {
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

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test says what it expects by unwrapping it"
    )]

    use const_oid::ObjectIdentifier;
    use der::Encode;
    use der::asn1::{Any, OctetStringRef};
    use pki_core::KeyKind;
    use spki::AlgorithmIdentifierRef;
    use test_pki::{Ca, KeyKind as Kind, rcgen};
    use zeroize::Zeroizing;

    use super::*;
    use crate::read::{ArchivedCertificate, BagAttributes};

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
    fn a_key_of_any_kind_that_tls_uses_opens_and_others_are_named() {
        let open = |pkcs8: Vec<u8>, leaf: &[u8]| {
            let keys = vec![ArchivedKey {
                algorithm: ID_EC_PUBLIC_KEY,
                attributes: attributes(None),
                pkcs8: Zeroizing::new(pkcs8),
            }];
            let certificates = vec![ArchivedCertificate {
                attributes: attributes(None),
                der: leaf.to_vec(),
            }];
            Bundle::from_archive(&Archive { certificates, keys })
        };
        let ca = Ca::root("root");
        for kind in [Kind::P521, Kind::MlDsa44, Kind::MlDsa65, Kind::MlDsa87] {
            let leaf = ca.client("leaf").with_key(kind);
            let bundle = open(leaf.key().serialize_der(), leaf.der()).unwrap();
            assert_eq!(bundle.leaf_der(), &**leaf.der(), "{kind:?}");
            let other = ca.client("other").with_key(kind);
            let refused = open(leaf.key().serialize_der(), other.der());
            assert!(matches!(refused, Err(OpenError::NoCert)), "{kind:?}");
        }
        // A key on secp256k1, without the key.
        let curve = Any::encode_from(&ObjectIdentifier::new_unwrap("1.3.132.0.10")).unwrap();
        let algorithm = AlgorithmIdentifierRef {
            oid: ID_EC_PUBLIC_KEY,
            parameters: Some(curve.to_ref()),
        };
        let key = OctetStringRef::new(&[]).unwrap();
        let pkcs8 = pkcs8::PrivateKeyInfoRef::new(algorithm, key).to_der();
        let refused = open(pkcs8.unwrap(), ca.der()).unwrap_err();
        assert!(matches!(refused, OpenError::UnusableKey(_)));
        assert!(refused.to_string().contains("secp256k1"), "{refused}");
    }

    #[test]
    fn a_certificate_that_nobody_needs_may_be_of_any_form() {
        let [key, other] = [(); 2].map(|()| KeyPair::generate(KeyKind::P256).unwrap());
        let unreadable = |id| ArchivedCertificate {
            attributes: attributes(id),
            der: vec![0x30, 0x00],
        };
        let open = |key_id, certificates| {
            let keys = vec![archived_key(&key, key_id)];
            name(Bundle::from_archive(&Archive { certificates, keys }))
        };
        let leaf = |id| archived_certificate(&key, "leaf", id);
        for (key_id, certificates) in [
            (None, vec![unreadable(None), leaf(None), unreadable(None)]),
            (Some(1), vec![unreadable(None), leaf(Some(1))]),
            (Some(1), vec![unreadable(Some(1)), leaf(Some(1))]),
        ] {
            assert_eq!(open(key_id, certificates).unwrap(), "leaf");
        }
        for (key_id, certificates, at) in [
            (None, vec![unreadable(None)], 1),
            (Some(1), vec![leaf(None), unreadable(Some(1))], 2),
            (
                None,
                vec![
                    archived_certificate(&other, "other", None),
                    unreadable(None),
                ],
                2,
            ),
        ] {
            assert!(matches!(
                open(key_id, certificates),
                Err(OpenError::MalformedCertificate { position, .. }) if position == at
            ));
        }
    }
}
