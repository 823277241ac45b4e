//! What each reader takes.
//!
//! Apple's rules are those of its published decoders (repository apple-oss-distributions/Security, 61123 for iOS 17 and
//! 61439 to 61901 for iOS 18 and later); the others were tried with files of many writers, or are their vendors' word.

use std::fmt;
use std::str::FromStr;

use const_oid::ObjectIdentifier;
use pbe::oid;

/// A program or system that imports PKCS#12 files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reader {
    /// Android 13 and older.
    Android13,
    /// Android 14 and later.
    Android14,
    /// iOS and iPadOS 17 and older.
    Ios17,
    /// iOS and iPadOS 18 and later, macOS 15 and later.
    Ios18,
    /// Java 8 before update 301, Java 11 before 11.0.12.
    Java8,
    /// Java 8 from update 301 on, Java 11 from 11.0.12 on, Java 12 and later.
    Java12,
    /// macOS 14 and older, and `security import` without `-f pkcs12` on all of them.
    MacOs14,
    /// Firefox and Thunderbird.
    Nss,
    /// OpenSSL 3 without its legacy provider, and what is built on it: curl, Node.
    OpenSsl3,
    /// Windows 10 before 1709, Windows Server 2016.
    Windows2016,
    /// Windows 10 1709 and later, Windows Server 2019 and later.
    Windows2019,
}

impl Reader {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Android13,
        Self::Android14,
        Self::Ios17,
        Self::Ios18,
        Self::Java8,
        Self::Java12,
        Self::MacOs14,
        Self::Nss,
        Self::OpenSsl3,
        Self::Windows2016,
        Self::Windows2019,
    ];

    /// Its name in a word: `ios17`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Android13 => "android13",
            Self::Android14 => "android14",
            Self::Ios17 => "ios17",
            Self::Ios18 => "ios18",
            Self::Java8 => "java8",
            Self::Java12 => "java12",
            Self::MacOs14 => "macos14",
            Self::Nss => "nss",
            Self::OpenSsl3 => "openssl3",
            Self::Windows2016 => "windows2016",
            Self::Windows2019 => "windows2019",
        }
    }

    /// Whether it is one of Apple's, which pair keys and certificates by attributes and know two kinds of key.
    pub(super) fn is_apple(self) -> bool {
        matches!(self, Self::Ios17 | Self::Ios18 | Self::MacOs14)
    }

    /// The algorithms of RFC 7292 appendix C that it decrypts.
    pub(super) fn takes_pbes1(self, algorithm: ObjectIdentifier) -> bool {
        const RC4: [ObjectIdentifier; 2] = [
            ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.1"),
            ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.2"),
        ];
        let rc2 = [oid::PBE_RC2_40, oid::PBE_RC2_128];
        match algorithm {
            oid::PBE_3DES => true,
            oid::PBE_2DES => matches!(self, Self::MacOs14 | Self::Nss | Self::OpenSsl3),
            other if rc2.contains(&other) => self != Self::OpenSsl3,
            other if RC4.contains(&other) => self.is_apple(),
            _ => false,
        }
    }

    pub(super) fn takes_pbes2(self) -> bool {
        !matches!(
            self,
            Self::Android13 | Self::Ios17 | Self::Java8 | Self::MacOs14 | Self::Windows2016
        )
    }

    /// Whether it takes a MAC with this hash.
    pub(super) fn takes_mac(self, hash: ObjectIdentifier) -> bool {
        let sha2 = [oid::SHA_224, oid::SHA_256, oid::SHA_384, oid::SHA_512];
        match hash {
            oid::SHA_1 => true,
            other if sha2.contains(&other) => self.takes_pbes2(),
            _ => false,
        }
    }
}

/// What it is called, and up to which or from which version on.
impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Android13 => "Android 13 and older",
            Self::Android14 => "Android 14 and later",
            Self::Ios17 => "iOS 17 and older",
            Self::Ios18 => "iOS 18, macOS 15 and later",
            Self::Java8 => "Java 8 before update 301",
            Self::Java12 => "Java 8u301, 11.0.12, 12 and later",
            Self::MacOs14 => "macOS 14 and older",
            Self::Nss => "Firefox and Thunderbird",
            Self::OpenSsl3 => "OpenSSL 3, curl and Node",
            Self::Windows2016 => "Windows Server 2016 and older",
            Self::Windows2019 => "Windows 10 1709, Server 2019 and later",
        })
    }
}

/// A word that names no reader.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a reader that is known; there are {names}", names = names())]
pub struct UnknownReader(String);

fn names() -> String {
    Reader::ALL.map(Reader::name).join(", ")
}

impl FromStr for Reader {
    type Err = UnknownReader;

    fn from_str(text: &str) -> Result<Self, UnknownReader> {
        let found = Self::ALL.into_iter().find(|reader| reader.name() == text);
        found.ok_or_else(|| UnknownReader(text.to_owned()))
    }
}
