//! What the writer makes, read back by us and by p12-keystore, and what it refuses to make.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping it"
)]

mod support;

use pkcs12_ios::{
    Archive, BrokenLink, BuildError, Bundle, Encoding, Finding, Limits, OpenError, ReadError,
    Target,
};
use pki_core::{KeyKind, KeyPair, Password};
use support::{Identity, PASSWORD, like_ours, password, read_by_p12_keystore};
use test_pki::rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa};

const ENCODINGS: [Encoding; 2] = [Encoding::Compat, Encoding::Modern];

fn build(identity: &Identity, encoding: Encoding) -> Vec<u8> {
    Bundle::builder(&identity.key, &identity.leaf)
        .chain(&identity.chain)
        .encoding(encoding)
        .build(&password())
        .unwrap()
}

#[test]
fn what_is_written_is_read_back_by_us_and_by_p12_keystore() {
    for kind in [
        KeyKind::P256,
        KeyKind::P384,
        KeyKind::Rsa2048,
        KeyKind::Ed25519,
    ] {
        for authorities in 0..=2 {
            let identity = Identity::new(kind, authorities);
            for encoding in ENCODINGS {
                let file = build(&identity, encoding);

                let bundle = Bundle::open(&file, &password(), &Limits::default()).unwrap();
                assert_eq!(
                    bundle.key().public_key_der().unwrap(),
                    identity.key.public_key_der()
                );
                assert_eq!(bundle.leaf_der(), identity.leaf);
                assert_eq!(bundle.chain_der(), identity.chain);
                assert_eq!(bundle.friendly_name(), Some("client1"));

                let (key, certificates, alias) = read_by_p12_keystore(&file, PASSWORD);
                assert_eq!(key, identity.key.secret_pkcs8_der());
                assert_eq!(
                    certificates,
                    [vec![identity.leaf.clone()], identity.chain.clone()].concat()
                );
                assert_eq!(alias, "client1");
            }
        }
    }
}

#[test]
fn what_p12_keystore_writes_opens() {
    let identity = Identity::new(KeyKind::P256, 2);
    for encoding in ENCODINGS {
        let file =
            support::written_by_p12_keystore(&identity, |writer| like_ours(encoding, writer, 2048));
        let bundle = Bundle::open(&file, &password(), &Limits::default()).unwrap();
        assert_eq!(
            bundle.key().public_key_der().unwrap(),
            identity.key.public_key_der()
        );
        assert_eq!(
            (bundle.leaf_der(), bundle.chain_der()),
            (&identity.leaf[..], &identity.chain[..])
        );
    }
}

#[test]
fn only_the_leaf_and_the_key_have_attributes() {
    let identity = Identity::new(KeyKind::P256, 2);
    for encoding in ENCODINGS {
        let file = Bundle::builder(&identity.key, &identity.leaf)
            .chain(&identity.chain)
            .friendly_name("Ådne's 携帯")
            .encoding(encoding)
            .build(&password())
            .unwrap();
        let archive = Archive::read(&file, &password(), &Limits::default()).unwrap();
        let [leaf, authorities @ ..] = archive.certificates() else {
            panic!("no certificates")
        };
        assert_eq!(leaf.attributes(), archive.keys()[0].attributes());
        assert_eq!(leaf.attributes().friendly_name(), Some("Ådne's 携帯"));
        assert_eq!(leaf.attributes().local_key_id().map(<[u8]>::len), Some(20));
        assert_eq!(authorities.len(), 2);
        for authority in authorities {
            assert_eq!(authority.attributes().friendly_name(), None);
            assert_eq!(authority.attributes().local_key_id(), None);
        }
    }
}

#[test]
fn keys_are_written_as_pkcs8_version_1() {
    for kind in [
        KeyKind::P256,
        KeyKind::P384,
        KeyKind::Rsa2048,
        KeyKind::Ed25519,
    ] {
        let identity = Identity::new(kind, 0);
        let file = build(&identity, Encoding::Compat);
        let archive = Archive::read(&file, &password(), &Limits::default()).unwrap();
        let pkcs8 = archive.keys()[0].secret_pkcs8_der();
        let info = pkcs8::PrivateKeyInfoRef::try_from(pkcs8).unwrap();
        assert!(info.public_key.is_none());
        // RFC 5915: version 1, then the scalar, as wide as the curve even if it starts with zeros.
        let width: Option<u8> = match kind {
            KeyKind::P256 => Some(32),
            KeyKind::P384 => Some(48),
            _ => None,
        };
        if let Some(width) = width {
            let ec_key = info.private_key.as_bytes();
            let scalar = ec_key.windows(5).position(|at| at == [2, 1, 1, 4, width]);
            assert!(scalar.is_some_and(|at| at <= 3), "{kind:?}");
            // The public key is there too: its uncompressed point ends the structure.
            let spki = identity.key.public_key_der();
            let point = &spki[spki.len() - 2 * usize::from(width)..];
            assert!(ec_key.ends_with(point), "{kind:?}");
        }
    }
}

