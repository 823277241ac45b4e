//! Mistakes cost nothing: what is refused, interrupted or cannot be written leaves nothing, and the audit log says it.
#![cfg(target_os = "linux")]

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;

use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::{Pid, Signal, kill_process};

use crate::common::Place;
use crate::common::ca::WITH;

#[test]
fn a_home_that_others_can_read_is_not_used_and_the_audit_log_says_so() {
    let place = Place::with_ca();
    let csr = request(&place);
    let open_to = |mode| std::fs::set_permissions(place.home(), Permissions::from_mode(mode));
    let before = place.list().len();
    for (mode, rows) in [(0o755, 3), (0o750, 6), (0o777, 6)] {
        open_to(mode).unwrap();
        place
            .ca(&["issue", "client", "alice"])
            .refused("others can read the home");
        place
            .ca(&["sign", &csr, "--profile", "client"])
            .refused("others can read the home");
        place
            .ca(&["renew", "4A01", "--out", "x"])
            .refused("others can read the home");
        assert!(!place.path("alice").exists());
        open_to(0o700).unwrap();
        // Where others can write, the store may be anybody's.
        assert_eq!(place.refusals().len(), rows, "{mode:o}");
    }
    assert_eq!(place.list().len(), before);
    place.ca(&["issue", "client", "alice"]).ok();
    place.run(&["audit", "verify"]).ok();
}

#[test]
fn what_is_no_file_is_written_into_and_what_cannot_be_written_is_noticed_in_time() {
    let place = Place::with_ca();
    let csr = request(&place);
    place.run(&["ca", "export", "--out", "/dev/null"]).ok();
    let null = Path::new("/dev/null").metadata().unwrap();
    assert!(null.file_type().is_char_device());
    let printed = place.run(&["ca", "export", "--out", "/dev/stdout"]).ok();
    assert!(printed.contains("BEGIN CERTIFICATE"), "{printed}");

    let issued = place.list().len();
    std::fs::create_dir(place.path("there")).unwrap();
    for (out, words) in [
        ("there", "it is a directory"),
        ("nowhere/a.crt", "there is no directory nowhere"),
    ] {
        place
            .ca(&["sign", &csr, "--profile", "client", "--out", out])
            .refused(words);
    }
    place.write("file", "");
    place
        .ca(&["crl", "--out", "file"])
        .refused("is not a directory");
    assert_eq!(place.list().len(), issued);
}

#[test]
fn a_certificate_that_cannot_be_printed_is_named() {
    let place = Place::with_ca();
    let csr = request(&place);
    let mut sign = place.command(&[&WITH[..], &["sign", &csr, "--profile", "client"]].concat());
    sign.stdout(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let ran = place.finished(&mut sign).refused("it cannot be printed");
    let all = place.list();
    let serial = all[0]["serial"].as_str().unwrap();
    assert!(
        ran.stderr.contains(&format!("mtls revoke {serial} --yes")),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_command_that_is_interrupted_leaves_nothing() {
    let place = Place::with_ca();
    // Where a person would be asked.
    let pipe = place.path("pipe");
    mkfifoat(CWD, &pipe, Mode::RWXU).unwrap();
    let issued = place.list().len();
    let (here, home) = (place.path(""), place.home());
    for (arguments, began, signal, code) in [
        (&["issue", "client", "alice"][..], &here, Signal::INT, 130),
        (&["issue", "client", "bob"], &here, Signal::TERM, 143),
        (&["ca", "init", "second"], &home, Signal::INT, 130),
    ] {
        let names = || -> Vec<_> {
            let entries = std::fs::read_dir(began).unwrap();
            entries.map(|it| it.unwrap().file_name()).collect()
        };
        let before = names();
        let mut command = place.command(arguments);
        command.args(["--passphrase-file", "pipe"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        while names().len() == before.len() {
            std::thread::yield_now();
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}");
        let mut after = names();
        after.retain(|name| !before.contains(name));
        assert!(after.is_empty(), "{after:?}");
    }
    assert_eq!(place.list().len(), issued);
    place.ca(&["issue", "client", "alice"]).ok();
    place.ca(&["ca", "init", "second"]).ok();
}

/// A CSR in a file.
fn request(place: &Place) -> String {
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "carol");
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = params.serialize_request(&key).unwrap().pem().unwrap();
    place.write("carol.csr", pem);
    "carol.csr".to_owned()
}
