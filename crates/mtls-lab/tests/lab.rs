//! A lab in memory and on disk.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mtls_lab::{
    DiskError, Ensured, Existing, FileKind, KeyType, LAB_PASSWORD, Lab, MANIFEST, Options,
    Unusable, Verdict, ensure,
};
use onboarding::PasswordHint;
use pki_core::verify::{ChainVerifier, CrlSet, Purpose, Revocation, TrustAnchors, unix_time};
use pki_core::{Password, lint};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

#[test]
fn every_certificate_is_judged_as_its_directory_says() {
    let lab = Lab::make(&Options::default(), NOW).unwrap();
    let contents = |path: &str| {
        lab.files()
            .iter()
            .find(|file| file.path() == path)
            .unwrap()
            .secret_contents()
    };
    let crls = CrlSet::from_pem_or_der([contents("same-ca/ca.crl")]).unwrap();
    let verifier = |purpose| {
        let anchors = TrustAnchors::from_pem(contents("same-ca/ca.crt")).unwrap();
        ChainVerifier::builder(anchors, purpose)
            .revocation(Revocation::new(crls.clone()))
            .build()
    };
    let (clients, servers) = (verifier(Purpose::TlsClient), verifier(Purpose::TlsServer));
    for (path, verifier, code) in [
        ("same-ca/client.crt", &clients, None),
        ("same-ca/server.crt", &servers, None),
        (
            "refused/self-signed/client.crt",
            &clients,
            Some("self-signed"),
        ),
        (
            "refused/untrusted-ca/client.crt",
            &clients,
            Some("unknown-issuer"),
        ),
        ("refused/expired/client.crt", &clients, Some("expired")),
        (
            "refused/not-yet-valid/client.crt",
            &clients,
            Some("not-yet-valid"),
        ),
        (
            "refused/wrong-usage/client.crt",
            &clients,
            Some("wrong-extended-key-usage"),
        ),
        (
            "refused/no-usage/client.crt",
            &clients,
            Some("no-extended-key-usage"),
        ),
        ("refused/revoked/client.crt", &clients, Some("revoked")),
        (
            "refused/ca-as-leaf/client.crt",
            &clients,
            Some("ca-as-leaf"),
        ),
        ("refused/mismatched-key/client.crt", &clients, None),
        (
            "refused/self-signed/server.crt",
            &servers,
            Some("self-signed"),
        ),
        (
            "refused/untrusted-ca/server.crt",
            &servers,
            Some("unknown-issuer"),
        ),
        ("refused/expired/server.crt", &servers, Some("expired")),
        (
            "refused/not-yet-valid/server.crt",
            &servers,
            Some("not-yet-valid"),
        ),
        (
            "refused/wrong-usage/server.crt",
            &servers,
            Some("wrong-extended-key-usage"),
        ),
        ("refused/wrong-name/server.crt", &servers, None),
        ("refused/revoked/server.crt", &servers, Some("revoked")),
        ("intermediate/client.crt", &clients, Some("unknown-issuer")),
        ("different-ca/client.crt", &clients, Some("unknown-issuer")),
    ] {
        let leaf = CertificateDer::from_pem_slice(contents(path)).unwrap();
        let verdict = verifier.verify(&leaf, &[], unix_time(NOW));
        assert_eq!(verdict.err().map(|error| error.code()), code, "{path}");
    }
}

#[test]
fn what_is_to_be_accepted_has_no_lint_error() {
    for key_type in [KeyType::Ec, KeyType::MlDsa] {
        has_no_lint_error(&lab_of(key_type));
    }
}

fn has_no_lint_error(lab: &Lab) {
    let is_good = |file: &&mtls_lab::LabFile| {
        let about = file.about();
        about.kind == FileKind::CaCertificate
            || about.kind == FileKind::Certificate && about.expected == Some(Verdict::Accepted)
    };
    for file in lab.files().iter().filter(is_good) {
        let der = CertificateDer::from_pem_slice(file.secret_contents()).unwrap();
        let findings = lint(&Certificate::from_der(&der).unwrap());
        // Servers live 825 days, as in the recipe, and may have a key that no browser takes, which both earns a notice.
        assert!(
            findings
                .iter()
                .all(|finding| ["server-life-public", "server-key-kind"].contains(&finding.rule)),
            "{}: {findings:?}",
            file.path()
        );
    }
}

