//! Android Key Attestation.

use rcgen::{DnType, KeyPair, PublicKeyData};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;
use zeroize::Zeroizing;

use super::ca::{
    Issuer, RequestKey, SimulatorError, below, ca, named, parsed, read_root_key, root, root_key,
    with_extension,
};
use super::key_description::encoded;
use crate::android::{
    AppPackage, AttestationApplicationId, AuthorizationList, KeyDescription, Origin, PatchLevel,
    RootOfTrust, SecurityLevel, VerifiedBootState,
};

/// Google's service and a device, with a root of its own.
pub struct AndroidSimulator {
    root: Issuer,
    intermediate: Issuer,
    /// What stands between the intermediate and the device, where keys are fetched.
    server: Option<Issuer>,
    /// The device's trusted environment.
    device: Issuer,
    strong_box: Issuer,
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
    /// The description is marked as critical.
    Critical,
    /// A key that was attested signs for another key, with a copy of the description.
    Extended,
    /// The leaf is signed by another CA of the same name.
    OtherCa,
    /// The leaf names another issuer.
    OtherIssuer,
    /// The chain ends in a certificate of the root's key that another CA has issued.
    CrossCertified,
    /// One more CA stands between the device and the leaf.
    Longer,
    /// Somebody's certificate, which is no CA's, has issued the leaf, and stands in the place of the device's.
    NotACa,
    /// The leaf does not describe its key.
    NoDescription,
    /// There are two certificates.
    Short,
    /// The description speaks of a StrongBox, and the trusted environment has signed it.
    TrustedEnvironment,
    /// The root comes first.
    WrongOrder,
}

/// The simulated device was given two certificates.
const PROVISIONING_INFO: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 1, 30];
const KEY_DESCRIPTION: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 1, 17];

impl AndroidSimulator {
    /// A root, intermediates and a device's CAs.
    ///
    /// # Errors
    ///
    /// If no key can be made.
    pub fn new(factory: Factory, now: OffsetDateTime) -> Result<Self, SimulatorError> {
        Self::below_key(root_key()?, factory, now)
    }

    /// As [`new`](Self::new), below the root's key of an earlier one: what is configured to trust that one trusts this
    /// one, too.
    ///
    /// # Errors
    ///
    /// If it is not a key on P-384 as PKCS#8 in PEM, or no key can be made.
    pub fn restored(
        root_key_pem: &str,
        factory: Factory,
        now: OffsetDateTime,
    ) -> Result<Self, SimulatorError> {
        Self::below_key(read_root_key(root_key_pem)?, factory, now)
    }

    fn below_key(
        key: KeyPair,
        factory: Factory,
        now: OffsetDateTime,
    ) -> Result<Self, SimulatorError> {
        let begin = now - Duration::days(365);
        let end = match factory {
            Factory::Remote => now + Duration::days(30),
            Factory::Factory | Factory::RemoteExpired => now - Duration::days(1),
        };
        let (below_root, server) = match factory {
            Factory::Factory => {
                let name = [(serial_number(), "56a005014ee6c6f3"), (title(), "TEE")];
                (name, None)
            }
            _ => (of_google("Droid CA2"), Some(of_google("Droid CA3"))),
        };
        let root = root(named(&root_name(), begin, end), key)?;
        let intermediate = below(ca(named(&below_root, begin, end)), &root)?;
        let server = server.map(|name| below(ca(named(&name, begin, end)), &intermediate));
        let server = server.transpose()?;
        let above = server.as_ref().unwrap_or(&intermediate);
        let informed = |params| match factory {
            Factory::Factory => params,
            _ => with_extension(params, PROVISIONING_INFO, vec![0xa1, 0x01, 0x02]),
        };
        let device = below(informed(Self::device("TEE", begin, end)), above)?;
        let strong_box = below(informed(Self::device("StrongBox", begin, end)), above)?;
        Ok(Self {
            certificate: parsed(root.as_ref())?,
            root,
            intermediate,
            server,
            device,
            strong_box,
            now,
        })
    }

    fn device(place: &str, begin: OffsetDateTime, end: OffsetDateTime) -> rcgen::CertificateParams {
        ca(named(
            &[
                (DnType::OrganizationName, place),
                (DnType::CommonName, "a device"),
            ],
            begin,
            end,
        ))
    }

