//! One file with one thing wrong in it: how it is written, what it is, whose key it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use test_pki::rcgen::{
    CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, KeyUsagePurpose,
};
use test_pki::{Ca, KeyKind};

use crate::setup::Setup;

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
        ("pem-one-line", good.replace('\n', "").into_bytes()),
        (
            "pem-blank-line",
            good.replacen("MII", "\nMII", 1)
                .replace("-----END", "\n-----END")
                .into_bytes(),
        ),
        (
            "pem-old-label",
            good.replace(" CERTIFICATE", " X509 CERTIFICATE")
                .into_bytes(),
        ),
        ("pem-quoted", format!("\"{good}\"").into_bytes()),
        ("pem-quoted", format!("'{good}'").into_bytes()),
        ("pem-escaped-lines", good.replace('\n', "\\n").into_bytes()),
        (
            "pem-trusted-certificate",
            good.replace(" CERTIFICATE", " TRUSTED CERTIFICATE")
                .into_bytes(),
        ),
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

#[test]
fn blank_lines_that_nobody_minds() {
    let setup = Setup::lab();
    let good = setup.text("lab/same-ca/client.crt");
    for content in [
        format!("\n\n{good}\n\n"),
        format!("{good}\n{}", setup.text("lab/same-ca/client.key")),
        good.replacen("-----\n", "-----\n\n", 1),
    ] {
        setup.write("lab/same-ca/client.crt", content);
        setup.is_healthy(&CLIENT[..1]);
    }
    // A key with a header, which a blank line ends.
    let header = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n";
    setup.write("lab/same-ca/client.key", header);
    assert!(
        !setup
            .ids(&["lab/same-ca/client.key"])
            .contains(&"pem-blank-line")
    );
}

#[test]
fn who_signs_a_crl_may_and_covers_the_certificate() {
    let setup = Setup::empty();
    let root = Ca::root("Root");
    let targets = ["client.crt", "client.key", "ca:root.crt", "crl:root.crl"];
    root.client("alice").write_to(setup.directory(), "client");
    root.write_to(setup.directory(), "root");
    root.crl().write_to(setup.directory(), "root");
    setup.is_healthy(&targets);
    for (scope, is_good) in [
        (CrlScope::UserCertsOnly, true),
        (CrlScope::CaCertsOnly, false),
    ] {
        let point = CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint {
                uris: vec!["http://crl.example/root.crl".to_owned()],
            },
            scope: Some(scope),
        };
        let crl = root
            .crl()
            .with(|params| params.issuing_distribution_point = Some(point));
        crl.write_to(setup.directory(), "root");
        match is_good {
            true => setup.is_healthy(&targets),
            false => setup.finds("crl-not-complete", &targets),
        }
    }
    root.crl().write_to(setup.directory(), "root");
    let unable = root.with(|params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign]);
    unable.write_to(setup.directory(), "root");
    setup.finds("ca-key-usage", &targets);
}

#[test]
fn what_else_a_file_may_be_is_told_with_what_mends_it() {
    let setup = Setup::lab();
    let good = setup.text("lab/same-ca/client.crt");
    let bundle = STANDARD.encode(setup.read("lab/same-ca/client.p12"));
    let der = pem_der(&good);
    let digits: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
    let in_pem = format!("-----BEGIN PKCS12-----\n{bundle}\n-----END PKCS12-----\n");
    for (name, content, id, mend) in [
        (
            "cert:a",
            STANDARD.encode(&good),
            "base64-without-pem",
            "base64 -d",
        ),
        ("cert:a", digits, "wrong-kind-of-file", "pack("),
        (
            "cert:a",
            "<!DOCTYPE html><html></html>".to_owned(),
            "wrong-kind-of-file",
            "curl -fL",
        ),
        (
            "cert:a",
            "PK\u{3}\u{4}aaaaaaaa".to_owned(),
            "wrong-kind-of-file",
            "unzip",
        ),
        ("p12:a", in_pem, "not-a-bundle", "base64 -d"),
    ] {
        setup.write("a", content);
        setup.finds(id, &[name]);
        let report = setup.examine(&[name]);
        let mends = format!("{:?}", report.findings()[0].mend);
        assert!(mends.contains(mend), "{mends}");
    }
}

