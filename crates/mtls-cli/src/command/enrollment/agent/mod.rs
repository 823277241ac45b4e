//! `mtls agent`.

mod daemon;
mod health;
mod hook;
mod report;
mod service_manager;
mod trust;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use mtls_client::{EnrolledFiles, Enroller, Pin, RenewalAgent};
use pki_core::{KeyKind, Password};
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use self::daemon::Daemon;
use self::hook::Hook;
use self::report::{Change, report};
use self::service_manager::ServiceManager;
use crate::files::password_of;
use crate::global::Global;
use crate::home::{KeyUri, Secrets};
use crate::issue::{AltName, names_of_client};
use crate::output::{Outcome, Output, note};

/// Get a certificate from a CA by a token, and keep it fresh
///
/// Makes a key that does not leave this machine, and writes tls.crt, tls.key (readable by you alone) and ca.crt into a
/// directory. Then it renews them in time, with a new key each time, for as long as it runs. With --once it gets or
/// renews what is due, and ends.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls agent --url https://ca.example.org:8444 --ca-file ca.crt --token-file token --out /etc/sensor\n  \
                  mtls agent --url https://ca.example.org:8444 --ca-file ca.crt --out /etc/sensor --exec 'nginx -s reload'\n  \
                  mtls agent --url https://est.example.org/.well-known/est --user sensor-7 --token-file password --name sensor-7 --ca-file ca.crt --out /etc/sensor\n  \
                  mtls agent --print-unit > /etc/systemd/system/mtls-agent@.service"
)]
pub(crate) struct Agent {
    /// Where `mtls serve --enroll` is reached; or a server of EST, with its label if it has one:
    /// https://HOST:PORT/.well-known/est/LABEL
    #[arg(
        long,
        value_name = "https://HOST:PORT",
        required_unless_present = "print_unit"
    )]
    url: Option<String>,

    /// The root of the CA, which is not trusted by any other means
    #[arg(long, value_name = "FILE", required_unless_present_any = ["ca_pin", "print_unit"])]
    ca_file: Option<PathBuf>,

    /// In place of --ca-file: the root's key, as sha256//BASE64 of its SubjectPublicKeyInfo
    #[arg(long, value_name = "PIN", conflicts_with = "ca_file")]
    ca_pin: Option<Pin>,

    /// The file whose first line is the token: for the first certificate, and where the present one has expired or is revoked
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// The name of the user whose password the token is, for a server of EST that wants one
    #[arg(long, value_name = "NAME", requires = "token_file")]
    user: Option<String>,

    /// The common name to ask for [default: what the token is for]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Another name to ask for: dns:NAME, ip:ADDRESS, email:ADDRESS or uri:URI
    #[arg(long, value_name = "KIND:VALUE")]
    san: Vec<AltName>,

    /// The kind of key
    #[arg(long, value_enum, default_value = "ec")]
    key_type: DeviceKey,

    /// Make the keys in this PKCS#11 token, which they never leave: pkcs11:token=NAME?module-path=MODULE (RFC 7512). Then
    /// tls.key has the URI of the key
    #[arg(long, value_name = "URI")]
    key: Option<String>,

    /// Where the files go
    #[arg(long, value_name = "DIR", required_unless_present = "print_unit")]
    out: Option<PathBuf>,

    /// Present each renewed certificate to this server, too, before it replaces the one before; may be given again. If the
    /// server refuses it, the one before stays
    #[arg(long = "try", value_name = "https://HOST:PORT")]
    services: Vec<String>,

    /// Get or renew what is due, and end
    #[arg(long)]
    once: bool,

    /// Run this command of the shell after the files have changed, and again if it fails
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,

    /// How long that command may take
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    exec_limit: Duration,

    /// Print a unit file for systemd, and end
    #[arg(long)]
    print_unit: bool,
}

/// The kind of key of a device.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum DeviceKey {
    /// P-256
    Ec,
    /// ML-DSA-65, which TLS 1.3 and few programs know (RFC 9881)
    MlDsa,
    /// RSA 2048
    Rsa,
}

impl DeviceKey {
    fn kind(self) -> KeyKind {
        match self {
            Self::Ec => KeyKind::P256,
            Self::MlDsa => KeyKind::MlDsa65,
            Self::Rsa => KeyKind::Rsa2048,
        }
    }
}

