//! `mtls attest android`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use base16ct::lower::encode_string;
use clap::Args;
use pki_attest::android::{
    ExpectedKey, KeyAttestation, KeyDescription, Policy, StatusList, google_roots, verify,
};
use time::OffsetDateTime;

use super::challenge::Challenge;
use super::common::Common;
use super::judged::Judged;
use crate::files;
use crate::look::Source;
use crate::output::{Fields, Outcome, Output};

/// Judge the chain of an Android Key Attestation
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  mtls attest android chain.pem --challenge hex:00112233 --csr device.csr --status status.json"
)]
pub(super) struct Android {
    /// The chain, leaf first and root last (PEM)
    #[arg(value_name = "FILE")]
    chain: Source,

    /// The challenge that the app was given: text, hex:DIGITS or base64:TEXT
    #[arg(long, value_name = "CHALLENGE")]
    challenge: Challenge,

    /// What is asked for (TOML) [default: hardware, verified boot, a locked bootloader]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Google's list of withdrawn certificates (JSON); what was withdrawn is not looked at without it
    #[arg(long, value_name = "FILE")]
    status: Option<PathBuf>,

    #[command(flatten)]
    common: Common,
}

impl Android {
    pub(super) fn run(self, out: &mut Output) -> Result<Outcome> {
        let chain = self.chain.certificates()?;
        let request = self.common.request()?;
        let expected = ExpectedKey {
            challenge: &self.challenge.0,
            public_key: request.as_ref().map(|request| request.public_key_der()),
        };
        let now = self.common.now();
        let mut policy = self.policy()?;
        let status = self.status(now)?;
        if status.is_none() {
            policy.status_max_age_hours = None;
        }
        let own_roots = self
            .common
            .root
            .as_ref()
            .map(Source::certificates)
            .transpose()?;
        let roots = own_roots.as_deref().unwrap_or(google_roots());
        let status = status.as_ref();
        let judged = verify(&chain, &expected, &policy, roots, status, now);
        let genuine = KeyAttestation::read(&chain, roots, status, now).is_ok();

        // What it says is of use although it does not pass, as long as nobody takes it for true.
        let claimed = KeyAttestation::unverified(&chain);
        let faults = match (&judged, &claimed) {
            (Err(_), Some(claimed)) => claimed.faults(&policy, &expected),
            _ => Vec::new(),
        };
        let said = claimed.clone();
        let describe = |fields: &mut Fields| {
            if let Some(said) = said {
                describe(&said.description, fields);
                if let Some(issued) = said.certificates_issued {
                    fields.add("fetched in 30 days", format!("{issued} certificates"));
                }
            }
        };
        Judged::new("android", genuine, judged, faults, claimed).print(describe, out)
    }

    fn policy(&self) -> Result<Policy> {
        let Some(path) = &self.policy else {
            return Ok(Policy::default());
        };
        let text = files::read(path)?;
        let text = std::str::from_utf8(&text);
        let parsed = text
            .context("it is not UTF-8")
            .and_then(|text| Ok(toml::from_str(text)?));
        parsed.with_context(|| format!("reading {}", path.display()))
    }

    fn status(&self, now: OffsetDateTime) -> Result<Option<StatusList>> {
        let Some(path) = &self.status else {
            return Ok(None);
        };
        let list = StatusList::from_json(&files::read(path)?, now);
        list.map(Some)
            .with_context(|| format!("reading {}", path.display()))
    }
}

fn describe(key: &KeyDescription, fields: &mut Fields) {
    let level = |level| format!("{level:?}");
    fields.add("attested by", level(key.attestation_security_level));
    fields.add("key in", level(key.key_mint_security_level));
    let versions = (key.attestation_version, key.key_mint_version);
    fields.add(
        "version",
        format!("{} (KeyMint {})", versions.0, versions.1),
    );
    let hardware = &key.hardware_enforced;
    if let Some(origin) = hardware.origin {
        fields.add("origin", format!("{origin:?}"));
    }
    if let Some(root) = &hardware.root_of_trust {
        fields.add("boot", format!("{:?}", root.verified_boot_state));
        let locked = if root.device_locked {
            "locked"
        } else {
            "unlocked"
        };
        fields.add("bootloader", locked);
    }
    for (name, level) in [
        ("patch level", hardware.os_patch_level),
        ("of the vendor", hardware.vendor_patch_level),
        ("of the boot image", hardware.boot_patch_level),
    ] {
        if let Some(level) = level {
            fields.add(name, level);
        }
    }
    let join = |texts: &[&Option<String>]| {
        let texts = texts.iter().filter_map(|it| it.as_deref());
        let texts: Vec<_> = texts.map(|it| it.escape_debug().to_string()).collect();
        texts.join(" ")
    };
    for (name, text) in [
        (
            "device",
            join(&[
                &hardware.attestation_id_brand,
                &hardware.attestation_id_model,
            ]),
        ),
        ("serial number", join(&[&hardware.attestation_id_serial])),
        (
            "IMEI",
            join(&[
                &hardware.attestation_id_imei,
                &hardware.attestation_id_second_imei,
            ]),
        ),
    ] {
        if !text.is_empty() {
            fields.add(name, text);
        }
    }
    if let Some(app) = &key.software_enforced.attestation_application_id {
        let packages = app.packages.iter();
        fields.add_all(
            "app",
            packages.map(|it| format!("{} {}", it.name.escape_debug(), it.version)),
        );
        let signers = app.signatures.iter();
        fields.add_all("signed by", signers.map(|it| encode_string(it)));
    }
    let lists = [&key.software_enforced, hardware];
    let unreadable = lists.into_iter().flat_map(|list| &list.unreadable);
    let unreadable = unreadable.map(|tag| format!("the value of tag {tag}"));
    fields.add_all("unreadable", unreadable);
}
