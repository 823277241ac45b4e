//! The client certificate of a connection, verified once in its handshake.

use std::{fmt, sync::Arc};

use const_oid::db::DB;
use pki_core::verify::Path;
use time::OffsetDateTime;
use x509_identity::{
    Certificate, DistinguishedName, ObjectIdentifier, SerialNumber, SubjectAltName,
};

/// A client certificate that was verified in the handshake; cheap to clone.
///
/// As an extractor it rejects an anonymous connection with 403. `Option<ClientCert>` is `None`
/// there. Both reject a router that is not served by this crate, because "no certificate" and
/// "never asked for one" must not look alike.
#[derive(Clone, Eq, PartialEq)]
pub struct ClientCert {
    leaf: Arc<Certificate>,
    chain: Arc<[Arc<Certificate>]>,
    without_client_auth_until: Option<OffsetDateTime>,
}

impl ClientCert {
    pub(crate) fn verified(path: &Path) -> Self {
        let leaf = Arc::clone(path.leaf());
        let chain = path.certificates().cloned().collect();
        Self {
            leaf,
            chain,
            without_client_auth_until: path.without_client_auth_until(),
        }
    }

    /// For mocks: it is not verified.
    pub(crate) fn unverified(certificate: Certificate) -> Self {
        let leaf = Arc::new(certificate);
        let chain = Arc::new([Arc::clone(&leaf)]);
        Self {
            leaf,
            chain,
            without_client_auth_until: None,
        }
    }

    /// The subject. Its `Display` is RFC 4514.
    pub fn subject(&self) -> &DistinguishedName {
        self.leaf.subject()
    }

    /// The issuer.
    pub fn issuer(&self) -> &DistinguishedName {
        self.leaf.issuer()
    }

    /// The subject's first common name.
    ///
    /// It is only one attribute of the name, and other CAs may give it to others. Decide by the whole
    /// subject, by an alternative name or by a fingerprint.
    pub fn common_name(&self) -> Option<&str> {
        self.leaf.subject().common_name()
    }

    /// The serial number.
    pub fn serial(&self) -> &SerialNumber {
        self.leaf.serial()
    }

    /// Subject alternative names, in the certificate's order.
    pub fn sans(&self) -> &[SubjectAltName] {
        self.leaf.sans()
    }

    /// The extended key usage; it contains `clientAuth`, but for what
    /// [`without_client_auth_until`](Self::without_client_auth_until) says.
    pub fn eku(&self) -> &[ObjectIdentifier] {
        self.leaf.extended_key_usage().unwrap_or_default()
    }

    /// The extended key usage by the names of RFC 5280 (`clientAuth`), or dotted where there is none.
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

    /// The first moment at which it is no longer accepted, if it was accepted without clientAuth
    /// ([`VirtualHost::accept_without_client_auth`](crate::VirtualHost::accept_without_client_auth)).
    pub fn without_client_auth_until(&self) -> Option<OffsetDateTime> {
        self.without_client_auth_until
    }

    /// SHA-256 of the whole certificate.
    pub fn fingerprint_sha256(&self) -> &[u8; 32] {
        self.leaf.fingerprint_sha256()
    }

    /// SHA-256 of the public key (SubjectPublicKeyInfo). It stays the same when the certificate is renewed
    /// with the same key.
    pub fn spki_sha256(&self) -> &[u8; 32] {
        self.leaf.spki_sha256()
    }

    /// The verified path, from this certificate to the trust anchor.
    pub fn chain(&self) -> &[Arc<Certificate>] {
        &self.chain
    }

    /// The certificate's DER.
    pub fn der(&self) -> &[u8] {
        self.leaf.der()
    }

    /// The parsed certificate, for everything else.
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
