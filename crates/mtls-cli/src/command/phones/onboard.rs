//! `mtls onboard`.

use std::io::IsTerminal as _;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use onboarding::{KeyFile, Names, Package, new_password, qr_text};
use pkcs12_ios::{Bundle, Encoding, Profile};
use pki_core::{CertificateParameters, KeyKind, KeyPair, Password};
use pki_store::{IssuedRecord, Order};
use serde::Serialize;
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::signing::Signing;
use super::{add_authorities, links, name_of};
use crate::global::Global;
use crate::home::{OpenCa, Purpose, actor};
use crate::issue::{AltName, Life, names_of_client};
use crate::output::{Fields, Outcome, Output, hex, moment, remaining};

/// Make a key and a certificate for somebody's phone or computer, and a link that gives them out once
///
/// `mtls serve --onboarding` answers the link, with the steps for each device. The key is nowhere on disk but in the file
/// of the link, encrypted under the link itself. Tell the password by another way than the link: whoever listens in on
/// the network sees the one, and should not see the other. A use of the link is in the audit log.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls onboard alice --url http://192.0.2.7:8080\n  \
                  mtls onboard alice --valid-for 10m --site https://api.example.org/ --sign-cert site/server.crt --sign-key site/server.key"
)]
pub(crate) struct Onboard {
    /// Common name of the client
    #[arg(value_name = "NAME")]
    name: String,

    /// Another name in the certificate: dns:NAME, ip:ADDRESS, email:ADDRESS or uri:URI
    #[arg(long, value_name = "KIND:VALUE")]
    san: Vec<AltName>,

    /// How long the certificate is valid: 24h, 90d [default: the profile's]
    #[arg(long, value_name = "TIME")]
    life: Option<Life>,

    /// How long the link is good for [default: 1h]
    #[arg(long, value_name = "TIME")]
    valid_for: Option<Life>,

    /// Where devices reach `mtls serve` [default: the URL of the CA]
    #[arg(long, value_name = "URL", value_parser = crate::home::parse_url)]
    url: Option<String>,

    /// What the certificate is for, shown on the page, such as `https://api.example.org/`
    #[arg(long, value_name = "URL")]
    site: Option<String>,

    /// What an Apple device knows the profile by [default: of the CA, so that a device has one of them]
    #[arg(long, value_name = "ORG.EXAMPLE.NAME")]
    identifier: Option<String>,

    #[command(flatten)]
    signing: Signing,
}

/// A link that was made.
#[derive(Debug, Serialize)]
struct Made {
    link: String,
    #[serde(with = "time::serde::rfc3339")]
    until: OffsetDateTime,
    password: String,
    serial: String,
    subject: String,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
}

