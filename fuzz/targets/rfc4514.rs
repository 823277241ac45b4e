//! A distinguished name as text (RFC 4514): what parses is printed so that it parses to the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use x509_identity::DistinguishedName;

fuzz_target!(|text: &str| {
    let Ok(name) = text.parse::<DistinguishedName>() else {
        return;
    };
    let printed = name.to_string();
    assert!(
        !printed.contains(char::is_control),
        "{printed:?} would break a line of a log"
    );
    let again = printed.parse::<DistinguishedName>();
    assert_eq!(
        again.as_ref(),
        Ok(&name),
        "{text:?} was printed as {printed:?}"
    );
    // What a text says may be no DER value, as in `CN=#00`; what is encoded reads back the same.
    if let Ok(read) = DistinguishedName::from_der(&name.to_der()) {
        assert_eq!(read, name, "{text:?} was encoded as something else");
    }
});
