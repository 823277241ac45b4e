//! Profiles, read back as plists.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping it"
)]

mod support;

use pkcs12_ios::{Bundle, Profile, ProfileBuilder, ProfileError};
use pki_core::KeyKind;
use plist::{Dictionary, Value};
use support::{Identity, PASSWORD, password};

fn parse(profile: ProfileBuilder) -> Dictionary {
    let xml = profile.build().unwrap().to_xml().unwrap();
    assert!(xml.starts_with(b"<?xml"));
    Value::from_reader_xml(&xml[..])
        .unwrap()
        .into_dictionary()
        .unwrap()
}

fn text<'a>(payload: &'a Dictionary, key: &str) -> &'a str {
    payload.get(key).unwrap().as_string().unwrap()
}

#[test]
fn a_profile_has_what_apple_requires_and_no_password() {
    let identity = Identity::new(KeyKind::P256, 1);
    let root = &identity.chain[0];
    let p12 = Bundle::builder(&identity.key, &identity.leaf)
        .chain([root])
        .build(&password())
        .unwrap();
    let builder = || {
        Profile::builder("com.example.mtls")
            .display_name("mTLS & <lab>")
            .organization("Example")
            .description("Lets this device in.\nFor tests.")
            .root(root, "Example root")
            .bundle(&p12, "client1")
    };
    let profile = parse(builder());
    assert_eq!(text(&profile, "PayloadType"), "Configuration");
    assert_eq!(text(&profile, "PayloadIdentifier"), "com.example.mtls");
    assert_eq!(text(&profile, "PayloadDisplayName"), "mTLS & <lab>");
    let payloads = profile.get("PayloadContent").unwrap().as_array().unwrap();
    let payloads: Vec<_> = payloads
        .iter()
        .map(|p| p.as_dictionary().unwrap())
        .collect();
    let expected = [
        ("com.apple.security.root", root),
        ("com.apple.security.pkcs12", &p12),
    ];
    assert_eq!(payloads.len(), expected.len());
    for (payload, (kind, content)) in payloads.iter().zip(expected) {
        assert_eq!(text(payload, "PayloadType"), kind);
        assert_eq!(
            payload.get("PayloadContent").unwrap().as_data().unwrap(),
            content
        );
        assert!(text(payload, "PayloadIdentifier").starts_with("com.example.mtls."));
        assert!(payload.get("Password").is_none());
    }
    let all = || std::iter::once(&profile).chain(payloads.iter().copied());
    for payload in all() {
        let version = payload.get("PayloadVersion").unwrap();
        assert_eq!(version.as_unsigned_integer(), Some(1));
    }
    let uuids: Vec<_> = all().map(|payload| text(payload, "PayloadUUID")).collect();
    assert!(uuids.iter().all(|uuid| uuid.len() == 36));
    assert!((1..uuids.len()).all(|i| !uuids[..i].contains(&uuids[i])));

    let xml = builder().build().unwrap().to_xml().unwrap();
    assert_eq!(xml, builder().build().unwrap().to_xml().unwrap());
    assert!(!String::from_utf8(xml).unwrap().contains(PASSWORD));
}

#[test]
fn the_identifier_decides_what_is_an_update() {
    let uuid = |id: &str| {
        text(
            &parse(Profile::builder(id).root(b"der", "r")),
            "PayloadUUID",
        )
        .to_owned()
    };
    assert_eq!(uuid("com.example.a"), uuid("com.example.a"));
    assert_ne!(uuid("com.example.a"), uuid("com.example.b"));
}

#[test]
fn what_a_device_would_refuse_is_not_made() {
    let empty = Profile::builder("com.example").build();
    assert!(matches!(empty, Err(ProfileError::Empty)));
    for identifier in ["", "com example", "com/example", "com.exämple"] {
        let refused = Profile::builder(identifier).root(b"der", "root").build();
        assert!(
            matches!(refused, Err(ProfileError::Identifier { .. })),
            "{identifier}"
        );
    }
    let refused = Profile::builder("com.example")
        .root(b"der", "a\u{1}b")
        .build();
    assert!(matches!(
        refused,
        Err(ProfileError::ControlCharacters { .. })
    ));
}
