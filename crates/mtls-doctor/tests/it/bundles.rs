//! Bundles: whether they open, what is in them, and who reads them.

use mtls_doctor::{Password, Reader};
use pkcs12_ios::{Bundle, Encoding};
use pki_core::KeyPair;
use test_pki::{Ca, Leaf};

use crate::setup::Setup;

/// A file of another program, from the tests of `pkcs12-ios`.
fn foreign(setup: &Setup, name: &str) {
    let path = format!(
        "{}/../pkcs12-ios/tests/data/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    setup.write("client.p12", std::fs::read(path).unwrap());
}

fn write(setup: &Setup, leaf: &Leaf, chain: &[&Ca], encoding: Encoding) {
    let key = KeyPair::from_pem(leaf.key_pem().as_bytes(), None).unwrap();
    let bundle =
        Bundle::builder(&key, leaf.der()).chain(chain.iter().map(|ca| ca.der().as_ref().to_vec()));
    let bytes = bundle
        .allow_unverified_chain()
        .encoding(encoding)
        .build(&Password::new("MyP12Passw0rd"))
        .unwrap();
    setup.write("client.p12", &*bytes);
}

#[test]
fn an_algorithm_is_not_told_as_a_wrong_password() {
    let mut setup = Setup::empty();
    foreign(&setup, "openssl-legacy.p12");
    // The outer layer says it, without any password.
    setup.finds("p12-legacy-only", &["client.p12"]);
    setup.options.readers = vec![Reader::Ios17];
    assert!(!setup.ids(&["client.p12"]).contains(&"p12-legacy-only"));
}

#[test]
fn a_modern_bundle_is_not_for_old_readers() {
    let mut setup = Setup::lab();
    let targets = ["lab/same-ca/client.p12"];
    setup.is_healthy(&targets);
    let questions = setup.examine(&targets);
    assert!(
        questions.questions()[0].what.contains("iOS 17"),
        "{questions:#?}"
    );
    for reader in [
        Reader::Ios17,
        Reader::MacOs14,
        Reader::Android13,
        Reader::Java8,
    ] {
        setup.options.readers = vec![reader];
        setup.finds("p12-too-modern", &targets);
        setup.is_healthy(&["lab/same-ca/client_ios.p12"]);
    }
    setup.options.readers = vec![Reader::Ios18];
    setup.is_healthy(&targets);
}

#[test]
fn a_password_that_is_wrong() {
    let mut setup = Setup::lab();
    let targets = ["lab/same-ca/client.p12"];
    for (text, healthy) in [
        ("MyP12Passw0rd", true),
        ("wrong", false),
        ("MyP12Passw0rd ", false),
    ] {
        setup.options.password = Some(Password::new(text));
        if healthy {
            setup.is_healthy(&targets);
        } else {
            setup.finds("p12-wrong-password", &targets);
        }
    }
    setup.options.password = Some(Password::new("MyP12Passw0rd "));
    assert!(setup.examine(&targets).findings()[0].what.contains("space"));
    // Without one, it is a question.
    setup.options.password = None;
    let report = setup.examine(&targets);
    assert!(report.findings().is_empty() && !report.questions().is_empty());
}

#[test]
fn a_bundle_without_a_password_or_a_mac() {
    let setup = Setup::empty();
    foreign(&setup, "openssl-empty-password.p12");
    setup.finds("p12-empty-password", &["client.p12"]);
    let mut setup = setup;
    setup.options.password = Some(Password::new("MyP12Passw0rd"));
    foreign(&setup, "openssl-certificate-only.p12");
    setup.finds("p12-no-key", &["client.p12"]);
    foreign(&setup, "gnutls-other-key.p12");
    setup.finds("key-mismatch", &["client.p12"]);
    foreign(&setup, "openssl-no-mac.p12");
    setup.finds("p12-no-mac", &["client.p12"]);
    foreign(&setup, "openssl-default.p12");
    assert!(!setup.ids(&["client.p12"]).contains(&"p12-no-mac"));
}

#[test]
fn a_bundle_has_the_whole_chain() {
    let mut setup = Setup::empty();
    setup.options.password = Some(Password::new("MyP12Passw0rd"));
    let root = Ca::root("Root");
    let issuing = root.issuing("Issuing");
    let leaf = issuing.client("alice");
    root.write_to(setup.directory(), "root");
    issuing.write_to(setup.directory(), "issuing");
    let targets = ["p12:client.p12", "ca:root.crt"];
    for encoding in [Encoding::Compat, Encoding::Modern] {
        write(&setup, &leaf, &[&issuing, &root], encoding);
        setup.is_healthy(&targets);
        write(&setup, &leaf, &[&issuing], encoding);
        setup.is_healthy(&targets);
        write(&setup, &leaf, &[], encoding);
        setup.finds("intermediate-missing", &targets);
    }
}

#[test]
fn a_bundle_that_is_damaged() {
    let setup = Setup::lab();
    let good = setup.read("lab/same-ca/client.p12");
    setup.write("client.p12", &good[..good.len() / 2]);
    setup.finds("file-cut-off", &["p12:client.p12"]);
    setup.write("client.p12", "<html>sign in</html>");
    setup.finds("not-a-bundle", &["p12:client.p12"]);
}

#[test]
fn a_bundle_that_is_cut_off_or_costs_too_much_says_so() {
    let setup = Setup::lab();
    let whole = setup.read("lab/same-ca/client.p12");
    setup.write("cut.p12", &whole[..700]);
    setup.finds("file-cut-off", &["p12:cut.p12"]);
    setup.finds("file-cut-off", &["cut.p12"]);
    // The iterations of the MAC are the last of the file, and here a negative number.
    let mut costly = whole;
    let octets = if costly[costly.len() - 4..].starts_with(&[2, 2]) {
        2
    } else {
        3
    };
    let at = costly.len() - octets;
    assert_eq!(costly[at - 2..at], [2, octets as u8]);
    costly[at] = 0x80;
    setup.write("costly.p12", &costly);
    setup.finds("p12-limits", &["p12:costly.p12"]);
}

#[test]
fn what_has_nothing_to_do_with_the_key_is_left_out() {
    let mut setup = Setup::empty();
    setup.options.password = Some(Password::new("MyP12Passw0rd"));
    let root = Ca::root("Root");
    let issuing = root.issuing("Issuing");
    let leaf = issuing.client("alice");
    let other = Ca::root("Other");
    write(&setup, &leaf, &[&issuing, &root], Encoding::Compat);
    setup.is_healthy(&["client.p12"]);
    write(&setup, &leaf, &[&issuing, &root, &other], Encoding::Compat);
    setup.finds("certificate-unrelated", &["client.p12"]);
    let command =
        |setup: &Setup| format!("{:?}", setup.examine(&["client.p12"]).findings()[0].mend);
    assert!(command(&setup).contains("--chain-only --to compat"));
    write(&setup, &leaf, &[&issuing, &root, &other], Encoding::Modern);
    assert!(command(&setup).contains("--chain-only --to modern"));
    // Two certificates of one CA both belong.
    let again = issuing.with(|params| params.not_after += time::Duration::days(1));
    write(&setup, &leaf, &[&again, &root], Encoding::Compat);
    setup.is_healthy(&["client.p12"]);
}

#[test]
fn a_certificate_of_another_key_is_told_from_none() {
    let mut setup = Setup::empty();
    setup.options.password = Some(Password::new("MyP12Passw0rd"));
    foreign(&setup, "openssl-certificate-only.p12");
    setup.finds("p12-no-key", &["client.p12"]);
}
