//! `mtls ca init`.

use anyhow::{Context as _, Result};
use clap::Args;
use pki_core::{Authority, CertificateParameters, KeyPair, Password, Profile, certificate_pem};
use pki_store::{CertificateAuthority, IssuerRole, NewIssuer, Order};
use serde::Serialize;
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName};

use super::subject;
use crate::global::Global;
use crate::home::{
    CaKey, CaName, Home, KeyType, NewCa, Settings, actor, new_passphrase, parse_url,
};
use crate::output::{Fields, Outcome, Output, hex, moment, waiting};

/// Make a root and an issuing CA
///
/// Their keys are encrypted with the passphrase. What the CA may issue is in profiles/server.toml and
/// profiles/client.toml of its directory.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls ca init\n  mtls ca init team --subject 'CN=Team Root,O=Example' --url http://ca.example.org:8080"
)]
pub(crate) struct Init {
    /// The name of the CA among those of the home
    #[arg(value_name = "NAME", default_value = "default")]
    name: CaName,

    /// The root's subject (RFC 4514), with a common name [default: CN=Private CA Root,O=Private CA]
    #[arg(long, value_name = "DN")]
    subject: Option<DistinguishedName>,

    /// The kind of keys
    #[arg(long, value_enum, default_value = "ec")]
    key_type: KeyType,

    /// Where `mtls serve` will be reached; certificates say so for CRLs and OCSP
    #[arg(long, value_name = "http://HOST:PORT", value_parser = parse_url)]
    url: Option<String>,
}

#[derive(Debug, Serialize)]
struct Made {
    name: String,
    directory: String,
    url: Option<String>,
    root: CaView,
    issuing: CaView,
}

#[derive(Debug, Serialize)]
struct CaView {
    subject: String,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    fingerprint_sha256: String,
}

impl CaView {
    fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            not_after: certificate.not_after(),
            fingerprint_sha256: hex(certificate.fingerprint_sha256()),
        }
    }
}

impl Init {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let root = match &self.subject {
            Some(subject) => subject.clone(),
            None => subject::default_root(&self.name)?,
        };
        let issuing = subject::issuing(&root, 1)?;
        let home = Home::of(global)?;
        let new = NewCa::begin(&home, &self.name)?;
        let passphrase = new_passphrase(global)?;
        let now = OffsetDateTime::now_utc();
        let [root, issuing] = self
            .make(&new, [root, issuing], &passphrase, now)
            .await
            .context("no CA was made")?;
        let directory = new.finish()?;
        let made = Made {
            name: self.name.to_string(),
            directory: directory.display().to_string(),
            url: self.url,
            root: CaView::of(&root),
            issuing: CaView::of(&issuing),
        };
        if out.is_json() {
            out.json(&made)?;
        } else {
            made.print(out)?;
        }
        Ok(Outcome::Done)
    }

    /// Keys, certificates, settings and store, in the directory that is not in its place yet.
    async fn make(
        &self,
        new: &NewCa,
        [root, issuing]: [DistinguishedName; 2],
        passphrase: &Password,
        now: OffsetDateTime,
    ) -> Result<[Certificate; 2]> {
        let settings = Settings::new(self.name.clone(), self.key_type, self.url.clone());
        new.write_settings(&settings)?;
        let make = |kind| waiting("making a key", || KeyPair::generate(kind));
        let root_key = make(self.key_type.of_root())?;
        let issuing_key = make(self.key_type.of_issuing_ca())?;
        new.write_key(CaKey::FIRST_ROOT, &root_key, passphrase)?;
        new.write_key(CaKey::FIRST_ISSUING, &issuing_key, passphrase)?;

        let store = new.open_store().await?;
        let name = self.name.as_str();
        let authority = Authority::root(root, root_key, &Profile::root(), now)?;
        let mut issuer = NewIssuer::new(name, IssuerRole::Root, authority.chain().to_vec());
        issuer.crl_url = settings.crl_url(CaKey::FIRST_ROOT);
        store.add_issuer(issuer, &actor(), now).await?;
        let root = authority.certificate().clone();
        let authority = CertificateAuthority::new(authority, store.clone()).await?;

        let mut profile = Profile::issuing_ca();
        let above = CaKey::FIRST_ROOT;
        profile.ca_issuers = settings.certificate_url(above).into_iter().collect();
        profile.crl_distribution_points = settings.crl_url(above).into_iter().collect();
        let parameters = CertificateParameters::for_key(issuing_key.public_key_der(), issuing);
        let order = Order::new(parameters, &profile, "issuing-ca", actor());
        let issued = authority.issue(order, now).await?;
        let issuing = issued.certificate;
        let chain = vec![issuing.clone(), root.clone()];
        let mut issuer = NewIssuer::new(name, IssuerRole::Issuing, chain);
        issuer.crl_url = settings.crl_url(CaKey::FIRST_ISSUING);
        store.add_issuer(issuer, &actor(), now).await?;

        new.write_certificate(CaKey::FIRST_ROOT, &certificate_pem(&root))?;
        new.write_certificate(CaKey::FIRST_ISSUING, &certificate_pem(&issuing))?;
        Ok([root, issuing])
    }
}

impl Made {
    fn print(&self, out: &mut Output) -> Result<()> {
        out.line(format!("made the CA `{}`", self.name))?;
        let mut fields = Fields::default();
        fields
            .add("directory", &self.directory)
            .add("root", &self.root.subject)
            .add("until", moment(self.root.not_after))
            .add("SHA-256", &self.root.fingerprint_sha256)
            .add("issuing CA", &self.issuing.subject)
            .add("until", moment(self.issuing.not_after));
        out.line(fields.to_string())?;
        out.line("\nnext:\n  mtls issue server localhost\n  mtls issue client alice")?;
        Ok(())
    }
}
