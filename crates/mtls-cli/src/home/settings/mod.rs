//! `ca.toml`.

mod acme;
mod rotation;

use anyhow::{Context as _, Result, bail};
use axum::http::Uri;
use clap::ValueEnum;
use pki_core::KeyKind;
use pki_enroll::PublicUrls;
use serde::{Deserialize, Serialize};

use self::acme::AcmeTable;
use super::bao::TransitKeys;
use super::keys::{CaKey, CaRole, KeyUri};
use super::name::CaName;
use super::upstream::Upstream;

pub(crate) use self::rotation::Rotation;

/// What `ca.toml` says.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) name: CaName,
    /// The kind of keys that are made for the CA and for what it issues.
    pub(crate) key_type: KeyType,
    /// The kind of keys that are made for servers and clients; that of the CA by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) leaf_key_type: Option<KeyType>,
    /// The issuing CA's key in a token, as a PKCS#11 URI without a PIN; a file of `keys/` by default. The key of the CA
    /// that replaces it has the same name with `-2` after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<KeyUri>,
    /// The root's key in a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) root_key: Option<KeyUri>,
    /// Where `mtls serve` is reached over plain HTTP. Certificates say so from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// `sqlite:PATH`, relative to the CA's directory, or `postgres://...`.
    pub(crate) store: String,
    /// A second place for checkpoints of the audit log: `file:PATH`, `directory:PATH` or `exec:PROGRAM`. On another disk
    /// it also shows that the whole directory was restored from a backup.
    #[serde(default = "checkpoints")]
    pub(crate) checkpoints: String,
    /// Keys of the CA in OpenBao or Vault; a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) transit: Option<TransitKeys>,
    /// Who signs in place of the CA, which then has no keys; a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upstream: Option<Upstream>,
    /// Which of its keys the CA uses; a table, and so behind what is none.
    #[serde(default, skip_serializing_if = "Rotation::is_first")]
    pub(crate) rotation: Rotation,
    /// How ACME is offered.
    #[serde(default, skip_serializing_if = "AcmeTable::is_standard")]
    pub(crate) acme: AcmeTable,
}

/// Beside the store, which shows that the store alone is an old one.
fn checkpoints() -> String {
    "file:checkpoints.jsonl".to_owned()
}

/// The kind of keys.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KeyType {
    /// P-384 for the root, P-256 below it
    #[default]
    Ec,
    /// ML-DSA-65 throughout, which TLS 1.3 and few programs know (RFC 9881)
    MlDsa,
    /// RSA 4096 for the CAs, 2048 below them
    Rsa,
}

impl KeyType {
    pub(crate) fn of_root(self) -> KeyKind {
        match self {
            Self::Ec => KeyKind::P384,
            Self::MlDsa => KeyKind::MlDsa65,
            Self::Rsa => KeyKind::Rsa4096,
        }
    }

    pub(crate) fn of_issuing_ca(self) -> KeyKind {
        match self {
            Self::Ec => KeyKind::P256,
            Self::MlDsa => KeyKind::MlDsa65,
            Self::Rsa => KeyKind::Rsa4096,
        }
    }

    pub(crate) fn of_leaf(self) -> KeyKind {
        match self {
            Self::Ec => KeyKind::P256,
            Self::MlDsa => KeyKind::MlDsa65,
            Self::Rsa => KeyKind::Rsa2048,
        }
    }
}

impl Settings {
    /// Those of a new CA, with a store of its own.
    pub(crate) fn new(name: CaName, key_type: KeyType, url: Option<String>) -> Self {
        Self {
            name,
            key_type,
            leaf_key_type: None,
            key: None,
            root_key: None,
            url,
            store: format!("sqlite:{STORE}"),
            checkpoints: checkpoints(),
            transit: None,
            upstream: None,
            rotation: Rotation::default(),
            acme: AcmeTable::default(),
        }
    }

    /// The kind of keys of servers and clients.
    pub(crate) fn leaf_keys(&self) -> KeyType {
        self.leaf_key_type.unwrap_or(self.key_type)
    }

