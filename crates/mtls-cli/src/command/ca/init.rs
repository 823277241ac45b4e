//! `mtls ca init`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use pki_core::{
    Authority, CertificateParameters, KeyKind, KeyPair, Profile, Signer, certificate_pem,
};
use pki_store::{CertificateAuthority, IssuerRole, NewIssuer, Order};
use serde::Serialize;
use time::OffsetDateTime;
use tokio::task::block_in_place;
use x509_identity::{Certificate, DistinguishedName};

use super::init_upstream::Chosen;
use super::subject;
use crate::global::Global;
use crate::home::{
    CaKey, CaName, Home, KeyType, KeyUri, NewCa, Secrets, Settings, TransitKeys, actor,
    new_passphrase, parse_url,
};
use crate::output::{Fields, Outcome, Output, hex, moment, waiting};

/// Make a root and an issuing CA
///
/// Their keys are encrypted with the passphrase, or stay in a token, whose PIN is asked for or read from --pin-file. What
/// the CA may issue is in profiles/server.toml and profiles/client.toml of its directory.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls ca init\n  mtls ca init team --subject 'CN=Team Root,O=Example' --url http://ca.example.org:8080\n  \
                  mtls ca init --key 'pkcs11:token=ca;object=issuing?module-path=/usr/lib/softhsm/libsofthsm2.so' --pin-file pin\n  \
                  mtls ca init --upstream openbao.toml"
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

    /// The kind of keys that are made for servers and clients [default: that of the CA]
    #[arg(long, value_enum)]
    leaf_key_type: Option<KeyType>,

    /// The issuing CA's key in a PKCS#11 token (RFC 7512): taken if it is there, else made in the token
    #[arg(long, value_name = "pkcs11:URI")]
    key: Option<String>,

    /// The root's key in a PKCS#11 token, which may be the same token
    #[arg(long, value_name = "pkcs11:URI")]
    root_key: Option<String>,

    /// Keys in the secrets engine `transit` of OpenBao or Vault, as this file (TOML) says: taken if they are there, else
    /// made there
    #[arg(long, value_name = "FILE")]
    transit: Option<PathBuf>,

    /// Have OpenBao, Vault or AWS Private CA sign in place of keys of our own, as this file (TOML) says
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["subject", "key", "root_key", "transit", "url"]
    )]
    upstream: Option<PathBuf>,

    /// The certificates above that of the upstream CA, up to the root (PEM), where it does not know them
    #[arg(long, value_name = "FILE", requires = "upstream")]
    upstream_chain: Option<PathBuf>,

    /// Where `mtls serve` will be reached; certificates say so for CRLs and OCSP
    #[arg(long, value_name = "http://HOST:PORT", value_parser = parse_url)]
    url: Option<String>,
}

