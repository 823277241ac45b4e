//! Which key of which token: PKCS#11 URIs (RFC 7512).

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A PKCS#11 URI (RFC 7512) of a private key, with the module that reaches it.
///
/// `pkcs11:token=ca;object=root?module-path=/usr/lib/softhsm/libsofthsm2.so`. An attribute that is not understood is an
/// error, as it would have chosen another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUri {
    pub(crate) token: TokenChoice,
    pub(crate) key: KeyChoice,
    module_path: PathBuf,
    pin_source: Option<PathBuf>,
}

/// What is known of the token; what is not may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TokenChoice {
    pub(crate) label: Option<String>,
    pub(crate) manufacturer: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) slot_id: Option<u64>,
}

/// What is known of the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyChoice {
    pub(crate) label: Option<String>,
    pub(crate) id: Option<Vec<u8>>,
}

/// Why a text is not the PKCS#11 URI of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenUriError {
    /// An attribute is there twice.
    #[error("the PKCS#11 URI has {0} twice")]
    Duplicate(String),

    /// An attribute whose value makes no sense.
    #[error("the PKCS#11 URI has a {0} that cannot be read")]
    Malformed(String),

    /// The module is not named by an absolute path.
    #[error("the PKCS#11 URI does not say which module to load: ?module-path=/PATH/OF/MODULE.so")]
    NoModule,

    /// Something else than a PKCS#11 URI.
    #[error("this is not a PKCS#11 URI: it begins with pkcs11:")]
    NotPkcs11,

    /// The PIN itself.
    #[error(
        "the PKCS#11 URI has the PIN in it (pin-value): keep it in a file that only its owner can read"
    )]
    PinValue,

    /// An attribute that is not understood.
    #[error("the PKCS#11 URI has an attribute that is not understood: {0}")]
    Unknown(String),
}

impl TokenUri {
    /// The module to load: an absolute path.
    #[must_use]
    pub fn module_path(&self) -> &Path {
        &self.module_path
    }

    /// The name of the key (`object`), if the URI says one.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        self.key.label.as_deref()
    }

    /// The same token with another key: the one of this name, whatever its id.
    #[must_use]
    pub fn renamed(&self, object: &str) -> Self {
        let mut other = self.clone();
        other.key = KeyChoice {
            label: Some(object.to_owned()),
            id: None,
        };
        other
    }

    /// The file that has the PIN in its first line, if the URI names one (`pin-source`). Reading it is the caller's.
    #[must_use]
    pub fn pin_source(&self) -> Option<&Path> {
        self.pin_source.as_deref()
    }
}

impl FromStr for TokenUri {
    type Err = TokenUriError;

    fn from_str(text: &str) -> Result<Self, TokenUriError> {
        let rest = text
            .split_at_checked(SCHEME.len())
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME));
        let (_, rest) = rest.ok_or(TokenUriError::NotPkcs11)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut token = TokenChoice::default();
        let mut key = KeyChoice::default();
        let (mut module_path, mut pin_source, mut kind) = (None, None, None);
        for (name, value) in attributes(path, ';') {
            match name {
                "token" => once(&mut token.label, name, read_text(name, value)?)?,
                "manufacturer" => once(&mut token.manufacturer, name, read_text(name, value)?)?,
                "model" => once(&mut token.model, name, read_text(name, value)?)?,
                "serial" => once(&mut token.serial, name, read_text(name, value)?)?,
                "slot-id" => once(&mut token.slot_id, name, read_number(name, value)?)?,
                "object" => once(&mut key.label, name, read_text(name, value)?)?,
                "id" => once(&mut key.id, name, percent_decode_str(value).collect())?,
                "type" if value == "private" => once(&mut kind, name, ())?,
                "type" => return Err(malformed(name)),
                _ => return Err(TokenUriError::Unknown(name.to_owned())),
            }
        }
        for (name, value) in attributes(query, '&') {
            match name {
                "module-path" => once(&mut module_path, name, read_path(name, value)?)?,
                "pin-source" => once(&mut pin_source, name, read_path(name, value)?)?,
                "pin-value" => return Err(TokenUriError::PinValue),
                _ => return Err(TokenUriError::Unknown(name.to_owned())),
            }
        }
        Ok(Self {
            token,
            key,
            module_path: module_path.ok_or(TokenUriError::NoModule)?,
            pin_source,
        })
    }
}

