//! A new file: what goes in, and what has to be true of it.

use std::ops::RangeInclusive;

use const_oid::db::rfc5280::ID_KP_CLIENT_AUTH;
use der::asn1::BmpString;
use pki_core::{KeyKind, KeyPair, Password};
use x509_identity::{Certificate, ParseError};

use super::alphabet::Alphabet;
use super::encoding::Encoding;
use super::error::BuildError;
use super::finding::{Finding, Target};
use super::layout::{self, Parts};
use crate::link;

/// A file in the making, from [`Bundle::builder`](crate::Bundle::builder).
///
/// [`build`](Self::build) checks everything and writes nothing that does not belong together.
#[derive(Clone, Debug)]
pub struct BundleBuilder<'a> {
    alphabet: Alphabet,
    chain: Vec<Vec<u8>>,
    encoding: Encoding,
    friendly_name: Option<String>,
    iterations: Option<u32>,
    key: &'a KeyPair,
    leaf: &'a [u8],
}

impl<'a> BundleBuilder<'a> {
    pub(crate) fn new(key: &'a KeyPair, leaf: &'a [u8]) -> Self {
        Self {
            alphabet: Alphabet::PrintableAscii,
            chain: Vec::new(),
            encoding: Encoding::default(),
            friendly_name: None,
            iterations: None,
            key,
            leaf,
        }
    }

    /// Adds the certificates above the leaf in DER, its issuer first; the root may be the last one.
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

    /// What is allowed here and refused elsewhere.
    ///
    /// Ed25519 is such a case: OpenSSL and Java take it in both encodings, while Apple and NSS
    /// refuse the file. Whether that matters depends on the device.
    ///
    /// # Errors
    ///
    /// [`BuildError::MalformedCertificate`] if the leaf cannot be read.
    pub fn findings(&self) -> Result<Vec<Finding>, BuildError> {
        let leaf = Certificate::from_der(self.leaf).map_err(malformed(None))?;
        let mut findings = Vec::new();
        let kind = self.key.kind();
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
            chain: &self.chain,
            friendly_name: self.bmp_name(&leaf)?,
            leaf: self.leaf,
            pkcs8: self.key.secret_pkcs8_der(),
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
        let leaf = Certificate::from_der(self.leaf).map_err(malformed(None))?;
        if leaf.spki_der() != self.key.public_key_der() {
            return Err(BuildError::KeyCertMismatch);
        }
        if leaf.is_ca() {
            return Err(BuildError::LeafIsCa);
        }
        Ok(leaf)
    }

    fn check_chain(&self, leaf: &Certificate) -> Result<(), BuildError> {
        let mut child = leaf.clone();
        for (index, der) in self.chain.iter().enumerate() {
            let issuer = Certificate::from_der(der).map_err(malformed(Some(index)))?;
            link::check(&child, &issuer)
                .map_err(|reason| BuildError::ChainBroken { index, reason })?;
            child = issuer;
        }
        Ok(())
    }

    fn bmp_name(&self, leaf: &Certificate) -> Result<Option<BmpString>, BuildError> {
        match &self.friendly_name {
            Some(name) => bmp(name).map(Some),
            None => Ok(leaf.subject().common_name().and_then(|name| bmp(name).ok())),
        }
    }
}

fn malformed(index: Option<usize>) -> impl FnOnce(ParseError) -> BuildError {
    move |source| BuildError::MalformedCertificate { index, source }
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
