//! `mtls sign`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use pki_core::{CertificateParameters, CertificateRequest};
use pki_store::Order;
use time::OffsetDateTime;

use super::issued::Issued;
use crate::files::{Access, Pending, read};
use crate::global::Global;
use crate::home::{OpenCa, actor};
use crate::issue::Life;
use crate::output::{Outcome, Output};

/// Sign a certificate request that somebody else has made
///
/// Only its public key and its names are used, and only names that the profile allows. Prints the certificate and the
/// chain above it, or writes them with --out.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls sign server.csr --profile server --out server.crt")]
pub(crate) struct Sign {
    /// The certificate request (PEM or DER, PKCS#10)
    #[arg(value_name = "CSR")]
    csr: PathBuf,

    /// The profile that decides: server, client, or another one of the CA's directory
    #[arg(long, value_name = "NAME")]
    profile: String,

    /// How long it is valid: 24h, 90d [default: the profile's]
    #[arg(long, value_name = "TIME")]
    life: Option<Life>,

    /// Write the certificate into a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Sign {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let what = self.csr.display().to_string();
        let ca = OpenCa::open_to_issue(global, "sign", &what).await?;
        let signed = self.sign(&ca).await;
        let (issued, chain) = ca.recorded(signed, "sign", &what).await?;
        if self.out.is_some() || out.is_json() {
            issued.report(out)?;
        } else if let Err(error) = out.bytes(chain.as_bytes()) {
            // Also where the reader has seen enough: nobody has the certificate.
            let serial = issued.serial();
            bail!(
                "the certificate {serial} was issued, and {error}; revoke it with `mtls revoke {serial} --yes`, and sign the \
                 request again with --out"
            );
        }
        Ok(Outcome::Done)
    }

    async fn sign(&self, ca: &OpenCa) -> Result<(Issued, String)> {
        let csr = read_csr(&self.csr)?;
        let profile = ca.directory().profile(&self.profile)?;
        let mut parameters = CertificateParameters::from_csr(&csr);
        if let Some(life) = self.life {
            parameters = parameters.validity(life.duration());
        }
        let pending = self
            .out
            .as_deref()
            .map(|path| Pending::new(path, Access::Everybody));
        let pending = pending.transpose()?;
        let authority = ca.issuing().await?;
        let order = Order::new(parameters, &profile, &self.profile, actor());
        let issued = authority.issue(order, OffsetDateTime::now_utc()).await?;
        let chain = issued.chain_pem();
        let mut files = Vec::new();
        if let (Some(path), Some(pending)) = (&self.out, pending) {
            pending.finish(chain.as_bytes()).with_context(|| {
                let serial = issued.certificate.serial();
                format!("the certificate {serial} was issued and not written")
            })?;
            files.push(path.clone());
        }
        Ok((
            Issued::new(&issued.certificate, &self.profile, files),
            chain,
        ))
    }
}

fn read_csr(path: &Path) -> Result<CertificateRequest> {
    let bytes = read(path)?;
    let csr = CertificateRequest::from_pem_or_der(&bytes);
    csr.with_context(|| format!("cannot sign {}", path.display()))
}
