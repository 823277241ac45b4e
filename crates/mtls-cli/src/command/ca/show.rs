//! `mtls ca show`.

use anyhow::Result;
use clap::Args;
use pki_store::Issuer;
use serde::Serialize;
use time::OffsetDateTime;

use crate::global::Global;
use crate::home::{KeyPlace, OpenCa};
use crate::output::{Fields, Outcome, Output, hex, moment, remaining};

/// Show the CA: its certificates, and where it is
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls ca show --json")]
pub(crate) struct Show {}

#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    directory: String,
    url: Option<String>,
    store: String,
    issuers: Vec<IssuerView>,
}

#[derive(Debug, Serialize)]
struct IssuerView {
    role: &'static str,
    state: &'static str,
    subject: String,
    key: String,
    #[serde(with = "time::serde::rfc3339")]
    not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    serial: String,
    fingerprint_sha256: String,
    spki_sha256: String,
    crl_url: Option<String>,
    /// A path, or the URI of a token; none where the CA has no key for it any more.
    key_in: Option<String>,
    /// Whether it can be used now, as far as that can be seen without it.
    key_is_here: bool,
}

impl IssuerView {
    fn of(issuer: &Issuer, key: Option<&KeyPlace>) -> Self {
        let certificate = issuer.certificate();
        Self {
            role: issuer.role.as_str(),
            state: issuer.state.as_str(),
            subject: certificate.subject().to_string(),
            key: certificate.public_key_algorithm().to_string(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            serial: certificate.serial().to_string(),
            fingerprint_sha256: hex(certificate.fingerprint_sha256()),
            spki_sha256: hex(certificate.spki_sha256()),
            crl_url: issuer.crl_url(0),
            key_in: key.map(ToString::to_string),
            key_is_here: key.is_some_and(KeyPlace::is_here),
        }
    }
}

impl Show {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = OpenCa::open_to_look(global).await?;
        let settings = ca.directory().settings();
        let keys = ca.keys().await?;
        let view = |issuer: &Issuer| {
            let key = keys.iter().find(|(_, it)| it.id == issuer.id);
            let place = key.map(|(key, _)| ca.directory().key_place(*key));
            IssuerView::of(issuer, place.as_ref())
        };
        let shown = Shown {
            name: ca.name().to_owned(),
            directory: ca.directory().path().display().to_string(),
            url: settings.url.clone(),
            store: settings.store.clone(),
            issuers: ca.issuers().await?.iter().map(view).collect(),
        };
        if out.is_json() {
            out.json(&shown)?;
        } else {
            shown.print(out)?;
        }
        Ok(Outcome::Done)
    }
}

impl Shown {
    fn print(&self, out: &mut Output) -> Result<()> {
        let now = OffsetDateTime::now_utc();
        out.line(format!("CA `{}`", self.name))?;
        let mut fields = Fields::default();
        fields
            .add("directory", &self.directory)
            .add("store", &self.store)
            .add_all("URL", &self.url);
        out.line(fields.to_string())?;
        for issuer in &self.issuers {
            out.line(format!("\n{} ({})", issuer.role, issuer.state))?;
            let end = format!(
                "{}, {}",
                moment(issuer.not_after),
                remaining(issuer.not_after, now)
            );
            let mut fields = Fields::default();
            fields
                .add("subject", &issuer.subject)
                .add("key", &issuer.key)
                .add("until", end)
                .add("serial", &issuer.serial)
                .add("SHA-256", &issuer.fingerprint_sha256)
                .add_all("CRL", &issuer.crl_url);
            if let Some(place) = &issuer.key_in {
                let here = if issuer.key_is_here {
                    ""
                } else {
                    ", which is not here"
                };
                fields.add("key in", format!("{place}{here}"));
            }
            out.line(fields.to_string())?;
        }
        Ok(())
    }
}