    /// The key in its token, if it is in one.
    pub(super) fn key_uri(&self, key: CaKey) -> Option<KeyUri> {
        let uri = match key.role {
            CaRole::Root => &self.root_key,
            CaRole::Issuing => &self.key,
        };
        let uri = uri.as_ref()?;
        Some(uri.numbered(key.number, &self.public_name(CaKey { number: 1, ..key })))
    }

    /// The name of an issuer in its URLs: `default-issuing`, `default-issuing-2`.
    pub(crate) fn public_name(&self, key: CaKey) -> String {
        format!("{}-{}", self.name, key.name())
    }

    /// Where the CRLs of an issuer will be.
    pub(crate) fn crl_url(&self, key: CaKey) -> Option<String> {
        let url = self.url.as_deref()?;
        Some(PublicUrls::new(url).crl(&self.public_name(key)))
    }

    /// Where the certificate of an issuer will be.
    pub(crate) fn certificate_url(&self, key: CaKey) -> Option<String> {
        let url = self.url.as_deref()?;
        Some(PublicUrls::new(url).certificate(&self.public_name(key)))
    }

    pub(crate) fn read(text: &str) -> Result<Self> {
        let settings: Self = toml::from_str(text).context("it is not what a CA's settings are")?;
        if let Some(url) = &settings.url {
            check_url(url)?;
        }
        settings.rotation.check()?;
        settings.acme.settings()?;
        Ok(settings)
    }

    pub(crate) fn to_toml(&self) -> Result<String> {
        let table = toml::to_string(self).context("the settings cannot be written")?;
        Ok(format!(
            "# This CA. What it may issue is in profiles/.\n\n{table}"
        ))
    }
}

/// A URL on the command line, where `mtls serve` will be reached.
///
/// # Errors
///
/// If certificates cannot say it.
pub(crate) fn parse_url(text: &str) -> Result<String> {
    check_url(text).map(|()| text.to_owned())
}

/// CRLs and OCSP responses are signed, and fetching them over TLS would need them first: plain HTTP (RFC 5280 8).
fn check_url(url: &str) -> Result<()> {
    let host = url.strip_prefix("http://").with_context(|| {
        format!("`{url}` does not begin with http://: CRLs are fetched over plain HTTP, as they are signed")
    })?;
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    let names_host = |uri: &Uri| {
        uri.authority().is_some_and(|authority| {
            let rest = authority.as_str().strip_prefix(authority.host());
            let port = rest.and_then(|rest| rest.strip_prefix(':'));
            // Whoever fetches a CRL would get the password of `user:password@`, and it would be in every certificate.
            !authority.host().is_empty() && (rest == Some("") || port.is_some_and(is_port))
        })
    };
    let good = !host.ends_with('/')
        && host
            .bytes()
            .all(|c| c.is_ascii_graphic() && !b"?#\"\\<>{}".contains(&c))
        && url.parse().is_ok_and(|uri| names_host(&uri));
    if !good {
        bail!("`{url}` is not like http://ca.example.org:8080, without a slash at its end");
    }
    Ok(())
}

/// The file of a new CA's store.
pub(super) const STORE: &str = "store.db";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn settings_read_as_they_are_written() {
        let url = Some("http://ca.example:8080".to_owned());
        let settings = Settings::new(CaName::default(), KeyType::Rsa, url);
        let text = settings.to_toml().unwrap();
        let again = Settings::read(&text).unwrap();
        assert_eq!(again.to_toml().unwrap(), text);
        for bad in ["", "name = \"a\"", &format!("{text}colour = 1\n")] {
            assert!(Settings::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_url_is_plain_http_with_a_host() {
        for (url, good) in [
            ("http://ca.example", true),
            ("http://127.0.0.1:8080", true),
            ("http://ca.example/pki", true),
            ("http://[::1]:8080/pki", true),
            ("http://ca.example:0", false),
            ("http://ca.example:99999", false),
            ("http://ca.example:", false),
            ("http://user:password@ca.example", false),
            ("http://user@ca.example", false),
            ("http://ca.example/{issuer}", false),
            ("http://:8080", false),
            ("https://ca.example", false),
            ("http://", false),
            ("http:///x", false),
            ("http://ca.example/", false),
            ("http://ca example", false),
            ("ca.example", false),
        ] {
            assert_eq!(check_url(url).is_ok(), good, "{url}");
        }
    }
}
