//! Evidence in, a verdict out: in memory, by one core, beside the signatures that nobody could leave out.

use std::time::Duration;

use anyhow::{Result, ensure};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    EcdsaVerificationAlgorithm, KeyPair as _, UnparsedPublicKey,
};
use pki_attest::android::{self, ExpectedKey, Policy, StatusList};
use pki_attest::apple::{
    AppId, Categories, ClientData, Environment, ExpectedAssertion, ExpectedAttestation,
    verify_assertion, verify_attestation,
};
use pki_attest::simulator::{AndroidSimulator, AppleSimulator, Factory, SimulatedApp};
use suite::Peers;
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::report::{Aim, Better, Comparison, Contender, Report, Side};
use crate::measuring::clock::{Effort, per_second};
use crate::measuring::versions;

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let apple = Apple::new()?;
    let android = Android::new()?;
    let comparisons = vec![
        // The certificate of the key, and Apple's intermediate.
        compared(
            "Attestations of App Attest",
            &[Signature::p256()?, Signature::p384()?],
            effort,
            || apple.attestation(),
        )?,
        compared(
            "Assertions of App Attest",
            &[Signature::p256()?],
            effort,
            || apple.assertion(),
        )?,
        // The certificate of the key, the device's, and Google's intermediate.
        compared(
            "Chains of Android Key Attestation, from DER",
            &[Signature::p256()?, Signature::p256()?, Signature::p384()?],
            effort,
            || android.verify(),
        )?,
    ];
    Ok(Report {
        versions: versions::of(peers, &["aws-lc-rs"], &[])?,
        comparisons,
    })
}

fn compared(
    title: &str,
    signatures: &[Signature],
    effort: Effort,
    mut verify: impl FnMut() -> Result<()>,
) -> Result<Comparison> {
    let mut contenders = [
        Contender::new("ours", Side::Ours),
        Contender::new(FLOOR, Side::Bound),
    ];
    let span = effort.span(Duration::from_millis(500));
    // In turn, so that a noisy moment meets both.
    for _ in 0..effort.rounds(3, 11) {
        let rates = [
            per_second(span, &mut verify)?,
            per_second(span, || signatures.iter().try_for_each(Signature::verify))?,
        ];
        for (contender, rate) in contenders.iter_mut().zip(rates) {
            contender.samples.push(rate);
        }
    }
    Ok(Comparison {
        title: title.to_owned(),
        unit: "verdicts/s",
        better: Better::Higher,
        contenders: contenders.into(),
        // 1.3 times the time.
        aim: Some(Aim::Times(1.0 / 1.3, FLOOR)),
    })
}

/// An attestation and an assertion, and what they have to be about.
struct Apple {
    root: Certificate,
    app: AppId,
    key_id: [u8; 32],
    public_key: Vec<u8>,
    attestation: Vec<u8>,
    assertion: Vec<u8>,
    now: OffsetDateTime,
}

const CHALLENGE: &[u8; 32] = &[7; 32];
const REQUEST: &[u8; 400] = &[0x30; 400];

impl Apple {
    fn new() -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        let simulator = AppleSimulator::new(now)?;
        let app: AppId = "1234567890.com.example.app".parse()?;
        let mut simulated = SimulatedApp::new(app.clone())?;
        let data = ClientData::of_request(CHALLENGE, REQUEST);
        let attestation = simulator.attest(&simulated, data, Environment::Production, None)?;
        Ok(Self {
            root: simulator.root().clone(),
            app,
            key_id: simulated.key_id(),
            public_key: simulated.public_key(),
            attestation,
            assertion: simulated.assert(data)?,
            now,
        })
    }

    fn attestation(&self) -> Result<()> {
        let expected = ExpectedAttestation {
            app: &self.app,
            key_id: &self.key_id,
            client_data: ClientData::of_request(CHALLENGE, REQUEST),
            environments: &[Environment::Production],
            categories: &Categories::Any,
        };
        verify_attestation(&self.attestation, &expected, &self.root, self.now)?;
        Ok(())
    }

    fn assertion(&self) -> Result<()> {
        let expected = ExpectedAssertion {
            app: &self.app,
            public_key: &self.public_key,
            client_data: ClientData::of_request(CHALLENGE, REQUEST),
            previous_counter: 0,
        };
        verify_assertion(&self.assertion, &expected)?;
        Ok(())
    }
}

/// A chain as a device sends it.
struct Android {
    roots: Vec<Certificate>,
    chain: Vec<Vec<u8>>,
    public_key: Vec<u8>,
    policy: Policy,
    status: StatusList,
    now: OffsetDateTime,
}

impl Android {
    fn new() -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        let simulator = AndroidSimulator::new(Factory::Factory, now)?;
        let key = rcgen::KeyPair::generate()?;
        let description = AndroidSimulator::description(CHALLENGE);
        let chain = simulator.attest(&key, &description, None)?;
        let status = br#"{"entries":{"1234":{"status":"REVOKED"}}}"#;
        Ok(Self {
            roots: vec![simulator.root().clone()],
            chain: chain.iter().map(|it| it.der().to_vec()).collect(),
            public_key: AndroidSimulator::public_key(&key),
            policy: Policy::default(),
            status: StatusList::from_json(status, now)?,
            now,
        })
    }

    fn verify(&self) -> Result<()> {
        let chain = self.chain.iter().map(|der| Certificate::from_der(der));
        let chain = chain.collect::<Result<Vec<_>, _>>()?;
        let expected = ExpectedKey {
            challenge: CHALLENGE,
            public_key: Some(&self.public_key),
        };
        let (roots, status) = (&self.roots, Some(&self.status));
        android::verify(&chain, &expected, &self.policy, roots, status, self.now)?;
        Ok(())
    }
}

/// A signature over as much as a small certificate has.
struct Signature {
    algorithm: &'static EcdsaVerificationAlgorithm,
    key: Vec<u8>,
    signature: Vec<u8>,
}

const MESSAGE: &[u8; 500] = &[0x30; 500];

impl Signature {
    fn p256() -> Result<Self> {
        Self::by(&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P256_SHA256_ASN1)
    }

    fn p384() -> Result<Self> {
        Self::by(&ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1)
    }

    fn by(
        signing: &'static EcdsaSigningAlgorithm,
        algorithm: &'static EcdsaVerificationAlgorithm,
    ) -> Result<Self> {
        let pair = EcdsaKeyPair::generate(signing)?;
        let signature = pair.sign(&SystemRandom::new(), MESSAGE)?;
        let made = Self {
            algorithm,
            key: pair.public_key().as_ref().to_vec(),
            signature: signature.as_ref().to_vec(),
        };
        ensure!(made.verify().is_ok(), "a signature is not good");
        Ok(made)
    }

    fn verify(&self) -> Result<()> {
        // Unparsed, as each certificate brings a key that nobody has seen before.
        let key = UnparsedPublicKey::new(self.algorithm, &self.key);
        Ok(key.verify(MESSAGE, &self.signature)?)
    }
}

const FLOOR: &str = "the signatures alone (aws-lc-rs)";
