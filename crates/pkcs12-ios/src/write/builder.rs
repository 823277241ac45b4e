//! A new file: what goes in, and what has to be true of it.

use std::fmt;
use std::ops::RangeInclusive;

use const_oid::db::rfc5280::ID_KP_CLIENT_AUTH;
use der::asn1::BmpString;
use pki_core::{EncodedKey, KeyError, KeyKind, KeyPair, Password};
use rustls_pki_types::PrivateKeyDer;
use x509_identity::Certificate;
use zeroize::Zeroizing;

use super::alphabet::Alphabet;
use super::encoding::Encoding;
use super::error::BuildError;
use super::finding::{Finding, Target};
use super::layout::{self, Parts};
use crate::link::{self, BrokenLink};

/// A file in the making, from [`Bundle::builder`](crate::Bundle::builder).
///
/// [`build`](Self::build) checks everything and writes nothing that does not belong together.
#[derive(Clone)]
pub struct BundleBuilder<'a> {
    alphabet: Alphabet,
    ca_leaf: CaLeaf,
    chain: Vec<Vec<u8>>,
    chain_check: ChainCheck,
    encoding: Encoding,
    friendly_name: Option<String>,
    iterations: Option<u32>,
    key: Key,
    leaf: &'a [u8],
}

/// A private key and what is known of it.
#[derive(Clone)]
struct Key {
    /// None for a kind that is not made here.
    kind: Option<KeyKind>,
    pkcs8: Zeroizing<Vec<u8>>,
    spki: Vec<u8>,
}

/// What becomes of a leaf that is a CA certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum CaLeaf {
    Allow,
    Refuse,
}

/// What becomes of a certificate that did not issue the one before it, or cannot be shown to have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ChainCheck {
    Links,
    Nothing,
}

impl<'a> BundleBuilder<'a> {
    pub(crate) fn new(key: &KeyPair, leaf: &'a [u8]) -> Self {
        let key = Key {
            kind: Some(key.kind()),
            pkcs8: Zeroizing::new(key.secret_pkcs8_der().to_vec()),
            spki: key.public_key_der().to_vec(),
        };
        Self::for_key(key, leaf)
    }

    pub(crate) fn for_encoded(key: &EncodedKey, leaf: &'a [u8]) -> Result<Self, KeyError> {
        // What is made here is written in the form in which it is made.
        let refused = match key.key_pair() {
            Ok(pair) => return Ok(Self::new(&pair, leaf)),
            Err(refused) => refused,
        };
        let spki = key.public_key_der()?;
        let PrivateKeyDer::Pkcs8(pkcs8) = key.secret_der() else {
            return Err(refused);
        };
        let key = Key {
            kind: None,
            pkcs8: Zeroizing::new(pkcs8.secret_pkcs8_der().to_vec()),
            spki,
        };
        Ok(Self::for_key(key, leaf))
    }

    fn for_key(key: Key, leaf: &'a [u8]) -> Self {
        Self {
            alphabet: Alphabet::PrintableAscii,
            ca_leaf: CaLeaf::Refuse,
            chain: Vec::new(),
            chain_check: ChainCheck::Links,
            encoding: Encoding::default(),
            friendly_name: None,
            iterations: None,
            key,
            leaf,
        }
    }

    /// Adds the certificates above the leaf in DER, its issuer first; the root may be the last one.
    ///
    /// A certificate that is there already, as the leaf is in a "full chain", is written once.
    #[must_use]
    pub fn chain(mut self, certificates: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        self.chain
            .extend(certificates.into_iter().map(|der| der.as_ref().to_vec()));
        self
    }

    /// Sets the name that readers show for the key and its certificate.
    ///
    /// The default is the certificate's common name, where it has one that a file can hold.
    #[must_use]
    pub fn friendly_name(mut self, name: impl Into<String>) -> Self {
        self.friendly_name = Some(name.into());
        self
    }

    /// Whether a file can hold `name`: 1 to 255 characters of the Basic Multilingual Plane, without NUL.
    #[must_use]
    pub fn is_friendly_name(name: &str) -> bool {
        bmp(name).is_ok()
    }

    /// Chooses the algorithms. The default is [`Encoding::Compat`].
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sets the rounds of key derivation, 1,000 to 600,000. The default is that of the encoding.
    #[must_use]
    pub fn iterations(mut self, iterations: u32) -> Self {
        self.iterations = Some(iterations);
        self
    }

    /// Accepts passwords with characters other than printable ASCII. They are refused by default: Java cannot open
    /// files with such a password, and node-forge cannot open those that are [`Encoding::Modern`].
    #[must_use]
    pub fn allow_unicode_password(mut self) -> Self {
        self.alphabet = Alphabet::Unicode;
        self
    }

    /// Accepts a leaf that is a CA certificate. It is refused by default: a CA's key has no place on a device.
    ///
    /// It is for identities that exist, such as those that `openssl req -x509` makes, which says of each that it is a CA.
    #[must_use]
    pub fn allow_ca_certificate(mut self) -> Self {
        self.ca_leaf = CaLeaf::Allow;
        self
    }

    /// Accepts a chain in which a certificate is not the issuer of the one before it, or cannot be shown to be: its
    /// signature algorithm is not known here, or a CA has several certificates. It is refused by default.
    #[must_use]
    pub fn allow_unverified_chain(mut self) -> Self {
        self.chain_check = ChainCheck::Nothing;
        self
    }

