//! Profiles: what may be issued, as TOML that people edit.

mod attestation;

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use pki_core::Profile;
use pki_enroll::{EnrollProfile, PublicUrls};
use serde::Deserialize;

use self::attestation::AttestationTable;
use super::settings::KeyType;
use crate::files::read;
use crate::issue::Life;

/// What a certificate is for, and the profiles that a new CA has.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Purpose {
    Server,
    Client,
}

impl Purpose {
    pub(crate) const ALL: [Self; 2] = [Self::Client, Self::Server];

    /// The name of the profile, of its file, and of what is issued with it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// How certificates of a profile are given out by `mtls serve --enroll`: the table `[enrollment]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnrollmentTable {
    /// Somebody has to approve each request, within this time.
    approval_within: Option<String>,
    /// The profiles that its certificates may be used to enrol for.
    #[serde(default)]
    enrolls_for: Vec<String>,
}

/// A profile as it is written.
struct Read {
    profile: Profile,
    /// Within which time a request has to be approved.
    approval: Option<Duration>,
    enrolls_for: Vec<String>,
    attestation: Option<AttestationTable>,
}

/// Reads `NAME.toml`; `{issuer}` in its URLs is the issuing CA that is in use.
pub(super) fn load(directory: &Path, name: &str, issuer: &str) -> Result<Profile> {
    load_all(directory, name, issuer).map(|read| read.profile)
}

/// The same, and how its certificates are given out, and what a device has to do for one.
pub(super) fn load_for_enrollment(
    directory: &Path,
    name: &str,
    issuer: &str,
) -> Result<EnrollProfile> {
    let read = load_all(directory, name, issuer)?;
    let mut profile = EnrollProfile::new(read.profile).enrolls_for(read.enrolls_for);
    profile.approval = read.approval;
    if let Some(table) = read.attestation {
        let requirement = table.requirement(directory);
        let what = || format!("cannot use [attestation] of the profile `{name}`");
        profile = profile.attested(requirement.with_context(what)?);
    }
    Ok(profile)
}

fn load_all(directory: &Path, name: &str, issuer: &str) -> Result<Read> {
    let plain = name
        .chars()
        .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_'));
    let path = directory.join(format!("{name}.toml"));
    if !plain || !path.exists() {
        let names = names(directory).unwrap_or_default();
        bail!(
            "there is no profile `{name}`; there is {}",
            names.join(", ")
        );
    }
    let text = read(&path)?;
    let text = str::from_utf8(&text).with_context(|| format!("cannot use {}", path.display()))?;
    let mut read = read_table(text).with_context(|| format!("cannot use {}", path.display()))?;
    let profile = &mut read.profile;
    let urls = profile.crl_distribution_points.iter_mut();
    for url in urls.chain(&mut profile.ca_issuers) {
        *url = url.replace(ISSUER, issuer);
    }
    Ok(read)
}

fn read_table(text: &str) -> Result<Read> {
    let mut table: toml::Table = toml::from_str(text)?;
    let (enrollment, attestation) = (table.remove("enrollment"), table.remove("attestation"));
    if enrollment.is_none() && attestation.is_none() {
        // From the text, so that an error says in which line it is.
        return Ok(Read {
            profile: toml::from_str(text)?,
            approval: None,
            enrolls_for: Vec::new(),
            attestation: None,
        });
    }
    let profile = table.try_into()?;
    let attestation = attestation.map(|table| {
        let table = table.try_into().map_err(Into::into);
        let read = table.and_then(AttestationTable::read);
        read.context("in [attestation]")
    });
    let enrollment = enrollment.map(toml::Value::try_into);
    let enrollment: EnrollmentTable = enrollment
        .transpose()
        .context("in [enrollment]")?
        .unwrap_or_default();
    let approval = match enrollment.approval_within.as_deref() {
        Some(period) => {
            let life: Life = period.parse().context("approval_within is not a time")?;
            Some(Duration::try_from(life.duration())?)
        }
        None => None,
    };
    Ok(Read {
        profile,
        approval,
        enrolls_for: enrollment.enrolls_for,
        attestation: attestation.transpose()?,
    })
}

