//! How files are protected, and which readers take them.
#![allow(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping it"
)]

use pkcs12_ios::{
    Bag, BagContent, Bundle, Effect, Encoding, Inspection, Limits, Opened, Reader, Scheme, inspect,
};
use pki_core::Password;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn inspected(name: &str, password: Option<&str>) -> Inspection {
    let password = password.map(Password::new);
    inspect(&file(name), password.as_ref(), &Limits::default()).unwrap()
}

/// The readers that do not import it, by name.
fn refused_by(name: &str, password: Option<&str>) -> Vec<&'static str> {
    let inspection = inspected(name, password);
    Reader::ALL
        .into_iter()
        .filter(|reader| !inspection.outlook(*reader).is_accepted())
        .map(Reader::name)
        .collect()
}

const PASSWORD: Option<&str> = Some("MyP12Passw0rd");
const OLD: [&str; 5] = ["ios17", "macos14", "android13", "java8", "win2016"];
const NEW_APPLE: [&str; 3] = ["ios18", "ios26", "macos15"];

#[test]
fn the_outer_layer_is_known_without_the_password() {
    let inspection = inspected("recipe-client.p12", None);
    assert!(inspection.archive().keys().is_empty());
    let mac = inspection.mac().unwrap();
    assert_eq!(mac.scheme.to_string(), "HMAC with SHA-256");
    assert_eq!(mac.iterations, Some(2048));
    assert_eq!(mac.salt.as_ref().unwrap().len(), 8);
    assert!(matches!(
        inspection.mac_checked(),
        Some(Opened::WithoutPassword)
    ));
    let [certificates, key] = inspection.parts() else {
        unreachable!("two parts")
    };
    let scheme = "AES-256 with PBKDF2 and HMAC-SHA-256";
    assert_eq!(certificates.protection().scheme.to_string(), scheme);
    assert!(matches!(certificates.opened(), Opened::WithoutPassword));
    assert_eq!(key.protection().scheme, Scheme::None);
    let [bag] = key.bags() else {
        unreachable!("one key")
    };
    let BagContent::Key {
        protection,
        key: None,
        ..
    } = bag.content()
    else {
        unreachable!("an encrypted key")
    };
    assert_eq!(protection.scheme.to_string(), scheme);
    for (name, readers) in [
        ("recipe-client-ios.p12", vec![]),
        ("recipe-client.p12", OLD.to_vec()),
        ("openssl-legacy.p12", vec!["openssl3", "node20"]),
    ] {
        assert_eq!(refused_by(name, None), readers, "{name}");
        assert_eq!(refused_by(name, PASSWORD), readers, "{name}");
    }
}