#[test]
fn every_file_has_fresh_salts() {
    let identity = Identity::new(KeyKind::P256, 0);
    for encoding in ENCODINGS {
        assert_ne!(build(&identity, encoding), build(&identity, encoding));
    }
}

#[test]
fn a_key_matches_its_own_certificate_only() {
    for (kind, other) in [
        (KeyKind::P256, KeyKind::P256),
        (KeyKind::Rsa2048, KeyKind::Rsa2048),
        (KeyKind::Ed25519, KeyKind::Ed25519),
        (KeyKind::Rsa2048, KeyKind::P256),
    ] {
        let identity = Identity::new(kind, 0);
        let stranger = KeyPair::generate(other).unwrap();
        assert!(
            Bundle::builder(&identity.key, &identity.leaf)
                .build(&password())
                .is_ok()
        );
        let refused = Bundle::builder(&stranger, &identity.leaf).build(&password());
        assert!(
            matches!(refused, Err(BuildError::KeyCertMismatch)),
            "{kind:?} {other:?}"
        );
    }
}

#[test]
fn a_chain_has_to_lead_from_the_leaf_upwards() {
    let identity = Identity::new(KeyKind::P256, 2);
    // Same names, other keys.
    let twin = Identity::new(KeyKind::P256, 2);
    let [issuing, root] = &identity.chain[..] else {
        panic!("two authorities")
    };
    let mut tampered = issuing.clone();
    *tampered.last_mut().unwrap() ^= 1;
    type Broken = Option<(usize, BrokenLink)>;
    let cases: [(&str, Vec<&[u8]>, Broken); 7] = [
        ("whole", vec![issuing, root], None),
        ("without the root", vec![issuing], None),
        (
            "turned around",
            vec![root, issuing],
            Some((0, BrokenLink::NameMismatch)),
        ),
        (
            "with a gap",
            vec![root],
            Some((0, BrokenLink::NameMismatch)),
        ),
        ("twice", vec![issuing, issuing, root, issuing], None),
        (
            "an issuer of the same name",
            vec![&twin.chain[0]],
            Some((0, BrokenLink::KeyIdentifierMismatch)),
        ),
        (
            "a bad signature",
            vec![&tampered, root],
            Some((1, BrokenLink::BadSignature)),
        ),
    ];
    for (name, chain, broken) in cases {
        let built = Bundle::builder(&identity.key, &identity.leaf)
            .chain(chain)
            .build(&password());
        match (built, broken) {
            (Ok(_), None) => {}
            (Err(BuildError::ChainBroken { index, reason }), Some(expected)) => {
                assert_eq!((index, reason), expected, "{name}");
            }
            (built, expected) => panic!("{name}: {built:?}, expected {expected:?}"),
        }
    }
    let pem = support::pem(root);
    let refused = Bundle::builder(&identity.key, &identity.leaf)
        .chain([issuing, &pem])
        .build(&password());
    assert!(matches!(
        refused,
        Err(BuildError::PemCertificate { index: Some(1) })
    ));
    let leaf_as_issuer = Identity::with(KeyPair::generate(KeyKind::P256).unwrap(), 0, |params| {
        params.use_authority_key_identifier_extension = false;
    });
    // Of the leaf's name, and no CA.
    let namesake = Identity::with(KeyPair::generate(KeyKind::P256).unwrap(), 0, |params| {
        params.use_authority_key_identifier_extension = false;
    });
    let refused = Bundle::builder(&leaf_as_issuer.key, &leaf_as_issuer.leaf)
        .chain([&namesake.leaf])
        .build(&password());
    let reason = BrokenLink::NotACa;
    assert!(matches!(refused, Err(BuildError::ChainBroken { index: 0, reason: r }) if r == reason));
    let refused = Bundle::builder(&identity.key, &identity.leaf)
        .chain([b"no DER"])
        .build(&password());
    assert!(matches!(
        refused,
        Err(BuildError::MalformedCertificate { index: Some(0), .. })
    ));
}

