//! Payloads that let a device make its own key: ACME and SCEP. The key never travels.
//!
//! Keys and values are those of `com.apple.security.acme.yaml` and `com.apple.security.scep.yaml` in Apple's
//! device-management schema.

use const_oid::db::rfc5912::ID_KP_CLIENT_AUTH;
use pki_core::Password;
use plist::{Dictionary, Value};

use super::error::ProfileError;
use super::subject::Subject;
use super::text::check_text;

/// How a device gets a client certificate from an ACME server (`device-attest-01`).
///
/// By default the key is P-256 in the Secure Enclave, and attested.
#[derive(Clone, Debug)]
pub struct AcmeEnrollment {
    client_identifier: String,
    directory_url: String,
    key: AcmeKey,
    subject: Subject,
}

/// The key that a device makes for ACME.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AcmeKey {
    /// In the Secure Enclave, and the device attests to that: iOS 16 with an A11, macOS 14 with Apple silicon.
    Attested(Curve),
    /// In the Secure Enclave: iOS 16, macOS 14.
    HardwareBound(Curve),
    /// In the keychain.
    Software(Curve),
}

/// A curve that the Secure Enclave knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Curve {
    /// P-256.
    P256,
    /// P-384.
    P384,
}

impl Curve {
    fn bits(self) -> u16 {
        match self {
            Self::P256 => 256,
            Self::P384 => 384,
        }
    }
}

impl AcmeEnrollment {
    /// From the server whose directory is at `directory_url`, for the device that it knows as `client_identifier`, under
    /// `common_name`.
    #[must_use]
    pub fn new(
        directory_url: impl Into<String>,
        client_identifier: impl Into<String>,
        common_name: impl Into<String>,
    ) -> Self {
        Self {
            client_identifier: client_identifier.into(),
            directory_url: directory_url.into(),
            key: AcmeKey::Attested(Curve::P256),
            subject: Subject::of_common_name(common_name.into()),
        }
    }

    /// Sets the key that the device makes. The default is [`AcmeKey::Attested`], P-256.
    #[must_use]
    pub fn key(mut self, key: AcmeKey) -> Self {
        self.key = key;
        self
    }

    /// Adds to the subject, before the common name: C, L, ST, O, OU or a dotted OID, with its value.
    #[must_use]
    pub fn subject(mut self, attribute: impl Into<String>, value: impl Into<String>) -> Self {
        self.subject.push(attribute.into(), value.into());
        self
    }

    pub(super) fn check(&self) -> Result<(), ProfileError> {
        check_url(
            &self.directory_url,
            &["https://"],
            "a URL of an ACME server, which begins with https://",
        )?;
        check_text("client identifier", &self.client_identifier)?;
        self.subject.check()
    }

    pub(super) fn plist(&self) -> Dictionary {
        let (curve, is_hardware, is_attested) = match self.key {
            AcmeKey::Attested(curve) => (curve, true, true),
            AcmeKey::HardwareBound(curve) => (curve, true, false),
            AcmeKey::Software(curve) => (curve, false, false),
        };
        let usages = vec![ID_KP_CLIENT_AUTH.to_string().into()];
        let entries: [(&str, Value); 9] = [
            ("Attest", is_attested.into()),
            ("ClientIdentifier", self.client_identifier.as_str().into()),
            ("DirectoryURL", self.directory_url.as_str().into()),
            ("ExtendedKeyUsage", Value::Array(usages)),
            ("HardwareBound", is_hardware.into()),
            ("KeySize", curve.bits().into()),
            ("KeyType", "ECSECPrimeRandom".into()),
            ("Subject", self.subject.plist()),
            ("UsageFlags", SIGNING.into()),
        ];
        entries.into_iter().collect()
    }
}

/// How a device gets a client certificate from a SCEP server (RFC 8894). Its key is RSA, as Apple's SCEP has no other.
#[derive(Clone, Debug)]
pub struct ScepEnrollment {
    ca_fingerprint: Option<Vec<u8>>,
    ca_name: Option<String>,
    challenge: Option<Password>,
    key_size: ScepKeySize,
    subject: Subject,
    url: String,
}