/// In the form that it is read in; attributes may be in another order.
impl fmt::Display for TokenUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        let (token, key) = (&self.token, &self.key);
        let slot = token.slot_id.map(|id| id.to_string());
        let mut separator = "";
        for (name, value) in [
            ("token", token.label.as_deref()),
            ("manufacturer", token.manufacturer.as_deref()),
            ("model", token.model.as_deref()),
            ("serial", token.serial.as_deref()),
            ("slot-id", slot.as_deref()),
            ("object", key.label.as_deref()),
        ] {
            if let Some(value) = value {
                let value = utf8_percent_encode(value, IN_PATH);
                write!(f, "{separator}{name}={value}")?;
                separator = ";";
            }
        }
        if let Some(id) = &key.id {
            write!(f, "{separator}id=")?;
            id.iter().try_for_each(|octet| write!(f, "%{octet:02X}"))?;
        }
        let module = self.module_path.to_string_lossy();
        write!(f, "?module-path={}", utf8_percent_encode(&module, IN_QUERY))?;
        if let Some(source) = &self.pin_source {
            let source = source.to_string_lossy();
            write!(f, "&pin-source={}", utf8_percent_encode(&source, IN_QUERY))?;
        }
        Ok(())
    }
}

impl TokenChoice {
    /// In words, for a message: `token=ca, serial=1`.
    pub(crate) fn in_words(&self) -> String {
        let slot = self.slot_id.map(|id| id.to_string());
        in_words([
            ("token", self.label.as_deref()),
            ("manufacturer", self.manufacturer.as_deref()),
            ("model", self.model.as_deref()),
            ("serial", self.serial.as_deref()),
            ("slot-id", slot.as_deref()),
        ])
    }
}

impl KeyChoice {
    /// In words, for a message: `object=root, id=01`.
    pub(crate) fn in_words(&self) -> String {
        let id = self.id.as_ref().map(|id| {
            id.iter().fold(String::new(), |mut text, octet| {
                let _ = write!(text, "{octet:02x}");
                text
            })
        });
        in_words([("object", self.label.as_deref()), ("id", id.as_deref())])
    }
}

fn in_words<const N: usize>(attributes: [(&str, Option<&str>); N]) -> String {
    let known = attributes.into_iter().filter_map(|(name, value)| {
        let value = value?;
        Some(format!("{name}={value}"))
    });
    let words: Vec<_> = known.collect();
    match words.as_slice() {
        [] => "of any name".to_owned(),
        some => some.join(", "),
    }
}

/// `name=value` pairs; one without a value is a name with an empty one, which no attribute may have.
fn attributes(text: &str, separator: char) -> impl Iterator<Item = (&str, &str)> {
    text.split(separator)
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
}

fn once<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), TokenUriError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(TokenUriError::Duplicate(name.to_owned())),
    }
}

fn read_text(name: &str, value: &str) -> Result<String, TokenUriError> {
    let text = percent_decode_str(value).decode_utf8();
    let text = text.map_err(|_| malformed(name))?;
    if text.is_empty() || text.contains('\0') {
        return Err(malformed(name));
    }
    Ok(text.into_owned())
}

fn read_number(name: &str, value: &str) -> Result<u64, TokenUriError> {
    value.parse().map_err(|_| malformed(name))
}

/// An absolute path, or a `file` URI of one.
fn read_path(name: &str, value: &str) -> Result<PathBuf, TokenUriError> {
    let text = read_text(name, value)?;
    let path = text.strip_prefix("file://").or(text.strip_prefix("file:"));
    let path = PathBuf::from(path.unwrap_or(&text));
    match path.is_absolute() {
        true => Ok(path),
        false => Err(malformed(name)),
    }
}

fn malformed(name: &str) -> TokenUriError {
    TokenUriError::Malformed(name.to_owned())
}

const SCHEME: &str = "pkcs11:";

/// What is encoded in an attribute: all but the unreserved characters of RFC 3986.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// A path is easier to read with its slashes, which RFC 7512 allows there.
const IN_QUERY: &AsciiSet = &IN_PATH.remove(b'/');
