//! Phones that prove what they are to `mtls serve --enroll`, and what the commands say of that.

use base64ct::{Base64, Encoding as _};
use pki_attest::apple::{ClientData, Environment};
use pki_attest::simulator::{AndroidSimulator, AppleSimulator, Factory, SimulatedApp};
use pki_core::{CertificateRequest, KeyKind, KeyPair, certificate_pem};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::runtime::Runtime;

use crate::common::Place;
use crate::common::browser::browser;
use crate::common::served::Served;

const PROFILE: &str = "home/default/profiles/phone.toml";

/// The profile for clients, which asks phones for evidence under the roots of simulators.
fn phones(place: &Place, apple: &AppleSimulator, android: &AndroidSimulator) {
    let profiles = "home/default/profiles";
    place.write(
        &format!("{profiles}/apple.pem"),
        certificate_pem(apple.root()),
    );
    place.write(
        &format!("{profiles}/android.pem"),
        certificate_pem(android.root()),
    );
    place.write(&format!("{profiles}/status.json"), r#"{"entries":{}}"#);
    let client = place.text(&format!("{profiles}/client.toml"));
    let signer = "ab".repeat(32);
    let table = format!(
        r#"
[attestation]
kinds = ["apple-app-attest", "apple-assertion", "android-key"]
minimum = {{ binding = "csr-hash", keeper = "trusted-environment" }}
credential = "evidence"
names = ["cn:{{device_id}}"]
apple_root = "apple.pem"
android_roots = "android.pem"
android_status = "status.json"
apple = {{ apps = ["1234567890.com.example.app"] }}
android = {{ os_patch_level = 202501, packages = [{{ name = "com.example.app", signer = "{signer}" }}] }}
"#
    );
    place.write(PROFILE, format!("{client}\n{table}"));
}

/// What a phone has to send requests with.
struct Phone {
    client: reqwest::Client,
    url: String,
    runtime: Runtime,
}

impl Phone {
    fn of(place: &Place, served: &Served) -> Self {
        Self {
            client: browser(place, None),
            url: served.enroll_url(),
            runtime: Runtime::new().unwrap(),
        }
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.url)).json(body);
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let body = response.text().await.unwrap();
            (status, serde_json::from_str(&body).unwrap())
        })
    }

    fn challenge(&self) -> (String, Vec<u8>) {
        let (status, given) = self.post("/v1/challenges", &json!({ "purpose": "enroll" }));
        assert_eq!(status, 201, "{given}");
        let text = given["challenge"].as_str().unwrap().to_owned();
        let bytes = Base64::decode_vec(&text).unwrap();
        (text, bytes)
    }
}

#[test]
fn phones_enrol_by_what_they_prove_and_the_ca_shows_it() {
    let place = Place::with_ca();
    let now = OffsetDateTime::now_utc();
    let apple = AppleSimulator::new(now).unwrap();
    let android = AndroidSimulator::new(Factory::Remote, now).unwrap();
    phones(&place, &apple, &android);
    let served = Served::enrolling(&place);
    let phone = Phone::of(&place, &served);
    let request = || {
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        let csr = CertificateRequest::build(&key, &String::new().parse().unwrap(), &[]);
        (key, csr.unwrap())
    };

    // An app attests a key of its own over the request.
    let (_, csr) = request();
    let (text, challenge) = phone.challenge();
    let app = SimulatedApp::new("1234567890.com.example.app".parse().unwrap()).unwrap();
    let data = ClientData::of_request(&challenge, csr.der());
    let attested = apple.attest(&app, data, Environment::Production, None);
    let evidence = json!({
        "kind": "apple-app-attest",
        "challenge": text,
        "key_id": Base64::encode_string(&app.key_id()),
        "attestation": Base64::encode_string(&attested.unwrap()),
    });
    let body = json!({ "csr": csr.pem(), "profile": "phone", "attestation": evidence });
    let (status, issued) = phone.post("/v1/enroll", &body);
    assert_eq!(status, 201, "{issued}");
    let serial = issued["serial"].as_str().unwrap();
    // For another request it is good for nothing.
    let body = json!({ "csr": request().1.pem(), "profile": "phone", "attestation": evidence });
    let (status, problem) = phone.post("/v1/enroll", &body);
    assert_eq!(
        (status, &problem["type"]),
        (403, &json!("attestation_refused"))
    );

    // An Android device attests the key itself.
    let (key, csr) = request();
    let (text, challenge) = phone.challenge();
    let pair = rcgen::KeyPair::from_pem(&key.secret_pkcs8_pem()).unwrap();
    let description = AndroidSimulator::description(&challenge);
    let chain = android.attest(&pair, &description, None).unwrap();
    let chain: Vec<_> = chain
        .iter()
        .map(|it| Base64::encode_string(it.der()))
        .collect();
    let evidence = json!({ "kind": "android-key", "challenge": text, "chain": chain });
    let body = json!({ "csr": csr.pem(), "profile": "phone", "attestation": evidence });
    let (status, issued) = phone.post("/v1/enroll", &body);
    assert_eq!(status, 201, "{issued}");

    let listed = place.list();
    let kinds: Vec<_> = listed
        .iter()
        .map(|it| it["attestation"]["kind"].clone())
        .collect();
    assert_eq!(kinds, ["apple-app-attest", "android-key"]);
    assert_eq!(listed[1]["attestation"]["binding"], "same-key");
    let table = place.run(&["list"]).ok();
    assert!(
        table.contains("android-key (same-key, trusted-environment)"),
        "{table}"
    );
    let shown = place.run(&["attest", "show", serial]).ok();
    let device = listed[0]["attestation"]["device"].as_str().unwrap();
    for part in [
        "apple-app-attest",
        "csr-hash",
        "secure-element",
        device,
        "com.example.app",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let subject = format!("CN={device}");
    assert_eq!(listed[0]["subject"], subject);
    place
        .run(&["attest", "show", "01"])
        .refused("no such certificate");
    let refusals = place.refusals().join("\n");
    assert!(
        refusals.contains("made for another challenge"),
        "{refusals}"
    );
    place.run(&["audit", "verify"]).ok();
    assert!(served.stop());
}

#[test]
fn a_profile_explains_what_it_asks_of_phones_and_refuses_what_it_does_not_know() {
    let place = Place::with_ca();
    let now = OffsetDateTime::now_utc();
    let apple = AppleSimulator::new(now).unwrap();
    let android = AndroidSimulator::new(Factory::Remote, now).unwrap();
    phones(&place, &apple, &android);
    let said = place.run(&["attest", "explain", "phone"]).ok();
    for part in [
        "`1234567890.com.example.app`",
        "fixes up to 202501",
        "csr-hash",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let json = place.run(&["attest", "explain", "phone", "--json"]).json();
    assert_eq!(json["policy"]["android"]["os_patch_level"], 202_501);
    place
        .run(&["attest", "explain", "client"])
        .refused("no table [attestation]");
    let good = place.text(PROFILE);
    for (from, to, why) in [
        ("credential", "credentials", "unknown field `credentials`"),
        (
            "os_patch_level",
            "patch_level",
            "unknown field `patch_level`",
        ),
        (
            "apple = { apps = [\"1234567890.com.example.app\"] }\n",
            "",
            "names no app",
        ),
        ("\"apple.pem\"", "\"none.pem\"", "none.pem"),
    ] {
        let wrong = good.replace(from, to);
        assert_ne!(wrong, good);
        place.write(PROFILE, wrong);
        place.run(&["attest", "explain", "phone"]).refused(why);
    }
}
