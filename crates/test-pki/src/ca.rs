use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    CertificateParams, CertificateRevocationListParams, Issuer, KeyPair, PublicKeyData,
    SerialNumber,
};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use time::OffsetDateTime;

use crate::crl::Crl;
use crate::files;
use crate::key::KeyKind;
use crate::leaf::Leaf;
use crate::params;
use crate::signed::{self, Signed};

/// A certificate authority, root or not, that signs whatever it is asked to.
///
/// Everything that it makes has a P-256 key of its own and is valid at one moment.
/// [`root`](Self::root) takes that moment from the system's clock, and [`root_at`](Self::root_at)
/// from the caller. A clone is the same CA.
#[derive(Clone, Debug)]
pub struct Ca(Arc<Signed>);

impl Ca {
    /// A root that is valid today.
    pub fn root(common_name: &str) -> Self {
        Self::root_at(common_name, OffsetDateTime::now_utc())
    }

    /// A root for tests that fix the time: it and all below it are valid at `now`.
    pub fn root_at(common_name: &str, now: OffsetDateTime) -> Self {
        let params = params::ca(common_name, now);
        Self(Arc::new(Signed::new(
            now,
            params,
            KeyKind::P256.into(),
            None,
        )))
    }

    /// A CA below this one. Its leaves present its certificate after their own.
    pub fn issuing(&self, common_name: &str) -> Self {
        Self(Arc::new(self.signed(params::ca(common_name, self.0.now))))
    }

    /// A TLS server for one host name or IP address. `localhost` stands for `127.0.0.1` and `::1` too.
    pub fn server(&self, name: &str) -> Leaf {
        Leaf::new(self.signed(params::server(name, self.0.now)))
    }

    /// A TLS client of this common name.
    pub fn client(&self, common_name: &str) -> Leaf {
        Leaf::new(self.signed(params::client(common_name, self.0.now)))
    }

    /// A current CRL that revokes nobody yet.
    pub fn crl(&self) -> Crl {
        Crl::new(Arc::clone(&self.0), params::crl(1, self.0.now))
    }

    /// This CA's own certificate and key, for whoever presents them where a leaf's belong.
    pub fn as_leaf(&self) -> Leaf {
        Leaf::new(Signed::clone(&self.0))
    }

    fn signed(&self, params: CertificateParams) -> Signed {
        let issuer = Some(Arc::clone(&self.0));
        Signed::new(self.0.now, params, KeyKind::P256.into(), issuer)
    }
}

/// The same CA with one thing changed and its certificate signed anew. What it has issued before stays as it was.
impl Ca {
    /// Changes whatever rcgen can say.
    pub fn with(self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        self.map(|signed| signed.with(change))
    }

    /// Takes another key, given or generated: `with_key(KeyKind::Rsa2048)`.
    pub fn with_key(self, key: impl Into<Arc<KeyPair>>) -> Self {
        self.map(|signed| signed.with_key(key.into()))
    }

    /// Ended yesterday.
    pub fn expired(self) -> Self {
        self.map(Signed::expired)
    }

    fn map(self, change: impl FnOnce(Signed) -> Signed) -> Self {
        Self(Arc::new(change(Arc::unwrap_or_clone(self.0))))
    }
}

/// Signing what a test has put together by itself.
impl Ca {
    /// Signs a certificate for a new P-256 key, which nobody keeps.
    pub fn sign(&self, params: &CertificateParams) -> CertificateDer<'static> {
        self.sign_for(params, &KeyKind::P256.generate())
    }

    /// Signs a certificate for this key.
    pub fn sign_for(
        &self,
        params: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> CertificateDer<'static> {
        signed::sign_for(params, key, &self.0)
    }

    /// Signs a CRL, even as a CA that may sign none.
    pub fn sign_crl(
        &self,
        params: &CertificateRevocationListParams,
    ) -> CertificateRevocationListDer<'static> {
        signed::sign_crl(params, &self.0)
    }

    /// Changes the fields of a certificate or CRL, of whoever, and signs them with this CA's key; see
    /// [`der::rewrite`](crate::der::rewrite).
    pub fn rewrite(&self, der: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
        crate::der::rewrite(der, &*self.0.key, change)
    }

    /// This CA as rcgen knows it.
    pub fn issuer(&self) -> Issuer<'_, &KeyPair> {
        self.0.issuer()
    }
}

/// What there is to see and to hand out.
impl Ca {
    /// The certificate.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.0.certificate
    }

    /// The certificate as PEM.
    pub fn pem(&self) -> String {
        signed::pem("CERTIFICATE", self.der())
    }

    /// The key.
    pub fn key(&self) -> &KeyPair {
        &self.0.key
    }

    /// What the certificate was made of.
    pub fn params(&self) -> &CertificateParams {
        &self.0.params
    }

    /// Writes the certificate as `NAME.crt` into a directory that exists, and says where that is.
    ///
    /// A file of that name is replaced as a whole.
    pub fn write_to(&self, directory: impl AsRef<Path>, name: &str) -> PathBuf {
        files::write(directory.as_ref(), &format!("{name}.crt"), &self.pem())
    }
}

/// The serial number of the CA's own certificate, for [`Crl::revoke`].
impl From<&Ca> for SerialNumber {
    fn from(ca: &Ca) -> Self {
        ca.0.serial_number()
    }
}