#[test]
fn with_the_password_all_bags_are_there_in_their_order() {
    let inspection = inspected("openssl-default.p12", PASSWORD);
    assert!(matches!(inspection.mac_checked(), Some(Opened::Yes)));
    let archive = inspection.archive();
    let kinds: Vec<_> = inspection
        .bags()
        .iter()
        .map(|bag| match bag.content() {
            BagContent::Certificate(index) => ("certificate", *index),
            BagContent::Key { key: Some(key), .. } => ("key", *key),
            other => unreachable!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, [("certificate", 0), ("certificate", 1), ("key", 0)]);
    assert_eq!(archive.certificate_of(0).unwrap(), 0);
    let named = |bag: &&Bag| bag.attributes().friendly_name() == Some("client1");
    assert_eq!(inspection.bags().iter().filter(|bag| named(bag)).count(), 2);
}

#[test]
fn what_is_not_read_is_left_closed_and_the_rest_is_shown() {
    let inspection = inspected("openssl-rc4.p12", PASSWORD);
    assert!(matches!(inspection.mac_checked(), Some(Opened::Yes)));
    let Opened::No(reason) = inspection.parts()[0].opened() else {
        unreachable!("RC4")
    };
    assert!(reason.to_string().contains("RC4"), "{reason}");
    assert_eq!(
        refused_by("openssl-rc4.p12", PASSWORD),
        ["openssl3", "node20"]
    );
}

#[test]
fn the_reason_is_named_and_so_is_the_message() {
    for (name, reader, words) in [
        (
            "recipe-client.p12",
            Reader::Ios17,
            ["MAC: it is HMAC with SHA-256", "-25293"],
        ),
        (
            "recipe-client.p12",
            Reader::MacOs14,
            ["MAC", "(wrong password?)"],
        ),
        (
            "gnutls-default.p12",
            Reader::Ios18,
            ["NULL parameters", "-26275"],
        ),
        ("nss-default.p12", Reader::MacOs15, ["NULL", "-26275"]),
        (
            "openssl-no-mac.p12",
            Reader::Node20,
            ["there is none", "mac absent"],
        ),
        (
            "openssl-rc4.p12",
            Reader::OpenSsl3,
            ["legacy provider", "unsupported"],
        ),
        ("openssl-md5-mac.p12", Reader::Java17, ["md5", "HmacPBE"]),
        (
            "openssl-aes128-aes192-sha384.p12",
            Reader::Java17,
            ["AES-192", "object identifier for AES"],
        ),
    ] {
        let inspection = inspected(name, None);
        let objections = inspection.check(reader);
        let said: Vec<_> = objections.iter().map(ToString::to_string).collect();
        let has_all = |sentence: &&String| words.iter().all(|word| sentence.contains(word));
        assert!(said.iter().any(|it| has_all(&it)), "{name}: {said:?}");
    }
}

#[test]
fn a_key_that_is_not_encrypted_is_no_identity_where_it_is_passed_over() {
    let refused = refused_by("openssl-key-plain.p12", PASSWORD);
    let expected: Vec<_> = Reader::ALL
        .map(Reader::name)
        .into_iter()
        .filter(|name| !["win1709", "win2016", "openssl3", "nss", "node20"].contains(name))
        .collect();
    // Its MAC is one with SHA-256, which the Windows of 2016 does not take.
    assert_eq!(
        refused,
        [&expected[..], &["win2016"]].concat(),
        "of {expected:?}"
    );
    let outlook = inspected("openssl-key-plain.p12", PASSWORD).outlook(Reader::Ios18);
    assert!(!outlook.is_refused());
    assert_eq!(outlook.identities, Some(0));
    assert!(
        outlook
            .objections
            .iter()
            .all(|it| it.effect == Effect::LeftOut && it.message.is_none())
    );
}

#[test]
fn an_empty_password_suits_one_of_apples_readers() {
    let refused = refused_by("openssl-empty-password.p12", Some(""));
    assert_eq!(refused, ["macos14", "macos15"]);
    let refused = refused_by("gnutls-null-password.p12", Some(""));
    assert_eq!(refused, ["ios17", "ios18", "ios26"]);
    let refused = refused_by("openssl-unicode.p12", Some("пароль 🔑"));
    assert!(refused.contains(&"java17") && !refused.contains(&"ios18"));
}

#[test]
fn a_wrong_password_is_still_one() {
    let wrong = Password::new("wrong");
    let refused = inspect(&file("recipe-client.p12"), Some(&wrong), &Limits::default());
    assert!(refused.is_err());
}

#[test]
fn readers_have_names_and_keep_their_old_ones() {
    for reader in Reader::ALL {
        assert_eq!(reader.name().parse(), Ok(reader));
    }
    for (old, reader) in [
        ("java12", Reader::Java17),
        ("windows2016", Reader::Win2016),
        ("windows2019", Reader::Win1709),
    ] {
        assert_eq!(old.parse(), Ok(reader));
    }
    assert!("ios16".parse::<Reader>().is_err());
    assert_eq!(
        Reader::ALL.map(Reader::name).join(" "),
        "ios17 ios18 ios26 macos14 macos15 android13 android14 java8 java17 win2016 win1709 openssl3 nss node20"
    );
    assert!(
        refused_by("gnutls-default.p12", None)
            .iter()
            .any(|it| NEW_APPLE.contains(it))
    );
}

#[test]
fn what_is_written_for_a_reader_is_taken_by_it() {
    let password = Password::new(PASSWORD.unwrap());
    let old = Bundle::open(&file("openssl-legacy.p12"), &password, &Limits::default()).unwrap();
    for reader in Reader::ALL {
        let encoding = Encoding::for_readers(&[reader]);
        let expected = match OLD.contains(&reader.name()) {
            true => Encoding::Compat,
            false => Encoding::Modern,
        };
        assert_eq!(encoding, expected, "{reader}");
        let new = old.rebuild().unwrap().encoding(encoding);
        let new = new.build(&password).unwrap();
        let inspection = inspect(&new, Some(&password), &Limits::default()).unwrap();
        assert_eq!(inspection.check(reader), [], "{reader}");
        assert_eq!(inspection.outlook(reader).identities, Some(1), "{reader}");
    }
    assert_eq!(Encoding::for_readers(&[]), Encoding::Compat);
    let both = [Reader::Ios18, Reader::Ios17];
    assert_eq!(Encoding::for_readers(&both), Encoding::Compat);
}
