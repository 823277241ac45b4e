//! A `.p12` bundle: whether it opens, what is in it, and who can read it.

use pkcs12_ios::{
    Archive, BagContent, Bundle, Effect, Inspection, Limits, Objection, OpenError, ReadError,
    Reader, Scheme, inspect,
};
use tls_identity::Password;
use x509_identity::Certificate;

use crate::finding::{Finding, Question};
use crate::report::Report;
use crate::stories::{empty_password, p12_algorithm};
use crate::target::Options;

use super::item::{Item, Key};
use super::{strays, text};
use crate::files::shell;
use crate::files::wording::sentence;

/// Opens the bundle, and reports what is wrong with it as a file. Whether anything is left to look at.
pub(crate) fn read(item: &mut Item, options: &Options, report: &mut Report) -> bool {
    let limits = Limits::default().allow_missing_mac();
    let outer = match inspect(&item.bytes, None, &limits) {
        Ok(outer) => outer,
        Err(error) => {
            report.finding(unreadable(item, &error));
            return false;
        }
    };
    report.fact(item.place(), protection(&outer));
    let empty = Password::new("");
    let password = options.password.as_ref().unwrap_or(&empty);
    let opened = inspect(&item.bytes, Some(password), &limits);
    let known = opened.as_ref().unwrap_or(&outer);
    if opened.is_ok() && outer.mac().is_some() && password.secret_str().is_empty() {
        report.finding(empty_password::finding(
            item.place(),
            &shell::path(&item.path),
            options.password_file.as_deref(),
        ));
    }
    // Of a bundle without a key, readers have nothing better to say.
    let has_identity = opened.is_err() || content(item, password, &limits, &outer, options, report);
    if outer.mac().is_none() {
        report.finding(without_mac(item, options));
    } else if has_identity {
        readers(item, known, options, report);
    }
    match opened {
        Ok(_) => has_identity,
        Err(ReadError::MacMismatch | ReadError::DecryptFailed { .. }) => {
            match &options.password {
                Some(password) => report.finding(wrong_password(item, password, &limits, options)),
                None => report.question(Question::new(
                    format!(
                        "Does {} have the right key, and all certificates up to the root?",
                        item.place()
                    ),
                    "Give its password (--password-file), and the doctor looks into it.",
                )),
            }
            false
        }
        Err(error) => {
            report.finding(unreadable(item, &error));
            false
        }
    }
}

/// Nobody could tell whether it was changed.
fn without_mac(item: &Item, options: &Options) -> Finding {
    let file = shell::path(&item.path);
    let password = strays::password_option(options);
    Finding::error("p12-no-mac", item.place(), "The bundle has no MAC, so nobody can tell whether it was changed.")
        .why("iOS, macOS, Node, curl and Go refuse it, and most say that the password is wrong.")
        .command(format!(
            "mtls p12 convert {file}{password} --allow-missing-mac --to compat --out {file}.new && mv {file}.new {file}"
        ))
}

/// Key and certificates, the key's first.
fn content(
    item: &mut Item,
    password: &Password,
    limits: &Limits,
    outer: &Inspection,
    options: &Options,
    report: &mut Report,
) -> bool {
    let archive = match Archive::read(&item.bytes, password, limits) {
        Ok(archive) => archive,
        Err(error) => {
            report.finding(unreadable(item, &error));
            return false;
        }
    };
    match Bundle::of_archive(&archive, None) {
        Ok(bundle) => {
            report.findings_of(strays::finding(item, outer, (&archive, &bundle), options));
            let (encoded, leaf, chain) = bundle.into_parts();
            let certificates = std::iter::once(&leaf).chain(&chain);
            item.certificates
                .extend(certificates.filter_map(|der| Certificate::from_der(der).ok()));
            item.sections = (1..=item.certificates.len()).collect();
            if let Ok(public) = encoded.public_key_der() {
                item.key = Some(Key { encoded, public });
            }
            item.is_bundle = true;
            true
        }
        Err(error) => {
            let has_certificates = !archive.certificates().is_empty();
            report.finding(not_an_identity(item, &error, has_certificates));
            false
        }
    }
}

/// Who takes it, of those that were named or of those that are in use.
fn readers(item: &Item, inspection: &Inspection, options: &Options, report: &mut Report) {
    let refused_by = |reader: &Reader| {
        let outlook = inspection.outlook(*reader);
        let is_refused = outlook.is_refused() || outlook.identities == Some(0);
        let mut objections = outlook.objections;
        objections.retain(|one| one.effect != Effect::Unknown);
        (is_refused && !objections.is_empty()).then_some((*reader, objections))
    };
    let mut by_kind: Vec<String> = Vec::new();
    let named = !options.readers.is_empty();
    let asked = if named { &options.readers[..] } else { &TODAY };
    for (reader, objections) in asked.iter().filter_map(refused_by) {
        // A kind of key that only some systems know is chosen on purpose, and an empty password is told apart.
        let is_elsewhere = |one: &Objection| {
            one.sentence.contains("of the kind") || one.sentence.contains("empty password")
        };
        if !named && objections.iter().all(is_elsewhere) {
            let is_kind = |one: &Objection| one.sentence.contains("of the kind");
            by_kind.extend(objections.iter().any(is_kind).then(|| reader.to_string()));
            continue;
        }
        report.finding(p12_algorithm::finding(
            item.place(),
            &shell::path(&item.path),
            reader,
            &objections,
            options.password_file.as_deref(),
        ));
        // One sentence for all readers that object to the same.
        if !named {
            break;
        }
    }
    if named {
        return;
    }
    let old: Vec<_> = OLD
        .iter()
        .filter_map(refused_by)
        .map(|(reader, _)| reader.to_string())
        .collect();
    let is_of_kind = !by_kind.is_empty();
    let old: Vec<_> = by_kind.into_iter().chain(old).collect();
    if old.is_empty() {
        report.fact("read by", "every system and program, old ones too");
        return;
    }
    report.fact("not read by", old.join(", "));
    report.question(Question::new(
        format!(
            "Does one of these have to read {}: {}?",
            item.place(),
            old.join(", ")
        ),
        match is_of_kind {
            true => "They take keys of RSA and of the NIST curves alone, whatever the bundle's encryption: if so, have a \
                     certificate issued for a P-256 key."
                .to_owned(),
            false => format!(
                "If so, convert it: mtls p12 convert {} --to compat --out COPY.p12",
                shell::path(&item.path)
            ),
        },
    ));
}

