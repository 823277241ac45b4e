//! PEM files as people and programs leave them.

#![allow(clippy::panic, reason = "tests")]

use proptest::prelude::*;
use x509_identity::pem::{self, Label, PemError, PemFile};

const ONE: &str = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";
const TWO: &str = "-----BEGIN CERTIFICATE-----\nMAMCAQI=\n-----END CERTIFICATE-----\n";
const ONE_DER: &[u8] = &[0x30, 3, 2, 1, 1];
const TWO_DER: &[u8] = &[0x30, 3, 2, 1, 2];

fn contents(file: &PemFile) -> Vec<Vec<u8>> {
    let der = |section: pem::Section<'_>| section.der().expect("base64").to_vec();
    file.sections().map(der).collect()
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn each_section_of_a_file_is_found_however_it_was_put_together() {
    let both = format!("{ONE}{TWO}");
    let trimmed = ONE.trim_end();
    let indented = both.replace('\n', "\n    ");
    let files: [(&str, Vec<u8>); 17] = [
        ("as it is", both.clone().into()),
        ("byte order mark", format!("\u{feff}{both}").into()),
        (
            "a byte order mark before each",
            format!("\u{feff}{ONE}\u{feff}{TWO}").into(),
        ),
        ("no line break between", format!("{trimmed}{TWO}").into()),
        ("no line break at the end", both.trim_end().into()),
        ("indented", indented.into()),
        ("CR LF", both.replace('\n', "\r\n").into()),
        ("CR", both.replace('\n', "\r").into()),
        ("blank lines", both.replace('\n', "\n\n").into()),
        ("in one line", both.replace('\n', " ").into()),
        ("trailing blanks", both.replace('\n', " \t\n").into()),
        (
            "Latin-1 between",
            [ONE.as_bytes(), b"# Pr\xfcfstelle\n", TWO.as_bytes()].concat(),
        ),
        (
            "text of openssl x509 -text",
            format!("Certificate:\n    Data:\n  Version: 3\n{ONE}front-END of -- a list\n{TWO}")
                .into(),
        ),
        (
            "older label",
            both.replace("CERTIFICATE", "X509 CERTIFICATE").into(),
        ),
        (
            "UTF-16 little-endian",
            utf16(&format!("\u{feff}{both}"), u16::to_le_bytes),
        ),
        (
            "UTF-16 big-endian",
            utf16(&format!("\u{feff}{both}"), u16::to_be_bytes),
        ),
        ("UTF-16 without a mark", utf16(&both, u16::to_le_bytes)),
    ];
    for (how, file) in files {
        let file = pem::read(&file).unwrap_or_else(|error| panic!("{how}: {error}"));
        assert_eq!(contents(&file), [ONE_DER, TWO_DER], "{how}");
        assert!(
            file.sections().all(|it| it.label() == Label::Certificate),
            "{how}"
        );
    }
}

#[test]
fn a_section_that_is_not_whole_is_refused_by_its_line() {
    let unclosed = |line| PemError::Unclosed {
        line,
        label: "CERTIFICATE".to_owned(),
    };
    let marker = |line, which| PemError::Marker { line, which };
    let files = [
        ("cut off", format!("{ONE}{}", &TWO[..40]), unclosed(4)),
        (
            "an end is missing",
            format!("{}{TWO}", &ONE[..36]),
            unclosed(1),
        ),
        (
            "a beginning is missing",
            format!("{ONE}{}", &TWO[28..]),
            PemError::Unopened {
                line: 5,
                label: "CERTIFICATE".to_owned(),
            },
        ),
        (
            "four dashes before",
            format!("{ONE}{}", &TWO[1..]),
            marker(4, "BEGIN"),
        ),
        (
            "four dashes behind",
            format!("{ONE}{}", TWO.replacen("-----\n", "----\n", 1)),
            marker(4, "BEGIN"),
        ),
        (
            "four dashes at the end",
            format!("{}{TWO}", ONE.replacen("-----END", "----END", 1)),
            marker(3, "END"),
        ),
        (
            "dashes of a word processor",
            format!("{ONE}{}", TWO.replace("-----", "\u{2014}")),
            marker(4, "BEGIN"),
        ),
        (
            "another end",
            ONE.replace("END CERTIFICATE", "END X509 CRL"),
            PemError::Mismatch {
                line: 1,
                begin: "CERTIFICATE".to_owned(),
                end: "X509 CRL".to_owned(),
            },
        ),
        (
            "a label misspelled",
            format!("{ONE}{}", TWO.replace("CERTIFICATE", "CERTIFCATE")),
            PemError::Label {
                line: 4,
                label: "CERTIFCATE".to_owned(),
            },
        ),
        (
            "no label",
            ONE.replace(" CERTIFICATE", ""),
            marker(1, "BEGIN"),
        ),
    ];
    for (how, file, expected) in files {
        let error = pem::read(file.as_bytes()).err();
        assert_eq!(error, Some(expected), "{how}");
    }
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    for (newline, joined) in [("\n", 4), ("\r\n", 4), ("\r", 4)] {
        let file = format!("{ONE}{TWO}").replace('\n', newline);
        let file = pem::read(file.as_bytes()).expect("two sections");
        let lines: Vec<_> = file.sections().map(|section| section.line()).collect();
        assert_eq!(lines, [1, joined]);
    }
}

#[test]
fn content_that_is_not_base64_is_refused_and_says_why_where_that_is_known() {
    let hint = |body: &str| {
        let file = format!("\n-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----");
        let file = pem::read(file.as_bytes()).expect("one section");
        let section = file.sections().next().expect("one section");
        section.der().expect_err("it is not base64")
    };
    let base64 = |hint| PemError::Base64 { line: 2, hint };
    assert_eq!(hint("\n"), PemError::Empty { line: 2 });
    assert_eq!(hint("\nMAMC!QE=\n"), base64(""));
    assert_eq!(hint("\nMAMCAQE\n"), base64(""));
    assert_eq!(hint("\nMAMC\n...\n"), base64(": part of it is left out"));
    assert_eq!(
        hint(r"\nMAMCAQE=\n"),
        base64(r": it has `\n` written out where a line should end")
    );
}

#[test]
fn headers_of_old_keys_are_told_and_passed_over() {
    let key = |headers: &str| {
        format!("-----BEGIN EC PRIVATE KEY-----\n{headers}MAMCAQE=\n-----END EC PRIVATE KEY-----\n")
    };
    let encrypted = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00FF\n\n";
    for (headers, is_encrypted) in [("", false), ("Comment: mine\n\n", false), (encrypted, true)] {
        for newline in ["\n", "\r\n"] {
            let file = key(headers).replace('\n', newline);
            let file = pem::read(file.as_bytes()).expect("one section");
            let section = file.sections().next().expect("one section");
            assert_eq!(section.is_encrypted(), is_encrypted, "{headers:?}");
            assert_eq!(section.der().expect("base64").as_slice(), ONE_DER);
        }
    }
}

#[test]
fn a_trusted_certificate_gives_the_certificate_unless_it_is_rejected() {
    // 30 0A: trust { clientAuth }; 30 0C: reject [0] { clientAuth }.
    let trusted = "MAMCAQEwDDAKBggrBgEFBQcDAg==";
    let rejected = "MAMCAQEwDKAKBggrBgEFBQcDAg==";
    let read = |base64: &str| {
        let label = "TRUSTED CERTIFICATE";
        let file = format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
        let file = pem::read(file.as_bytes()).expect("one section");
        let section = file.sections().next().expect("one section");
        section.der().map(|der| der.to_vec())
    };
    assert_eq!(read("MAMCAQE="), Ok(ONE_DER.to_vec()));
    assert_eq!(read(trusted), Ok(ONE_DER.to_vec()));
    assert_eq!(read(rejected), Err(PemError::Rejected { line: 1 }));
    assert!(read("MAMCAQEwDDAK").is_err());
}

#[test]
fn a_file_says_what_it_holds() {
    let key = "-----BEGIN PUBLIC KEY-----\nMAMCAQE=\n-----END PUBLIC KEY-----\n";
    let base64 = "MIIB".repeat(20);
    let files: [(Vec<u8>, &str); 7] = [
        (
            format!("{ONE}{TWO}{key}").into(),
            "2 certificates and a public key",
        ),
        (ONE.into(), "a certificate"),
        (Vec::new(), "nothing"),
        (
            base64.into(),
            "base64 without a `-----BEGIN` and an `-----END` line around it",
        ),
        (ONE_DER.to_vec(), "a private key"),
        ("hello".into(), "text without a PEM section"),
        (vec![0x80, 0xff], "neither PEM nor DER"),
    ];
    for (file, words) in files {
        assert_eq!(
            pem::read(&file).expect("no broken section").describe(),
            words
        );
    }
}

#[test]
fn no_debug_output_has_the_content_of_a_section() {
    let file = pem::read(ONE.as_bytes()).expect("one section");
    assert_eq!(
        format!("{file:?}"),
        "[Section { label: Certificate, line: 1, .. }]"
    );
}

proptest! {
    #[test]
    fn no_section_is_ever_lost(
        parts in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..80), "[ a-z0-9:#\u{feff}\r\n]{0,12}"), 0..6),
    ) {
        use base64ct::Encoding as _;
        let mut text = String::new();
        for (content, between) in &parts {
            let base64 = base64ct::Base64::encode_string(content);
            text += &format!("{between}-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----");
        }
        let file = pem::read(text.as_bytes()).expect("whole sections");
        let expected: Vec<_> = parts.iter().map(|(content, _)| content.clone()).collect();
        prop_assert_eq!(contents(&file), expected);
    }

    #[test]
    fn no_bytes_make_it_panic_and_no_marker_is_passed_over(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "-----BEGIN X509 CRL-----", "-----END X509 CRL-----",
            "\n", "MAMCAQE=", "-", "----", "BEGIN", "END ", "\u{2014}", ":", "\r",
        ]), 0..14),
        noise in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let _ = pem::read(&noise);
        let text = pieces.concat();
        if let Ok(file) = pem::read(text.as_bytes()) {
            let markers = text.matches("-----BEGIN").count() + text.matches("-----END").count();
            prop_assert_eq!(2 * file.sections().count(), markers);
            for section in file.sections() {
                let _ = section.der();
            }
        }
    }
}
