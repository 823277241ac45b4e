//! Certificates and bundles, and what goes around them.

use pkcs12_ios::{Bundle, Profile, ProfileError};
use pki_core::KeyKind;

use super::support::{Identity, PASSWORD, password};
use super::{parse, payloads, text};

/// A client below an issuing CA below a root, and its bundle.
fn identity() -> (Identity, Vec<u8>) {
    let identity = Identity::new(KeyKind::P256, 2);
    let p12 = Bundle::builder(&identity.key, &identity.leaf)
        .chain(&identity.chain)
        .build(&password())
        .unwrap();
    (identity, p12)
}

#[test]
fn a_profile_has_what_apple_requires_and_no_password() {
    let (identity, p12) = identity();
    let [issuing, root] = &identity.chain[..] else {
        panic!("two authorities")
    };
    let builder = || {
        Profile::builder("com.example.mtls")
            .display_name("mTLS & <lab>")
            .organization("Example")
            .description("Lets this device in.\nFor tests.")
            .root(root, "Example root")
            .intermediate(issuing, "Example issuing CA")
            .bundle(&p12, "client1")
    };
    let profile = parse(builder());
    assert_eq!(text(&profile, "PayloadType"), "Configuration");
    assert_eq!(text(&profile, "PayloadIdentifier"), "com.example.mtls");
    assert_eq!(text(&profile, "PayloadDisplayName"), "mTLS & <lab>");
    let payloads = payloads(&profile);
    let expected = [
        ("com.apple.security.root", root),
        ("com.apple.security.pkcs1", issuing),
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
    assert!(!str::from_utf8(&xml).unwrap().contains(PASSWORD));
}

#[test]
fn a_password_is_in_a_profile_only_where_it_was_asked_for() {
    let (_, p12) = identity();
    let builder = Profile::builder("com.example.mtls").bundle_with_embedded_password(
        &p12,
        &password(),
        "client1",
    );
    let debug = format!("{builder:?} {:?}", builder.clone().build().unwrap());
    assert!(!debug.contains(PASSWORD), "{debug}");
    let profile = parse(builder);
    assert_eq!(text(payloads(&profile)[0], "Password"), PASSWORD);
    let without = parse(Profile::builder("com.example.mtls").bundle(&p12, "client1"));
    assert!(payloads(&without)[0].get("Password").is_none());
}

#[test]
fn the_identifier_decides_what_is_an_update() {
    let (identity, _) = identity();
    let uuid = |id: &str| {
        let profile = Profile::builder(id).root(&identity.chain[1], "r");
        text(&parse(profile), "PayloadUUID").to_owned()
    };
    assert_eq!(uuid("com.example.a"), uuid("com.example.a"));
    assert_ne!(uuid("com.example.a"), uuid("com.example.b"));
}

#[test]
fn what_a_device_would_refuse_is_not_made() {
    let (identity, p12) = identity();
    let [issuing, root] = &identity.chain[..] else {
        panic!("two authorities")
    };
    let empty = Profile::builder("com.example").build();
    assert!(matches!(empty, Err(ProfileError::Empty)));
    for identifier in ["", "com example", "com/example", "com.exämple"] {
        let refused = Profile::builder(identifier).root(root, "root").build();
        assert!(
            matches!(refused, Err(ProfileError::Identifier { .. })),
            "{identifier}"
        );
    }
    let builder = || Profile::builder("com.example");
    let control = [
        builder().root(root, "a\u{1}b"),
        builder().root(root, "root").organization("a\u{1}b"),
        builder().bundle_with_embedded_password(&p12, &pki_core::Password::new("a\u{1}b"), "c"),
    ];
    for refused in control.map(|builder| builder.build()) {
        let control = matches!(refused, Err(ProfileError::ControlCharacters { .. }));
        assert!(control, "{refused:?}");
    }
    for certificate in [issuing, &identity.leaf] {
        let refused = builder().root(certificate, "not a root").build();
        assert!(matches!(refused, Err(ProfileError::NotARoot { .. })));
    }
    for certificate in [root, &identity.leaf] {
        let refused = builder().intermediate(certificate, "not one").build();
        assert!(matches!(
            refused,
            Err(ProfileError::NotAnIntermediate { .. })
        ));
    }
    for refused in [
        builder().root(b"der", "root"),
        builder().intermediate(b"der", "intermediate"),
    ] {
        let refused = refused.build();
        assert!(matches!(
            refused,
            Err(ProfileError::MalformedCertificate(_))
        ));
    }
}