#[test]
fn what_cannot_be_read_is_told_once() {
    let setup = Setup::lab();
    for (name, label) in [
        ("crl:a", "X509 CRL"),
        ("cert:a", "CERTIFICATE"),
        ("a", "CERTIFICATE REQUEST"),
    ] {
        setup.write(
            "a",
            format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n"),
        );
        let report = setup.examine(&[name]);
        let ids: Vec<_> = report.findings().iter().map(|it| it.id).collect();
        assert_eq!(ids, ["malformed"], "{label}");
    }
}

#[test]
fn a_ca_whose_key_cannot_be_used_is_not_taken_for_another_ca() {
    let setup = Setup::lab();
    let ca = setup.text("lab/same-ca/ca.crt");
    let mut der = pem_der(&ca);
    // The last octet of P-256's object identifier; P-192 has another.
    let p256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let at = der.windows(8).position(|octets| octets == p256).unwrap();
    der[at + 7] = 1;
    let changed = STANDARD.encode(der);
    setup.write(
        "lab/same-ca/ca.crt",
        format!("-----BEGIN CERTIFICATE-----\n{changed}\n-----END CERTIFICATE-----\n"),
    );
    let report = setup.examine(&CLIENT);
    let ids: Vec<_> = report.findings().iter().map(|it| it.id).collect();
    assert!(ids.contains(&"weak-key"), "{ids:?}");
    assert!(!ids.contains(&"issuer-key-differs"), "{ids:?}");
    let facts = format!("{report:?}");
    assert!(
        facts.contains("P-192") && !facts.contains("Other("),
        "{facts}"
    );
}

fn pem_der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with('-'));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

#[test]
fn a_key_that_openssl_3_does_not_decrypt() {
    let mut setup = Setup::empty();
    let path = format!(
        "{}/../pki-core/tests/data/encrypted.txt",
        env!("CARGO_MANIFEST_DIR")
    );
    let all = std::fs::read_to_string(path).unwrap();
    let given_up = [
        "gnutls-rc2-40",
        "java-PBEWithMD5AndDES",
        "java-PBEWithSHA1AndRC2_128",
        "java-PBEWithSHA1AndRC2_40",
        "old-des-cbc",
        "old-rc2-40-cbc",
        "old-rc2-64-cbc",
        "old-rc2-cbc",
        "openssl-des",
        "openssl-pbe-md5-des",
        "openssl-pbe-md5-rc2-64",
        "openssl-pbe-sha1-des",
        "openssl-pbe-sha1-rc2-128",
        "openssl-pbe-sha1-rc2-40",
        "openssl-pbe-sha1-rc2-64",
        "openssl-rc2",
        "openssl-rc2-40",
        "openssl-rc2-64",
    ];
    let mut found = 0;
    for one in all.split("# ").skip(1) {
        let (name, pem) = one.split_once('\n').unwrap();
        setup.write("client.key", pem);
        let ids = setup.ids(&["client.key"]);
        let is_found = ids.contains(&"key-encryption-algorithm");
        assert_eq!(is_found, given_up.contains(&name), "{name}: {ids:?}");
        found += usize::from(is_found);
    }
    assert!(found > 16, "{found}");
    // The command knows where the password is.
    setup.options.password = Some(mtls_doctor::Password::new("wrong"));
    setup.options.password_file = Some("pw".into());
    let legacy = all.split("# java-PBEWithMD5AndDES").nth(1).unwrap();
    setup.write(
        "client.key",
        legacy.split("# ").next().unwrap().trim_start(),
    );
    let report = setup.examine(&["client.key"]);
    let first = &report.findings()[0];
    assert!(first.what.contains("pbeWithMD5AndDES-CBC"), "{first:#?}");
    assert!(
        format!("{:?}", first.mend).contains("-passin file:pw -passout fd:3"),
        "{first:#?}"
    );
}

#[test]
fn binary_that_a_program_for_text_has_written() {
    let setup = Setup::lab();
    let bundle = setup.read("lab/same-ca/client.p12");
    let as_text: String = bundle.iter().map(|byte| char::from(*byte)).collect();
    setup.write("lab/client.p12", &as_text);
    setup.finds("binary-as-text", &["p12:lab/client.p12"]);
    setup.finds("binary-as-text", &["lab/client.p12"]);
    setup.write("lab/client.p12", bundle);
    setup.is_healthy(&["p12:lab/client.p12"]);
    // Where a bundle belongs, too, a keystore is told as one.
    setup.write(
        "lab/client.p12",
        [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 0],
    );
    setup.finds("java-keystore", &["p12:lab/client.p12"]);
}
