//! `mtls agent`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use mtls_client::{
    Enrolled, EnrolledFiles, Enroller, Pin, RenewalAgent, RenewalEvent, TrustAnchors,
};
use pki_core::KeyKind;
use serde::Serialize;
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use crate::files::{password_of, read};
use crate::home::KeyType;
use crate::issue::{AltName, names_of_client};
use crate::look::ServerUrl;
use crate::output::{Fields, Outcome, Output, moment, note};

/// Get a certificate from a CA by a token, and keep it fresh
///
/// Makes a key that does not leave this machine, and writes tls.crt, tls.key (readable by you alone) and ca.crt into a
/// directory. Then it renews them in time, with a new key each time, for as long as it runs. With --once it gets or
/// renews what is due, and ends.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls agent --url https://ca.example.org:8444 --ca-file ca.crt --token-file token --out /etc/sensor\n  \
                  mtls agent --url https://ca.example.org:8444 --ca-file ca.crt --out /etc/sensor --exec 'systemctl reload nginx'"
)]
pub(crate) struct Agent {
    /// Where `mtls serve --enroll` is reached
    #[arg(long, value_name = "https://HOST:PORT")]
    url: String,

    /// The root of the CA, which is not trusted by any other means
    #[arg(long, value_name = "FILE", required_unless_present = "ca_pin")]
    ca_file: Option<PathBuf>,

    /// In place of --ca-file: the root's key, as sha256//BASE64 of its SubjectPublicKeyInfo
    #[arg(long, value_name = "PIN", conflicts_with = "ca_file")]
    ca_pin: Option<Pin>,

    /// The file whose first line is the token; needed for the first certificate
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// The common name to ask for [default: what the token is for]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Another name to ask for: dns:NAME, ip:ADDRESS, email:ADDRESS or uri:URI
    #[arg(long, value_name = "KIND:VALUE")]
    san: Vec<AltName>,

    /// The kind of key
    #[arg(long, value_enum, default_value = "ec")]
    key_type: KeyType,

    /// Where the files go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Get or renew what is due, and end
    #[arg(long)]
    once: bool,

    /// Run this command of the shell after the files have changed
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,
}

#[derive(Debug, Serialize)]
struct Kept {
    /// `enrolled`, `renewed` or `kept`.
    outcome: &'static str,
    subject: String,
    serial: String,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    files: Vec<PathBuf>,
}

impl Agent {
    pub(crate) async fn run(self, out: &mut Output) -> Result<Outcome> {
        let (subject, sans) = self.names()?;
        let files = EnrolledFiles::open(&self.out)?;
        let roots = self.roots(&files)?;
        let now = OffsetDateTime::now_utc();
        let present = files.identity()?;
        let present = present.map(|identity| identity.certificate().clone());
        let present = present.filter(|certificate| certificate.not_after() > now);
        let kind = self.key_type.of_leaf();
        let enroller = Enroller::new(&self.url, roots)?;
        let agent = match present {
            Some(present) => {
                let agent = RenewalAgent::new(enroller, files.clone()).key_kind(kind);
                if agent.is_due(now).await? {
                    let renewed = agent.renew().await?;
                    self.changed("renewed", &renewed, &files, out).await?;
                } else {
                    self.report("kept", &present, &files, out)?;
                }
                agent
            }
            None => {
                let enrolled = self
                    .enroll(&enroller, &files, kind, &subject, &sans)
                    .await?;
                self.changed("enrolled", &enrolled, &files, out).await?;
                RenewalAgent::new(enroller, files.clone()).key_kind(kind)
            }
        };
        if !self.once {
            self.keep(&agent, &files, out).await?;
        }
        Ok(Outcome::Done)
    }

    async fn enroll(
        &self,
        enroller: &Enroller,
        files: &EnrolledFiles,
        kind: KeyKind,
        subject: &DistinguishedName,
        sans: &[SubjectAltName],
    ) -> Result<Enrolled> {
        let Some(path) = &self.token_file else {
            bail!(
                "{} has no certificate yet: name the file of a token with --token-file, which `mtls token create` makes",
                self.out.display()
            );
        };
        let token = password_of(path)?;
        let pending = files.request(kind, subject, sans)?;
        let enrolled = enroller.enroll(token.secret_str(), &pending.request).await;
        match enrolled {
            Ok(enrolled) => {
                files.replace(&enrolled)?;
                Ok(enrolled)
            }
            Err(error) => {
                // The same request would be refused again.
                if error.is_final() {
                    files.discard()?;
                }
                Err(error.into())
            }
        }
    }