impl Agent {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        if self.print_unit {
            out.bytes(UNIT.as_bytes())?;
            return Ok(Outcome::Done);
        }
        let (Some(url), Some(directory)) = (&self.url, &self.out) else {
            bail!("say with --url and --out where the CA is, and where the files go");
        };
        let (subject, sans) = self.names()?;
        let files = self.files(directory, global)?;
        let roots = trust::roots(url, self.ca_file.as_ref(), self.ca_pin.as_ref(), &files)?;
        let present = files.identity()?;
        let present = present.map(|identity| identity.certificate().clone());
        let now = OffsetDateTime::now_utc();
        let present = present.filter(|certificate| certificate.not_after() > now);
        if present.is_none() && self.token_file.is_none() {
            bail!(
                "{} has no valid certificate: name the file of a token with --token-file, which `mtls token create` makes",
                directory.display()
            );
        }
        let hook = self
            .exec
            .clone()
            .map(|command| Hook::new(command, self.exec_limit, directory));
        let mut enroller =
            Enroller::new(url, roots)?.user(self.user.as_deref().unwrap_or_default());
        for service in &self.services {
            enroller = enroller.trying(service)?;
        }
        let mut agent = RenewalAgent::new(enroller, files.clone()).key_kind(self.key_type.kind());
        if let Some(token) = self.token(present.is_some())? {
            agent = agent.token(token);
        }
        if self.once {
            return Once {
                agent: &agent,
                files: &files,
                hook,
            }
            .run(present, (&subject, &sans), out)
            .await;
        }
        let daemon = Daemon {
            agent: &agent,
            files: &files,
            hook,
            manager: ServiceManager::from_environment(),
        };
        daemon.run(present.as_ref(), (&subject, &sans), out).await?;
        Ok(Outcome::Done)
    }

    fn files(&self, directory: &Path, global: &Global) -> Result<EnrolledFiles> {
        let Some(uri) = &self.key else {
            return Ok(EnrolledFiles::open(directory)?);
        };
        // Parsed here, since clap would print an argument that it does not take, and somebody may have put a PIN into it.
        let uri: KeyUri = uri.parse().context("--key cannot be used")?;
        if !matches!(self.key_type, DeviceKey::Ec) {
            bail!("keys in a token are made with --key-type ec, by which it can sign for TLS 1.3");
        }
        let keys = uri.keys(&Secrets::of(global))?;
        Ok(EnrolledFiles::open_with_keys(directory, keys)?)
    }

    /// Where there is a certificate, the token may have been removed after its use.
    fn token(&self, enrolled: bool) -> Result<Option<Password>> {
        let Some(path) = &self.token_file else {
            return Ok(None);
        };
        if enrolled && !path.exists() {
            return Ok(None);
        }
        let token = password_of(path)?;
        if token.secret_str().is_empty() {
            bail!(
                "{} has no token in its first line: `mtls token create --out FILE` writes one",
                path.display()
            );
        }
        Ok(Some(token))
    }

    fn names(&self) -> Result<(DistinguishedName, Vec<SubjectAltName>)> {
        let subject = match &self.name {
            Some(name) => names_of_client(name)?,
            None => DistinguishedName::default(),
        };
        let sans = self.san.iter().cloned().map(AltName::into_name);
        Ok((subject, sans.collect()))
    }
}

/// `--once`: for a timer, an init container or a CronJob.
struct Once<'a> {
    agent: &'a RenewalAgent,
    files: &'a EnrolledFiles,
    hook: Option<Hook>,
}

impl Once<'_> {
    async fn run(
        self,
        present: Option<Certificate>,
        (subject, sans): (&DistinguishedName, &[SubjectAltName]),
        out: &mut Output,
    ) -> Result<Outcome> {
        let now = OffsetDateTime::now_utc();
        let (change, certificate) = match present {
            Some(_) if self.agent.is_due(now).await? => {
                (Change::Renewed, self.agent.renew().await?.certificate)
            }
            Some(present) => (Change::Kept, present),
            None => {
                let enrolled = self.agent.enroll_once(subject, sans).await?;
                (Change::Enrolled, enrolled.certificate)
            }
        };
        report(change, &certificate, self.files, out)?;
        let serial = certificate.serial().to_string();
        let Some(hook) = self.hook.filter(|hook| hook.is_due(&serial)) else {
            return Ok(Outcome::Done);
        };
        let ran = hook.run(&serial).await;
        if let Err(error) = ran.context("the certificate is there, and --exec has failed") {
            note(format!("{error:#}"));
            return Ok(Outcome::Found);
        }
        Ok(Outcome::Done)
    }
}

/// It starts an agent for each name after the `@`.
const UNIT: &str = include_str!("mtls-agent@.service");
