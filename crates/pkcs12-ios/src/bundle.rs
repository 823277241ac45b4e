//! One key with its certificates, opened from a `.p12` or put into one: the content of a file for one person or device.

use pki_core::{EncodedKey, KeyError, KeyPair, Password};
use x509_identity::Certificate;

use crate::chain;
use crate::open_error::OpenError;
use crate::pair::{self, Found};
use crate::read::{Archive, Limits};
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

    /// Reads a file, and finds the certificates that belong to its private key.
    ///
    /// Of several keys, it is the one with a certificate; where several have one, [`open_named`](Self::open_named)
    /// chooses. The certificate is the one with the key's localKeyID or, if there is none, with its public key. The chain
    /// follows from it by name and signature. It is the same chain that a PEM file of these certificates would have.
    /// Whether it can be trusted is decided elsewhere. Other certificates in the file are left out. An [`Archive`] has
    /// them.
    ///
    /// The key is of any kind that TLS can sign with, also of one that [`builder`](Self::builder) does not take. Keys for
    /// RSASSA-PSS alone, and RSA below 2,048 bits, are not such kinds: an [`Archive`] has them, too.
    ///
    /// # Errors
    ///
    /// [`OpenError::Read`] for whatever [`Archive::read`] refuses; the others if the file does not
    /// hold one usable key with a certificate for it.
    pub fn open(pkcs12: &[u8], password: &Password, limits: &Limits) -> Result<Self, OpenError> {
        Self::of_archive(&Archive::read(pkcs12, password, limits)?, None)
    }

    /// As [`open`](Self::open), for the key with this friendlyName, its own or that of its certificate.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`OpenError::NoKeyOfThatName`].
    pub fn open_named(
        pkcs12: &[u8],
        password: &Password,
        limits: &Limits,
        name: &str,
    ) -> Result<Self, OpenError> {
        Self::of_archive(&Archive::read(pkcs12, password, limits)?, Some(name))
    }

    /// Finds the certificates that belong to the private key of an archive: to the one with a certificate, or, with
    /// `name`, to the one with this friendlyName.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open) and [`open_named`](Self::open_named).
    pub fn of_archive(archive: &Archive, name: Option<&str>) -> Result<Self, OpenError> {
        let certificates: Vec<_> = archive
            .certificates()
            .iter()
            .map(|certificate| Certificate::from_der(certificate.der()))
            .collect();
        let Found { key, leaf } = pair::choose(archive, &certificates, name)?;
        // What the key does not need may be of any form.
        let certificates: Vec<_> = certificates.into_iter().map(Result::ok).collect();

        let der = |index: usize| archive.certificates()[index].der().to_vec();
        Ok(Self {
            chain: chain::above(leaf, &certificates)
                .into_iter()
                .map(der)
                .collect(),
            friendly_name: pair::name_of(archive, key, leaf).map(str::to_owned),
            key: EncodedKey::read(archive.keys()[key].secret_pkcs8_der(), None)
                .map_err(OpenError::UnusableKey)?,
            leaf: der(leaf),
        })
    }

    /// Starts a new file with the same key, leaf, chain and name.
    ///
    /// A name that a new file cannot hold, such as one with emoji, is left out. Unlike a new identity, it may be one that [`BundleBuilder::allow_ca_certificate`] and
    /// [`BundleBuilder::allow_unverified_chain`] are for: what has been issued cannot be changed here.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the key is of no kind that can be written.
    pub fn rebuild(&self) -> Result<BundleBuilder<'_>, KeyError> {
        let builder = BundleBuilder::for_encoded(&self.key, &self.leaf)?
            .chain(&self.chain)
            .allow_ca_certificate()
            .allow_unverified_chain();
        Ok(match &self.friendly_name {
            Some(name) if BundleBuilder::is_friendly_name(name) => builder.friendly_name(name),
            _ => builder,
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

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test says what it expects by unwrapping it"
    )]

    use const_oid::ObjectIdentifier;
    use const_oid::db::rfc5912::ID_EC_PUBLIC_KEY;
    use der::Encode;
    use der::asn1::{Any, OctetStringRef};
    use pki_core::KeyKind;
    use spki::AlgorithmIdentifierRef;
    use test_pki::{Ca, KeyKind as Kind, rcgen};
    use zeroize::Zeroizing;

    use super::*;
    use crate::read::{ArchivedCertificate, ArchivedKey, BagAttributes};

    fn attributes(local_key_id: Option<u8>) -> BagAttributes {
        BagAttributes {
            local_key_id: local_key_id.map(|id| vec![id]),
            ..BagAttributes::default()
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

    fn from_parts(
        certificates: Vec<ArchivedCertificate>,
        keys: Vec<ArchivedKey>,
    ) -> Result<Bundle, OpenError> {
        let archive = Archive {
            certificates,
            keys,
            ..Archive::default()
        };
        Bundle::of_archive(&archive, None)
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
            name(from_parts(certificates, keys))
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
    fn of_several_keys_the_one_with_a_certificate_opens() {
        let [key, other] = [(); 2].map(|()| KeyPair::generate(KeyKind::P256).unwrap());
        let leaf = |key, id| archived_certificate(key, "leaf", id);
        for (keys, certificates) in [
            (vec![archived_key(&key, None)], vec![leaf(&key, None)]),
            (
                vec![archived_key(&other, None), archived_key(&key, None)],
                vec![leaf(&key, None)],
            ),
            (
                vec![archived_key(&other, Some(2)), archived_key(&key, Some(1))],
                vec![leaf(&key, Some(1))],
            ),
            // One key, twice.
            (
                vec![archived_key(&key, None), archived_key(&key, None)],
                vec![leaf(&key, None)],
            ),
        ] {
            let bundle = from_parts(certificates, keys).unwrap();
            assert_eq!(bundle.key().public_key_der().unwrap(), key.public_key_der());
        }
        let none = from_parts(vec![leaf(&key, None)], vec![]);
        assert!(matches!(none, Err(OpenError::NoKey)));
        let neither = vec![archived_key(&other, None), archived_key(&other, None)];
        let neither = from_parts(vec![leaf(&key, None)], neither);
        assert!(matches!(neither, Err(OpenError::NoCert)));
    }

    #[test]
    fn of_several_identities_the_name_chooses() {
        let [one, two] = [(); 2].map(|()| KeyPair::generate(KeyKind::P256).unwrap());
        let named = |key: &KeyPair, id, name: &str| {
            let mut key = archived_key(key, Some(id));
            key.attributes.friendly_name = Some(name.to_owned());
            key
        };
        let archive = Archive {
            keys: vec![named(&one, 1, "one"), named(&two, 2, "two")],
            certificates: vec![
                archived_certificate(&one, "first", Some(1)),
                archived_certificate(&two, "second", Some(2)),
            ],
            ..Archive::default()
        };
        let refused = Bundle::of_archive(&archive, None).unwrap_err();
        assert!(
            matches!(&refused, OpenError::SeveralIdentities { names } if *names == ["one", "two"]),
            "{refused}"
        );
        for (wanted, leaf) in [("one", "first"), ("two", "second")] {
            let opened = Bundle::of_archive(&archive, Some(wanted));
            assert_eq!(name(opened).unwrap(), leaf);
        }
        let refused = Bundle::of_archive(&archive, Some("three")).unwrap_err();
        assert!(matches!(refused, OpenError::NoKeyOfThatName { names } if names == ["one", "two"]));
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
            from_parts(certificates, keys)
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
            name(from_parts(certificates, keys))
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