    /// Until Ctrl-C.
    async fn keep(
        &self,
        agent: &RenewalAgent,
        files: &EnrolledFiles,
        out: &mut Output,
    ) -> Result<()> {
        let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
        let renewing = agent.run(move |event| {
            // The other end lives as long as this.
            let _ = sender.send(event);
        });
        let mut renewing = std::pin::pin!(renewing);
        let mut stop = std::pin::pin!(crate::command::serve::stop_wanted()?);
        loop {
            tokio::select! {
                ended = &mut renewing => return Ok(ended?),
                () = &mut stop => return Ok(()),
                Some(event) = events.recv() => match event {
                    RenewalEvent::Renewed(enrolled) => {
                        self.changed("renewed", &enrolled, files, out).await?;
                    }
                    RenewalEvent::Failed { error, again_in } => {
                        let error = anyhow::Error::from(error);
                        let seconds = again_in.as_secs().max(1);
                        note(format!("not renewed, again in {seconds} s: {error:#}"));
                    }
                    _ => {}
                },
            }
        }
    }

    async fn changed(
        &self,
        outcome: &'static str,
        enrolled: &Enrolled,
        files: &EnrolledFiles,
        out: &mut Output,
    ) -> Result<()> {
        self.report(outcome, &enrolled.certificate, files, out)?;
        if let Some(command) = &self.exec
            && let Err(error) = execute(command).await
        {
            // The certificate is there all the same.
            note(format!("--exec: {error:#}"));
        }
        Ok(())
    }

    fn report(
        &self,
        outcome: &'static str,
        certificate: &Certificate,
        files: &EnrolledFiles,
        out: &mut Output,
    ) -> Result<()> {
        let kept = Kept {
            outcome,
            subject: certificate.subject().to_string(),
            serial: certificate.serial().to_string(),
            not_after: certificate.not_after(),
            files: files.paths().to_vec(),
        };
        if out.is_json() {
            out.json(&kept)?;
            return Ok(());
        }
        out.line(match outcome {
            "kept" => "the certificate is not due for renewal".to_owned(),
            outcome => format!("{outcome} a certificate"),
        })?;
        let mut fields = Fields::default();
        fields
            .add("subject", &kept.subject)
            .add("serial", &kept.serial)
            .add("until", moment(kept.not_after))
            .add_all("files", kept.files.iter().map(|path| path.display()));
        out.line(fields.to_string())?;
        Ok(())
    }

    fn names(&self) -> Result<(DistinguishedName, Vec<SubjectAltName>)> {
        let subject = match &self.name {
            Some(name) => names_of_client(name)?,
            None => DistinguishedName::default(),
        };
        let sans = self.san.iter().cloned().map(AltName::into_name);
        Ok((subject, sans.collect()))
    }

    /// Those that the CA has told since are trusted, too: its root may be being replaced.
    fn roots(&self, files: &EnrolledFiles) -> Result<TrustAnchors> {
        let roots = match (&self.ca_file, &self.ca_pin) {
            (Some(path), _) => anchors_of(path)?,
            (None, Some(pin)) => match files.roots()? {
                // The pin was checked when these were fetched.
                Some(known) => return Ok(known),
                None => pinned(&self.url, pin)?,
            },
            (None, None) => bail!("say with --ca-file what the CA's root is"),
        };
        Ok(match files.roots()? {
            Some(known) => roots.and(&known),
            None => roots,
        })
    }
}

fn anchors_of(path: &Path) -> Result<TrustAnchors> {
    TrustAnchors::from_pem(&read(path)?).with_context(|| format!("cannot use {}", path.display()))
}

/// The root with this key, of those that the server presents. The server is verified by it afterwards.
fn pinned(url: &str, pin: &Pin) -> Result<TrustAnchors> {
    let server: ServerUrl = url.parse()?;
    for der in server.presented()? {
        let certificate = Certificate::from_der(&der);
        if let Ok(certificate) = certificate
            && certificate.is_self_issued()
            && Pin::of(&certificate) == *pin
        {
            return Ok(TrustAnchors::from_certs([der])?);
        }
    }
    bail!("the server at {url} presents no root with the key {pin}")
}

/// Runs a command of the shell, for at most a minute.
async fn execute(command: &str) -> Result<()> {
    let mut child = tokio::process::Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("the command cannot be run")?;
    let status = tokio::time::timeout(Duration::from_secs(60), child.wait()).await;
    let status = status.context("the command took more than a minute")??;
    if !status.success() {
        bail!("the command ended with {status}");
    }
    Ok(())
}
