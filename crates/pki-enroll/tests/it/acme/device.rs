//! `device-attest-01`: a managed Apple device gets a certificate for the key that Apple attests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pki_attest::apple::ManagedDevice;
use pki_attest::simulator::{ManagedDeviceFault, ManagedDeviceSimulator};
use pki_core::{CertificateRequest, KeyPair};
use pki_enroll::EnrollLimits;
use serde_json::{Value, json};
use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::support::acme::{AcmeClient, DEVICE, WithAcme, header, problem};
use crate::support::enrollment::{Presented, expect, refused};

/// A device with a key, and Apple.
struct Device<'a> {
    client: AcmeClient<'a>,
    apple: &'a ManagedDeviceSimulator,
    key: rcgen::KeyPair,
    is: ManagedDevice,
}

impl<'a> Device<'a> {
    async fn new(with: &'a WithAcme, apple: &'a ManagedDeviceSimulator) -> Self {
        let mut client = with.client_of("phone").await;
        // Apple's client has no external account binding.
        let made = client.post(&client.url("newAccount"), &json!({})).await;
        assert_eq!(made.status(), 201);
        client.kid = Some(header(&made, "location"));
        let is = ManagedDevice {
            serial_number: Some(DEVICE.into()),
            udid: Some("00008110-000A1B2C3D4E".into()),
            ..ManagedDevice::default()
        };
        Self {
            client,
            apple,
            key: rcgen::KeyPair::generate().unwrap(),
            is,
        }
    }

    async fn order(&self) -> (String, Value) {
        let identifier = json!({ "type": "permanent-identifier", "value": DEVICE });
        let payload = json!({ "identifiers": [identifier] });
        let client = &self.client;
        let response = client.post(&client.url("newOrder"), &payload).await;
        let url = header(&response, "location");
        (url, expect(response, 201).await)
    }

    /// Answers the challenge with what Apple says over `token`, or over the challenge's own.
    async fn answer(
        &self,
        order: &Value,
        token: Option<&str>,
        fault: Option<ManagedDeviceFault>,
    ) -> Value {
        let challenge = self.challenge(order).await;
        let token = token.unwrap_or_else(|| challenge["token"].as_str().unwrap());
        let payload = json!({ "attObj": URL_SAFE_NO_PAD.encode(self.statement(token, fault)) });
        self.say(&challenge, &payload).await
    }

    fn statement(&self, token: &str, fault: Option<ManagedDeviceFault>) -> Vec<u8> {
        let (apple, key, token) = (self.apple, &self.key, token.as_bytes());
        apple.attest(key, token, &self.is, fault).unwrap()
    }

    async fn challenge(&self, order: &Value) -> Value {
        let url = order["authorizations"][0].as_str().unwrap();
        let authorization = expect(self.client.read(url).await, 200).await;
        let challenge = &authorization["challenges"][0];
        assert_eq!(challenge["type"], "device-attest-01");
        challenge.clone()
    }

    async fn say(&self, challenge: &Value, payload: &Value) -> Value {
        let url = challenge["url"].as_str().unwrap();
        expect(self.client.post(url, payload).await, 200).await
    }

    async fn finalize(&self, order: &Value, key: &KeyPair, subject: &str) -> reqwest::Response {
        let csr = CertificateRequest::build(key, &subject.parse().unwrap(), &[]).unwrap();
        let payload = json!({ "csr": URL_SAFE_NO_PAD.encode(csr.der()) });
        let url = order["finalize"].as_str().unwrap();
        self.client.post(url, &payload).await
    }

    fn own_key(&self) -> KeyPair {
        KeyPair::from_pem(self.key.serialize_pem().as_bytes(), None).unwrap()
    }
}

fn apple() -> ManagedDeviceSimulator {
    ManagedDeviceSimulator::new(OffsetDateTime::now_utc()).unwrap()
}

async fn with_root_of(apple: &ManagedDeviceSimulator) -> WithAcme {
    let root = apple.root().clone();
    WithAcme::with(|it| it.attestation_root = root, EnrollLimits::default()).await
}

#[tokio::test]
async fn a_device_gets_a_certificate_for_the_key_that_was_attested_and_no_other() {
    let apple = apple();
    let with = with_root_of(&apple).await;
    let device = Device::new(&with, &apple).await;
    let (url, order) = device.order().await;
    assert_eq!(device.answer(&order, None, None).await["status"], "valid");
    let order = device.client.until(&url, &["pending"]).await;
    let own = device.own_key();
    let other = device
        .finalize(&order, &crate::support::ca::key(), &format!("CN={DEVICE}"))
        .await;
    problem(other, 400, "badCSR").await;
    for subject in ["CN=admin", &format!("CN={DEVICE},O=Operators")] {
        let other = device.finalize(&order, &own, subject).await;
        problem(other, 400, "badCSR").await;
    }
    let response = device.finalize(&order, &own, &format!("CN={DEVICE}")).await;
    let order = expect(response, 200).await;
    let chain = device
        .client
        .read(order["certificate"].as_str().unwrap())
        .await;
    let chain = chain.text().await.unwrap();
    let leaf = Certificate::from_pem(chain.as_bytes()).unwrap();
    assert_eq!(leaf.subject().to_string(), format!("CN={DEVICE}"));
    assert!(leaf.sans().is_empty());
    assert_eq!(leaf.spki_der(), own.public_key_der());
    // By mutual TLS it renews nothing: another key would not be the device's.
    let presented = Presented { chain, key: own };
    let client = crate::support::enrollment::client(&with.ca, with.address(), Some(&presented));
    let csr = crate::support::enrollment::csr(&crate::support::ca::key(), DEVICE, &[]);
    let request = client.post(with.url("/v1/renew"));
    let renewed = request.json(&json!({ "csr": csr })).send().await.unwrap();
    refused(renewed, 403, "certificate_not_valid").await;
    let audit = with.events("approved").await.join("\n");
    assert!(audit.contains("apple-managed-device"), "{audit}");
}

