//! `[upstream]` in `ca.toml` with `kind = "openbao"` or `"vault"`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use pki_upstream::openbao::{OpenBaoPki, Signing};
use serde::{Deserialize, Serialize};

use super::server::{Server, Settings};

/// A mount of the secrets engine `pki` that signs in place of the CA.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct BaoPki {
    /// The server.
    url: String,
    /// The path of the mount.
    #[serde(default = "default_mount")]
    mount: String,
    /// The role that signs.
    role: String,
    /// The issuer of the mount, by name or id; its default one without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// The file whose first line is the token, read for each request.
    token_file: PathBuf,
    /// The roots that the server is verified with; those of the operating system without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
    /// Has `sign-verbatim` sign what the CSR asks for, if that is what was approved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    verbatim: bool,
    /// Other roles, by the name of the profile.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    roles: BTreeMap<String, String>,
}

impl BaoPki {
    /// # Errors
    ///
    /// If the roots of the server cannot be read, or a name cannot be part of a path.
    pub(crate) fn connect(&self) -> Result<OpenBaoPki> {
        let server = Server {
            url: &self.url,
            namespace: self.namespace.as_deref(),
            token_file: &self.token_file,
            ca_file: self.ca_file.as_deref(),
        };
        let mut upstream = OpenBaoPki::new(server.api()?, &self.mount, &self.role)?;
        for (profile, role) in &self.roles {
            upstream = upstream.role_for(profile, role)?;
        }
        if let Some(issuer) = &self.issuer {
            upstream = upstream.issuer(issuer)?;
        }
        if self.verbatim {
            upstream = upstream.signing(Signing::Verbatim);
        }
        Ok(upstream)
    }
}

impl Settings for BaoPki {
    fn paths(&mut self) -> Vec<&mut PathBuf> {
        let paths = [Some(&mut self.token_file), self.ca_file.as_mut()];
        paths.into_iter().flatten().collect()
    }
}

fn default_mount() -> String {
    "pki".to_owned()
}
