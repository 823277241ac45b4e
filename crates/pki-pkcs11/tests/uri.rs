//! Which URIs name a key, and what is no module.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use pki_pkcs11::{Module, TokenError, TokenUri, TokenUriError};
use proptest::prelude::*;

#[test]
fn a_uri_names_module_token_and_key() {
    for uri in [
        "pkcs11:token=ca;object=root?module-path=/lib/m.so",
        "PKCS11:object=root;type=private;token=My%20CA;serial=1;model=x;manufacturer=y;slot-id=3?module-path=/lib/m.so",
        "pkcs11:id=%01%ff?module-path=file:///lib/m.so",
        "pkcs11:?module-path=/lib/m.so",
    ] {
        let read: TokenUri = uri.parse().unwrap();
        assert_eq!(read.module_path(), Path::new("/lib/m.so"), "{uri}");
        assert_eq!(read.pin_source(), None);
        assert_eq!(read.to_string().parse(), Ok(read), "{uri}");
    }
    let with_pin = "pkcs11:token=ca?module-path=/lib/m.so&pin-source=file:/etc/pin";
    let read: TokenUri = with_pin.parse().unwrap();
    assert_eq!(read.pin_source(), Some(Path::new("/etc/pin")));
}

#[test]
fn another_key_of_the_token_has_another_name() {
    let uri = "pkcs11:token=My%20CA;object=root;id=%01?module-path=/lib/m.so&pin-source=/etc/pin";
    let root: TokenUri = uri.parse().unwrap();
    assert_eq!(root.object(), Some("root"));
    let other = root.renamed("a;b=c");
    let text = "pkcs11:token=My%20CA;object=a%3Bb%3Dc?module-path=/lib/m.so&pin-source=/etc/pin";
    assert_eq!(other.to_string(), text);
    assert_eq!(text.parse(), Ok(other));
}

#[test]
fn what_would_choose_another_key_or_shows_the_pin_is_refused() {
    let module = "?module-path=/lib/m.so";
    let malformed = |name: &str| TokenUriError::Malformed(name.to_owned());
    let unknown = |name: &str| TokenUriError::Unknown(name.to_owned());
    for (uri, error) in [
        (String::new(), TokenUriError::NotPkcs11),
        ("file:///root.key".to_owned(), TokenUriError::NotPkcs11),
        ("pkcs11:token=ca".to_owned(), TokenUriError::NoModule),
        (
            "pkcs11:token=ca?module-path=m.so".to_owned(),
            malformed("module-path"),
        ),
        (format!("pkcs11:token={module}"), malformed("token")),
        (format!("pkcs11:token=%ff{module}"), malformed("token")),
        (format!("pkcs11:object=a%00b{module}"), malformed("object")),
        (format!("pkcs11:type=cert{module}"), malformed("type")),
        (format!("pkcs11:slot-id=x{module}"), malformed("slot-id")),
        (format!("pkcs11:label=ca{module}"), unknown("label")),
        (format!("pkcs11:token=ca{module}&x-y=1"), unknown("x-y")),
        (
            format!("pkcs11:token=ca{module}&pin-value=1234"),
            TokenUriError::PinValue,
        ),
        (
            format!("pkcs11:token=ca{module}&pin-source=|cat"),
            malformed("pin-source"),
        ),
        (
            format!("pkcs11:token=a;token=b{module}"),
            TokenUriError::Duplicate("token".to_owned()),
        ),
    ] {
        assert_eq!(uri.parse::<TokenUri>(), Err(error), "{uri}");
    }
}

#[test]
fn what_is_no_module_is_not_loaded() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["no-such-file.so", "Cargo.toml"] {
        let path = directory.join(file);
        let Err(TokenError::Load { path: named, .. }) = Module::load(&path) else {
            unreachable!("{file} was loaded");
        };
        assert_eq!(named, path);
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,80}") {
        let _ = text.parse::<TokenUri>();
        let _ = format!("pkcs11:{text}?module-path=/lib/m.so").parse::<TokenUri>();
        let _ = format!("pkcs11:?{text}").parse::<TokenUri>();
        let object = format!("pkcs11:object={text}?module-path=/lib/m.so").parse::<TokenUri>();
        if let Ok(uri) = object {
            prop_assert_eq!(uri.to_string().parse(), Ok(uri));
        }
    }
}
