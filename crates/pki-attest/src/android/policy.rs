//! What a key, its device and its app have to be.

use serde::{Deserialize, Serialize};

use super::description::{
    AppPackage, KeyDescription, Origin, RootOfTrust, SecurityLevel, VerifiedBootState,
};
use super::refusal::AndroidRefusal;

/// What an attested key, its device and the app have to be.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Where the key has to be kept, at least: `TRUSTED_ENVIRONMENT` (the default) or `STRONG_BOX`.
    pub keeper: SecurityLevel,
    /// Whether the manufacturer has to have signed the operating system that was booted; true by default.
    pub verified_boot: bool,
    /// Whether the bootloader has to be locked; true by default.
    pub locked: bool,
    /// The month up to which the operating system has to have fixes, as `YYYYMM`; none by default.
    pub os_patch_level: Option<u32>,
    /// The apps that are accepted; any if empty, which is the default.
    pub packages: Vec<AllowedPackage>,
    /// How many hours old the list of withdrawn certificates may be; 168 by default. `None` asks for no list.
    pub status_max_age_hours: Option<u32>,
}

/// An app that is accepted.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedPackage {
    /// The package's name.
    pub name: String,
    /// The SHA-256 of the certificate that it is signed with, in hex.
    pub signer: String,
    /// The least version code that is accepted.
    #[serde(default)]
    pub least_version: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            keeper: SecurityLevel::TrustedEnvironment,
            verified_boot: true,
            locked: true,
            os_patch_level: None,
            packages: Vec::new(),
            status_max_age_hours: Some(7 * 24),
        }
    }
}

impl Policy {
    /// What a description, that Google's root vouches for, does not say of what is asked for.
    ///
    /// Only what the hardware holds to counts, but for the app, which only the operating system knows.
    pub(super) fn judge(&self, key: &KeyDescription, faults: &mut Vec<AndroidRefusal>) {
        if key.attestation_security_level != key.key_mint_security_level {
            faults.push(AndroidRefusal::SecurityLevels {
                attestation: key.attestation_security_level,
                key: key.key_mint_security_level,
            });
        }
        let expected = self.keeper.max(SecurityLevel::TrustedEnvironment);
        if key.key_mint_security_level < expected {
            faults.push(AndroidRefusal::SecurityLevel {
                expected,
                seen: key.key_mint_security_level,
            });
        }
        let hardware = &key.hardware_enforced;
        if hardware.origin != Some(Origin::Generated) {
            faults.push(AndroidRefusal::Origin {
                seen: hardware.origin,
            });
        }
        match &hardware.root_of_trust {
            Some(root) => self.judge_boot(root, faults),
            None => faults.push(AndroidRefusal::NoRootOfTrust),
        }
        if let Some(expected) = self.os_patch_level {
            let seen = hardware.os_patch_level;
            if seen.is_none_or(|seen| seen.year_month() < expected) {
                faults.push(AndroidRefusal::PatchLevel { expected, seen });
            }
        }
        faults.extend(self.check_app(key).err());
    }

    fn judge_boot(&self, root: &RootOfTrust, faults: &mut Vec<AndroidRefusal>) {
        if self.locked && !root.device_locked {
            faults.push(AndroidRefusal::Unlocked);
        }
        if self.verified_boot && root.verified_boot_state != VerifiedBootState::Verified {
            faults.push(AndroidRefusal::Boot {
                seen: root.verified_boot_state,
            });
        }
    }

    fn check_app(&self, key: &KeyDescription) -> Result<(), AndroidRefusal> {
        if self.packages.is_empty() {
            return Ok(());
        }
        let app = key.software_enforced.attestation_application_id.as_ref();
        let (packages, signatures) = app.map_or((&[][..], &[][..]), |app| {
            (app.packages.as_slice(), app.signatures.as_slice())
        });
        // Packages of one user share the key: each has to be accepted, and so has each of their signers.
        let signers: Vec<_> = signatures.iter().map(|it| crate::hex(it)).collect();
        let accepted = |package: &AppPackage| {
            self.packages.iter().any(|allowed| {
                allowed.name == package.name
                    && i128::from(allowed.least_version) <= package.version
                    && !signers.is_empty()
                    && signers
                        .iter()
                        .all(|signer| signer.eq_ignore_ascii_case(&allowed.signer))
            })
        };
        if !packages.is_empty() && packages.iter().all(accepted) {
            return Ok(());
        }
        let signers = match signers.as_slice() {
            [] => "nobody".to_owned(),
            signers => signers.join(" and "),
        };
        let seen = packages.iter().map(|package| {
            let name = package.name.escape_debug();
            format!("{name} {} signed by {signers}", package.version)
        });
        let expected = self.packages.iter().map(|allowed| {
            let (name, version) = (&allowed.name, allowed.least_version);
            format!("{name} {version} signed by {}", allowed.signer)
        });
        Err(AndroidRefusal::App {
            expected: expected.collect(),
            seen: seen.collect(),
        })
    }
}

/// A key of a certificate signs handshakes, and neither brings keys in nor vouches for others.
pub(super) fn check_purposes(key: &KeyDescription) -> Result<(), AndroidRefusal> {
    const SIGN: i128 = 2;
    const IMPORT_WRAPPED: i128 = 5;
    const ATTEST: i128 = 7;
    let seen = key.hardware_enforced.purposes.clone().unwrap_or_default();
    let is_good =
        seen.contains(&SIGN) && !seen.contains(&IMPORT_WRAPPED) && !seen.contains(&ATTEST);
    match is_good {
        true => Ok(()),
        false => Err(AndroidRefusal::Purposes { seen }),
    }
}
