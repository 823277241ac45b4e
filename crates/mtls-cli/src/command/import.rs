//! `mtls import`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use pki_core::verify::is_signed_by;
use pki_core::{Authority, EncodedKey, KeyError, KeyKind, KeyPair, certificate_pem};
use pki_store::{IssuerRole, NewIssuer};
use serde::Serialize;
use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::files::{password_of, read_secret};
use crate::global::Global;
use crate::home::{
    CaKey, CaName, Home, KeyType, NewCa, Settings, actor, new_passphrase, parse_url, password,
};
use crate::import::OtherCa;
use crate::output::{Fields, Outcome, Output, note};

/// Take over a CA that other software has run
///
/// Nothing is signed again: the CA keeps its certificate and key, every certificate that it has issued is listed and can
/// be revoked, and the numbers of its CRLs go on. The key is copied, and encrypted with the passphrase. The old
/// directory is only read; stop using it afterwards.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls import easy-rsa /etc/easy-rsa/pki\n  mtls import openssl-ca /etc/ssl/demoCA --name old\n  \
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
        };
        let imported = options.import(other?, global).await?;
        if out.is_json() {
            out.json(&imported)?;
        } else {
            imported.print(out)?;
        }
        Ok(Outcome::Done)
    }
}

impl Options {
    async fn import(&self, other: OtherCa, global: &Global) -> Result<Imported> {
        let roots = roots(&other.chain)?;
        let home = Home::of(global)?;
        let new = NewCa::begin(&home, &self.name)?;
        let key = self.read_key(&other)?;
        let passphrase = new_passphrase(global)?;
        new.write_key(CaKey::FIRST_ISSUING, &key, &passphrase)?;
        let key_type = match key.kind() {
            KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => KeyType::Rsa,
            _ => KeyType::Ec,
        };
        let revoked = other.revoked;
        let authority = Authority::new(other.chain.clone(), key)?;
        let ca = authority.certificate().clone();
        let settings = Settings::new(self.name.clone(), key_type, self.url.clone());
        new.write_settings(&settings)?;
        let store = new.open_store().await?;
        let now = OffsetDateTime::now_utc();
        let issuer = NewIssuer::new(self.name.as_str(), IssuerRole::Issuing, other.chain.clone());
        let issuer = store.add_issuer(issuer, &actor(), now).await?;
        let certificates = store.import(issuer.id, other.issued, &actor(), now).await?;
        let last = other.crl_number.unwrap_or(0);
        // The next one is higher than whatever was published.
        let next = store.crl_number_above(issuer.id, 0, last).await?;

        new.write_certificate(CaKey::FIRST_ISSUING, &certificate_pem(&ca))?;
        new.write_certificate(CaKey::FIRST_ROOT, &roots)?;
        let directory = new.finish()?;
        Ok(Imported {
            name: self.name.to_string(),
            directory: directory.display().to_string(),
            subject: ca.subject().to_string(),
            certificates,
            revoked,
            next_crl_number: next.saturating_add(1),
        })
    }

    fn read_key(&self, other: &OtherCa) -> Result<KeyPair> {
        let bytes = read_secret(&other.key)?;
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
            .with_context(|| format!("cannot use {}", other.key.display()))
    }
}

/// What others trust: the last certificate of the chain, which has to be a root.
fn roots(chain: &[Certificate]) -> Result<String> {
    for pair in chain.windows(2) {
        let [certificate, issuer] = pair else {
            continue;
        };
        if !certificate.names_issuer(issuer) || !is_signed_by(certificate, issuer) {
            bail!(
                "`{}` was not issued by `{}`, which follows it in the file",
                certificate.subject(),
                issuer.subject()
            );
        }
    }
    match chain.last() {
        Some(root) if root.is_self_issued() => Ok(certificate_pem(root)),
        _ => bail!(
            "the CA's certificate is not a root: put the certificates above it behind it, up to the root"
        ),
    }
}

impl Imported {
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
        out.line("\nnext:\n  mtls list\n  mtls crl")?;
        if self.certificates == 0 {
            note(
                "what this CA has issued before is not known: it cannot be listed, and is revoked by `mtls revoke --cert`",
            );
        }
        Ok(())
    }
}
