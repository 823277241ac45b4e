//! `mtls verify`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use pki_core::verify::{
    ChainVerifier, CrlSet, Path, Purpose, Revocation, TrustAnchors, VerifyError, unix_time,
};
use rustls_pki_types::{CertificateDer, ServerName};
use serde::Serialize;
use time::OffsetDateTime;

use crate::files;
use crate::look::{Source, certificates_of};
use crate::output::{Fields, Outcome, Output, Tone, moment};

/// Check that a certificate is good: its chain, purpose, names and revocation
///
/// The same checks as the server and client of this project make. Exit code 1 where it is refused.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls verify client.crt --roots ca.crt --crl issuing.crl --crl root.crl\n  \
                  mtls verify server.crt --roots ca.crt --for server --name api.example.org\n  \
                  mtls verify https://api.example.org --roots ca.crt"
)]
pub(crate) struct Verify {
    /// A certificate with the chain that is presented, leaf first; or https://HOST:PORT
    #[arg(value_name = "FILE|URL")]
    source: Source,

    /// The trust anchors (PEM with any number, or DER)
    #[arg(long, value_name = "FILE", required = true)]
    roots: Vec<PathBuf>,

    /// More certificates that lead to a root
    #[arg(long, value_name = "FILE")]
    chain: Vec<PathBuf>,

    /// CRLs; with one, each certificate below the root has to be covered by one
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,

    /// What it is presented for [default: what its usages say; server for a URL]
    #[arg(long = "for", value_enum, value_name = "PURPOSE")]
    purpose: Option<For>,

    /// The host name or IP address that a server's certificate has to be for
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum For {
    Client,
    Server,
}

/// What was found out.
#[derive(Debug, Serialize)]
struct Verdict {
    accepted: bool,
    purpose: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Subjects from the leaf to the root.
    path: Vec<String>,
    subject: String,
}

impl Verify {
    pub(crate) fn run(self, out: &mut Output) -> Result<Outcome> {
        let (mut presented, server) = match self.source.server()? {
            Some(server) => (server.presented()?, Some(server)),
            None => {
                let certificates = self.source.certificates()?;
                let der =
                    |one: &x509_identity::Certificate| CertificateDer::from(one.der().to_vec());
                (certificates.iter().map(der).collect(), None)
            }
        };
        for file in &self.chain {
            let more = certificates_of(file)?;
            presented.extend(
                more.iter()
                    .map(|one| CertificateDer::from(one.der().to_vec())),
            );
        }
        let name = match (&self.name, &server) {
            (Some(name), _) => Some(
                ServerName::try_from(name.clone())
                    .with_context(|| format!("`{name}` is not a host name or IP address"))?,
            ),
            (None, Some(server)) => Some(server.name().clone()),
            (None, None) => None,
        };
        let Some((leaf, rest)) = presented.split_first() else {
            bail!("{} holds no certificate", self.source);
        };
        let purpose = self.purpose_of(leaf, name.is_some());
        let verifier = self.verifier(purpose)?;
        let now = OffsetDateTime::now_utc();
        let verified = match &name {
            Some(name) if purpose == Purpose::TlsServer => {
                verifier.verify_server(leaf, rest, name, unix_time(now))
            }
            _ => verifier.verify(leaf, rest, unix_time(now)),
        };
        report(out, leaf, purpose, verified)
    }

    /// A name is of a server, and so is whatever is for servers alone.
    fn purpose_of(&self, leaf: &[u8], named: bool) -> Purpose {
        let for_servers_alone = || {
            x509_identity::Certificate::from_der(leaf).is_ok_and(|leaf| {
                let usages = leaf.extended_key_usage().unwrap_or_default();
                usages.contains(&Purpose::TlsServer.oid())
                    && !usages.contains(&Purpose::TlsClient.oid())
            })
        };
        match self.purpose {
            Some(For::Client) => Purpose::TlsClient,
            Some(For::Server) => Purpose::TlsServer,
            None if named || for_servers_alone() => Purpose::TlsServer,
            None => Purpose::TlsClient,
        }
    }

    fn verifier(&self, purpose: Purpose) -> Result<ChainVerifier> {
        let mut anchors: Option<TrustAnchors> = None;
        for path in &self.roots {
            let read = TrustAnchors::from_pem(&files::read(path)?)
                .with_context(|| format!("cannot use {}", path.display()))?;
            anchors = Some(match anchors {
                Some(others) => others.and(&read),
                None => read,
            });
        }
        let anchors = anchors.context("no trust anchor was given")?;
        let mut builder = ChainVerifier::builder(anchors, purpose);
        if !self.crl.is_empty() {
            let mut crls = Vec::new();
            for path in &self.crl {
                let bytes = files::read(path)?;
                // Alone first, so that the error names the file.
                CrlSet::from_pem_or_der([&bytes])
                    .with_context(|| format!("cannot use {}", path.display()))?;
                crls.push(bytes);
            }
            builder = builder.revocation(Revocation::new(CrlSet::from_pem_or_der(&crls)?));
        }
        Ok(builder.build())
    }
}

fn report(
    out: &mut Output,
    leaf: &[u8],
    purpose: Purpose,
    verified: Result<Path, VerifyError>,
) -> Result<Outcome> {
    let parsed = x509_identity::Certificate::from_der(leaf).ok();
    let subject = parsed.map_or_else(String::new, |leaf| leaf.subject().to_string());
    let verdict = Verdict {
        accepted: verified.is_ok(),
        purpose: purpose.usage(),
        code: verified.as_ref().err().map(VerifyError::code),
        reason: verified.as_ref().err().map(ToString::to_string),
        path: match &verified {
            Ok(path) => path
                .certificates()
                .map(|one| one.subject().to_string())
                .collect(),
            Err(_) => Vec::new(),
        },
        subject,
    };
    if out.is_json() {
        out.json(&verdict)?;
        return Ok(Outcome::found(!verdict.accepted));
    }
    let mut fields = Fields::default();
    fields.add("certificate", &verdict.subject);
    match (&verified, &verdict.reason) {
        (Ok(path), _) => {
            let title = out.paint(Tone::Good, format!("accepted for {}", verdict.purpose));
            out.line(title)?;
            fields
                .add("until", moment(path.leaf().not_after()))
                .add_all("path", &verdict.path);
        }
        (Err(error), reason) => {
            let title = out.paint(Tone::Bad, format!("refused for {}", verdict.purpose));
            out.line(title)?;
            fields
                .add("reason", reason.as_deref().unwrap_or_default())
                .add("code", error.code());
        }
    }
    out.line(fields.to_string())?;
    Ok(Outcome::found(!verdict.accepted))
}
