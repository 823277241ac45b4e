//! `mtls import`.

mod openbao;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use pki_core::{EncodedKey, KeyError, KeyPair};
use serde::Serialize;

use crate::files::{password_of, read_secret};
use crate::global::Global;
use crate::home::{CaName, Home, new_passphrase, parse_url, password};
use crate::import::{Known, OtherCa, Takeover};
use crate::output::{Fields, Outcome, Output, note};

/// Take over a CA that other software has run
///
/// Nothing is signed again: the CA keeps its certificate and key, every certificate that it has issued is listed and can
/// be revoked, and the numbers of its CRLs go on. The key is copied, and encrypted with the passphrase. The old
/// directory or server is only read; stop issuing with it afterwards.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls import easy-rsa /etc/easy-rsa/pki\n  mtls import openssl-ca /etc/ssl/demoCA --name old\n  \
                  mtls import openbao https://bao.example.org:8200 --mount pki_int --token-file token\n  \
                  mtls import ca ca.crt ca.key"
)]
pub(crate) struct Import {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// A directory of easy-rsa 3, with index.txt in it or in its pki
    #[command(after_help = "Example:\n  mtls import easy-rsa /etc/easy-rsa/pki")]
    EasyRsa {
        /// The directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        #[command(flatten)]
        options: Options,
    },
    /// A directory as `openssl ca` keeps it, with index.txt, newcerts and private in it
    #[command(after_help = "Example:\n  mtls import openssl-ca ./demoCA --name demo")]
    OpensslCa {
        /// The directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        #[command(flatten)]
        options: Options,
    },
    Openbao(openbao::Openbao),
    /// A CA certificate and its key, where no record of what it has issued is left
    #[command(after_help = "Example:\n  mtls import ca ca.crt ca.key")]
    Ca {
        /// The CA's certificate, and those above it (PEM)
        #[arg(value_name = "CERT")]
        certificate: PathBuf,
        /// Its key (PEM, perhaps encrypted)
        #[arg(value_name = "KEY")]
        key: PathBuf,
        #[command(flatten)]
        options: Options,
    },
}

#[derive(Args, Debug)]
struct Options {
    /// The name of the CA among those of the home
    #[arg(long, value_name = "NAME", default_value = "default")]
    name: CaName,

    /// Where `mtls serve` will be reached; certificates that are issued from now on say so for OCSP
    #[arg(long, value_name = "http://HOST:PORT", value_parser = parse_url)]
    url: Option<String>,

    /// The file whose first line is the password of the key that is imported, where it has one
    #[arg(long, value_name = "FILE")]
    key_password_file: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Imported {
    name: String,
    directory: String,
    subject: String,
    certificates: u64,
    revoked: usize,
    next_crl_number: u64,
    /// Certificates of issuers that are not there any more.
    #[serde(skip_serializing_if = "is_zero")]
    left_out: usize,
    /// Where the key has to be put to sign CRLs, if it is not here.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_key: Option<PathBuf>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Import {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let (other, options) = match self.from {
            From::EasyRsa { directory, options } => (OtherCa::easy_rsa(&directory), options),
            From::OpensslCa { directory, options } => (OtherCa::openssl_ca(&directory), options),
            From::Ca {
                certificate,
                key,
                options,
            } => (OtherCa::alone(&certificate, &key), options),
            From::Openbao(openbao) => {
                let imported = openbao.import(global).await?;
                return imported.report(out);
            }
        };
        let imported = options.import(other?, global).await?;
        imported.report(out)
    }
}

impl Options {
    async fn import(&self, other: OtherCa, global: &Global) -> Result<Imported> {
        let subject = match other.chain.first() {
            Some(ca) => ca.subject().to_string(),
            None => String::new(),
        };
        let known = self.known(vec![other.chain], ABOVE_IN_FILE);
        let new = Takeover::prepare(&Home::of(global)?, &known)?;
        let key = self.read_key(&other.key)?;
        let passphrase = new_passphrase(global)?;
        let mut takeover = Takeover::begin(new, known, Some((key, passphrase))).await?;
        takeover.add(0, other.issued).await?;
        let next_crl_number = takeover.crl_number(0, other.crl_number).await?;
        let certificates = takeover.added();
        Ok(Imported {
            name: self.name.to_string(),
            directory: takeover.finish()?.display().to_string(),
            subject,
            certificates,
            revoked: other.revoked,
            next_crl_number,
            left_out: 0,
            missing_key: None,
        })
    }

    fn known(
        &self,
        chains: Vec<Vec<x509_identity::Certificate>>,
        advice: &'static str,
    ) -> Known<'_> {
        Known {
            name: &self.name,
            url: self.url.as_deref(),
            chains,
            advice,
        }
    }

    fn read_key(&self, path: &Path) -> Result<KeyPair> {
        let bytes = read_secret(path)?;
        let given = self
            .key_password_file
            .as_deref()
            .map(password_of)
            .transpose()?;
        let mut read = EncodedKey::read(&bytes, given.as_ref());
        if let (Err(KeyError::Encrypted), None) = (&read, &given) {
            let typed = password(None, "the key that is imported", "--key-password-file")?;
            read = EncodedKey::read(&bytes, Some(&typed));
        }
        read.and_then(|key| key.key_pair())
            .with_context(|| format!("cannot use {}", path.display()))
    }
}

impl Imported {
    fn report(&self, out: &mut Output) -> Result<Outcome> {
        if out.is_json() {
            out.json(self)?;
        } else {
            self.print(out)?;
        }
        Ok(Outcome::Done)
    }

    fn print(&self, out: &mut Output) -> Result<()> {
        out.line(format!("imported the CA `{}`", self.name))?;
        let mut fields = Fields::default();
        fields
            .add("directory", &self.directory)
            .add("subject", &self.subject)
            .add("certificates", self.certificates)
            .add("of them revoked", self.revoked)
            .add("next CRL number", self.next_crl_number);
        out.line(fields.to_string())?;
        let next = match self.missing_key {
            Some(_) => "\nnext:\n  mtls list",
            None => "\nnext:\n  mtls list\n  mtls crl",
        };
        out.line(next)?;
        if let Some(path) = &self.missing_key {
            note(format!(
                "the key is not here: what is revoked here is recorded, and on no CRL. To issue and to sign CRLs, import \
                 again with --key, or put the key into {}, encrypted with a passphrase (openssl pkcs8 -topk8)",
                path.display()
            ));
        } else if self.certificates == 0 {
            note(
                "what this CA has issued before is not known: it cannot be listed, and is revoked by `mtls revoke --cert`",
            );
        }
        if self.left_out > 0 {
            note(format!(
                "left out: {} certificates of issuers that the mount has no more",
                self.left_out
            ));
        }
        Ok(())
    }
}

const ABOVE_IN_FILE: &str = "put the certificates above it behind it, up to the root";