#[test]
fn a_second_run_changes_no_byte_and_force_makes_all_new() {
    let (_keep, dir) = directory();
    assert!(matches!(
        run(&dir, Existing::Keep, NOW),
        Ensured::Made(_, None)
    ));
    let first = tree(&dir);
    assert!(matches!(
        run(&dir, Existing::Keep, NOW + Duration::days(300)),
        Ensured::Kept(_)
    ));
    assert_eq!(tree(&dir), first);

    assert!(matches!(
        run(&dir, Existing::Replace, NOW),
        Ensured::Made(_, None)
    ));
    let second = tree(&dir);
    assert_eq!(
        second.keys().collect::<Vec<_>>(),
        first.keys().collect::<Vec<_>>()
    );
    for key in first.keys().filter(|path| path.ends_with(".key")) {
        assert_ne!(first[key], second[key], "{key}");
    }
    assert_eq!(
        fs::read_dir(dir.parent().unwrap()).unwrap().count(),
        1,
        "nothing else is left beside the lab"
    );
}

#[test]
fn a_lab_that_cannot_be_kept_is_made_anew_and_says_why() {
    let (_keep, dir) = directory();
    let reason = |options: &Options, now| match ensure(&dir, options, Existing::Keep, now).unwrap()
    {
        Ensured::Made(_, reason) => reason,
        Ensured::Kept(_) => None,
    };
    run(&dir, Existing::Keep, NOW);
    let later = NOW + Duration::days(336);
    assert!(matches!(
        reason(&Options::default(), later),
        Some(Unusable::Expiring)
    ));
    fs::remove_file(dir.join("same-ca/client.key")).unwrap();
    assert!(
        matches!(reason(&Options::default(), later), Some(Unusable::Changed(path)) if path == "same-ca/client.key")
    );
    let named = Options {
        extra_names: vec!["dev.example.local".parse().unwrap()],
        ..Options::default()
    };
    assert!(matches!(reason(&named, later), Some(Unusable::OtherNames)));
    let other = Options {
        p12_password: Password::new("another"),
        ..named.clone()
    };
    assert!(matches!(
        reason(&other, later),
        Some(Unusable::OtherPassword)
    ));
    assert!(reason(&other, later).is_none());
}

#[test]
fn what_is_not_ours_is_not_touched() {
    let (_keep, dir) = directory();
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("thesis.tex"), "years of work").unwrap();
    let error = ensure(&dir, &Options::default(), Existing::Replace, NOW).unwrap_err();
    assert!(matches!(error, DiskError::NotALab(_)), "{error}");
    fs::remove_file(dir.join("thesis.tex")).unwrap();

    run(&dir, Existing::Keep, NOW);
    fs::write(dir.join("servers/notes.txt"), "mine").unwrap();
    fs::create_dir(dir.join("mine")).unwrap();
    fs::write(dir.join("mine/notes.txt"), "mine, too").unwrap();
    run(&dir, Existing::Replace, NOW);
    assert_eq!(
        fs::read_to_string(dir.join("servers/notes.txt")).unwrap(),
        "mine"
    );
    assert_eq!(
        fs::read_to_string(dir.join("mine/notes.txt")).unwrap(),
        "mine, too"
    );

    let file = dir.join("README.md");
    assert!(matches!(
        ensure(&file, &Options::default(), Existing::Replace, NOW),
        Err(DiskError::NotADirectory(_))
    ));
}

#[test]
fn what_a_killed_run_left_is_cleared_and_nothing_of_it_lost() {
    let (_keep, dir) = directory();
    let parent = dir.parent().unwrap().to_owned();
    let old = SystemTime::now() - std::time::Duration::from_secs(120);
    let leave = |name: &str, inside: &str| {
        let staging = parent.join(format!(".lab.mtls-lab-{name}"));
        private_directory(&staging);
        fs::rename(&dir, staging.join(inside)).unwrap();
        fs::File::open(&staging).unwrap().set_modified(old).unwrap();
        staging
    };
    // Killed between the two steps of an exchange: the lab comes back.
    run(&dir, Existing::Keep, NOW);
    let first = tree(&dir);
    fs::write(dir.join("mine.txt"), "mine").unwrap();
    leave("one", "old");
    run(&dir, Existing::Replace, NOW);
    assert_ne!(tree(&dir)["same-ca/ca.key"], first["same-ca/ca.key"]);
    assert_eq!(fs::read_to_string(dir.join("mine.txt")).unwrap(), "mine");

    // Killed after the exchange: what is not the lab's comes back.
    leave("two", "lab");
    run(&dir, Existing::Keep, NOW);
    assert_eq!(fs::read_to_string(dir.join("mine.txt")).unwrap(), "mine");
    assert_eq!(fs::read_dir(&parent).unwrap().count(), 1);

    // Younger ones may be somebody's at work.
    let busy = parent.join(".lab.mtls-lab-busy");
    private_directory(&busy);
    run(&dir, Existing::Replace, NOW);
    assert!(busy.exists());
}

