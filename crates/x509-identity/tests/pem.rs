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
    let files: [(&str, Vec<u8>); 19] = [
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
        (
            "UTF-16 without a mark, and text before",
            utf16(&format!("Bag Attributes\n{both}"), u16::to_le_bytes),
        ),
        (
            "the same, big-endian",
            utf16(&format!("Bag Attributes\n{both}"), u16::to_be_bytes),
        ),
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
            "four dashes before and none behind",
            format!("{ONE}{}", TWO[1..].replacen("-----\n", "\n", 1)),
            marker(4, "BEGIN"),
        ),
        (
            "dashes of a word processor",
            format!("{ONE}{}", TWO.replace("-----", "\u{2014}")),
            marker(4, "BEGIN"),
        ),
        (
            "dashes of a word processor, and the hyphen that it left",
            format!("{ONE}{}", TWO.replace("-----", "\u{2014}\u{2014}-")),
            marker(4, "BEGIN"),
        ),
        (
            "small letters",
            format!("{ONE}{}", TWO.to_lowercase()),
            marker(4, "BEGIN"),
        ),
        (
            "small letters in an end",
            ONE.replace("END C", "End C"),
            marker(3, "END"),
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
        (
            "a blank label",
            ONE.replace("CERTIFICATE", ""),
            marker(1, "BEGIN"),
        ),
    ];
    for (how, file, expected) in files {
        let error = pem::read(file.as_bytes()).err();
        assert_eq!(error, Some(expected), "{how}");
    }
}

#[test]
fn a_label_of_something_else_is_named() {
    for (label, says) in [
        ("TSS2 PRIVATE KEY", "TPM"),
        ("PKCS12", "PKCS#12 bundle"),
        ("PGP PUBLIC KEY BLOCK", "OpenPGP"),
        ("SSH2 PUBLIC KEY", "ssh-keygen -i"),
        ("ECC PRIVATE KEY", "private keys are `PRIVATE KEY`"),
        ("CERTIFCATE", "which is not known."),
    ] {
        let file = ONE.replace("CERTIFICATE", label);
        let error = pem::read(file.as_bytes()).err();
        let sentence = error.map(|error| format!("{error}.")).unwrap_or_default();
        let begins = format!("line 1 begins a section `{label}`, which ");
        assert!(sentence.starts_with(&begins), "{sentence}");
        assert!(sentence.contains(says), "{label}: {sentence}");
    }
}

#[test]
fn a_part_in_another_encoding_is_not_taken_for_text() {
    let le = |text: &str| utf16(text, u16::to_le_bytes);
    for file in [
        // `>>` of PowerShell.
        [ONE.as_bytes(), &le(TWO)].concat(),
        [ONE.as_bytes(), b"#", &utf16(TWO, u16::to_be_bytes)].concat(),
        [&le(&format!("\u{feff}{ONE}"))[..], TWO.as_bytes()].concat(),
        [&le(ONE)[..], TWO.as_bytes()].concat(),
        // What stands before it has a NUL where the other order of octets has one.
        [b"\0#", &le(ONE)[..]].concat(),
        [b"#\0", &utf16(ONE, u16::to_be_bytes)[..]].concat(),
    ] {
        assert_eq!(pem::read(&file).err(), Some(PemError::PartlyUtf16));
    }

    // Of more than 127 octets, as all certificates and CRLs are.
    let der = [&[0x30, 0x81, 0x80][..], &[0; 0x80]].concat();
    let der_behind = [ONE.as_bytes(), &der].concat();
    let between = [ONE.as_bytes(), b"\n", &der, TWO.as_bytes()].concat();
    for file in [der_behind, between] {
        let error = pem::read(&file).err();
        assert!(matches!(error, Some(PemError::Der { .. })), "{error:?}");
    }
    for text in [
        "0 days left\n".as_bytes(),
        b"0\x81 in Latin-1\n",
        b"\0\0\0",
        "begin a list -----end of it-----".as_bytes(),
        b"BEGIN CERTIFICATE\n",
        b"front-END CERTIFICATE\n",
        b"--BEGIN of a list--\n",
        b"--begin certificate--\n",
    ] {
        let file = [ONE.as_bytes(), text, TWO.as_bytes()].concat();
        let file = pem::read(&file).expect("two sections");
        assert_eq!(contents(&file), [ONE_DER, TWO_DER]);
    }
}

