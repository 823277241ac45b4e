//! Android Key Attestation.

use rcgen::{DnType, KeyPair, PublicKeyData as _};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use super::ca::{Issuer, SimulatorError, below, ca, named, parsed, root, with_extension};
use crate::android::{
    AppPackage, AttestationApplicationId, AuthorizationList, KeyDescription, Origin, PatchLevel,
    RootOfTrust, SecurityLevel, VerifiedBootState,
};

/// Google's service and a device, with a root of its own.
pub struct AndroidSimulator {
    root: Issuer,
    intermediate: Issuer,
    device: Issuer,
    certificate: Certificate,
    now: OffsetDateTime,
}

/// How the device came to its keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Factory {
    /// The factory has put them onto it: their certificates have expired, and count.
    Factory,
    /// It fetches them: their certificates have to be valid.
    Remote,
    /// It fetched them long ago: their certificates have expired.
    RemoteExpired,
}

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AndroidFault {
    /// A key that was attested signs for another key, with a copy of the description.
    Extended,
    /// The leaf is signed by another CA of the same name.
    OtherCa,
    /// The leaf names another issuer.
    OtherIssuer,
    /// The leaf does not describe its key.
    NoDescription,
    /// There are two certificates.
    Short,
}

const KEY_DESCRIPTION: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 1, 17];

impl AndroidSimulator {
    /// A root, an intermediate and a device's CA.
    ///
    /// # Errors
    ///
    /// If no key can be made.
    pub fn new(factory: Factory, now: OffsetDateTime) -> Result<Self, SimulatorError> {
        let begin = now - Duration::days(365);
        let end = match factory {
            Factory::Remote => now + Duration::days(30),
            Factory::Factory | Factory::RemoteExpired => now - Duration::days(1),
        };
        let serial_number = DnType::CustomDnType(vec![2, 5, 4, 5]);
        let intermediate = match factory {
            Factory::Factory => [
                (serial_number.clone(), "56a005014ee6c6f3"),
                (DnType::CommonName, "TEE"),
            ],
            _ => [
                (DnType::OrganizationName, "Google LLC"),
                (DnType::CommonName, "Droid CA2"),
            ],
        };
        let root = root(named(&[(serial_number, "f92009e853b6b045")], begin, end))?;
        let intermediate = below(ca(named(&intermediate, begin, end)), &root)?;
        let device = below(Self::device(begin, end), &intermediate)?;
        Ok(Self {
            certificate: parsed(root.as_ref())?,
            root,
            intermediate,
            device,
            now,
        })
    }

    fn device(begin: OffsetDateTime, end: OffsetDateTime) -> rcgen::CertificateParams {
        ca(named(
            &[
                (DnType::OrganizationName, "TEE"),
                (DnType::CommonName, "a device"),
            ],
            begin,
            end,
        ))
    }

    /// In place of [`google_roots`](crate::android::google_roots).
    #[must_use]
    pub fn root(&self) -> &Certificate {
        &self.certificate
    }

    /// What a locked device with its manufacturer's system says of a P-256 key that it has made to sign. Change what a
    /// test is about.
    #[must_use]
    pub fn description(challenge: &[u8]) -> KeyDescription {
        KeyDescription {
            attestation_version: 400,
            attestation_security_level: SecurityLevel::TrustedEnvironment,
            key_mint_version: 400,
            key_mint_security_level: SecurityLevel::TrustedEnvironment,
            attestation_challenge: challenge.to_vec(),
            unique_id: Vec::new(),
            software_enforced: AuthorizationList {
                creation_date_time: Some(1_758_900_680_964),
                attestation_application_id: Some(AttestationApplicationId {
                    packages: vec![AppPackage {
                        name: "com.example.app".to_owned(),
                        version: 7,
                    }],
                    signatures: vec![vec![0xab; 32]],
                }),
                are_tags_ordered: true,
                ..AuthorizationList::default()
            },
            hardware_enforced: AuthorizationList {
                purposes: Some(vec![2]),
                algorithms: Some(3),
                key_size: Some(256),
                digests: Some(vec![4]),
                ec_curve: Some(1),
                no_auth_required: Some(true),
                origin: Some(Origin::Generated),
                root_of_trust: Some(RootOfTrust {
                    verified_boot_key: vec![0; 32],
                    device_locked: true,
                    verified_boot_state: VerifiedBootState::Verified,
                    verified_boot_hash: Some(vec![1; 32]),
                }),
                os_version: Some(160_000),
                os_patch_level: PatchLevel::from_number(202_511),
                are_tags_ordered: true,
                ..AuthorizationList::default()
            },
        }
    }

