//! The table `[acme]` of `ca.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyhow::{Context as _, Result, bail};
use pki_enroll::{AcmeSettings, ExternalAccount};
use serde::{Deserialize, Serialize};

/// How `mtls serve --enroll` offers ACME; what is not there is as [`AcmeSettings`] has it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcmeTable {
    /// Whether an account needs a key of `mtls acme eab create`: `required`, or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_account: Option<Binding>,
    /// The networks in which challenges are tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    networks: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http_port: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls_port: Option<u16>,
    /// Profiles for managed Apple devices, which attest their keys.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    device_profiles: BTreeSet<String>,
    /// Addresses of names that the resolver does not know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    hosts: BTreeMap<String, IpAddr>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Binding {
    None,
    Required,
}

impl AcmeTable {
    pub(super) fn is_standard(&self) -> bool {
        *self == Self::default()
    }

    /// # Errors
    ///
    /// If a network or a port is none.
    pub(crate) fn settings(&self) -> Result<AcmeSettings> {
        let mut settings = AcmeSettings::default();
        if let Some(Binding::None) = self.external_account {
            settings.external_account = ExternalAccount::AllowNone;
        }
        if let Some(networks) = &self.networks {
            settings.networks = Vec::new();
            for text in networks {
                let network = text.parse();
                let network = network.with_context(|| {
                    format!("`{text}` in [acme] networks is not a network like 10.0.0.0/8")
                })?;
                settings.networks.push(network);
            }
        }
        for (port, setting) in [
            (self.http_port, &mut settings.http_port),
            (self.tls_port, &mut settings.tls_port),
        ] {
            match port {
                Some(0) => bail!("a port in [acme] is 1 to 65535"),
                Some(port) => *setting = port,
                None => {}
            }
        }
        settings.device_profiles.clone_from(&self.device_profiles);
        for (name, address) in &self.hosts {
            settings.hosts.insert(name.to_ascii_lowercase(), *address);
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_not_set_is_the_default_and_what_is_wrong_is_refused() {
        let read = |text: &str| toml::from_str::<AcmeTable>(text);
        let standard = read("").unwrap();
        assert!(standard.is_standard());
        let settings = standard.settings().unwrap();
        assert_eq!(settings.external_account, ExternalAccount::Required);
        assert_eq!((settings.http_port, settings.tls_port), (80, 443));
        assert_eq!(settings.networks, AcmeSettings::default().networks);
        let text = "external_account = \"none\"\nnetworks = [\"127.0.0.0/8\"]\nhttp_port = 5002\n\
                    device_profiles = [\"phone\"]\n\n\
                    [hosts]\n\"A.example.org\" = \"127.0.0.1\"\n";
        let table = read(text).unwrap();
        let settings = table.settings().unwrap();
        assert_eq!(settings.external_account, ExternalAccount::AllowNone);
        assert_eq!(settings.networks.len(), 1);
        assert_eq!(settings.http_port, 5002);
        assert!(settings.device_profiles.contains("phone"));
        assert!(settings.hosts.contains_key("a.example.org"));
        assert_eq!(read(&toml::to_string(&table).unwrap()).unwrap(), table);
        assert!(
            read("networks = [\"10.0.0.0/33\"]")
                .unwrap()
                .settings()
                .is_err()
        );
        assert!(read("tls_port = 0").unwrap().settings().is_err());
        for wrong in [
            "colour = 1",
            "external_account = \"maybe\"",
            "http_port = 70000",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