fn protection(inspection: &Inspection) -> String {
    let mac = inspection
        .mac()
        .map_or_else(|| "no MAC".to_owned(), |mac| format!("MAC {}", mac.scheme));
    let of_keys = inspection
        .bags()
        .into_iter()
        .filter_map(|bag| match bag.content() {
            BagContent::Key { protection, .. } => Some(protection),
            _ => None,
        });
    let all = inspection
        .parts()
        .iter()
        .map(|part| part.protection())
        .chain(of_keys);
    let mut parts: Vec<String> = Vec::new();
    for one in all.filter(|one| one.scheme != Scheme::None) {
        let text = format!("{} {}", one.place, one.scheme);
        if !parts.contains(&text) {
            parts.push(text);
        }
    }
    std::iter::once(mac)
        .chain(parts)
        .collect::<Vec<_>>()
        .join("; ")
}

fn unreadable(item: &Item, error: &ReadError) -> Finding {
    let place = item.place();
    let what = sentence(&error.to_string());
    match error {
        ReadError::UnsupportedAlgorithm { .. } | ReadError::UnsupportedParameters { .. } => {
            Finding::error("p12-algorithm", place, what)
                .why("The algorithm is the reason; most readers say that the password is wrong.")
                .step("Export it again with AES-256 and SHA-256, or with 3DES and SHA-1 for old readers.")
        }
        ReadError::IterationsOutOfRange { .. } | ReadError::LimitExceeded { .. } => {
            Finding::error("p12-limits", place, what)
                .why("Readers refuse it, or work for minutes.")
                .step("Export it again with 2,048 to 100,000 iterations.")
        }
        _ => Finding::error("p12-malformed", place, what)
            .why("Readers refuse it, and most say that the password is wrong.")
            .step("Copy it again as binary, or export it again."),
    }
}

fn not_an_identity(item: &Item, error: &OpenError, has_certificates: bool) -> Finding {
    if let OpenError::Read(error) = error {
        return unreadable(item, error);
    }
    let id = match error {
        OpenError::KeyCertMismatch => "key-mismatch",
        // There is one, of another key.
        OpenError::NoCert if has_certificates => "key-mismatch",
        OpenError::NoCert => "p12-no-certificate",
        OpenError::NoKey => "p12-no-key",
        OpenError::SeveralIdentities { .. } => "p12-several-keys",
        OpenError::UnusableKey(_) => "key-kind",
        _ => "p12-malformed",
    };
    Finding::error(id, item.place(), sentence(&error.to_string()))
        .why("iOS imports no identity of it, curl says `could not parse PKCS12 file` or `unable to set private key file`.")
        .step("Export it again: `openssl pkcs12 -export -inkey client.key -in client.crt -certfile issuers.crt -out client.p12`.")
}

/// The algorithms are known, so it is the password. What people get wrong is tried.
fn wrong_password(item: &Item, password: &Password, limits: &Limits, options: &Options) -> Finding {
    let text = password.secret_str();
    let opens = |text: &str| inspect(&item.bytes, Some(&Password::new(text)), limits).is_ok();
    let finding = |what: &str| {
        Finding::error("p12-wrong-password", item.place(), what)
            .why("The algorithms of the file are readable, so this time `wrong password` means what it says: iOS `-25293`, OpenSSL `mac verify failure`.")
    };
    if text.trim() != text && opens(text.trim()) {
        return finding(
            "The password has a space at its beginning or end that does not belong to it.",
        )
        .command_or(
            options.password_file.as_deref().map(|file| {
                let file = shell::path(file);
                text::rewritten(&file, &format!("sed '1s/^[ \\t]*//; 1s/[ \\t]*$//' {file}"))
            }),
            "Take the space out of the password file.",
        );
    }
    if opens(&format!("{text}\n")) {
        return finding("The bundle was made with a password that ends in a line break.")
            .step("Export it again with the password from a file without a line break (`printf` instead of `echo`).");
    }
    if opens("") {
        return finding("The password is wrong: the bundle has an empty one.")
            .step("Export it again with a password: iOS and others do not take an empty one.");
    }
    finding("The password is wrong, or the file is damaged.")
        .step("Give the password that it was exported with; a password file counts up to its first line end.")
}

/// What is installed where somebody looks after it; curl is Node's reader.
const TODAY: [Reader; 9] = [
    Reader::OpenSsl3,
    Reader::Node20,
    Reader::Ios18,
    Reader::Ios26,
    Reader::MacOs15,
    Reader::Android14,
    Reader::Java17,
    Reader::Nss,
    Reader::Win1709,
];

const OLD: [Reader; 5] = [
    Reader::Ios17,
    Reader::MacOs14,
    Reader::Android13,
    Reader::Java8,
    Reader::Win2016,
];
