//! What a lab is made with.

use pki_core::{KeyKind, Password};
use serde::{Deserialize, Serialize};
use x509_identity::SubjectAltName;

use crate::server_name::ServerName;

/// The choices that a lab is made with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The kind of all keys: [`KeyType::Ec`] by default.
    pub key_type: KeyType,
    /// The password of the `.p12` files; `MyP12Passw0rd` by default, which anybody may know.
    pub p12_password: Password,
    /// Names of the server besides `api.example.local`, `localhost`, 127.0.0.1 and ::1.
    pub extra_names: Vec<ServerName>,
}

/// The lab's own password, for files that protect nothing.
pub const LAB_PASSWORD: &str = "MyP12Passw0rd";

impl Default for Options {
    fn default() -> Self {
        Self {
            key_type: KeyType::Ec,
            p12_password: Password::new(LAB_PASSWORD),
            extra_names: Vec::new(),
        }
    }
}

impl Options {
    /// The password as the lab's files show it: it, if everybody may know it, and words in its place otherwise.
    pub(crate) fn shown_password(&self) -> &'static str {
        if self.p12_password.secret_str() == LAB_PASSWORD {
            LAB_PASSWORD
        } else {
            "YOUR-PASSWORD"
        }
    }

    /// The names that every good server certificate of the lab has, each once.
    pub(crate) fn server_names(&self) -> Vec<SubjectAltName> {
        let usual = SERVER_NAMES.iter().filter_map(|name| name.parse().ok());
        let mut names: Vec<ServerName> = usual.collect();
        for name in &self.extra_names {
            let text = name.to_string();
            let is_same = |known: &ServerName| known.to_string().eq_ignore_ascii_case(&text);
            if !names.iter().any(is_same) {
                names.push(name.clone());
            }
        }
        names.iter().map(ServerName::to_subject_alt_name).collect()
    }
}

/// The server's names in every lab; the first is its common name, too.
pub(crate) const SERVER_NAMES: [&str; 4] = ["api.example.local", "localhost", "127.0.0.1", "::1"];

/// The kind of the lab's keys.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyType {
    /// P-256 throughout.
    #[default]
    Ec,
    /// ML-DSA-65 throughout (RFC 9881): TLS 1.3 alone, and no file for peers that cannot read it.
    MlDsa,
    /// RSA with 4096 bits for CAs and 2048 for leaves, as the usual recipe has it.
    Rsa,
}

impl KeyType {
    pub(crate) fn of_cas(self) -> KeyKind {
        match self {
            Self::Ec => KeyKind::P256,
            Self::MlDsa => KeyKind::MlDsa65,
            Self::Rsa => KeyKind::Rsa4096,
        }
    }

    pub(crate) fn of_leaves(self) -> KeyKind {
        match self {
            Self::Ec => KeyKind::P256,
            Self::MlDsa => KeyKind::MlDsa65,
            Self::Rsa => KeyKind::Rsa2048,
        }
    }

    /// Whether TLS 1.3 alone can use the keys.
    #[must_use]
    pub fn needs_tls13(self) -> bool {
        self == Self::MlDsa
    }

    /// Whether phones take the keys: if not, there is no `client_ios.p12`, no Apple profile and no page.
    #[must_use]
    pub fn suits_devices(self) -> bool {
        self != Self::MlDsa
    }
}

impl std::fmt::Display for KeyType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ec => "ec",
            Self::MlDsa => "ml-dsa",
            Self::Rsa => "rsa",
        })
    }
}
