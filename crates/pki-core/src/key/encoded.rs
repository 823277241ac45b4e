//! Reading key files: PKCS#8 (v1, v2, encrypted), PKCS#1 and SEC1.

use std::fmt;

use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

use super::decrypt;
use super::error::KeyError;
use super::form::Form;
use super::pair::KeyPair;
use super::parsed::Parsed;
use super::password::Password;
use crate::pem::{self, Found, Label, PemFile};

/// A private key as its file holds it, decrypted, of whatever kind: also of one that this crate does not
/// use itself, and that TLS may.
pub struct EncodedKey {
    form: Form,
    der: Zeroizing<Vec<u8>>,
}

impl EncodedKey {
    /// Reads the first private key of a PEM file, or a key in DER.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says what the file is instead, and what to do.
    pub fn read(bytes: &[u8], password: Option<&Password>) -> Result<Self, KeyError> {
        if pem::is_der(bytes) {
            Self::from_der(pem::der_value(bytes), password)
        } else {
            Self::from_pem(bytes, password)
        }
    }

    pub(super) fn from_pem(bytes: &[u8], password: Option<&Password>) -> Result<Self, KeyError> {
        check_size(bytes)?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(KeyError::Empty);
        }
        if pem::is_der(bytes) {
            return Err(KeyError::NotPem);
        }
        let file = pem::read(bytes).map_err(KeyError::Pem)?;
        // The first key of the file counts.
        let mut sections = file.sections();
        let Some(key) = sections.find(|section| section.label().is_private_key()) else {
            return Err(KeyError::NotAKey {
                found: what_is_there(&file),
            });
        };
        let der = key.der().map_err(KeyError::Pem)?;
        if !key.is_encrypted() {
            check_whole(&der)?;
        }
        let named = match key.label() {
            Label::EncryptedPrivateKey => {
                return Self::decrypt(&der, password.ok_or(KeyError::Encrypted)?);
            }
            Label::PrivateKey => Form::Pkcs8,
            Label::RsaPrivateKey => Form::Pkcs1,
            Label::EcPrivateKey => Form::Sec1,
            other => {
                return Err(match other {
                    Label::DsaPrivateKey => KeyError::unusable("DSA keys"),
                    _ => KeyError::OpenSshForm,
                });
            }
        };
        if !key.is_encrypted() {
            return Ok(Self::of(named, der));
        }
        let password = password.ok_or(KeyError::Encrypted)?;
        let der = decrypt::old_pem(key.dek_info(), &der, password)?;
        Ok(Self::of(named, der))
    }

    pub(super) fn from_der(der: &[u8], password: Option<&Password>) -> Result<Self, KeyError> {
        if der.is_empty() {
            return Err(KeyError::Empty);
        }
        check_size(der)?;
        check_whole(der)?;
        let form = match Form::of(der) {
            // It looks at the first octets alone.
            Some(form) if Found::of(der) == Found::PrivateKey => form,
            None if decrypt::is_encrypted(der) => {
                return Self::decrypt(der, password.ok_or(KeyError::Encrypted)?);
            }
            _ => return Err(not_a_key(der)),
        };
        Ok(Self::of(form, Zeroizing::new(der.to_vec())))
    }

    fn decrypt(der: &[u8], password: &Password) -> Result<Self, KeyError> {
        let der = decrypt::pkcs8(der, password)?;
        Ok(Self::of(Form::Pkcs8, der))
    }

    /// A key that is said to be in the form `named`. What it begins as counts for more: labels are often those of
    /// another form, as with `RSA PRIVATE KEY` around PKCS#8.
    fn of(named: Form, der: Zeroizing<Vec<u8>>) -> Self {
        let form = Form::of(&der).unwrap_or(named);
        let (form, der) = form.mended(&der).unwrap_or((form, der));
        Self { form, der }
    }

    /// The key pair, where its kind is one that this crate uses.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] for another kind, [`KeyError::Malformed`] and
    /// [`KeyError::Inconsistent`] for what is not a key.
    pub fn key_pair(&self) -> Result<KeyPair, KeyError> {
        KeyPair::from_encoded(self.form, &self.der)
    }

    /// The public key as `SubjectPublicKeyInfo` DER (RFC 5280 section 4.1.2.7), where TLS can sign with the key.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unusable`] names another kind, [`KeyError::Malformed`] and [`KeyError::Inconsistent`] are for what is
    /// not a key.
    pub fn public_key_der(&self) -> Result<Vec<u8>, KeyError> {
        let key = Parsed::from_der(self.form, &self.der)?;
        key.public_key_der().map_err(KeyError::malformed)
    }

    /// The key for a TLS library.
    #[must_use]
    pub fn secret_der(&self) -> PrivateKeyDer<'_> {
        let der = self.der.as_slice();
        match self.form {
            Form::Pkcs1 => PrivatePkcs1KeyDer::from(der).into(),
            Form::Pkcs8 => PrivatePkcs8KeyDer::from(der).into(),
            Form::Sec1 => PrivateSec1KeyDer::from(der).into(),
        }
    }
}

/// Without the key.
impl fmt::Debug for EncodedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedKey")
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

fn check_size(bytes: &[u8]) -> Result<(), KeyError> {
    if bytes.len() > MAX_KEY_FILE {
        return Err(KeyError::TooLarge {
            limit: MAX_KEY_FILE,
            got: bytes.len(),
        });
    }
    Ok(())
}

fn not_a_key(der: &[u8]) -> KeyError {
    match Found::of(der) {
        Found::Der | Found::PrivateKey => {
            KeyError::malformed("it is in none of the forms PKCS#8, PKCS#1 and SEC1")
        }
        found => KeyError::NotAKey {
            found: found.to_string(),
        },
    }
}

fn check_whole(der: &[u8]) -> Result<(), KeyError> {
    match Found::of(der) {
        Found::Truncated => Err(KeyError::Truncated),
        _ => Ok(()),
    }
}

/// What a PEM file without a key holds, in words.
fn what_is_there(file: &PemFile) -> String {
    let found = file.describe();
    match file.sections().next() {
        Some(first) if first.label().is_certificate() => {
            format!("{found}; perhaps certificate and key are swapped")
        }
        _ => found,
    }
}

/// An RSA-4096 PKCS#8 file is 3.3 KiB of PEM; room for its comments, not for a denial of service.
const MAX_KEY_FILE: usize = 64 * 1024;
