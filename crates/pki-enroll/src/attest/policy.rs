//! What a profile asks of devices: the table `[attestation]`.

use pki_attest::apple::{AppId, Categories, Environment};
use pki_attest::{Minimum, android};
use serde::{Deserialize, Serialize};

use super::evidence::EvidenceKind;

/// What devices have to prove to get a certificate of a profile. Unknown settings are an error.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationPolicy {
    /// Which evidence counts.
    pub kinds: Vec<EvidenceKind>,
    /// The least that it has to prove.
    pub minimum: Minimum,
    /// What has to come with it; a token by default.
    #[serde(default)]
    pub credential: EvidenceCredential,
    /// The names that may be asked for with evidence alone, with `{device_id}` in each: `cn:{device_id}`,
    /// `uri:spiffe://example.org/device/{device_id}`.
    #[serde(default)]
    pub names: Vec<String>,
    /// Whether a renewal needs evidence, too; true by default.
    #[serde(default = "yes")]
    pub renewals: bool,
    /// Which apps of Apple's platforms are accepted.
    #[serde(default)]
    pub apple: Option<AppleRules>,
    /// What Android's keys, devices and apps have to be.
    #[serde(default)]
    pub android: android::Policy,
}

/// What has to come with evidence.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceCredential {
    /// A token, or another credential, which says who asks and for which names.
    #[default]
    TokenAndEvidence,
    /// Nothing: whoever has the app on a genuine device gets a certificate, with names made of the device's identifier.
    /// A credential is accepted, too.
    Evidence,
}

/// Which apps of Apple's platforms are accepted.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AppleRules {
    /// The apps: `TEAMID.BUNDLE-ID`.
    pub apps: Vec<AppId>,
    /// Which of Apple's services may have attested the key; production alone by default.
    #[serde(default = "production")]
    pub environments: Vec<Environment>,
    /// How the app may have come onto the device; in any way by default.
    #[serde(default)]
    pub categories: Categories,
}

fn yes() -> bool {
    true
}

fn production() -> Vec<Environment> {
    vec![Environment::Production]
}

impl AttestationPolicy {
    /// What it asks for, in sentences for people.
    #[must_use]
    pub fn explain(&self) -> Vec<String> {
        let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
        let mut said = vec![
            format!(
                "evidence of one of the kinds {}",
                list(&mut self.kinds.iter().map(|it| format!("`{it}`")))
            ),
            format!(
                "tied to the key of the certificate by at least `{}`, with an attested key that is kept by at least `{}`",
                self.minimum.binding, self.minimum.keeper
            ),
            match self.credential {
                EvidenceCredential::TokenAndEvidence => {
                    "a token besides, which says the names".to_owned()
                }
                EvidenceCredential::Evidence => format!(
                    "no token: without one the names are {}",
                    list(&mut self.names.iter().map(|it| format!("`{it}`")))
                ),
            },
            match self.renewals {
                true => "evidence for each renewal, too".to_owned(),
                false => "no evidence for renewals".to_owned(),
            },
        ];
        if let Some(apple) = self.apple.as_ref().filter(|_| self.takes_apples()) {
            said.push(format!(
                "of an Apple device: the app {}, attested in {}, {}",
                list(&mut apple.apps.iter().map(|it| format!("`{it}`"))),
                list(&mut apple.environments.iter().map(ToString::to_string)),
                came_by(&apple.categories),
            ));
        }
        if self.takes(EvidenceKind::AndroidKey) {
            said.push(self.explain_android());
        }
        said
    }

    fn explain_android(&self) -> String {
        let android = &self.android;
        let apps: Vec<_> = android
            .packages
            .iter()
            .map(|it| format!("`{}` signed by {}", it.name, it.signer))
            .collect();
        let mut parts = vec![
            format!("the app {}", apps.join(" or ")),
            format!("a key kept by at least {:?}", android.keeper),
        ];
        if android.verified_boot {
            parts.push("its manufacturer's system".to_owned());
        }
        if android.locked {
            parts.push("a locked bootloader".to_owned());
        }
        if let Some(month) = android.os_patch_level {
            parts.push(format!("fixes up to {month}"));
        }
        parts.push(match android.status_max_age_hours {
            Some(hours) => format!("no withdrawn certificate, by a list of the last {hours} h"),
            None => "withdrawn certificates are not looked for".to_owned(),
        });
        format!("of an Android device: {}", parts.join(", "))
    }

    pub(super) fn takes(&self, kind: EvidenceKind) -> bool {
        self.kinds.contains(&kind)
    }

    pub(super) fn takes_apples(&self) -> bool {
        self.kinds.iter().any(|kind| kind.is_apples())
    }
}

fn came_by(categories: &Categories) -> String {
    let list = |these: &[pki_attest::apple::Category]| {
        let these = these.iter().map(ToString::to_string);
        these.collect::<Vec<_>>().join(", ")
    };
    match categories {
        Categories::Any => "come onto it in any way".to_owned(),
        Categories::Only(these) => format!("come onto it by {}", list(these)),
        Categories::OnlyOrMissing(these) => {
            format!("come onto it by {}, or before iOS 27", list(these))
        }
    }
}
