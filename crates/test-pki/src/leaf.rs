use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, SanType, SerialNumber};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

use crate::files;
use crate::key::KeyKind;
use crate::signed::{self, Signed};

/// The certificate of a client or server, with its key and the chain that it presents.
///
/// Made by [`Ca::client`](crate::Ca::client) and [`Ca::server`](crate::Ca::server).
#[derive(Clone, Debug)]
pub struct Leaf {
    signed: Signed,
    /// Sent after the leaf.
    above: Vec<CertificateDer<'static>>,
    other_key: Option<Arc<KeyPair>>,
}

impl Leaf {
    pub(crate) fn new(signed: Signed) -> Self {
        let above = signed.chain().split_off(1);
        Self {
            signed,
            above,
            other_key: None,
        }
    }
}

/// The same with one thing changed. The certificate is signed anew by the same CA; its key and serial number stay, unless
/// they are what is changed.
impl Leaf {
    /// Changes whatever rcgen can say.
    pub fn with(self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        self.map(|signed| signed.with(change))
    }

    /// Takes another key, given or generated: `with_key(KeyKind::Rsa2048)`.
    pub fn with_key(self, key: impl Into<Arc<KeyPair>>) -> Self {
        self.map(|signed| signed.with_key(key.into()))
    }

    /// Signed by its own key, so that no CA knows it.
    pub fn self_signed(mut self) -> Self {
        self.above.clear();
        self.map(Signed::self_signed)
    }

    /// Ended yesterday.
    pub fn expired(self) -> Self {
        self.map(Signed::expired)
    }

    /// Begins tomorrow.
    pub fn not_yet_valid(self) -> Self {
        self.map(Signed::not_yet_valid)
    }

    /// Ends then.
    pub fn valid_until(self, not_after: OffsetDateTime) -> Self {
        self.with(|params| params.not_after = not_after)
    }

    /// Takes this serial number.
    pub fn serial(self, number: impl Into<SerialNumber>) -> Self {
        self.with(|params| params.serial_number = Some(number.into()))
    }

    /// Adds a DNS name.
    ///
    /// # Panics
    ///
    /// If it is not ASCII: names with other letters have a form that begins with `xn--`.
    pub fn dns(self, name: &str) -> Self {
        self.san(SanType::DnsName(ascii(name)))
    }

    /// Adds an email address.
    ///
    /// # Panics
    ///
    /// If it is not ASCII.
    pub fn email(self, address: &str) -> Self {
        self.san(SanType::Rfc822Name(ascii(address)))
    }

    /// Adds an IP address.
    pub fn ip(self, address: impl Into<IpAddr>) -> Self {
        self.san(SanType::IpAddress(address.into()))
    }

    /// Adds a URI, such as a SPIFFE ID.
    ///
    /// # Panics
    ///
    /// If it is not ASCII.
    pub fn uri(self, uri: &str) -> Self {
        self.san(SanType::URI(ascii(uri)))
    }

    fn san(self, name: SanType) -> Self {
        self.with(|params| params.subject_alt_names.push(name))
    }

    fn map(mut self, change: impl FnOnce(Signed) -> Signed) -> Self {
        self.signed = change(self.signed);
        self
    }
}

/// The same certificate, presented otherwise.
impl Leaf {
    /// Sends these after what is sent already.
    pub fn presenting<C: AsRef<[u8]>>(mut self, certificates: impl IntoIterator<Item = C>) -> Self {
        let more = certificates.into_iter();
        self.above
            .extend(more.map(|der| CertificateDer::from(der.as_ref().to_vec())));
        self
    }

    /// Sends the leaf alone, without the CAs between it and the root.
    pub fn without_intermediates(mut self) -> Self {
        self.above.clear();
        self
    }

    /// Has a key that is not the certificate's, as somebody has who copied the certificate.
    pub fn with_wrong_key(mut self) -> Self {
        self.other_key = Some(KeyKind::P256.into());
        self
    }
}

/// What there is to see and to hand out.
impl Leaf {
    /// The certificate.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.signed.certificate
    }

    /// The certificate and the CAs between it and the root, as they are sent.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        let mut chain = vec![self.der().clone()];
        chain.extend(self.above.iter().cloned());
        chain
    }

    /// The chain as PEM.
    pub fn chain_pem(&self) -> String {
        let chain = self.chain();
        chain
            .iter()
            .map(|der| signed::pem("CERTIFICATE", der))
            .collect()
    }

    /// The key.
    pub fn key(&self) -> &KeyPair {
        self.other_key.as_ref().unwrap_or(&self.signed.key)
    }

    /// The key as unencrypted PKCS#8.
    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key().serialize_der()).into()
    }

    /// The key as unencrypted PKCS#8, in PEM.
    pub fn key_pem(&self) -> String {
        signed::pem("PRIVATE KEY", self.key_der().secret_der())
    }

    /// What the certificate was made of.
    pub fn params(&self) -> &CertificateParams {
        &self.signed.params
    }

    /// Writes `NAME.crt`, the chain, and `NAME.key` into a directory that exists, and says where they are.
    ///
    /// Each replaces a file of its name as a whole. The key is for its owner alone.
    pub fn write_to(&self, directory: impl AsRef<Path>, name: &str) -> LeafFiles {
        let directory = directory.as_ref();
        LeafFiles {
            key: files::write(directory, &format!("{name}.key"), &self.key_pem()),
            certificate: files::write(directory, &format!("{name}.crt"), &self.chain_pem()),
        }
    }
}

/// Where [`Leaf::write_to`] has put a chain and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafFiles {
    /// The chain, leaf first, as PEM.
    pub certificate: PathBuf,
    /// The key, as PKCS#8 in PEM.
    pub key: PathBuf,
}

/// For [`Crl::revoke`](crate::Crl::revoke).
impl From<&Leaf> for SerialNumber {
    fn from(leaf: &Leaf) -> Self {
        leaf.signed.serial_number()
    }
}

fn ascii(text: &str) -> rcgen::string::Ia5String {
    text.try_into().expect("alternative names are ASCII")
}