impl Onboard {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = OpenCa::open_to_issue(global, "onboard", &self.name).await?;
        let made = self.make(&ca).await;
        let made = ca.recorded(made, "onboard", &self.name).await?;
        if out.is_json() {
            out.json(&made)?;
            return Ok(Outcome::Done);
        }
        let now = OffsetDateTime::now_utc();
        let (left, life) = (remaining(made.until, now), remaining(made.not_after, now));
        let mut fields = Fields::default();
        fields
            .add("link", &made.link)
            .add("good once until", format!("{}, {left}", moment(made.until)))
            .add("password", &made.password)
            .add("subject", &made.subject)
            .add("serial", &made.serial)
            .add("valid until", format!("{}, {life}", moment(made.not_after)));
        out.line("made a certificate and a link to it; tell the password by another way")?;
        out.line(fields.to_string())?;
        // For whoever stands beside the terminal with the phone.
        if std::io::stdout().is_terminal()
            && let Some(code) = qr_text(&made.link)
        {
            out.line(code)?;
        }
        Ok(Outcome::Done)
    }

    async fn make(&self, ca: &OpenCa) -> Result<Made> {
        let settings = ca.directory().settings();
        let url = self.url.clone().or_else(|| settings.url.clone());
        let url = url.context("say with --url where devices reach `mtls serve --onboarding`")?;
        let valid_for = match &self.valid_for {
            Some(life) => Duration::try_from(life.duration()).context("--valid-for is too long")?,
            None => links::USUAL,
        };
        // What is wrong with the link or the profile is noticed before anything is issued.
        let vault = links::vault(ca)?;
        let roots = ca.directory().roots()?;
        let root = roots.first().context("the CA has no root certificate")?;
        let names = links::names(root, &self.name);
        let password = Password::new(new_password()?.as_str());
        let key = KeyPair::generate(kind_of(settings.leaf_keys().of_leaf()))?;
        self.signing.write(&self.profile(&names, &roots, None)?)?;

        let issued = self.issue(ca, &key).await?;
        let serial = issued.certificate.serial();
        let package = self
            .package(names, &key, &issued, &roots, &password)
            .and_then(|package| {
                let package = package.reference(serial.to_string());
                Ok(vault.put(&package, valid_for, SystemTime::now())?)
            });
        let token = package.with_context(|| {
            format!(
                "the certificate {serial} was issued and there is no link to it; revoke it with \
                 `mtls revoke {serial} --yes`"
            )
        })?;
        let now = OffsetDateTime::now_utc();
        let until = now + valid_for;
        ca.store()
            .record_link_made(ca.name(), serial, until, &actor(), now)
            .await?;
        Ok(Made {
            link: format!("{url}/get/{}", token.secret_str()),
            until,
            password: password.secret_str().to_owned(),
            serial: serial.to_string(),
            subject: issued.certificate.subject().to_string(),
            not_after: issued.certificate.not_after(),
        })
    }

    async fn issue(&self, ca: &OpenCa, key: &KeyPair) -> Result<IssuedRecord> {
        let subject = names_of_client(&self.name)?;
        let sans = self.san.iter().cloned().map(AltName::into_name);
        let profile = ca.directory().profile(Purpose::Client.name())?;
        let authority = ca.issuing().await?;
        let mut parameters = CertificateParameters::for_key(key.public_key_der(), subject)
            .sans(sans.collect::<Vec<_>>());
        if let Some(life) = self.life {
            parameters = parameters.validity(life.duration());
        }
        let order = Order::new(parameters, &profile, Purpose::Client.name(), actor());
        Ok(authority.issue(order, OffsetDateTime::now_utc()).await?)
    }

    /// Both kinds of bundle, and the profile.
    fn package(
        &self,
        names: Names,
        key: &KeyPair,
        issued: &IssuedRecord,
        roots: &[Certificate],
        password: &Password,
    ) -> Result<Package> {
        let leaf = issued.certificate.der();
        let above: Vec<_> = issued.presented().skip(1).chain(roots).collect();
        let bundle = |encoding| {
            Bundle::builder(key, leaf)
                .chain(above.iter().map(|certificate| certificate.der()))
                .friendly_name(&self.name)
                .encoding(encoding)
                .build(password)
                .context("the bundle cannot be made")
        };
        let compat = bundle(Encoding::Compat)?;
        let authorities: Vec<_> = above.iter().copied().cloned().collect();
        let profile = self.profile(&names, &authorities, Some(&compat))?;
        let mut package = Package::new(names)
            .file(KeyFile::Profile, self.signing.write(&profile)?.to_vec())
            .file(KeyFile::Modern, bundle(Encoding::Modern)?)
            .file(KeyFile::Compat, compat);
        if let Some(site) = &self.site {
            package = package.server(site);
        }
        Ok(package)
    }

    fn profile(
        &self,
        names: &Names,
        authorities: &[Certificate],
        bundle: Option<&[u8]>,
    ) -> Result<Profile> {
        let Some(root) = authorities.iter().find(|it| it.is_self_issued()) else {
            bail!("the CA has no root certificate");
        };
        let identifier = match &self.identifier {
            Some(identifier) => identifier.clone(),
            None => format!("local.mtls.{}", hex(&root.fingerprint_sha256()[..8])),
        };
        let mut builder = Profile::builder(identifier)
            .display_name(&names.profile)
            .organization(name_of(root));
        builder = add_authorities(builder, authorities);
        if let Some(bundle) = bundle {
            builder = builder.bundle(bundle, &names.client);
        }
        builder.build().context("the profile cannot be made")
    }
}

/// What phones take: neither ML-DSA nor Ed25519.
fn kind_of(usual: KeyKind) -> KeyKind {
    match usual {
        KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 | KeyKind::P384 => usual,
        _ => KeyKind::P256,
    }
}
