//! `mtls issue`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use pki_core::{CertificateParameters, CertificateRequest, KeyPair};
use pki_store::Order;
use time::OffsetDateTime;
use x509_identity::{DistinguishedName, SubjectAltName};

use super::issued::{Issued, issued_files};
use crate::global::Global;
use crate::home::{OpenCa, Purpose, actor, password};
use crate::issue::{AltName, Bundles, Destination, Life, names_of_client, names_of_server};
use crate::output::{Outcome, Output, waiting};

/// Make a key and a certificate for a server or a client
///
/// Writes server.crt or client.crt (the certificate and the chain above it), the key (readable by you alone), and ca.crt
/// (the roots) into a directory. A server's NAME is its host name or IP address; a client's is its common name.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls issue server api.example.org --san dns:localhost --san ip:127.0.0.1\n  \
                  mtls issue client alice --san email:alice@example.org --life 30d\n  \
                  mtls issue client phone --p12 --p12-password-file password.txt"
)]
pub(crate) struct Issue {
    /// What it is for, and the profile that decides
    #[arg(value_enum)]
    purpose: Purpose,

    /// Host name or IP address of a server; common name of a client
    #[arg(value_name = "NAME")]
    name: String,

    /// Another name in the certificate: dns:NAME, ip:ADDRESS, email:ADDRESS or uri:URI
    #[arg(long, value_name = "KIND:VALUE")]
    san: Vec<AltName>,

    /// How long it is valid: 24h, 90d [default: the profile's]
    #[arg(long, value_name = "TIME")]
    life: Option<Life>,

    /// Where the files go [default: a directory called NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Write bundles, too: *.p12 for what is new, *_ios.p12 for every device
    #[arg(long)]
    p12: bool,

    /// The file whose first line is the password of the bundles; asked for on the terminal without it
    #[arg(long, value_name = "FILE", requires = "p12")]
    p12_password_file: Option<PathBuf>,

    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

impl Issue {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = OpenCa::open_to_issue(global, "issue", &self.name).await?;
        let issued = self.issue(&ca).await;
        let issued = ca.recorded(issued, "issue", &self.name).await?;
        issued.report(out)?;
        Ok(Outcome::Done)
    }

    async fn issue(&self, ca: &OpenCa) -> Result<Issued> {
        let (subject, mut sans) = self.names()?;
        sans.extend(self.san.iter().cloned().map(AltName::into_name));
        dedup(&mut sans);
        let profile = ca.directory().profile(self.purpose.name())?;
        let destination =
            Destination::new(self.directory()?, self.purpose.name(), self.p12, self.force)?;
        let bundles = match self.p12 {
            true => Some(Bundles::new(password(
                self.p12_password_file.as_deref(),
                "the new bundles",
                "--p12-password-file",
            )?)?),
            false => None,
        };
        let authority = ca.issuing().await?;
        let kind = ca.directory().settings().leaf_keys().of_leaf();
        let key = waiting("making a key", || KeyPair::generate(kind))?;
        // An upstream CA wants to see that whoever asks has the key.
        let csr = CertificateRequest::build(&key, &subject, &sans)?;
        let mut parameters = CertificateParameters::from_csr(&csr);
        if let Some(life) = self.life {
            parameters = parameters.validity(life.duration());
        }
        let now = OffsetDateTime::now_utc();
        let order = Order::new(parameters, &profile, self.purpose.name(), actor());
        let issued = authority.issue(order, now).await?;
        issued_files(
            ca,
            &issued,
            Some(&key),
            bundles,
            destination,
            self.purpose.name(),
        )
    }

    fn names(&self) -> Result<(DistinguishedName, Vec<SubjectAltName>)> {
        match self.purpose {
            Purpose::Server => names_of_server(&self.name),
            Purpose::Client => Ok((names_of_client(&self.name)?, Vec::new())),
        }
    }

    fn directory(&self) -> Result<PathBuf> {
        if let Some(directory) = &self.out {
            return Ok(directory.clone());
        }
        let name = self.name.replace('*', "_");
        let plain = !name.starts_with(['.', '-'])
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | ' '));
        if !plain {
            bail!("`{name}` cannot be the name of a directory: say with --out where the files go");
        }
        Ok(PathBuf::from(name))
    }
}

/// A name that is given twice is in the certificate once.
fn dedup(names: &mut Vec<SubjectAltName>) {
    let mut seen = Vec::new();
    names.retain(|name| {
        let new = !seen.contains(name);
        if new {
            seen.push(name.clone());
        }
        new
    });
}