#[tokio::test]
async fn a_statement_that_is_not_good_ends_the_order() {
    let apple = apple();
    let with = with_root_of(&apple).await;
    let strangers = self::apple();
    type Change = fn(&mut ManagedDevice);
    let same: Change = |_| {};
    let unnamed: Change = |it| (it.serial_number, it.udid) = (None, None);
    let other: Change = |it| {
        it.serial_number = Some("C02OTHER".into());
    };
    use ManagedDeviceFault as F;
    let faults = [
        F::Expired,
        F::Extended,
        F::Format,
        F::NoFreshness,
        F::NotText,
        F::OneCertificate,
        F::OtherCa,
    ];
    let faults = faults.map(|fault| (format!("{fault:?}"), None, Some(fault), same));
    let others = [
        ("another token".to_owned(), Some("another"), None, same),
        ("another device".to_owned(), None, None, other),
        ("a device without a name".to_owned(), None, None, unnamed),
    ];
    for (case, token, fault, change) in faults.into_iter().chain(others) {
        let mut device = Device::new(&with, &apple).await;
        change(&mut device.is);
        let (url, order) = device.order().await;
        let challenge = device.answer(&order, token, fault).await;
        assert_eq!(challenge["status"], "invalid", "{case}");
        assert_eq!(
            challenge["error"]["type"], "urn:ietf:params:acme:error:badAttestationStatement",
            "{case}"
        );
        let order = device.client.until(&url, &["pending"]).await;
        assert_eq!(order["status"], "invalid", "{case}");
        let own = device.own_key();
        let response = device.finalize(&order, &own, "").await;
        problem(response, 403, "orderNotReady").await;
    }
    let device = Device::new(&with, &strangers).await;
    let (_, order) = device.order().await;
    assert_eq!(device.answer(&order, None, None).await["status"], "invalid");
    assert_eq!(with.events("refused").await.len(), 11);
}

#[tokio::test]
async fn an_answer_without_a_statement_ends_the_order() {
    let apple = apple();
    let with = with_root_of(&apple).await;
    let cut = |object: Vec<u8>| object[..object.len() - 1].to_vec();
    type Answer<'a> = &'a dyn Fn(Vec<u8>) -> Value;
    let encoded = |object: Vec<u8>| json!({ "attObj": URL_SAFE_NO_PAD.encode(object) });
    let padded = |object: Vec<u8>| {
        let text = URL_SAFE_NO_PAD.encode(object);
        json!({ "attObj": format!("{text}==") })
    };
    let cases: [(&str, Answer<'_>, &str); 7] = [
        ("padding", &padded, "valid"),
        ("an error", &|_| json!({ "error": "it cannot" }), "invalid"),
        ("nothing", &|_| json!({}), "invalid"),
        ("no base64url", &|_| json!({ "attObj": "*" }), "invalid"),
        ("cut off", &|object| encoded(cut(object)), "invalid"),
        ("no CBOR", &|_| encoded(vec![0xff; 600]), "invalid"),
        (
            "too large",
            &|_| encoded(vec![0xa0; 16 * 1024 + 1]),
            "invalid",
        ),
    ];
    for (case, answer, status) in cases {
        let device = Device::new(&with, &apple).await;
        let (_, order) = device.order().await;
        let challenge = device.challenge(&order).await;
        let token = challenge["token"].as_str().unwrap();
        let payload = answer(device.statement(token, None));
        let said = device.say(&challenge, &payload).await;
        assert_eq!(said["status"], status, "{case}: {said}");
        // There is no second attempt.
        let again = encoded(device.statement(token, None));
        let said = device.say(&challenge, &again).await;
        assert_eq!(said["status"], status, "{case}: {said}");
    }
    assert_eq!(with.events("refused").await.len(), 6);
}

#[tokio::test]
async fn only_devices_of_the_profile_are_ordered_for_and_nothing_else() {
    let apple = apple();
    let with = with_root_of(&apple).await;
    let device = Device::new(&with, &apple).await;
    let client = &device.client;
    let order = |identifiers: Value, url: String| {
        let payload = json!({ "identifiers": identifiers });
        async move { client.post(&url, &payload).await }
    };
    let url = client.url("newOrder");
    let other = json!([{ "type": "permanent-identifier", "value": "C02OTHER" }]);
    problem(order(other, url.clone()).await, 403, "rejectedIdentifier").await;
    let dns = json!([{ "type": "dns", "value": "a.example.org" }]);
    problem(order(dns, url).await, 400, "unsupportedIdentifier").await;
    // An account without a binding orders nothing else, and servers are no devices.
    let servers = client.url("newOrder").replace("/phone/", "/server/");
    let mut moved = with.client().await;
    moved.kid = client
        .kid
        .as_ref()
        .map(|kid| kid.replace("/phone/", "/server/"));
    moved.key = device.client.key;
    let dns = json!({ "identifiers": [{ "type": "dns", "value": "a.example.org" }] });
    problem(moved.post(&servers, &dns).await, 403, "unauthorized").await;
    let bound = with.account("k", &[]).await;
    let payload = json!({ "identifiers": [{ "type": "permanent-identifier", "value": DEVICE }] });
    let response = bound.post(&bound.url("newOrder"), &payload).await;
    problem(response, 400, "unsupportedIdentifier").await;
}
