//! `mtls attest apple`.

use anyhow::{Context as _, Result, bail};
use base64ct::{Base64, Encoding as _};
use clap::{Args, ValueEnum};
use pki_attest::apple::{
    AppId, AppleRefusal, Categories, ClaimedAttestation, ClientData, Environment,
    ExpectedAttestation, UnverifiedAttestation, app_attestation_root, verify_attestation,
};
use sha2::{Digest as _, Sha256};

use super::challenge::Challenge;
use super::common::Common;
use super::judged::Judged;
use crate::look::Source;
use crate::output::{Fields, Outcome, Output};

/// Judge an attestation of Apple App Attest
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  mtls attest apple attestation.cbor --challenge hex:00112233 --app 1234567890.com.example.app \\\n    \
                  --key-id YmbJO4x5nEHUvncp9zdWuVZjNBEMgJn3cdSToAXQe3M="
)]
pub(super) struct Apple {
    /// The attestation (CBOR, or its base64)
    #[arg(value_name = "FILE")]
    attestation: Source,

    /// The challenge that the app was given: text, hex:DIGITS or base64:TEXT
    #[arg(long, value_name = "CHALLENGE")]
    challenge: Challenge,

    /// What the app has attested: the challenge's SHA-256, or the challenge itself; with --csr, the SHA-256 of challenge
    /// and request
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Form::Sha256, conflicts_with = "csr")]
    client_data: Form,

    /// The app: TEAMID.BUNDLE-ID
    #[arg(long, value_name = "APP")]
    app: AppId,

    /// The identifier of the key, which the app sends beside the attestation (base64)
    #[arg(long, value_name = "BASE64")]
    key_id: String,

    /// Refuse what comes from the development environment
    #[arg(long)]
    production: bool,

    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    Sha256,
    Raw,
}

impl Apple {
    pub(super) fn run(self, out: &mut Output) -> Result<Outcome> {
        let attestation = self.attestation()?;
        let Ok(key_id) = Base64::decode_vec(&self.key_id) else {
            bail!("--key-id is not base64");
        };
        let request = self.common.request()?;
        let hash = Sha256::digest(&self.challenge.0);
        let client_data = match (&request, self.client_data) {
            (Some(request), _) => ClientData::of_request(&self.challenge.0, request.der()),
            (None, Form::Sha256) => ClientData::new(&hash),
            (None, Form::Raw) => ClientData::new(&self.challenge.0),
        };
        let all = [Environment::Production, Environment::Development];
        let environments = if self.production { &all[..1] } else { &all[..] };
        let expected = ExpectedAttestation {
            app: &self.app,
            key_id: &key_id,
            client_data,
            environments,
            categories: &Categories::Any,
        };
        let own_root = self
            .common
            .root
            .as_ref()
            .map(Source::certificates)
            .transpose()?;
        let root = match &own_root {
            Some(own) => own.first().context("--root has no certificate")?,
            None => app_attestation_root(),
        };
        let now = self.common.now();
        let judged = verify_attestation(&attestation, &expected, root, now);
        let read = UnverifiedAttestation::read(&attestation).ok();
        let faults = read.as_ref().map(|it| it.faults(&expected, root, now));
        let faults = faults.unwrap_or_default();
        let is_of_chain = |fault: &AppleRefusal| matches!(fault, AppleRefusal::Chain(_));
        let genuine = read.is_some() && !faults.iter().any(is_of_chain);
        let claims = read.map(|it| it.claims());
        let said = claims.clone();
        let describe = |fields: &mut Fields| {
            if let Some(said) = said {
                describe(&said, fields);
            }
        };
        Judged::new("apple", genuine, judged, faults, claims).print(describe, out)
    }

    /// The file's bytes, or what its base64 stands for. CBOR begins with a map, which no base64 does.
    fn attestation(&self) -> Result<Vec<u8>> {
        let bytes = self.attestation.bytes()?;
        if bytes.first().is_none_or(|first| !first.is_ascii()) {
            return Ok(bytes.to_vec());
        }
        let text: String = String::from_utf8_lossy(&bytes).split_whitespace().collect();
        match Base64::decode_vec(&text) {
            Ok(decoded) => Ok(decoded),
            Err(_) => bail!("{} is neither CBOR nor base64", self.attestation),
        }
    }
}

fn describe(said: &ClaimedAttestation, fields: &mut Fields) {
    fields.add("app's SHA-256", &said.app_sha256);
    fields.add("key", &said.key_id);
    if let Some(environment) = said.environment {
        fields.add("environment", environment);
    }
    if let Some(category) = said.category {
        fields.add("came by", category);
    }
    if let Some(version) = &said.bundle_version {
        fields.add("version", version.escape_debug());
    }
    fields.add("counter", said.counter);
    fields.add(
        "valid",
        format!("from {} until {}", said.not_before, said.not_after),
    );
}
