//! One file with one thing wrong in it: how it is written, what it is, whose key it is.

#![allow(clippy::unwrap_used, reason = "tests")]

mod setup;

use setup::Setup;
use test_pki::{Ca, KeyKind};

const CLIENT: [&str; 3] = [
    "cert:lab/same-ca/client.crt",
    "key:lab/same-ca/client.key",
    "ca:lab/same-ca/ca.crt",
];

#[test]
fn a_pem_file_that_others_do_not_read() {
    let setup = Setup::lab();
    let good = setup.text("lab/same-ca/client.crt");
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(good.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let bare_utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let glued = good.trim_end().to_owned() + &setup.text("lab/same-ca/ca.crt");
    for (id, content) in [
        (
            "pem-byte-order-mark",
            format!("\u{feff}{good}").into_bytes(),
        ),
        ("pem-utf16", utf16),
        ("pem-utf16", bare_utf16),
        ("pem-crlf", good.replace('\n', "\r\n").into_bytes()),
        ("pem-glued", glued.into_bytes()),
        (
            "pem-indented",
            good.replace("-----BEGIN", "  -----BEGIN").into_bytes(),
        ),
        (
            "pem-damaged",
            good.replace("-----END CERTIFICATE-----", "").into_bytes(),
        ),
        ("pem-damaged", good.replace("MII", "M*I").into_bytes()),
        ("file-empty", Vec::new()),
        ("wrong-kind-of-file", b"<html>404 Not Found</html>".to_vec()),
    ] {
        setup.write("lab/same-ca/client.crt", content);
        setup.finds(id, &CLIENT);
    }
    setup.write(
        "lab/same-ca/client.crt",
        format!("Bag Attributes\n    friendlyName: x\n{good}"),
    );
    setup.is_healthy(&CLIENT);
}

#[test]
fn a_file_that_cannot_be_opened() {
    let setup = Setup::lab();
    setup.finds("file-missing", &["cert:lab/same-ca/clients.crt"]);
    setup.finds("file-is-directory", &["cert:lab/same-ca"]);
}

#[test]
fn a_file_of_another_kind() {
    let setup = Setup::lab();
    let der = pem_content(&setup.text("lab/same-ca/client.crt"));
    setup.write("client.cer", &der);
    setup.write("cut.cer", &der[..der.len() / 2]);
    setup.write(
        "client.b64",
        setup
            .text("lab/same-ca/client.crt")
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect::<String>(),
    );
    // The beginning of a CMS SignedData, whose content does not matter.
    let signed_data = [
        0x30, 0x0f, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x02,
        0x30, 0x00,
    ];
    setup.write("client.p7b", signed_data);
    setup.write(
        "pem.p7b",
        "-----BEGIN PKCS7-----\nMA8GCSqGSIb3DQEHAqACMAA=\n-----END PKCS7-----\n",
    );
    setup.write("store.jks", [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]);
    for (id, target) in [
        ("key-not-certificate", "cert:lab/same-ca/client.key"),
        ("key-not-certificate", "ca:lab/same-ca/ca.key"),
        ("crl-not-certificate", "ca:lab/same-ca/ca.crl"),
        ("certificate-not-key", "key:lab/same-ca/client.crt"),
        ("request-not-certificate", "cert:lab/same-ca/client.csr"),
        ("bundle-not-pem", "cert:lab/same-ca/client.p12"),
        ("not-a-bundle", "p12:lab/same-ca/client.crt"),
        ("not-a-crl", "crl:lab/same-ca/ca.crt"),
        ("der-not-pem", "cert:client.cer"),
        ("der-not-pem", "client.cer"),
        ("file-cut-off", "cert:cut.cer"),
        ("base64-without-pem", "cert:client.b64"),
        ("pkcs7-not-pem", "cert:client.p7b"),
        ("pkcs7-not-pem", "pem.p7b"),
        ("java-keystore", "store.jks"),
    ] {
        setup.finds(id, &[target]);
    }
    setup.is_healthy(&["lab/same-ca/client.csr"]);
    setup.is_healthy(&["lab/same-ca/ca.crl"]);
}

#[test]
fn a_key_belongs_to_its_certificate_whatever_its_kind() {
    let setup = Setup::empty();
    let ca = Ca::root("Root");
    ca.write_to(setup.directory(), "ca");
    for kind in [
        KeyKind::P256,
        KeyKind::P384,
        KeyKind::P521,
        KeyKind::Ed25519,
        KeyKind::MlDsa44,
        KeyKind::Rsa2048,
    ] {
        let leaf = ca.client("alice").with_key(kind);
        leaf.write_to(setup.directory(), "client");
        setup.is_healthy(&["client.crt", "client.key", "ca:ca.crt"]);
        let other = ca.client("alice").with_key(kind);
        setup.write("client.key", other.key_pem());
        setup.finds("key-mismatch", &["client.crt", "client.key", "ca:ca.crt"]);
        setup.write("both.pem", leaf.chain_pem() + &other.key_pem());
        setup.finds("key-mismatch", &["cert:both.pem"]);
        setup.write("both.pem", leaf.chain_pem() + &leaf.key_pem());
        setup.is_healthy(&["cert:both.pem", "ca:ca.crt"]);
    }
}

#[test]
fn the_right_key_beside_the_wrong_one_is_named() {
    let setup = Setup::lab();
    std::fs::copy(
        setup.path("lab/same-ca/server.key"),
        setup.path("lab/same-ca/wrong.key"),
    )
    .unwrap();
    let report = setup.examine(&["cert:lab/same-ca/client.crt", "key:lab/same-ca/wrong.key"]);
    let finding = &report.findings()[0];
    assert_eq!(finding.id, "key-mismatch");
    assert!(
        format!("{:?}", finding.mend).contains("client.key"),
        "{finding:#?}"
    );
}

#[test]
#[cfg(unix)]
fn a_key_is_for_its_owner_alone() {
    let setup = Setup::lab();
    for (file, mode) in [
        ("lab/same-ca/client.key", 0o644),
        ("lab/same-ca/client.key", 0o640),
        ("lab/same-ca/client.p12", 0o604),
    ] {
        setup.mode(file, mode);
        setup.finds("key-readable-by-others", &[file]);
        setup.mode(file, 0o600);
        setup.is_healthy(&[file]);
    }
}

#[test]
fn a_key_under_a_password() {
    let mut setup = Setup::empty();
    let ca = Ca::root("Root");
    let leaf = ca.client("alice");
    leaf.write_to(setup.directory(), "client");
    let pair = pki_core::KeyPair::from_pem(leaf.key_pem().as_bytes(), None).unwrap();
    let password = mtls_doctor::Password::new("secret");
    setup.write(
        "client.key",
        pair.secret_encrypted_pkcs8_pem(&password).unwrap().as_str(),
    );
    let targets = ["cert:client.crt", "key:client.key"];

    let report = setup.examine(&targets);
    assert!(
        report.findings().is_empty() && report.questions().len() == 2,
        "{report:#?}"
    );

    setup.options.password = Some(password);
    setup.is_healthy(&targets);
    setup.options.password = Some(mtls_doctor::Password::new("wrong"));
    setup.finds("key-wrong-password", &targets);
}

#[test]
fn a_key_that_is_no_good() {
    let setup = Setup::empty();
    let key = Ca::root("Root").client("alice").key_pem();
    let ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    let lines: Vec<&str> = key.lines().collect();
    let cut = [lines[0], lines[1], lines[lines.len() - 1], ""].join("\n");
    for (id, content) in [("openssh-key", ssh.to_owned()), ("file-cut-off", cut)] {
        setup.write("client.key", content);
        setup.finds(id, &["key:client.key"]);
    }
}

/// The DER of a PEM file with one section.
fn pem_content(text: &str) -> Vec<u8> {
    let file = pki_core::pem::read(text.as_bytes()).unwrap();
    let der = file.sections().next().unwrap().der().unwrap();
    der.to_vec()
}