    /// The root's key as PKCS#8 in PEM, for [`restored`](Self::restored). Whoever has it can be any phone.
    #[must_use]
    pub fn secret_root_key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.root.key().serialize_pem())
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
        key: &impl PublicKeyData,
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
        let described = |params| with_extension(params, KEY_DESCRIPTION, encoded(description));
        let params = match fault {
            Some(AndroidFault::NoDescription) => leaf("Android Keystore Key"),
            Some(AndroidFault::Critical) => {
                let mut params = described(leaf("Android Keystore Key"));
                let extensions = params.custom_extensions.iter_mut();
                extensions.for_each(|it| it.set_criticality(true));
                params
            }
            _ => described(leaf("Android Keystore Key")),
        };
        let end = self.now + Duration::days(30);
        let device = match (description.attestation_security_level, fault) {
            (SecurityLevel::StrongBox, Some(AndroidFault::TrustedEnvironment)) => &self.device,
            (SecurityLevel::StrongBox, _) => &self.strong_box,
            _ => &self.device,
        };
        let above = self.server.as_ref().unwrap_or(&self.intermediate);
        let mut chain = Vec::new();
        let mut attesting = Some(device);
        match fault {
            Some(AndroidFault::Extended) => {
                let attested = below(params, device)?;
                let extended = described(leaf("somebody's key")).signed_by(key, &attested)?;
                chain.extend([parsed(&extended)?, parsed(attested.as_ref())?]);
            }
            Some(AndroidFault::Longer) => {
                let between = below(Self::device("TEE", begin, end), device)?;
                chain.push(parsed(&params.signed_by(key, &between)?)?);
                chain.push(parsed(between.as_ref())?);
            }
            Some(AndroidFault::NotACa) => {
                let between = below(leaf("somebody's certificate"), above)?;
                chain.push(parsed(&params.signed_by(key, &between)?)?);
                chain.push(parsed(between.as_ref())?);
                attesting = None;
            }
            Some(AndroidFault::OtherCa) => {
                let other = below(Self::device("TEE", begin, end), above)?;
                chain.push(parsed(&params.signed_by(key, &other)?)?);
            }
            Some(AndroidFault::OtherIssuer) => {
                chain.push(parsed(&params.signed_by(key, above)?)?);
            }
            _ => chain.push(parsed(&params.signed_by(key, device)?)?),
        }
        let issuers = [attesting, self.server.as_ref(), Some(&self.intermediate)];
        for issuer in issuers.into_iter().flatten().chain([&self.root]) {
            chain.push(parsed(issuer.as_ref())?);
        }
        match fault {
            Some(AndroidFault::CrossCertified) => {
                chain.pop();
                chain.push(self.cross_certified()?);
            }
            Some(AndroidFault::Short) => {
                chain.drain(1..chain.len() - 1);
            }
            Some(AndroidFault::WrongOrder) => chain.reverse(),
            _ => {}
        }
        Ok(chain)
    }

    /// As [`attest`](Self::attest), of the key of a certificate request: of its DER `SubjectPublicKeyInfo`, on P-256.
    ///
    /// # Errors
    ///
    /// If it is another kind of key, or no certificate can be made.
    pub fn attest_request(
        &self,
        spki_der: &[u8],
        description: &KeyDescription,
    ) -> Result<Vec<Certificate>, SimulatorError> {
        self.attest(&RequestKey::read(spki_der)?, description, None)
    }

    /// The root's key in a certificate of other dates: Google's RSA root exists several times.
    ///
    /// # Errors
    ///
    /// If no certificate can be made.
    pub fn reissued_root(&self) -> Result<Certificate, SimulatorError> {
        let (begin, end) = (self.now, self.now + Duration::days(3650));
        let params = ca(named(&root_name(), begin, end));
        parsed(&params.self_signed(self.root.key())?)
    }

    fn cross_certified(&self) -> Result<Certificate, SimulatorError> {
        let (begin, end) = (self.now, self.now + Duration::days(30));
        let name = [(DnType::CommonName, "another root")];
        let other = root(named(&name, begin, end), root_key()?)?;
        let params = ca(named(&root_name(), begin, end));
        parsed(&params.signed_by(self.root.key(), &other)?)
    }

    /// The key as a certificate request would have it.
    #[must_use]
    pub fn public_key(key: &KeyPair) -> Vec<u8> {
        key.subject_public_key_info()
    }
}

fn serial_number() -> DnType {
    DnType::CustomDnType(vec![2, 5, 4, 5])
}

fn root_name() -> [(DnType, &'static str); 1] {
    [(serial_number(), "f92009e853b6b045")]
}

fn title() -> DnType {
    DnType::CustomDnType(vec![2, 5, 4, 12])
}

fn of_google(name: &'static str) -> [(DnType, &'static str); 2] {
    [
        (DnType::OrganizationName, "Google LLC"),
        (DnType::CommonName, name),
    ]
}
