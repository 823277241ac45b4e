//! Payloads by which a device makes its own key.

use pkcs12_ios::{
    AcmeEnrollment, AcmeKey, Curve, Profile, ProfileError, ScepEnrollment, ScepKeySize,
};
use pki_core::Password;
use plist::{Dictionary, Value};

use super::{parse, payloads, text};

const SECRET: &str = "challenge & <secret>";

fn acme() -> AcmeEnrollment {
    AcmeEnrollment::new("https://ca.example/acme/directory", "device-7", "alice")
}

fn scep() -> ScepEnrollment {
    ScepEnrollment::new("http://ca.example/scep", "alice")
}

fn subject(payload: &Dictionary) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_string().unwrap().to_owned();
    let array = |value: &Value| value.as_array().unwrap().clone();
    array(payload.get("Subject").unwrap())
        .iter()
        .map(|name| {
            let [pair] = &array(name)[..] else {
                panic!("one attribute in each name")
            };
            let [attribute, value] = &array(pair)[..] else {
                panic!("an attribute and its value")
            };
            (text(attribute), text(value))
        })
        .collect()
}

#[test]
fn an_acme_payload_asks_for_an_attested_key_in_hardware() {
    let integer = |payload: &Dictionary, key: &str| {
        let value = payload.get(key).unwrap();
        value.as_unsigned_integer().unwrap()
    };
    let truth = |payload: &Dictionary, key: &str| payload.get(key).unwrap().as_boolean().unwrap();
    for (key, bits, is_hardware, is_attested) in [
        (None, 256, true, true),
        (Some(AcmeKey::Attested(Curve::P384)), 384, true, true),
        (Some(AcmeKey::HardwareBound(Curve::P256)), 256, true, false),
        (Some(AcmeKey::Software(Curve::P256)), 256, false, false),
    ] {
        let mut enrollment = acme().subject("O", "Example");
        if let Some(key) = key {
            enrollment = enrollment.key(key);
        }
        let profile = parse(Profile::builder("com.example").acme(enrollment, "ACME"));
        let payload = payloads(&profile)[0];
        assert_eq!(text(payload, "PayloadType"), "com.apple.security.acme");
        assert_eq!(text(payload, "PayloadIdentifier"), "com.example.acme1");
        assert_eq!(
            text(payload, "DirectoryURL"),
            "https://ca.example/acme/directory"
        );
        assert_eq!(text(payload, "ClientIdentifier"), "device-7");
        assert_eq!(text(payload, "KeyType"), "ECSECPrimeRandom");
        assert_eq!(integer(payload, "KeySize"), bits);
        assert_eq!(integer(payload, "UsageFlags"), 1);
        assert_eq!(truth(payload, "HardwareBound"), is_hardware);
        assert_eq!(truth(payload, "Attest"), is_attested);
        let usages = payload.get("ExtendedKeyUsage").unwrap().as_array().unwrap();
        assert_eq!(usages, &["1.3.6.1.5.5.7.3.2".into()]);
        let expected = [("O", "Example"), ("CN", "alice")];
        let expected = expected.map(|(a, v)| (a.to_owned(), v.to_owned()));
        assert_eq!(subject(payload), expected);
    }
}

#[test]
fn a_scep_payload_has_its_settings_in_a_dictionary_of_their_own() {
    let enrollment = scep()
        .ca_name("issuing")
        .ca_fingerprint([7; 20])
        .challenge(Password::new(SECRET))
        .key_size(ScepKeySize::Rsa4096)
        .subject("2.5.4.5", "1234");
    let debug = format!("{enrollment:?}");
    assert!(!debug.contains(SECRET), "{debug}");
    let profile = parse(Profile::builder("com.example").scep(enrollment, "SCEP"));
    let payload = payloads(&profile)[0];
    assert_eq!(text(payload, "PayloadType"), "com.apple.security.scep");
    let content = payload.get("PayloadContent").unwrap();
    let content = content.as_dictionary().unwrap();
    for (key, value) in [
        ("URL", "http://ca.example/scep"),
        ("Name", "issuing"),
        ("Challenge", SECRET),
        ("Key Type", "RSA"),
    ] {
        assert_eq!(text(content, key), value);
    }
    for (key, value) in [("Keysize", 4096), ("Key Usage", 5)] {
        let found = content.get(key).unwrap().as_unsigned_integer();
        assert_eq!(found, Some(value));
    }
    let fingerprint = content.get("CAFingerprint").unwrap().as_data();
    assert_eq!(fingerprint, Some(&[7; 20][..]));
    assert_eq!(subject(content).len(), 2);

    let profile = parse(Profile::builder("com.example").scep(scep(), "SCEP"));
    let content = payloads(&profile)[0].get("PayloadContent").unwrap();
    for key in ["CAFingerprint", "Challenge", "Name"] {
        assert!(content.as_dictionary().unwrap().get(key).is_none(), "{key}");
    }
}

#[test]
fn a_server_or_a_subject_that_a_device_cannot_use_is_refused() {
    let build_acme = |url: &str| {
        let enrollment = AcmeEnrollment::new(url, "id", "alice");
        Profile::builder("com.example")
            .acme(enrollment, "a")
            .build()
    };
    let build_scep = |url: &str| {
        let enrollment = ScepEnrollment::new(url, "alice");
        Profile::builder("com.example")
            .scep(enrollment, "s")
            .build()
    };
    for url in [
        "",
        "https://",
        "https:///x",
        "ca.example",
        "ftp://ca.example",
        "https://a b",
    ] {
        assert!(
            matches!(build_acme(url), Err(ProfileError::Url { .. })),
            "{url}"
        );
        assert!(
            matches!(build_scep(url), Err(ProfileError::Url { .. })),
            "{url}"
        );
    }
    // ACME is over TLS alone; SCEP encrypts by itself.
    assert!(matches!(
        build_acme("http://ca.example"),
        Err(ProfileError::Url { .. })
    ));
    assert!(build_scep("http://ca.example").is_ok());

    for (attribute, value, accepted) in [
        ("OU", "Phones", true),
        ("1.2.5.3", "bar", true),
        ("emailAddress", "a@example.org", false),
        ("O", "", false),
        ("", "x", false),
    ] {
        for builder in [
            Profile::builder("com.example").acme(acme().subject(attribute, value), "a"),
            Profile::builder("com.example").scep(scep().subject(attribute, value), "s"),
        ] {
            let built = builder.build();
            assert_eq!(built.is_ok(), accepted, "{attribute}={value}: {built:?}");
        }
    }
}