    /// Attests `key`: the chain, leaf first and root last.
    ///
    /// # Errors
    ///
    /// If no certificate can be made.
    pub fn attest(
        &self,
        key: &KeyPair,
        description: &KeyDescription,
        fault: Option<AndroidFault>,
    ) -> Result<Vec<Certificate>, SimulatorError> {
        // The dates of a device's clock that was never set.
        let begin = OffsetDateTime::UNIX_EPOCH;
        let leaf = |name| {
            named(
                &[(DnType::CommonName, name)],
                begin,
                begin + Duration::days(1),
            )
        };
        let described =
            |params| with_extension(params, KEY_DESCRIPTION, encode::description(description));
        let params = match fault {
            Some(AndroidFault::NoDescription) => leaf("Android Keystore Key"),
            _ => described(leaf("Android Keystore Key")),
        };
        let end = self.now + Duration::days(30);
        let mut chain = Vec::new();
        match fault {
            Some(AndroidFault::Extended) => {
                let attested = below(params, &self.device)?;
                let extended = described(leaf("somebody's key")).signed_by(key, &attested)?;
                chain.extend([parsed(&extended)?, parsed(attested.as_ref())?]);
            }
            Some(AndroidFault::OtherCa) => {
                let other = below(Self::device(begin, end), &self.intermediate)?;
                chain.push(parsed(&params.signed_by(key, &other)?)?);
            }
            Some(AndroidFault::OtherIssuer) => {
                chain.push(parsed(&params.signed_by(key, &self.intermediate)?)?);
            }
            _ => chain.push(parsed(&params.signed_by(key, &self.device)?)?),
        }
        for issuer in [&self.device, &self.intermediate, &self.root] {
            chain.push(parsed(issuer.as_ref())?);
        }
        if fault == Some(AndroidFault::Short) {
            chain.drain(1..3);
        }
        Ok(chain)
    }

    /// The key as a certificate request would have it.
    #[must_use]
    pub fn public_key(key: &KeyPair) -> Vec<u8> {
        key.subject_public_key_info()
    }
}

/// A description as a device encodes it.
mod encode {
    use super::{AuthorizationList, KeyDescription, RootOfTrust};
    use crate::android::AttestationApplicationId;

    const BOOLEAN: u8 = 0x01;
    const INTEGER: u8 = 0x02;
    const OCTETS: u8 = 0x04;
    const ENUMERATED: u8 = 0x0a;
    const SEQUENCE: u8 = 0x30;
    const SET: u8 = 0x31;

    pub(super) fn description(it: &KeyDescription) -> Vec<u8> {
        let fields = [
            number(INTEGER, it.attestation_version),
            number(ENUMERATED, it.attestation_security_level as u64),
            number(INTEGER, it.key_mint_version),
            number(ENUMERATED, it.key_mint_security_level as u64),
            value(OCTETS, &it.attestation_challenge),
            value(OCTETS, &it.unique_id),
            list(&it.software_enforced),
            list(&it.hardware_enforced),
        ];
        value(SEQUENCE, &fields.concat())
    }

