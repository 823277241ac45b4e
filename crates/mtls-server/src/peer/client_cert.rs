//! The client certificate of a connection, verified once in its handshake.

use std::{fmt, sync::Arc};

use const_oid::db::DB;
use pki_core::verify::Path;
use time::OffsetDateTime;
use x509_identity::{
    Certificate, DistinguishedName, ObjectIdentifier, ParseError, SerialNumber, SubjectAltName,
};

/// A client certificate that the door verified; cheap to clone.
///
/// As an extractor it rejects an anonymous connection with 403. `Option<ClientCert>` is `None`
/// there; it still rejects a router that no acceptor of this crate serves, since "nobody" and
/// "not asked" must not look alike.
#[derive(Clone, Eq, PartialEq)]
pub struct ClientCert {
    leaf: Arc<Certificate>,
    chain: Arc<[Arc<Certificate>]>,
}

impl ClientCert {
    pub(crate) fn verified(path: &Path) -> Self {
        let leaf = Arc::clone(path.leaf());
        let chain = path.certificates().cloned().collect();
        Self { leaf, chain }
    }

    /// For mocks: nobody looked at it.
    pub(crate) fn unverified(der: &[u8]) -> Result<Self, ParseError> {
        let leaf = Arc::new(Certificate::from_der(der)?);
        let chain = Arc::new([Arc::clone(&leaf)]);
        Ok(Self { leaf, chain })
    }

    /// Whom the certificate names; its `Display` is RFC 4514.
    pub fn subject(&self) -> &DistinguishedName {
        self.leaf.subject()
    }

    /// Who signed it.
    pub fn issuer(&self) -> &DistinguishedName {
        self.leaf.issuer()
    }

    /// The subject's first common name.
    ///
    /// It is one attribute of the name, which other CAs may give to others: decide by the whole
    /// subject, by a SAN or by a fingerprint.
    pub fn common_name(&self) -> Option<&str> {
        self.leaf.subject().common_name()
    }

    /// The issuer's number for it.
    pub fn serial(&self) -> &SerialNumber {
        self.leaf.serial()
    }

    /// Subject alternative names, in the certificate's order.
    pub fn sans(&self) -> &[SubjectAltName] {
        self.leaf.sans()
    }

    /// What the key may be used for, `clientAuth` among it.
    pub fn eku(&self) -> &[ObjectIdentifier] {
        self.leaf.extended_key_usage().unwrap_or_default()
    }

    /// The same as RFC 5280 names them (`clientAuth`), or dotted where it has no name for one.
    pub fn eku_names(&self) -> Vec<String> {
        let name = |oid: &ObjectIdentifier| match DB.by_oid(oid) {
            Some(name) => name.trim_start_matches("id-kp-").to_owned(),
            None => oid.to_string(),
        };
        self.eku().iter().map(name).collect()
    }

    /// The last second in which it is valid.
    pub fn not_after(&self) -> OffsetDateTime {
        self.leaf.not_after()
    }

    /// SHA-256 of the whole certificate.
    pub fn fingerprint_sha256(&self) -> &[u8; 32] {
        self.leaf.fingerprint_sha256()
    }

    /// SHA-256 of the public key (SubjectPublicKeyInfo): it outlives a renewal with the same key.
    pub fn spki_sha256(&self) -> &[u8; 32] {
        self.leaf.spki_sha256()
    }

    /// The verified path: this certificate first, the trust anchor last.
    pub fn chain(&self) -> &[Arc<Certificate>] {
        &self.chain
    }

    /// The certificate's DER.
    pub fn der(&self) -> &[u8] {
        self.leaf.der()
    }

    /// Everything else that the certificate says.
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }
}

impl fmt::Debug for ClientCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCert")
            .field("subject", &self.subject().to_string())
            .field("serial", &self.serial().to_string())
            .finish_non_exhaustive()
    }
}
