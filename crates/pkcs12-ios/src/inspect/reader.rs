//! The readers that are known, by name.

use std::fmt;
use std::str::FromStr;

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
    /// iOS and iPadOS 18.
    Ios18,
    /// iOS and iPadOS 26, whose decoder is still that of 18.
    Ios26,
    /// Java 8 before update 301, Java 11 before 11.0.12.
    Java8,
    /// Java 8 from update 301 on, 11 from 11.0.12 on, 12 to 25; tried with 17.
    Java17,
    /// macOS 14 and older, and `security import` without `-f pkcs12` on all of them.
    MacOs14,
    /// macOS 15 and later: `SecPKCS12Import`, and `security import -f pkcs12`.
    MacOs15,
    /// Node 20, and curl with OpenSSL.
    Node20,
    /// NSS: Firefox and Thunderbird.
    Nss,
    /// The `openssl` command, 3.0 to 3.3, without its legacy provider.
    OpenSsl3,
    /// Windows 10 1709 and later, Windows Server 2019 and later.
    Win1709,
    /// Windows 10 before 1709, Windows Server 2016.
    Win2016,
}

impl Reader {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Ios17,
        Self::Ios18,
        Self::Ios26,
        Self::MacOs14,
        Self::MacOs15,
        Self::Android13,
        Self::Android14,
        Self::Java8,
        Self::Java17,
        Self::Win2016,
        Self::Win1709,
        Self::OpenSsl3,
        Self::Nss,
        Self::Node20,
    ];

    /// Its name in a word: `ios17`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Android13 => "android13",
            Self::Android14 => "android14",
            Self::Ios17 => "ios17",
            Self::Ios18 => "ios18",
            Self::Ios26 => "ios26",
            Self::Java8 => "java8",
            Self::Java17 => "java17",
            Self::MacOs14 => "macos14",
            Self::MacOs15 => "macos15",
            Self::Node20 => "node20",
            Self::Nss => "nss",
            Self::OpenSsl3 => "openssl3",
            Self::Win1709 => "win1709",
            Self::Win2016 => "win2016",
        }
    }

    /// Whether it is one of Apple's, which pair keys and certificates by attributes and know two kinds of key.
    pub(super) fn is_apple(self) -> bool {
        self.has_new_apple_decoder() || matches!(self, Self::Ios17 | Self::MacOs14)
    }

    /// The decoder of iOS 18 and macOS 15.
    pub(super) fn has_new_apple_decoder(self) -> bool {
        matches!(self, Self::Ios18 | Self::Ios26 | Self::MacOs15)
    }

    /// OpenSSL, as a command or in another program.
    pub(super) fn is_openssl(self) -> bool {
        matches!(self, Self::Node20 | Self::OpenSsl3)
    }

    /// The reader of Java itself, and that of Android, which is BouncyCastle's.
    pub(super) fn is_java(self) -> bool {
        matches!(
            self,
            Self::Android13 | Self::Android14 | Self::Java17 | Self::Java8
        )
    }
}

/// What it is called, and up to which or from which version on.
impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Android13 => "Android 13 and older",
            Self::Android14 => "Android 14 and later",
            Self::Ios17 => "iOS 17 and older",
            Self::Ios18 => "iOS 18",
            Self::Ios26 => "iOS 26",
            Self::Java8 => "Java 8 before update 301",
            Self::Java17 => "Java 8u301, 11.0.12, 12 and later",
            Self::MacOs14 => "macOS 14 and older",
            Self::MacOs15 => "macOS 15 and later",
            Self::Node20 => "Node 20, curl",
            Self::Nss => "Firefox and Thunderbird",
            Self::OpenSsl3 => "OpenSSL 3.0 to 3.3",
            Self::Win1709 => "Windows 10 1709, Server 2019 and later",
            Self::Win2016 => "Windows Server 2016 and older",
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

/// By [`Reader::name`], and by what some of them were called before.
impl FromStr for Reader {
    type Err = UnknownReader;

    fn from_str(text: &str) -> Result<Self, UnknownReader> {
        let name = match text {
            "java12" => "java17",
            "windows2016" => "win2016",
            "windows2019" => "win1709",
            other => other,
        };
        let found = Self::ALL.into_iter().find(|reader| reader.name() == name);
        found.ok_or_else(|| UnknownReader(text.to_owned()))
    }
}