#[test]
fn a_certificate_is_written_once() {
    let identity = Identity::new(KeyKind::P256, 2);
    let [issuing, root] = &identity.chain[..] else {
        panic!("two authorities")
    };
    // As a "full chain" has it, and twice over.
    let chain = [&identity.leaf, issuing, issuing, root, &identity.leaf, root];
    let builder = Bundle::builder(&identity.key, &identity.leaf).chain(chain);
    let file = builder.build(&password()).unwrap();
    let archive = Archive::read(&file, &password(), &Limits::default()).unwrap();
    let written: Vec<_> = archive.certificates().iter().map(|it| it.der()).collect();
    assert_eq!(written, [&identity.leaf[..], issuing, root]);
}

#[test]
fn a_ca_is_a_leaf_only_on_request() {
    let ca = Identity::with(KeyPair::generate(KeyKind::P256).unwrap(), 0, |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let builder = Bundle::builder(&ca.key, &ca.leaf);
    let refused = builder.build(&password());
    assert!(matches!(refused, Err(BuildError::LeafIsCa)));
    assert_eq!(builder.findings().unwrap(), [Finding::LeafIsCa]);
    let file = builder.allow_ca_certificate().build(&password()).unwrap();
    let bundle = Bundle::open(&file, &password(), &Limits::default()).unwrap();
    assert_eq!(bundle.leaf_der(), ca.leaf);
}

#[test]
fn an_identity_that_exists_is_written_again_as_it_is() {
    let identity = Identity::new(KeyKind::P256, 2);
    let stranger = Identity::new(KeyKind::P256, 1);
    let odd = [&stranger.chain[0], &identity.chain[0]];
    let builder = Bundle::builder(&identity.key, &identity.leaf).chain(odd);
    let reason = BrokenLink::KeyIdentifierMismatch;
    assert!(matches!(
        builder.build(&password()),
        Err(BuildError::ChainBroken { index: 0, reason: r }) if r == reason
    ));
    let first = Finding::UnverifiedLink { index: 0, reason };
    assert!(builder.findings().unwrap().contains(&first));
    assert!(builder.allow_unverified_chain().build(&password()).is_ok());

    // As `openssl req -x509` makes them.
    let ca = Identity::with(KeyPair::generate(KeyKind::P384).unwrap(), 0, |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    for (identity, name) in [(&ca, "old"), (&identity, "other")] {
        let old = Bundle::builder(&identity.key, &identity.leaf)
            .chain(&identity.chain)
            .allow_ca_certificate()
            .friendly_name(name)
            .build(&password());
        let old = Bundle::open(&old.unwrap(), &password(), &Limits::default()).unwrap();
        for encoding in ENCODINGS {
            let again = old.rebuild().unwrap().encoding(encoding);
            let again = again.build(&password()).unwrap();
            let again = Bundle::open(&again, &password(), &Limits::default()).unwrap();
            assert_eq!(again.leaf_der(), old.leaf_der());
            assert_eq!(again.chain_der(), old.chain_der());
            assert_eq!(again.friendly_name(), Some(name));
            assert_eq!(
                again.key().public_key_der().unwrap(),
                identity.key.public_key_der()
            );
        }
    }
}

#[test]
fn passwords_are_portable_unless_asked_otherwise() {
    let identity = Identity::new(KeyKind::P256, 0);
    let builder = Bundle::builder(&identity.key, &identity.leaf).iterations(1000);
    for (text, portable, unicode) in [
        (" ~MyP12Passw0rd", Ok(()), Ok(())),
        ("", Err(None), Err(None)),
        ("a\0b", Err(Some(1)), Err(Some(1))),
        ("tab\t", Err(Some(3)), Ok(())),
        ("пароль", Err(Some(0)), Ok(())),
        ("ab🔑", Err(Some(2)), Ok(())),
    ] {
        let password = Password::new(text);
        for (builder, expected) in [
            (builder.clone(), portable),
            (builder.clone().allow_unicode_password(), unicode),
        ] {
            for encoding in ENCODINGS {
                let got = match builder.clone().encoding(encoding).build(&password) {
                    Ok(file) => {
                        let opened = Bundle::open(&file, &password, &Limits::default());
                        opened.map(drop).map_err(|_| Some(usize::MAX))
                    }
                    Err(BuildError::EmptyPassword) => Err(None),
                    Err(BuildError::PasswordNotPortable { index }) => Err(Some(index)),
                    Err(other) => panic!("{text:?}: {other}"),
                };
                assert_eq!(got, expected, "{text:?}");
            }
        }
    }
}

#[test]
fn passwords_are_as_long_as_readers_take_them() {
    let identity = Identity::new(KeyKind::P256, 0);
    let builder = Bundle::builder(&identity.key, &identity.leaf).iterations(1000);
    let builder = builder.allow_unicode_password();
    for (password, accepted) in [
        ("x".repeat(1023), true),
        ("x".repeat(1024), false),
        // In octets.
        ("Ж".repeat(511), true),
        ("Ж".repeat(512), false),
    ] {
        let password = Password::new(&password);
        match builder.build(&password) {
            Ok(file) => {
                assert!(accepted);
                assert!(Archive::read(&file, &password, &Limits::default()).is_ok());
            }
            Err(BuildError::PasswordTooLong { limit: 1023, got }) => {
                assert!(!accepted && got == 1024);
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn names_are_bmp_strings_of_1_to_255_characters() {
    let identity = Identity::new(KeyKind::P256, 0);
    let build = |name: &str| {
        let builder = Bundle::builder(&identity.key, &identity.leaf).iterations(1000);
        builder.friendly_name(name).build(&password()).map(drop)
    };
    assert!(build("x").is_ok() && build(&"Ж".repeat(255)).is_ok());
    assert!(matches!(
        build(""),
        Err(BuildError::FriendlyNameLength { got: 0 })
    ));
    assert!(matches!(
        build(&"x".repeat(256)),
        Err(BuildError::FriendlyNameLength { got: 256 })
    ));
    assert!(matches!(
        build("ab🔑"),
        Err(BuildError::FriendlyNameNotBmp { index: 2 })
    ));
    assert!(matches!(
        build("a\0"),
        Err(BuildError::FriendlyNameNotBmp { index: 1 })
    ));
}

#[test]
fn iterations_stay_within_what_readers_take() {
    let identity = Identity::new(KeyKind::P256, 0);
    for (iterations, accepted) in [
        (0, false),
        (999, false),
        (1_000, true),
        (600_001, false),
        (0x8000_0000, false),
    ] {
        let built = Bundle::builder(&identity.key, &identity.leaf)
            .iterations(iterations)
            .build(&password());
        match built {
            Ok(_) => assert!(accepted, "{iterations}"),
            Err(BuildError::IterationsOutOfRange { got, .. }) => {
                assert!(!accepted && got == iterations);
            }
            Err(other) => panic!("{iterations}: {other}"),
        }
    }
}

#[test]
fn findings_name_who_refuses_what_is_allowed_here() {
    let good = Identity::new(KeyKind::P256, 0);
    assert_eq!(
        Bundle::builder(&good.key, &good.leaf).findings().unwrap(),
        []
    );
    let kind = KeyKind::MlDsa65;
    let key = KeyPair::generate(kind).unwrap();
    let target = Target::Apple;
    assert_eq!(
        Bundle::builder(&key, &good.leaf).findings().unwrap(),
        [Finding::KeyTypeUnsupportedBy { kind, target }]
    );
    let kind = KeyKind::Ed25519;
    let odd = Identity::with(KeyPair::generate(kind).unwrap(), 0, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    assert_eq!(
        Bundle::builder(&odd.key, &odd.leaf).findings().unwrap(),
        [
            Finding::KeyTypeUnsupportedBy {
                kind,
                target: Target::Apple
            },
            Finding::KeyTypeUnsupportedBy {
                kind,
                target: Target::Nss
            },
            Finding::NoClientAuth,
        ]
    );
}

#[test]
fn a_wrong_password_is_told_from_a_wrong_file() {
    let identity = Identity::new(KeyKind::P256, 1);
    for encoding in ENCODINGS {
        let file = build(&identity, encoding);
        let open = |file: &[u8], password| {
            Bundle::open(file, &Password::new(password), &Limits::default()).map(drop)
        };
        assert!(open(&file, PASSWORD).is_ok());
        for wrong in ["", "myp12passw0rd", "MyP12Passw0rd "] {
            assert!(matches!(
                open(&file, wrong),
                Err(OpenError::Read(ReadError::MacMismatch))
            ));
        }
        let cut = open(&file[..file.len() - 1], PASSWORD);
        assert!(matches!(
            cut,
            Err(OpenError::Read(ReadError::NotPkcs12 { .. }))
        ));
        let longer = open(&[&file[..], b"\n"].concat(), PASSWORD);
        assert!(matches!(
            longer,
            Err(OpenError::Read(ReadError::TrailingData { len: 1 }))
        ));
        let pem = open(b"-----BEGIN CERTIFICATE-----\n", PASSWORD);
        assert!(matches!(
            pem,
            Err(OpenError::Read(ReadError::Pem { label })) if label == "CERTIFICATE"
        ));
    }
}
