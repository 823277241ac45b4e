//! `mtls import openbao`.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use pki_core::{KeyPair, Password};
use pki_upstream::openbao::{Api, Token};

use super::imported::Imported;
use super::options::Options;
use crate::global::Global;
use crate::home::{CaKey, Home, key_path, new_passphrase, secret};
use crate::import::{Mount, PAGE, Takeover};
use crate::look::certificates_of;
use crate::output::Counter;

/// A mount of the secrets engine `pki` of OpenBao or Vault
///
/// The token comes from --token-file, from $BAO_TOKEN or $VAULT_TOKEN, or from the terminal. It needs the capabilities
/// `read` and `list` on the mount, and goes to this server alone: redirects are not followed. All issuers of the mount are
/// taken over. The one that is chosen issues from now on, if its key is given; the others are as after `mtls ca rotate`.
/// Without a key the CA keeps records: certificates are listed and revoked here, and signed elsewhere.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls import openbao https://bao.example.org:8200 --mount pki_int --chain root.crt --token-file token\n  \
                  mtls import openbao http://127.0.0.1:8200 --key issuing.key"
)]
pub(super) struct Openbao {
    /// The server
    #[arg(value_name = "URL")]
    server: String,

    /// The path of the mount
    #[arg(long, value_name = "PATH", default_value = "pki")]
    mount: String,

    /// The issuer that goes on: its name or id
    #[arg(long, value_name = "NAME", default_value = "default")]
    issuer: String,

    /// The namespace of the mount
    #[arg(long, value_name = "PATH")]
    namespace: Option<String>,

    /// The file whose first line is the token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// The roots that the server is verified with (PEM) [default: those of the operating system]
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// The key of the issuer (PEM, perhaps encrypted), where it was exported
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// The certificates above the issuer, up to the root (PEM), where the mount does not have them
    #[arg(long, value_name = "FILE")]
    chain: Option<PathBuf>,

    #[command(flatten)]
    options: Options,
}

impl Openbao {
    pub(super) async fn import(&self, global: &Global) -> Result<Imported> {
        let home = Home::of(global)?;
        let mount = Mount::new(self.api()?, &self.mount)?;
        let mut issuers = mount.issuers(&self.issuer).await?;
        let mut chains: Vec<_> = issuers.iter().map(|it| it.chain.clone()).collect();
        if let Some(file) = &self.chain {
            for above in certificates_of(file)? {
                if !chains[0].contains(&above) {
                    chains[0].push(above);
                }
            }
        }
        let subject = chains[0][0].subject().to_string();
        let known = self.options.known(chains, ABOVE_BY_OPTION);
        let new = Takeover::prepare(&home, &known)?;
        let key = self.key(global)?;
        let has_key = key.is_some();
        let mut takeover = Takeover::begin(new, known, key).await?;

        let (mut revoked, mut left_out) = (0, 0);
        let counter = Counter::new("certificates read");
        let mut last: Option<String> = None;
        loop {
            let serials = mount.page(last.as_deref()).await?;
            // A server without pages gives the same ones again.
            let Some(end) = serials.last().filter(|end| last.as_ref() < Some(end)) else {
                break;
            };
            last = Some(end.clone());
            for some in serials.chunks(PAGE) {
                let found = mount.read(some, &mut issuers).await?;
                revoked += found.revoked;
                left_out += found.foreign;
                for (issuer, issued) in found.issued {
                    takeover.add(issuer, issued).await?;
                }
                counter.add(some.len());
            }
        }
        drop(counter);
        let mut next_crl_number = 0;
        for (position, issuer) in issuers.iter().enumerate().rev() {
            let rest = issuer.without_certificate();
            revoked += rest.len();
            takeover.add(position, rest).await?;
            next_crl_number = takeover.crl_number(position, issuer.crl_number).await?;
        }
        let certificates = takeover.added();
        let directory = takeover.finish()?;
        let key = CaKey::issuing(u32::try_from(issuers.len())?);
        let path = key_path(&directory, key);
        Ok(Imported {
            name: self.options.name.to_string(),
            directory: directory.display().to_string(),
            subject,
            certificates,
            revoked,
            next_crl_number,
            left_out,
            missing_key: (!has_key).then_some(path),
        })
    }

    fn api(&self) -> Result<Api> {
        let roots = self.ca_file.as_deref().map(certificates_of).transpose()?;
        let token = self.token()?;
        let namespace = self.namespace.as_deref();
        let api = Api::new(
            &self.server,
            Token::Text(token),
            namespace,
            roots.as_deref(),
        );
        api.with_context(|| format!("`{}` cannot be asked", self.server.escape_debug()))
    }

    /// Never an argument, which every user of the machine can see.
    fn token(&self) -> Result<Password> {
        if self.token_file.is_none() {
            let set = TOKENS.iter().find_map(|name| env::var(name).ok());
            if let Some(token) = set.filter(|token| !token.is_empty()) {
                return Ok(Password::new(token));
            }
        }
        secret(self.token_file.as_deref(), "token: ", || {
            "the server wants a token: give it with --token-file or in $BAO_TOKEN, or run this on a terminal"
                .to_owned()
        })
    }

    fn key(&self, global: &Global) -> Result<Option<(KeyPair, Password)>> {
        let Some(path) = &self.key else {
            return Ok(None);
        };
        let key = self.options.read_key(path)?;
        Ok(Some((key, new_passphrase(global)?)))
    }
}

const ABOVE_BY_OPTION: &str = "give the certificates above it with --chain, up to the root";

/// Where the programs of both look for a token.
const TOKENS: [&str; 2] = ["BAO_TOKEN", "VAULT_TOKEN"];
