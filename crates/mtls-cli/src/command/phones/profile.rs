//! `mtls profile`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use pkcs12_ios::{AcmeEnrollment, Bundle, Profile, ProfileBuilder, ScepEnrollment};
use pki_core::Password;
use x509_identity::Certificate;
use zeroize::Zeroizing;

use super::signing::{Signing, key_of};
use super::{add_authorities, name_of};
use crate::files::{password_of, read_secret, write_secret};
use crate::global::Global;
use crate::home::{Home, password};
use crate::look::certificates_of;
use crate::output::{Outcome, Output};

/// Write an Apple configuration profile: CA certificates, and a client's identity or the way to one
///
/// An iPhone, iPad or Mac installs all of it at once, and asks for the bundle's password. What is installed is for
/// Safari, Mail, VPN and Wi-Fi: other apps cannot use it, and import the bundle themselves. A root that is installed by
/// hand is trusted once it is switched on under Settings, General, About, Certificate Trust Settings.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls profile --identifier org.example.mtls --p12 alice/client_ios.p12 --out alice.mobileconfig\n  \
                  mtls profile --identifier org.example.mtls --cert alice/client.crt --key alice/client.key \\\n    \
                  --password-file password.txt --trust alice/ca.crt --sign-cert site/server.crt --sign-key site/server.key --out alice.mobileconfig\n  \
                  mtls profile --identifier org.example.mtls --acme https://ca.example.org:8444/acme/phone/directory \\\n    --name C02XL0ABJGH5 --out phone.mobileconfig"
)]
pub(crate) struct ProfileCommand {
    /// What the device knows the profile by: one with the same identifier replaces it
    #[arg(long, value_name = "ORG.EXAMPLE.NAME")]
    identifier: String,

    /// CA certificates for the device; may be given again [default: those of the CA]
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,

    /// A bundle; its password is left out, and needed only with --embed-password
    #[arg(long, value_name = "FILE", conflicts_with = "cert")]
    p12: Option<PathBuf>,

    /// The client's certificate and the chain above it, in place of a bundle
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// The key of --cert
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// The file whose first line is the bundle's password; asked for on the terminal without it
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Put the bundle's password into the profile: whoever has the file then has the key
    #[arg(long)]
    embed_password: bool,

    /// The directory of an ACME server that gives the device a certificate for a key of its own; that of `mtls serve` knows
    /// the device by --name, which is its serial number or UDID
    #[arg(long, value_name = "URL")]
    acme: Option<String>,

    /// A SCEP server that gives the device a certificate for a key of its own
    #[arg(long, value_name = "URL")]
    scep: Option<String>,

    /// The file whose first line is the challenge password of the SCEP server
    #[arg(long, value_name = "FILE", requires = "scep")]
    scep_challenge_file: Option<PathBuf>,

    /// Common name that a device asks for by ACME or SCEP, and the name of the identity in its list
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Name of the profile in the list of profiles [default: the identifier]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,

    /// Who the profile is from
    #[arg(long, value_name = "TEXT")]
    organization: Option<String>,

    #[command(flatten)]
    signing: Signing,

    /// Where the profile goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

/// The bundle of a profile, with what is known of it.
struct Identity {
    pkcs12: Zeroizing<Vec<u8>>,
    password: Option<Password>,
    name: String,
    /// Above the leaf.
    chain: Vec<Certificate>,
}

impl ProfileCommand {
    pub(crate) fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        if self.out.exists() && !self.force {
            bail!(
                "{} is there already: give another name, or --force to replace it",
                self.out.display()
            );
        }
        if self.embed_password && self.p12.is_none() && self.cert.is_none() {
            bail!("there is no password to embed without --p12 or --cert");
        }
        let identity = self.identity()?;
        let mut authorities = self.authorities(global)?;
        authorities.extend(identity.iter().flat_map(|it| it.chain.iter().cloned()));
        let mut builder = Profile::builder(&self.identifier);
        if let Some(title) = &self.title {
            builder = builder.display_name(title);
        }
        if let Some(organization) = &self.organization {
            builder = builder.organization(organization);
        }
        builder = add_authorities(builder, &authorities);
        if let Some(identity) = &identity {
            builder = match &identity.password {
                Some(password) => builder.bundle_with_embedded_password(
                    &identity.pkcs12,
                    password,
                    &identity.name,
                ),
                None => builder.bundle(&identity.pkcs12, &identity.name),
            };
        }
        let profile = self.add_enrollments(builder)?.build();
        let profile = profile.context("no profile was written")?;
        let bytes = self.signing.write(&profile)?;
        write_secret(&self.out, &bytes)?;
        out.line(format!("wrote {}", self.out.display()))?;
        Ok(Outcome::Done)
    }

    fn identity(&self) -> Result<Option<Identity>> {
        let password = || {
            password(
                self.password_file.as_deref(),
                "the bundle",
                "--password-file",
            )
        };
        if let Some(path) = &self.p12 {
            let password = match self.embed_password {
                true => Some(password()?),
                false => None,
            };
            let pkcs12 = read_secret(path)?;
            if let Some(password) = &password {
                Bundle::open(&pkcs12, password, &pkcs12_ios::Limits::default())
                    .with_context(|| format!("cannot open {}", path.display()))?;
            }
            return Ok(Some(Identity {
                pkcs12,
                password,
                name: self
                    .name
                    .clone()
                    .unwrap_or_else(|| "Client certificate".to_owned()),
                chain: Vec::new(),
            }));
        }
        let (Some(cert), Some(key)) = (&self.cert, &self.key) else {
            return Ok(None);
        };
        let password = password()?;
        let mut chain = certificates_of(cert)?;
        let leaf = chain.remove(0);
        let above: Vec<_> = chain.iter().map(Certificate::der).collect();
        // Compat, since the device that it will meet is not known.
        let pkcs12 = Bundle::builder(&key_of(key)?, leaf.der())
            .chain(&above)
            .build(&password)
            .context("the bundle cannot be made")?;
        Ok(Some(Identity {
            pkcs12: Zeroizing::new(pkcs12),
            password: self.embed_password.then_some(password),
            name: self.name.clone().unwrap_or_else(|| name_of(&leaf)),
            chain,
        }))
    }

    fn authorities(&self, global: &Global) -> Result<Vec<Certificate>> {
        if self.trust.is_empty() {
            let ca = Home::of(global)?.ca(global.ca.as_deref());
            let ca = ca.context("say with --trust which CA certificates the device should get")?;
            let mut authorities = ca.roots()?;
            authorities.extend(ca.chain(ca.issuing())?);
            return Ok(authorities);
        }
        let mut authorities = Vec::new();
        for file in &self.trust {
            authorities.extend(certificates_of(file)?);
        }
        Ok(authorities)
    }

    fn add_enrollments(&self, mut builder: ProfileBuilder) -> Result<ProfileBuilder> {
        let name = || {
            let name = self.name.clone();
            name.context("say with --name which common name the device should ask for")
        };
        if let Some(url) = &self.acme {
            let name = name()?;
            let acme = AcmeEnrollment::new(url, &name, &name);
            builder = builder.acme(acme, name);
        }
        if let Some(url) = &self.scep {
            let name = name()?;
            let mut scep = ScepEnrollment::new(url, &name);
            if let Some(file) = &self.scep_challenge_file {
                scep = scep.challenge(password_of(file)?);
            }
            builder = builder.scep(scep, name);
        }
        Ok(builder)
    }
}
