//! The phones, and who vouches for them.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_attest::apple::{ClientData, Environment};
use pki_attest::simulator::{AndroidSimulator, AppleSimulator, Factory, SimulatedApp};
use pki_core::{CertificateRequest, KeyKind, KeyPair};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// In place of Apple and Google.
pub(crate) struct Platforms {
    pub(crate) apple: AppleSimulator,
    pub(crate) android: AndroidSimulator,
}

impl Platforms {
    pub(crate) fn new() -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        Ok(Self {
            apple: AppleSimulator::new(now)?,
            android: AndroidSimulator::new(Factory::Remote, now)?,
        })
    }
}

/// The TLS key that a phone makes, and its request. The CA chooses the names.
pub(crate) struct Request {
    key: KeyPair,
    csr: CertificateRequest,
}

impl Request {
    pub(crate) fn new() -> Result<Self> {
        let key = KeyPair::generate(KeyKind::P256)?;
        let csr = CertificateRequest::build(&key, &"".parse()?, &[])?;
        Ok(Self { key, csr })
    }

    pub(crate) fn pem(&self) -> String {
        self.csr.pem()
    }
}

pub(crate) const APP: &str = "1234567890.com.example.app";

/// An iPhone with the app: `attestKey` over challenge and request.
pub(crate) struct Iphone(SimulatedApp);

impl Iphone {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(SimulatedApp::new(APP.parse()?)?))
    }

    pub(crate) fn evidence(
        &self,
        platforms: &Platforms,
        challenge: &str,
        request: &Request,
    ) -> Result<Value> {
        let bytes = STANDARD.decode(challenge)?;
        let data = ClientData::of_request(&bytes, request.csr.der());
        let production = Environment::Production;
        let attestation = platforms.apple.attest(&self.0, data, production, None)?;
        Ok(json!({
            "kind": "apple-app-attest",
            "challenge": challenge,
            "key_id": STANDARD.encode(self.0.key_id()),
            "attestation": STANDARD.encode(attestation),
        }))
    }
}

/// An Android phone with the app: the key of the request was made with the challenge.
pub(crate) struct AndroidPhone;

impl AndroidPhone {
    pub(crate) fn evidence(
        &self,
        platforms: &Platforms,
        challenge: &str,
        request: &Request,
    ) -> Result<Value> {
        let description = AndroidSimulator::description(&STANDARD.decode(challenge)?);
        let key = rcgen::KeyPair::from_pem(&request.key.secret_pkcs8_pem())?;
        let chain = platforms.android.attest(&key, &description, None)?;
        let chain = chain.iter().map(|it| STANDARD.encode(it.der()));
        Ok(json!({
            "kind": "android-key",
            "challenge": challenge,
            "chain": chain.collect::<Vec<_>>(),
        }))
    }
}