#[test]
fn of_a_der_file_all_is_read_where_more_than_a_line_break_follows() {
    for behind in [&b""[..], b"\n", b"\r\n\0", b"\x1a"] {
        let file = [ONE_DER, behind].concat();
        assert_eq!(pem::der_value(&file), ONE_DER, "{behind:?}");
    }
    let pem = TWO.as_bytes();
    let cut_off = &pem[..40];
    for behind in [TWO_DER, &[b"\n", TWO_DER].concat(), pem, cut_off] {
        let file = [ONE_DER, behind].concat();
        assert_eq!(pem::der_value(&file), file, "{behind:?}");
    }
}

#[test]
fn a_line_break_that_was_encoded_along_with_a_value_is_left_out() {
    let [one, two] = [ONE_DER.to_vec(), TWO_DER.to_vec()];
    for (label, base64, expected) in [
        ("CERTIFICATE", "MAMCAQEK", one.clone()),
        ("X509 CRL", "MAMCAQEK", one.clone()),
        ("CERTIFICATE REQUEST", "MAMCAQEK", one.clone()),
        // An encrypted key may end in anything.
        ("EC PRIVATE KEY", "MAMCAQEK", [&one[..], b"\n"].concat()),
        // Something else than a line break, and another value, are for the reader to refuse,
        ("CERTIFICATE", "MAMCAQF4", [&one[..], b"x"].concat()),
        ("CERTIFICATE", "MAMCAQEwAwIBAg==", [one, two].concat()),
        // and so is what is no SEQUENCE.
        ("CERTIFICATE", "BAEACg==", vec![4, 1, 0, b'\n']),
    ] {
        let file = format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
        let file = pem::read(file.as_bytes()).expect("one section");
        assert_eq!(contents(&file), [expected], "{label} {base64}");
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
    assert_eq!(
        hint("\nMAMCAQE\n"),
        base64(": its end is missing, or a character of it")
    );
    assert_eq!(
        hint("\n> MAMC\n> AQE=\n"),
        base64(": its lines begin with `>`, as in the answer to a mail")
    );
    assert_eq!(
        hint("\nMAMC\u{a0}AQE=\n"),
        base64(": it has a character in it that is not ASCII, such as a non-breaking space")
    );
    for url in ["\nMAMC-AE=\n", "\nMAMC_AE=\n"] {
        let for_urls = ": it has `-` or `_` in it, as base64 for URLs has for `+` and `/`";
        assert_eq!(hint(url), base64(for_urls), "{url}");
    }
    assert_eq!(
        hint("\nMAMC=\nAQE=\n=\n"),
        base64(": its lines end with `=`, as in a mail that was not decoded")
    );
    for cut in ["\nMAMC\n...\n", "\nMAMC****\n"] {
        assert_eq!(hint(cut), base64(": part of it is left out"), "{cut}");
    }
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
    for (headers, is_encrypted) in [
        ("", false),
        ("Comment: mine\n\n", false),
        ("Comment: mine\n", false),
        ("Comment: mine,\n and yours\n\n", false),
        ("Comment: ENCRYPTED\n\n", false),
        ("Proc-Type: 4,MIC-CLEAR\n\n", false),
        (encrypted, true),
    ] {
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
    // [0] with nothing in it.
    assert_eq!(read("MAMCAQEwAqAA"), Ok(ONE_DER.to_vec()));
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
fn where_none_may_be_overlooked_a_container_is_refused() {
    let container = ONE.replace("CERTIFICATE", "PKCS7");
    let crl = ONE.replace("CERTIFICATE", "X509 CRL");
    for (file, expected) in [
        (format!("{crl}{ONE}{crl}{TWO}"), Ok(vec![4, 10])),
        (crl.clone(), Ok(vec![])),
        (
            format!("{ONE}{container}{TWO}"),
            Err(PemError::Container { line: 4 }),
        ),
    ] {
        let file = pem::read(file.as_bytes()).expect("whole sections");
        let found = file.only(Label::is_certificate);
        let lines = found.map(|found| found.iter().map(pem::Section::line).collect());
        assert_eq!(lines, expected);
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