#[derive(Debug, Serialize)]
struct Made {
    name: String,
    directory: String,
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<String>,
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
        let home = Home::of(global)?;
        let (directory, upstream, [root, issuing]) = match &self.upstream {
            Some(file) => self.with_upstream(&home, file).await?,
            None => self.with_keys(&home, global).await?,
        };
        let made = Made {
            name: self.name.to_string(),
            directory: directory.display().to_string(),
            url: self.url,
            upstream,
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

    async fn with_keys(&self, home: &Home, global: &Global) -> Result<NewAuthorities> {
        let root = match &self.subject {
            Some(subject) => subject.clone(),
            None => subject::default_root(&self.name)?,
        };
        let issuing = subject::issuing(&root, 1)?;
        let new = NewCa::begin(home, &self.name)?;
        let settings = self.settings()?;
        // A key may be made over the network.
        let keys = block_in_place(|| NewKeys::make(&settings, &new, global));
        let keys = keys.context("no CA was made")?;
        let now = OffsetDateTime::now_utc();
        let made = make(&settings, &new, [root, issuing], keys, now)
            .await
            .context("no CA was made")?;
        Ok((new.finish()?, None, made))
    }

    async fn with_upstream(&self, home: &Home, file: &Path) -> Result<NewAuthorities> {
        let chosen = Chosen::ask(file, self.upstream_chain.as_deref()).await;
        let chosen = chosen.context("no CA was made")?;
        let new = NewCa::begin(home, &self.name)?;
        let mut settings = self.settings()?;
        settings.upstream = Some(chosen.settings.clone());
        let made = chosen
            .make(&settings, &new, OffsetDateTime::now_utc())
            .await;
        let made = made.context("no CA was made")?;
        Ok((new.finish()?, Some(chosen.name), made))
    }

    fn settings(&self) -> Result<Settings> {
        let mut settings = Settings::new(self.name.clone(), self.key_type, self.url.clone());
        settings.leaf_key_type = self.leaf_key_type;
        // Parsed here, since clap would print an argument that it does not take, and somebody may have put a PIN into it.
        let uri = |text: &Option<String>| text.as_deref().map(str::parse::<KeyUri>).transpose();
        settings.key = uri(&self.key).context("--key cannot be used")?;
        settings.root_key = uri(&self.root_key).context("--root-key cannot be used")?;
        let transit = self.transit.as_deref().map(TransitKeys::read);
        settings.transit = transit.transpose()?;
        Ok(settings)
    }
}

/// Where a new CA is, what its upstream is called, and the certificates of root and issuing CA.
type NewAuthorities = (PathBuf, Option<String>, [Certificate; 2]);

/// The keys of a new CA.
struct NewKeys {
    root: Arc<dyn Signer>,
    issuing: Arc<dyn Signer>,
}

impl NewKeys {
    /// Makes them, in files or in tokens. What is made in a token stays there, and is taken by the next attempt.
    fn make(settings: &Settings, new: &NewCa, global: &Global) -> Result<Self> {
        let secrets = Secrets::of(global);
        let transit = |key: CaKey| settings.transit.as_ref().and_then(|keys| keys.place(key));
        let is_in_file = |key: CaKey, uri: &Option<KeyUri>| uri.is_none() && transit(key).is_none();
        let in_files = is_in_file(CaKey::FIRST_ISSUING, &settings.key)
            || is_in_file(CaKey::FIRST_ROOT, &settings.root_key);
        let passphrase = in_files.then(|| new_passphrase(global)).transpose()?;
        let make = |key: CaKey, kind: KeyKind, uri: &Option<KeyUri>| -> Result<Arc<dyn Signer>> {
            if let Some(place) = transit(key) {
                if uri.is_some() {
                    bail!(
                        "the {} key is in a token or in transit, and not in both",
                        key.name()
                    );
                }
                return place.open_or_make(kind);
            }
            match (uri, &passphrase) {
                (Some(uri), _) => uri.open_or_make(kind, &secrets),
                (None, Some(passphrase)) => {
                    let pair = waiting("making a key", || KeyPair::generate(kind))?;
                    new.write_key(key, &pair, passphrase)?;
                    Ok(Arc::new(pair))
                }
                (None, None) => bail!("the {} key has no passphrase", key.name()),
            }
        };
        let kinds = settings.key_type;
        let root = make(CaKey::FIRST_ROOT, kinds.of_root(), &settings.root_key)?;
        let issuing = make(CaKey::FIRST_ISSUING, kinds.of_issuing_ca(), &settings.key)?;
        if root.public_key_der() == issuing.public_key_der() {
            bail!("the two keys are the same: root and issuing CA have one each");
        }
        Ok(Self { root, issuing })
    }
}

/// Certificates, settings and store, in the directory that is not in its place yet.
async fn make(
    settings: &Settings,
    new: &NewCa,
    [root, issuing]: [DistinguishedName; 2],
    keys: NewKeys,
    now: OffsetDateTime,
) -> Result<[Certificate; 2]> {
    new.write_settings(settings)?;
    let store = new.open_store().await?;
    let name = settings.name.as_str();
    let authority = Authority::root(root, keys.root, &Profile::root(), now)?;
    let mut issuer = NewIssuer::new(name, IssuerRole::Root, authority.chain().to_vec());
    issuer.crl_url = settings.crl_url(CaKey::FIRST_ROOT);
    store.add_issuer(issuer, &actor(), now).await?;
    let root = authority.certificate().clone();
    let authority = CertificateAuthority::new(authority, store.clone()).await?;

    let mut profile = Profile::issuing_ca();
    let above = CaKey::FIRST_ROOT;
    profile.ca_issuers = settings.certificate_url(above).into_iter().collect();
    profile.crl_distribution_points = settings.crl_url(above).into_iter().collect();
    let parameters = CertificateParameters::for_key(keys.issuing.public_key_der(), issuing);
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

impl Made {
    fn print(&self, out: &mut Output) -> Result<()> {
        out.line(format!("made the CA `{}`", self.name))?;
        let mut fields = Fields::default();
        fields
            .add("directory", &self.directory)
            .add_all("signed by", &self.upstream)
            .add("root", &self.root.subject)
            .add("until", moment(self.root.not_after))
            .add("SHA-256", &self.root.fingerprint_sha256)
            .add("issuing CA", &self.issuing.subject)
            .add("until", moment(self.issuing.not_after));
        out.line(fields.to_string())?;
        out.line(match self.upstream {
            Some(_) => "\nnext: compare the root's SHA-256 with what its owner says\n  mtls issue client alice",
            None => "\nnext:\n  mtls issue server localhost\n  mtls issue client alice",
        })?;
        Ok(())
    }
}