    /// The tags that the simulator's descriptions have, and those that tests are likely to set.
    fn list(it: &AuthorizationList) -> Vec<u8> {
        let numbers = |list: &[u64]| {
            let numbers: Vec<_> = list.iter().map(|it| number(INTEGER, *it)).collect();
            value(SET, &numbers.concat())
        };
        let integer = |it: u64| number(INTEGER, it);
        let patch = |it: crate::android::PatchLevel| integer(it.to_string().parse().unwrap_or(0));
        let text = |it: &String| value(OCTETS, it.as_bytes());
        let null = |_| vec![5, 0];
        let tags = [
            (1, it.purposes.as_deref().map(numbers)),
            (2, it.algorithms.map(integer)),
            (3, it.key_size.map(integer)),
            (5, it.digests.as_deref().map(numbers)),
            (10, it.ec_curve.map(integer)),
            (503, it.no_auth_required.map(null)),
            (701, it.creation_date_time.map(integer)),
            (702, it.origin.map(|it| integer(it as u64))),
            (704, it.root_of_trust.as_ref().map(root_of_trust)),
            (705, it.os_version.map(integer)),
            (706, it.os_patch_level.map(patch)),
            (709, it.attestation_application_id.as_ref().map(application)),
            (710, it.attestation_id_brand.as_ref().map(text)),
            (717, it.attestation_id_model.as_ref().map(text)),
            (718, it.vendor_patch_level.map(patch)),
            (719, it.boot_patch_level.map(patch)),
        ];
        let tags = tags.into_iter();
        let tags: Vec<_> = tags
            .filter_map(|(tag, content)| Some(context(tag, &content?)))
            .collect();
        value(SEQUENCE, &tags.concat())
    }

    fn root_of_trust(it: &RootOfTrust) -> Vec<u8> {
        let hash = it.verified_boot_hash.as_deref();
        let fields = [
            value(OCTETS, &it.verified_boot_key),
            value(BOOLEAN, &[u8::from(it.device_locked) * 0xff]),
            number(ENUMERATED, it.verified_boot_state as u64),
            hash.map(|it| value(OCTETS, it)).unwrap_or_default(),
        ];
        value(SEQUENCE, &fields.concat())
    }

    fn application(it: &AttestationApplicationId) -> Vec<u8> {
        let packages = it.packages.iter().map(|package| {
            let fields = [
                value(OCTETS, package.name.as_bytes()),
                number(INTEGER, package.version),
            ];
            value(SEQUENCE, &fields.concat())
        });
        let signatures = it.signatures.iter().map(|it| value(OCTETS, it));
        let fields = [
            value(SET, &packages.collect::<Vec<_>>().concat()),
            value(SET, &signatures.collect::<Vec<_>>().concat()),
        ];
        value(OCTETS, &value(SEQUENCE, &fields.concat()))
    }

    fn number(tag: u8, number: u64) -> Vec<u8> {
        let octets = number.to_be_bytes();
        let zeros = octets.iter().take_while(|it| **it == 0).count().min(7);
        let mut content = octets.get(zeros..).unwrap_or_default().to_vec();
        if content.first().is_some_and(|first| *first >= 0x80) {
            content.insert(0, 0);
        }
        value(tag, &content)
    }

    fn context(number: u16, content: &[u8]) -> Vec<u8> {
        let [high, low] = [(number >> 7) as u8, (number & 0x7f) as u8];
        let mut octets = match (number, high) {
            (..31, _) => vec![0xa0 | low],
            (_, 0) => vec![0xbf, low],
            _ => vec![0xbf, 0x80 | high, low],
        };
        octets.extend(length(content.len()));
        octets.extend_from_slice(content);
        octets
    }

    fn value(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut octets = vec![tag];
        octets.extend(length(content.len()));
        octets.extend_from_slice(content);
        octets
    }

    fn length(length: usize) -> Vec<u8> {
        let [.., high, low] = length.to_be_bytes();
        match length {
            ..0x80 => vec![low],
            0x80..0x100 => vec![0x81, low],
            _ => vec![0x82, high, low],
        }
    }
}
