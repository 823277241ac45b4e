//! `mtls ca rotate`.

mod finish;
mod issuing;
mod make;
mod replaced;
mod root;
mod status;

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use time::OffsetDateTime;

use self::replaced::mark_old;
use crate::global::Global;
use crate::home::{CaKey, Home, OpenCa};
use crate::output::{Fields, Outcome, Output, moment};

/// Replace the issuing CA or the root, while what they have issued goes on
///
/// Makes a new issuing CA below the root, which issues from now on. The old one still signs CRLs and answers OCSP for
/// what it has issued. With --root it makes a new root, too, and cross-certificates: what is issued from now on is
/// accepted by whoever trusts the old root, the new one, or both. Let everybody trust both (`mtls ca export`), renew what
/// --status lists, let everybody trust the new one alone (`mtls ca export --bundle new`), then --finish.
///
/// An interrupted rotation has changed nothing, and the next one goes on with it.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls ca rotate\n  mtls ca rotate --root\n  mtls ca rotate --status\n  mtls ca rotate --finish"
)]
#[group(multiple = false)]
pub(crate) struct Rotate {
    /// Make a new root, and an issuing CA below it
    #[arg(long)]
    root: bool,

    /// List the certificates that still need what was replaced, and change nothing
    #[arg(long)]
    status: bool,

    /// Retire what was replaced: refused while a certificate needs it
    #[arg(long)]
    finish: bool,
}

/// What a rotation has made.
#[derive(Debug, Serialize)]
struct Made {
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<MadeCa>,
    issuing: MadeCa,
}

#[derive(Debug, Serialize)]
struct MadeCa {
    subject: String,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    crl_url: Option<String>,
}

impl Rotate {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        if self.status {
            return status::run(&OpenCa::open_to_look(global).await?, out).await;
        }
        let _lock = Home::of(global)?.ca(global.ca.as_deref())?.lock()?;
        let mut ca = OpenCa::open(global).await?;
        if ca.has_upstream() {
            bail!(
                "the keys of the CA `{}` are the upstream CA's, and are replaced there",
                ca.name()
            );
        }
        if self.finish {
            let finished = finish::finish(&mut ca).await;
            let finished = ca.recorded(finished, "rotate", "--finish").await?;
            return finish::report(&finished, &ca, out);
        }
        let made = rotate(&mut ca, self.root).await;
        let what = if self.root { "--root" } else { "" };
        let made = ca.recorded(made, "rotate", what).await?;
        if out.is_json() {
            out.json(&made)?;
        } else {
            made.print(out)?;
        }
        Ok(Outcome::Done)
    }
}

async fn rotate(ca: &mut OpenCa, with_root: bool) -> Result<Made> {
    let now = OffsetDateTime::now_utc();
    mark_old(ca, now).await?;
    let rotation = match with_root {
        true => root::make(ca, now).await?,
        false => issuing::make(ca, now).await?,
    };
    ca.switch(rotation)?;
    mark_old(ca, now).await?;
    let issuing = signing(ca, ca.directory().issuing()).await?;
    let root = match with_root {
        true => Some(signing(ca, ca.directory().root()).await?),
        false => None,
    };
    Ok(Made { root, issuing })
}

/// Signs the first CRLs of a new CA: without them, nothing that it issues is accepted where CRLs are required.
async fn signing(ca: &OpenCa, key: CaKey) -> Result<MadeCa> {
    let authority = ca.authority(key).await?;
    let now = OffsetDateTime::now_utc();
    for partition in 0..authority.issuer().partitions {
        authority.sign_crl(partition, key.crl_life(), now).await?;
    }
    let issuer = authority.issuer();
    Ok(MadeCa {
        subject: issuer.certificate().subject().to_string(),
        not_after: issuer.not_after(),
        crl_url: issuer.crl_url(0),
    })
}

impl Made {
    fn print(&self, out: &mut Output) -> Result<()> {
        let mut fields = Fields::default();
        if let Some(root) = &self.root {
            fields
                .add("new root", &root.subject)
                .add("until", moment(root.not_after))
                .add_all("CRL", &root.crl_url);
        }
        fields
            .add("new issuing CA", &self.issuing.subject)
            .add("until", moment(self.issuing.not_after))
            .add_all("CRL", &self.issuing.crl_url);
        out.line(fields.to_string())?;
        let next = match &self.root {
            Some(_) => {
                "\nnext:\n  mtls ca export --out ca.crt             both roots, for everybody to trust\n  \
                 mtls ca rotate --status                 what has to be renewed"
            }
            None => {
                "\nnext:\n  mtls ca rotate --status                 what the old one is needed for"
            }
        };
        out.line(next)?;
        Ok(())
    }
}
