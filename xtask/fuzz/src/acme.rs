//! Requests of ACME as a client sends them, and what they say without a signature.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pki_attest::apple::ManagedDevice;
use pki_attest::simulator::ManagedDeviceSimulator;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// Each payload, and what an account and a key send with it.
pub(super) fn requests() -> Result<Vec<Vec<u8>>> {
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": text(key.der_bytes()) });
    let by_key = json!({ "alg": "EdDSA", "jwk": jwk, "nonce": "AAAA", "url": URL });
    let by_account = json!({ "alg": "EdDSA", "kid": ACCOUNT, "nonce": "AAAA", "url": URL });
    let mut requests = Vec::new();
    for payload in payloads(&key, &jwk)? {
        for protected in [&by_key, &by_account] {
            let request = signed(&key, protected, &payload)?;
            requests.push(request.to_string().into_bytes());
        }
        requests.push(payload.into_bytes());
    }
    Ok(requests)
}

/// What each route is asked for.
fn payloads(key: &KeyPair, jwk: &Value) -> Result<Vec<String>> {
    let mac = json!({ "alg": "HS256", "kid": "eab-0123456789abcdef", "url": URL });
    let change = json!({ "account": ACCOUNT, "oldKey": jwk }).to_string();
    let by_new_key = json!({ "alg": "EdDSA", "jwk": jwk, "url": URL });
    let csr = CertificateParams::new(vec!["web.example.org".to_owned()])?;
    let csr = csr.serialize_request(key)?;
    let certificate = CertificateParams::new(Vec::new())?.self_signed(key)?;
    let device = ManagedDevice {
        serial_number: Some("C02XL0ABJGH5".to_owned()),
        ..ManagedDevice::default()
    };
    let apple = ManagedDeviceSimulator::new(OffsetDateTime::now_utc())?;
    let object = apple.attest(key, b"token", &device, None)?;
    let payloads = [
        json!({
            "contact": ["mailto:ops@example.org"],
            "termsOfServiceAgreed": true,
            "externalAccountBinding": signed(key, &mac, &jwk.to_string())?,
        }),
        json!({ "onlyReturnExisting": true }),
        json!({
            "identifiers": [
                { "type": "dns", "value": "web.example.org" },
                { "type": "ip", "value": "2001:db8::1" },
                { "type": "permanent-identifier", "value": "C02XL0ABJGH5" },
            ],
            "replaces": "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE",
        }),
        json!({ "csr": text(csr.der()) }),
        json!({ "certificate": text(certificate.der()), "reason": 1 }),
        signed(key, &by_new_key, &change)?,
        json!({ "attObj": text(&object) }),
        json!({ "status": "deactivated" }),
        json!({}),
    ];
    let mut payloads: Vec<_> = payloads.iter().map(Value::to_string).collect();
    // POST-as-GET, and what the new key of an account says.
    payloads.extend([String::new(), change]);
    Ok(payloads)
}

fn signed(key: &KeyPair, protected: &Value, payload: &str) -> Result<Value> {
    let (protected, payload) = (text(protected.to_string()), text(payload));
    let signature = key.sign(format!("{protected}.{payload}").as_bytes())?;
    Ok(json!({ "protected": protected, "payload": payload, "signature": text(signature) }))
}

fn text(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

const ACCOUNT: &str = "https://ca.example.org/acme/server/account/1";
const URL: &str = "https://ca.example.org/acme/server/new-order";
