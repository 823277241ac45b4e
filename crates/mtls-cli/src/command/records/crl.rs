//! `mtls crl`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use pki_store::StoredCrl;
use serde::Serialize;
use time::OffsetDateTime;

use crate::files::{make_directory, write_public};
use crate::global::Global;
use crate::home::{CaKey, OpenCa};
use crate::issue::Life;
use crate::output::{Outcome, Output, moment};

/// Sign CRLs now, and write them
///
/// root.crl and issuing.crl (PEM), and one more for each further partition: issuing-1.crl. After `mtls ca rotate` those of
/// the new issuing CA begin with issuing-2-0.crl, and those of the old one go on. Servers read them as files; `mtls serve`
/// signs and publishes them by itself.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls crl --out /etc/nginx/crl")]
pub(crate) struct Crl {
    /// The directory for the files
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,

    /// How long they count, at most: 7d [default: 7 days for the issuing CA, 90 for the root]
    #[arg(long, value_name = "TIME")]
    life: Option<Life>,
}

#[derive(Debug, Serialize)]
struct Written {
    issuer: String,
    partition: u32,
    number: u64,
    entries: u64,
    #[serde(with = "time::serde::rfc3339")]
    this_update: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    next_update: OffsetDateTime,
    file: PathBuf,
}

impl Crl {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = OpenCa::open(global).await?;
        let written = self.sign_all(&ca).await;
        let written = ca.recorded(written, "crl", "").await?;
        if out.is_json() {
            out.json(&written)?;
            return Ok(Outcome::Done);
        }
        for crl in &written {
            let entries = match crl.entries {
                1 => "1 certificate".to_owned(),
                count => format!("{count} certificates"),
            };
            let (file, number) = (crl.file.display(), crl.number);
            let next = moment(crl.next_update);
            out.line(format!(
                "wrote {file}: CRL {number}, {entries}, next due {next}"
            ))?;
        }
        Ok(Outcome::Done)
    }

    async fn sign_all(&self, ca: &OpenCa) -> Result<Vec<Written>> {
        if ca.has_upstream() {
            bail!(
                "the CRLs of the CA `{}` are signed and published by its upstream CA",
                ca.name()
            );
        }
        make_directory(&self.out)?;
        let mut written = Vec::new();
        for (key, _) in ca.keys().await? {
            // An imported CA may have no root of its own here.
            if !ca.directory().key_place(key).is_here() {
                continue;
            }
            let authority = ca.authority(key).await?;
            let now = OffsetDateTime::now_utc();
            let life = self.life.map_or_else(|| key.crl_life(), Life::duration);
            for partition in 0..authority.issuer().partitions {
                let crl = authority.sign_crl(partition, life, now).await?;
                written.push(self.write(key, &crl)?);
            }
        }
        if written.is_empty() {
            bail!("none of the CA's keys is here, which sign its CRLs");
        }
        Ok(written)
    }

    fn write(&self, key: CaKey, crl: &StoredCrl) -> Result<Written> {
        let name = key.name();
        // `issuing-2.crl` is the third partition of the first issuing CA.
        let file = match (crl.partition, key.number) {
            (0, 1) => format!("{name}.crl"),
            (partition, _) => format!("{name}-{partition}.crl"),
        };
        let file = match self.out.as_os_str() == "." {
            true => PathBuf::from(file),
            false => self.out.join(file),
        };
        let pem = pki_core::crl_pem(&crl.der).context("the CRL is too large for PEM")?;
        write_public(&file, pem.as_bytes())?;
        Ok(Written {
            issuer: name,
            partition: crl.partition,
            number: crl.number,
            entries: crl.entries,
            this_update: crl.this_update,
            next_update: crl.next_update,
            file,
        })
    }
}