/// The names of all profiles, sorted.
pub(super) fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "toml")
            && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
        {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// A profile for a new CA. `url` is where `mtls serve` is reached, and `leaves` the kind of keys that are made.
pub(crate) fn profile_text(purpose: Purpose, url: Option<&str>, leaves: KeyType) -> String {
    let (table, standard) = match purpose {
        Purpose::Client => (CLIENT, Profile::client()),
        Purpose::Server => (SERVER, Profile::server()),
    };
    // A list of strings is the same in JSON and in TOML.
    let mut keys = standard.keys;
    if !keys.contains(&leaves.of_leaf()) {
        keys.insert(0, leaves.of_leaf());
    }
    let keys = serde_json::json!(keys).to_string();
    let table = table.replace("{KEYS}", &keys.replace(',', ", "));
    let Some(url) = url else {
        return table.replace("{URLS}", NO_URLS);
    };
    let urls = PublicUrls::new(url);
    let urls = format!(
        "crl_distribution_points = [\"{}\"]\nocsp = [\"{}\"]\nca_issuers = [\"{}\"]\n",
        urls.crl(ISSUER),
        urls.ocsp(),
        urls.certificate(ISSUER)
    );
    table.replace("{URLS}", &urls)
}

/// What stands for the issuing CA in the URLs of a profile: `default-issuing`.
pub(crate) const ISSUER: &str = "{issuer}";

const CLIENT: &str = r#"# Certificates for TLS clients and devices. Unknown settings are an error.
role = "client"
keys = {KEYS}
{URLS}
# The shortest, the one where --life is not given, and the longest.
[validity]
min = "1h"
default = "24h"
max = "90days"

# Each attribute of the subject: "any", "none", or a list of texts. What is not here is refused.
[subject]
CN = "any"
serialNumber = "any"

# Names by kind: "any", "none", or a list of patterns, such as dns = ["*.clients.example.org"],
# email = ["@example.org"], uri = ["spiffe://example.org/**"].
[names]
dns = "any"
email = "any"
uri = "any"
ip = "none"
# "covered": names with a wildcard that a pattern of dns covers. "none": no wildcards.
wildcards = "covered"

# With `mtls serve --enroll`: somebody has to approve each request (`mtls requests`) within this time. Its certificates
# can be used instead of a token to ask, by EST, for a certificate of these profiles with the same names.
# [enrollment]
# approval_within = "7days"
# enrolls_for = ["client"]

# With `mtls serve --enroll`: phones have to prove what they are; docs/attestation.md has all settings.
# [attestation]
# kinds = ["apple-app-attest", "apple-assertion", "android-key"]
# minimum = { binding = "csr-hash", keeper = "trusted-environment" }
# android_status = "status.json"
# apple = { apps = ["1234567890.com.example.app"] }
# android = { packages = [{ name = "com.example.app", signer = "SHA-256 of the signing certificate, in hex" }] }
"#;

const SERVER: &str = r#"# Certificates for TLS servers. Unknown settings are an error.
role = "server"
keys = {KEYS}
{URLS}
# The shortest, the one where --life is not given, and the longest: Apple accepts 825 days at most.
[validity]
min = "1h"
default = "90days"
max = "825days"

# Each attribute of the subject: "any", "none", or a list of texts. What is not here is refused.
[subject]
CN = "any"

# Names by kind: "any", "none", or a list of patterns, such as dns = ["*.example.org"], ip = ["10.0.0.0/8"].
[names]
dns = "any"
ip = "any"
email = "none"
uri = "none"
# "covered": names with a wildcard that a pattern of dns covers. "none": no wildcards.
wildcards = "covered"

# With `mtls serve --enroll`: somebody has to approve each request (`mtls requests`) within this time.
# [enrollment]
# approval_within = "7days"
"#;

const NO_URLS: &str = "# With `mtls ca init --url` these say where CRLs, OCSP and the CA's certificate are:\n\
                       # ocsp = [\"http://ca.example.org:8080/ocsp\"]\n";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_profile_says_whether_somebody_has_to_approve() {
        let profile = profile_text(Purpose::Client, None, KeyType::default());
        assert_eq!(read_table(&profile).unwrap().approval, None);
        assert!(read_table(&profile).unwrap().enrolls_for.is_empty());
        for (table, within) in [
            (
                "[enrollment]\napproval_within = \"7days\"\n",
                Some(7 * 24 * 3600),
            ),
            ("[enrollment]\n", None),
        ] {
            let read = read_table(&format!("{profile}\n{table}")).unwrap();
            assert_eq!(read.approval.map(|it| it.as_secs()), within, "{table}");
            assert_eq!(read.profile, toml::from_str(&profile).unwrap());
        }
        let text = format!("{profile}\n[enrollment]\nenrolls_for = [\"server\"]\n");
        assert_eq!(read_table(&text).unwrap().enrolls_for, ["server"]);
        for wrong in [
            "enrolls_for = \"server\"",
            "approval_within = 7",
            "approval_within = \"x\"",
            "approval = true",
        ] {
            let text = format!("{profile}\n[enrollment]\n{wrong}\n");
            assert!(read_table(&text).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_profile_says_what_devices_have_to_prove() {
        let profile = profile_text(Purpose::Client, None, KeyType::default());
        // What the comments suggest is a table.
        let (_, suggested) = profile.split_once("# [attestation]").unwrap();
        let suggested = format!("[attestation]{}", suggested.replace("\n# ", "\n"));
        let read = read_table(&format!("{profile}\n{suggested}")).unwrap();
        assert_eq!(read.attestation.unwrap().policy.kinds.len(), 3);
        assert_eq!(read.profile, toml::from_str(&profile).unwrap());
        assert!(read_table(&profile).unwrap().attestation.is_none());
        let wrong = suggested.replace("kinds", "kind");
        assert!(read_table(&format!("{profile}\n{wrong}")).is_err());
        assert!(read_table(&format!("attestation = true\n{profile}")).is_err());
    }

    #[test]
    fn what_a_new_ca_is_given_is_a_profile() {
        for purpose in Purpose::ALL {
            for url in [None, Some("http://ca.example:8080")] {
                let text = profile_text(purpose, url, KeyType::Ec);
                let profile: Profile = toml::from_str(&text).unwrap();
                assert_eq!(profile.ocsp.len(), usize::from(url.is_some()));
                let standard = match purpose {
                    Purpose::Client => Profile::client(),
                    Purpose::Server => Profile::server(),
                };
                assert_eq!(profile.subject, standard.subject);
                assert_eq!(profile.names, standard.names);
                assert_eq!(profile.keys, standard.keys);
                assert_eq!(profile.validity.default, standard.validity.default);
                assert_eq!(profile.validity.max, standard.validity.max);
                let text = profile_text(purpose, url, KeyType::MlDsa);
                let profile: Profile = toml::from_str(&text).unwrap();
                assert!(profile.keys.contains(&KeyType::MlDsa.of_leaf()));
            }
        }
    }
}