/// The size of a key that a device makes for SCEP.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ScepKeySize {
    /// 2048 bits.
    #[default]
    Rsa2048,
    /// 4096 bits.
    Rsa4096,
}

impl ScepEnrollment {
    /// From the server at `url`, under `common_name`.
    #[must_use]
    pub fn new(url: impl Into<String>, common_name: impl Into<String>) -> Self {
        Self {
            ca_fingerprint: None,
            ca_name: None,
            challenge: None,
            key_size: ScepKeySize::default(),
            subject: Subject::of_common_name(common_name.into()),
            url: url.into(),
        }
    }

    /// Sets the fingerprint of the CA certificate, as the server's documentation says: SHA-1 or SHA-256 of its DER.
    ///
    /// Without it the device takes whatever CA answers, unless the URL is an https:// one.
    #[must_use]
    pub fn ca_fingerprint(mut self, fingerprint: impl Into<Vec<u8>>) -> Self {
        self.ca_fingerprint = Some(fingerprint.into());
        self
    }

    /// Sets which CA of the server is meant.
    #[must_use]
    pub fn ca_name(mut self, name: impl Into<String>) -> Self {
        self.ca_name = Some(name.into());
        self
    }

    /// Sets the secret that the server asks for. Whoever has the profile has it.
    #[must_use]
    pub fn challenge(mut self, challenge: Password) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// Sets the size of the key. The default is 2048 bits.
    #[must_use]
    pub fn key_size(mut self, size: ScepKeySize) -> Self {
        self.key_size = size;
        self
    }

    /// Adds to the subject, before the common name: C, L, ST, O, OU or a dotted OID, with its value.
    #[must_use]
    pub fn subject(mut self, attribute: impl Into<String>, value: impl Into<String>) -> Self {
        self.subject.push(attribute.into(), value.into());
        self
    }

    pub(super) fn check(&self) -> Result<(), ProfileError> {
        check_url(
            &self.url,
            &["https://", "http://"],
            "a URL of a SCEP server, which begins with https:// or http://",
        )?;
        check_text("name of the CA", self.ca_name.as_deref().unwrap_or(""))?;
        let challenge = self.challenge.as_ref().map_or("", Password::secret_str);
        check_text("challenge", challenge)?;
        self.subject.check()
    }

    pub(super) fn plist(&self) -> Dictionary {
        let bits = match self.key_size {
            ScepKeySize::Rsa2048 => 2048,
            ScepKeySize::Rsa4096 => 4096,
        };
        let entries: [(&str, Value); 5] = [
            ("Key Type", "RSA".into()),
            // The server encrypts its answer to this key.
            ("Key Usage", (SIGNING | ENCRYPTION).into()),
            ("Keysize", bits.into()),
            ("Subject", self.subject.plist()),
            ("URL", self.url.as_str().into()),
        ];
        let mut scep: Dictionary = entries.into_iter().collect();
        let challenge = self.challenge.as_ref().map(Password::secret_str);
        let fingerprint = self.ca_fingerprint.clone();
        for (name, value) in [
            ("CAFingerprint", fingerprint.map(Value::Data)),
            ("Challenge", challenge.map(Value::from)),
            ("Name", self.ca_name.as_deref().map(Value::from)),
        ] {
            if let Some(value) = value {
                scep.insert(name.to_owned(), value);
            }
        }
        scep
    }
}

/// Bits of `UsageFlags` and `Key Usage`.
const SIGNING: u16 = 1;
const ENCRYPTION: u16 = 4;

fn check_url(url: &str, schemes: &[&str], expected: &'static str) -> Result<(), ProfileError> {
    let host = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
    let is_named =
        host.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['));
    match is_named && url.bytes().all(|c| c.is_ascii_graphic()) {
        true => Ok(()),
        false => Err(ProfileError::Url {
            got: url.to_owned(),
            expected,
        }),
    }
}
