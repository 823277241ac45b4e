//! Profiles of `mtls profile`: the signature by openssl, the property list by Python's plistlib.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use suite::Home;
use suite::process;

use crate::report::group::PHONES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

const PASSWORD: &str = "correct-horse-battery-staple";

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    for (what, root, expected) in [
        ("signed", "same-ca/ca.crt", Verdict::Accepted),
        (
            "of another root",
            "different-ca/server-ca.crt",
            Verdict::Refused,
        ),
    ] {
        let seen = of_lab(bench, lab, root);
        let case = format!("profile of the lab, {what}");
        report.push(GROUP, "openssl cms", &case, expected, seen);
    }
    for key_type in ["ec", "rsa"] {
        let case = |what: &str| format!("{key_type} profile, {what}");
        let made = make(bench, key_type);
        let place = match &made {
            Ok(home) => home.directory(),
            Err(error) => {
                let failed = Err(anyhow::anyhow!("{error:#}"));
                report.push(GROUP, "mtls", &case("made"), Verdict::Accepted, failed);
                continue;
            }
        };
        for (what, file, root, expected) in [
            ("signed", "signed", "ca.crt", Verdict::Accepted),
            ("of another root", "signed", "other.crt", Verdict::Refused),
            ("changed", "changed", "ca.crt", Verdict::Refused),
        ] {
            let seen = verify(bench, place, file, root);
            report.push(GROUP, "openssl cms", &case(what), expected, seen);
        }
        for (what, file, password, expected) in [
            ("without password", "unsigned", "", Verdict::Accepted),
            ("password embedded", "embedded", PASSWORD, Verdict::Accepted),
            (
                "password embedded, not asked for",
                "embedded",
                "",
                Verdict::Refused,
            ),
        ] {
            let seen = read(bench, place, file, password);
            report.push(GROUP, "plistlib", &case(what), expected, seen);
        }
    }
}

/// A CA with a client and a server, and the profiles of the client.
fn make(bench: &Bench<'_>, key_type: &str) -> Result<Home> {
    let home = bench.home()?;
    std::fs::write(home.path("password"), PASSWORD)?;
    home.ok(&["ca", "init", "--key-type", key_type])?;
    home.ok(&["ca", "export", "--out", "ca.crt"])?;
    home.ok(&["issue", "client", "alice"])?;
    home.ok(&["issue", "server", "profiles.example"])?;
    let profile = |name: &str, more: &[&str]| {
        let usual = ["profile", "--identifier", "org.example.mtls", "--out", name];
        let alice = ["--cert", "alice/client.crt", "--key", "alice/client.key"];
        let password = ["--password-file", "password"];
        home.ok(&[&usual, &alice[..], &password, more].concat())
    };
    profile("unsigned", &[])?;
    profile("embedded", &["--embed-password"])?;
    let (cert, key) = ("profiles.example/server.crt", "profiles.example/server.key");
    profile("signed", &["--sign-cert", cert, "--sign-key", key])?;
    // A letter of the content.
    let mut changed = std::fs::read(home.path("signed"))?;
    let word = b"PayloadIdentifier";
    let at = changed.windows(word.len()).position(|it| it == word);
    let at = at.ok_or_else(|| anyhow::anyhow!("the signed profile has no content"))?;
    changed[at] = b'p';
    std::fs::write(home.path("changed"), changed)?;

    let other = ["--home", "other-home"];
    home.ok(&[&other[..], &["ca", "init"]].concat())?;
    home.ok(&[&other[..], &["ca", "export", "--out", "other.crt"]].concat())?;
    Ok(home)
}

/// The profile that a lab has, with the client's bundle in it.
fn of_lab(bench: &Bench<'_>, lab: &Lab, root: &str) -> Result<(Verdict, String)> {
    let mut command = verifying(
        bench,
        &lab.arg("same-ca/client.mobileconfig"),
        &lab.arg(root),
    );
    let said = process::run(&mut command, None)?;
    let is_whole = said.stdout.contains("com.apple.security.pkcs12");
    Ok(match said.success() {
        true if is_whole => (Verdict::Accepted, said.reason()),
        true => (Verdict::NotRun, "verified, with another content".to_owned()),
        false if said.stderr.contains("verif") => (Verdict::Refused, said.reason()),
        false => (Verdict::NotRun, said.reason()),
    })
}

/// `openssl cms -verify` of a signed profile.
fn verifying(bench: &Bench<'_>, file: &str, root: &str) -> Command {
    let mut command = bench.peers.command("openssl");
    command.args([
        "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any",
    ]);
    command.args(["-in", file, "-CAfile", root]);
    command
}

fn verify(bench: &Bench<'_>, place: &Path, file: &str, root: &str) -> Result<(Verdict, String)> {
    let mut command = verifying(bench, file, root);
    command.current_dir(place).args(["-out", "content"]);
    let said = process::run(&mut command, None)?;
    let content = std::fs::read(place.join("content")).unwrap_or_default();
    let plain = std::fs::read(place.join("unsigned"))?;
    let about_signature = said.stderr.contains("verif");
    Ok(match said.success() {
        // The bundle has a salt of its own each time.
        true if content.len() == plain.len() && content.starts_with(&plain[..200]) => {
            (Verdict::Accepted, said.reason())
        }
        true => (Verdict::NotRun, "verified, with another content".to_owned()),
        false if about_signature => (Verdict::Refused, said.reason()),
        false => (Verdict::NotRun, said.reason()),
    })
}

fn read(bench: &Bench<'_>, place: &Path, file: &str, password: &str) -> Result<(Verdict, String)> {
    let mut command = bench.peers.command("python");
    command
        .current_dir(place)
        .args(["-c", READ, file, password]);
    let said = process::run(&mut command, None)?;
    Ok(match said.success() {
        true => (Verdict::Accepted, said.stdout),
        false if said.stderr.contains("AssertionError") => (Verdict::Refused, said.reason()),
        false => (Verdict::NotRun, said.reason()),
    })
}

/// What Apple requires of a profile (apple/device-management, `TopLevel.yaml` and `CommonPayloadKeys.yaml`).
const READ: &str = "
import plistlib, sys, uuid
profile = plistlib.load(open(sys.argv[1], 'rb'))
payloads = profile['PayloadContent']
assert profile['PayloadType'] == 'Configuration'
for one in [profile, *payloads]:
    assert one['PayloadVersion'] == 1 and one['PayloadIdentifier'].startswith('org.example.mtls')
    assert uuid.UUID(one['PayloadUUID']).version == 5
kinds = [one['PayloadType'].rsplit('.', 1)[1] for one in payloads]
assert kinds == ['root', 'pkcs1', 'pkcs12'], kinds
assert payloads[2].get('Password', '') == sys.argv[2]
from cryptography import x509
for one in payloads[:2]:
    x509.load_der_x509_certificate(one['PayloadContent'])
print('ok')
";
