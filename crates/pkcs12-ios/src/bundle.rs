//! One key with its certificates: the content of a file for one person or device.

use pki_core::{KeyPair, Password};
use x509_identity::Certificate;

use crate::archive::{Archive, ArchivedCertificate};
use crate::builder::BundleBuilder;
use crate::error::OpenError;
use crate::limits::Limits;
use crate::link;

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
    /// checked here, that is for whoever trusts it. Other certificates in the file are left out
    /// and can be had from an [`Archive`].
    ///
    /// # Errors
    ///
    /// [`OpenError::Read`] for whatever [`Archive::read`] refuses; the others if the file does not
    /// hold one usable key with a certificate for it.
    pub fn open(pkcs12: &[u8], password: &Password, limits: &Limits) -> Result<Self, OpenError> {
        let archive = Archive::read(pkcs12, password, limits)?;
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
        let fits = |certificate: &Certificate| certificate.spki_der() == key.public_key_der();
        let leaf = match archive.certificates().iter().position(paired) {
            // Some writers give the localKeyID to the whole chain.
            Some(first) => (first..certificates.len())
                .find(|&i| paired(&archive.certificates()[i]) && fits(&certificates[i]))
                .ok_or(OpenError::KeyCertMismatch)?,
            None => certificates
                .iter()
                .position(fits)
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

    /// The name that the file shows to a user.
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