#[cfg(unix)]
#[test]
fn keys_and_bundles_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (_keep, dir) = directory();
    let ensured = run(&dir, Existing::Keep, NOW);
    for file in &ensured.manifest().files {
        let mode = fs::metadata(dir.join(&file.path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777;
        let secret = file.about.kind.is_secret();
        assert_eq!(mode & 0o077 == 0, secret, "{} {mode:o}", file.path);
    }
}

#[test]
fn the_manifest_lists_every_file() {
    let (_keep, dir) = directory();
    let ensured = run(&dir, Existing::Keep, NOW);
    let mut listed: Vec<_> = ensured
        .manifest()
        .files
        .iter()
        .map(|file| file.path.to_string())
        .collect();
    listed.push(MANIFEST.to_owned());
    listed.sort();
    assert_eq!(tree(&dir).into_keys().collect::<Vec<_>>(), listed);
}

#[test]
fn the_page_for_phones_names_the_password_that_everybody_may_know_and_no_other() {
    let hint = |password| {
        let options = Options {
            p12_password: Password::new(password),
            ..Options::default()
        };
        options.password_hint()
    };
    let public = PasswordHint::Public(LAB_PASSWORD.to_owned());
    assert_eq!(hint(LAB_PASSWORD), public);
    assert_eq!(hint("correct horse battery"), PasswordHint::Private);

    let lab = Lab::make(&Options::default(), NOW).unwrap();
    let mut files = lab.files().iter();
    let page = files
        .find(|file| file.path() == "devices/index.html")
        .unwrap();
    let page = std::str::from_utf8(page.secret_contents()).unwrap();
    for words in [LAB_PASSWORD, "MyTestRootCA", "../same-ca/client_ios.p12"] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn the_profile_for_apple_devices_is_signed_with_the_chain_of_the_server() {
    for key_type in [KeyType::Ec, KeyType::Rsa] {
        let lab = lab_of(key_type);
        let content = |path: &str| {
            let mut files = lab.files().iter();
            let file = files.find(|file| file.path() == path).unwrap();
            file.secret_contents().to_vec()
        };
        let profile = content("same-ca/client.mobileconfig");
        let has = |part: &[u8]| profile.windows(part.len()).any(|window| window == part);
        // A SEQUENCE, not XML alone.
        assert_eq!(profile[0], 0x30);
        assert!(has(b"<key>PayloadContent</key>"));
        for signer in ["same-ca/server.crt", "same-ca/ca.crt"] {
            let certificate = Certificate::from_pem(&content(signer)).unwrap();
            assert!(has(certificate.der()), "{key_type}: {signer}");
        }
        // Of the client there is the encrypted bundle alone.
        let client = Certificate::from_pem(&content("same-ca/client.crt")).unwrap();
        assert!(!has(client.der()));
    }
}

#[test]
fn a_lab_has_what_can_read_its_keys_and_its_readme_names_nothing_else() {
    let left_out = [
        "same-ca/client_ios.p12",
        "same-ca/client.mobileconfig",
        "devices/index.html",
        "devices/android/MutualTls.kt",
        "devices/ios/Lab.swift",
        "servers/Caddyfile",
        "servers/envoy.yaml",
        "clients/Client.java",
    ];
    for key_type in [KeyType::Ec, KeyType::MlDsa] {
        let lab = lab_of(key_type);
        let has = |path: &str| lab.files().iter().any(|file| file.path() == path);
        for path in left_out {
            assert_eq!(has(path), key_type == KeyType::Ec, "{path}");
        }
        for path in [
            "same-ca/client.p12",
            "servers/nginx.conf",
            "clients/client.go",
        ] {
            assert!(has(path), "{path}");
        }
        let readme = lab.files()[0].secret_contents();
        let readme = String::from_utf8(readme.to_vec()).unwrap();
        assert_eq!(readme.contains("ML-DSA"), key_type == KeyType::MlDsa);
        assert_eq!(
            readme.contains("the page for phones |"),
            key_type == KeyType::Ec
        );
        // Tables are not torn by what is left out of them.
        assert!(
            !readme.contains("|\n\n|") && !readme.contains("||"),
            "{readme}"
        );
    }
}

fn lab_of(key_type: KeyType) -> Lab {
    let options = Options {
        key_type,
        ..Options::default()
    };
    Lab::make(&options, NOW).unwrap()
}

fn run(dir: &Path, existing: Existing, now: OffsetDateTime) -> Ensured {
    ensure(dir, &Options::default(), existing, now).unwrap()
}

fn directory() -> (tempfile::TempDir, PathBuf) {
    let keep = tempfile::tempdir().unwrap();
    let lab = keep.path().join("lab");
    (keep, lab)
}

/// As those are that a lab is written in.
fn private_directory(path: &Path) {
    fs::create_dir(path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

/// Every file below `dir` with its contents.
fn tree(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(dir: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{name}/"), found);
            } else {
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(dir, "", &mut found);
    found
}