    /// What is allowed here and refused elsewhere.
    ///
    /// A leaf that is a CA, and a chain that cannot be verified, are among these whether they are allowed or not. Ed25519
    /// is another case: OpenSSL and Java take it in both encodings, while Apple and NSS refuse the file. Whether that
    /// matters depends on the device.
    ///
    /// # Errors
    ///
    /// [`BuildError::MalformedCertificate`] and [`BuildError::PemCertificate`] if a certificate cannot be read.
    pub fn findings(&self) -> Result<Vec<Finding>, BuildError> {
        let leaf = parsed(self.leaf, None)?;
        let mut findings = Vec::new();
        if let Some(kind) = self.key.kind {
            let refusing: &[Target] = match kind {
                KeyKind::Ed25519 => &[Target::Apple, Target::Nss],
                kind if kind.is_ml_dsa() => &[Target::Apple],
                _ => &[],
            };
            let unsupported = |target: &Target| Finding::KeyTypeUnsupportedBy {
                kind,
                target: *target,
            };
            findings.extend(refusing.iter().map(unsupported));
        }
        if leaf.is_ca() {
            findings.push(Finding::LeafIsCa);
        }
        findings.extend(
            self.broken_links(&leaf)?
                .into_iter()
                .map(|(index, reason)| Finding::UnverifiedLink { index, reason }),
        );
        if !leaf
            .extended_key_usage()
            .is_some_and(|usages| usages.contains(&ID_KP_CLIENT_AUTH))
        {
            findings.push(Finding::NoClientAuth);
        }
        Ok(findings)
    }

    /// Writes the file: DER, with `password` on the key, the certificates and the whole.
    ///
    /// # Errors
    ///
    /// A [`BuildError`] that names what is wrong: the password, the name, the number of iterations, a key that is not
    /// its certificate's, or a certificate that did not issue the one before it.
    pub fn build(&self, password: &Password) -> Result<Vec<u8>, BuildError> {
        self.alphabet.check(password)?;
        let iterations = self.checked_iterations()?;
        let leaf = self.checked_leaf()?;
        self.check_chain(&leaf)?;
        let parts = Parts {
            chain: self.distinct().map(|(_, der)| der).collect(),
            friendly_name: self.bmp_name(&leaf)?,
            leaf: self.leaf,
            pkcs8: &self.key.pkcs8,
        };
        layout::encode(
            &parts,
            self.encoding,
            iterations,
            &pbe::PasswordOctets::new(password.secret_str()),
        )
    }

    fn checked_iterations(&self) -> Result<u32, BuildError> {
        const ALLOWED: RangeInclusive<u32> = 1_000..=600_000;
        let got = self
            .iterations
            .unwrap_or(self.encoding.default_iterations());
        if ALLOWED.contains(&got) {
            Ok(got)
        } else {
            Err(BuildError::IterationsOutOfRange {
                got,
                allowed: ALLOWED,
            })
        }
    }

    fn checked_leaf(&self) -> Result<Certificate, BuildError> {
        let leaf = parsed(self.leaf, None)?;
        if leaf.spki_der() != self.key.spki {
            return Err(BuildError::KeyCertMismatch);
        }
        if leaf.is_ca() && self.ca_leaf == CaLeaf::Refuse {
            return Err(BuildError::LeafIsCa);
        }
        Ok(leaf)
    }

    fn check_chain(&self, leaf: &Certificate) -> Result<(), BuildError> {
        match self.chain_check {
            ChainCheck::Links => match self.broken_links(leaf)?.first() {
                Some(&(index, reason)) => Err(BuildError::ChainBroken { index, reason }),
                None => Ok(()),
            },
            ChainCheck::Nothing => self
                .distinct()
                .try_for_each(|(index, der)| parsed(der, Some(index)).map(drop)),
        }
    }

    /// The chain without what has been there before, each with its place.
    fn distinct(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let is_new = |(index, der): &(usize, &Vec<u8>)| {
            der.as_slice() != self.leaf && !self.chain[..*index].contains(der)
        };
        let distinct = self.chain.iter().enumerate().filter(is_new);
        distinct.map(|(index, der)| (index, der.as_slice()))
    }

    /// Where a certificate of the chain is not the issuer of the one before it, and why.
    fn broken_links(&self, leaf: &Certificate) -> Result<Vec<(usize, BrokenLink)>, BuildError> {
        let mut child = leaf.clone();
        let mut broken = Vec::new();
        for (index, der) in self.distinct() {
            let issuer = parsed(der, Some(index))?;
            if let Err(reason) = link::check(&child, &issuer) {
                broken.push((index, reason));
            }
            child = issuer;
        }
        Ok(broken)
    }

    fn bmp_name(&self, leaf: &Certificate) -> Result<Option<BmpString>, BuildError> {
        match &self.friendly_name {
            Some(name) => bmp(name).map(Some),
            None => Ok(leaf.subject().common_name().and_then(|name| bmp(name).ok())),
        }
    }
}

/// Without the key.
impl fmt::Debug for BundleBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundleBuilder")
            .field("encoding", &self.encoding)
            .field("friendly_name", &self.friendly_name)
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

fn parsed(der: &[u8], index: Option<usize>) -> Result<Certificate, BuildError> {
    Certificate::from_der(der).map_err(|source| match der.trim_ascii_start() {
        text if text.starts_with(b"-----BEGIN ") => BuildError::PemCertificate { index },
        _ => BuildError::MalformedCertificate { index, source },
    })
}

fn bmp(name: &str) -> Result<BmpString, BuildError> {
    let got = name.chars().count();
    if !(1..=255).contains(&got) {
        return Err(BuildError::FriendlyNameLength { got });
    }
    if let Some(index) = name.chars().position(|c| c == '\0' || c >= '\u{FFFF}') {
        return Err(BuildError::FriendlyNameNotBmp { index });
    }
    BmpString::from_utf8(name).map_err(BuildError::encode)
}
