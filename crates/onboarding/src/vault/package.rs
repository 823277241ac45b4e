//! What a link leads to.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::page::Names;

/// A file with a private key, by its name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum KeyFile {
    /// `client.mobileconfig`: for iPhone, iPad and Mac.
    #[serde(rename = "client.mobileconfig")]
    Profile,
    /// `client_ios.p12`: with the algorithms that every device takes.
    #[serde(rename = "client_ios.p12")]
    Compat,
    /// `client.p12`: with those of newer devices.
    #[serde(rename = "client.p12")]
    Modern,
}

impl KeyFile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Profile, Self::Compat, Self::Modern];

    /// The name of the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Profile => "client.mobileconfig",
            Self::Compat => "client_ios.p12",
            Self::Modern => "client.p12",
        }
    }

    /// Devices decide by it what to do with the file.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Profile => "application/x-apple-aspen-config",
            Self::Compat | Self::Modern => "application/x-pkcs12",
        }
    }

    /// The file of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|file| file.name() == name)
    }
}

/// What one person gets: files that hold the same key, and what the page says about them.
#[derive(Clone, Deserialize, Serialize)]
pub struct Package {
    /// Under which names a device lists what was installed.
    pub names: Names,
    /// What a record knows it by, such as the certificate's serial number.
    pub reference: Option<String>,
    /// The address of what the certificate is for.
    pub server: Option<String>,
    files: BTreeMap<KeyFile, Base64>,
}

impl Package {
    /// Without files.
    #[must_use]
    pub fn new(names: Names) -> Self {
        Self {
            names,
            reference: None,
            server: None,
            files: BTreeMap::new(),
        }
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, file: KeyFile, content: impl Into<Vec<u8>>) -> Self {
        self.files
            .insert(file, Base64(Zeroizing::new(content.into())));
        self
    }

    /// Says what a record knows it by, such as the certificate's serial number.
    #[must_use]
    pub fn reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// Says what the certificate is for, such as `https://api.example.org/`.
    #[must_use]
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.server = Some(url.into());
        self
    }

    /// The content of a file.
    #[must_use]
    pub fn secret_file(&self, file: KeyFile) -> Option<&[u8]> {
        self.files.get(&file).map(|content| content.0.as_slice())
    }
}

/// Without the files.
impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Package")
            .field("names", &self.names)
            .field("files", &self.files.keys())
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct Base64(Zeroizing<Vec<u8>>);

impl From<Base64> for String {
    fn from(bytes: Base64) -> Self {
        STANDARD.encode(bytes.0)
    }
}

impl TryFrom<String> for Base64 {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = Zeroizing::new(text);
        STANDARD
            .decode(text.as_bytes())
            .map(|bytes| Self(Zeroizing::new(bytes)))
    }
}
