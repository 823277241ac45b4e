//! Profiles of `mtls profile`: the signature by openssl, the property list by Python's plistlib.

use std::path::Path;

use anyhow::{Result, ensure};
use suite::process::{self, Finished};

use super::GROUP;
use crate::Bench;
use crate::report::{Report, Verdict};

const PASSWORD: &str = "correct-horse-battery-staple";

pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    for key_type in ["ec", "rsa"] {
        let case = |what: &str| format!("{key_type} profile, {what}");
        let made = make(bench, key_type);
        let place = match &made {
            Ok(place) => place.path(),
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
fn make(bench: &Bench<'_>, key_type: &str) -> Result<tempfile::TempDir> {
    let place = tempfile::tempdir_in(bench.scratch.path())?;
    std::fs::write(place.path().join("passphrase"), "passphrase\n")?;
    std::fs::write(place.path().join("password"), PASSWORD)?;
    let mtls = |arguments: &[&str]| -> Result<Finished> {
        let mut command = std::process::Command::new(bench.mtls()?);
        command
            .current_dir(place.path())
            .env("MTLS_HOME", place.path().join("home"))
            .args(["--passphrase-file", "passphrase"])
            .args(arguments);
        let said = process::run(&mut command, None)?;
        ensure!(
            said.success(),
            "mtls {}: {}",
            arguments.join(" "),
            said.reason()
        );
        Ok(said)
    };
    mtls(&["ca", "init", "--key-type", key_type])?;
    mtls(&["ca", "export", "--out", "ca.crt"])?;
    mtls(&["issue", "client", "alice"])?;
    mtls(&["issue", "server", "profiles.example"])?;
    let profile = |name: &str, more: &[&str]| {
        let usual = ["profile", "--identifier", "org.example.mtls", "--out", name];
        let alice = ["--cert", "alice/client.crt", "--key", "alice/client.key"];
        let password = ["--password-file", "password"];
        mtls(&[&usual, &alice[..], &password, more].concat())
    };
    profile("unsigned", &[])?;
    profile("embedded", &["--embed-password"])?;
    let (cert, key) = ("profiles.example/server.crt", "profiles.example/server.key");
    profile("signed", &["--sign-cert", cert, "--sign-key", key])?;
    // A letter of the content.
    let mut changed = std::fs::read(place.path().join("signed"))?;
    let word = b"PayloadIdentifier";
    let at = changed.windows(word.len()).position(|it| it == word);
    let at = at.ok_or_else(|| anyhow::anyhow!("the signed profile has no content"))?;
    changed[at] = b'p';
    std::fs::write(place.path().join("changed"), changed)?;

    let home = ["--home", "other-home"];
    mtls(&[&home[..], &["ca", "init"]].concat())?;
    mtls(&[&home[..], &["ca", "export", "--out", "other.crt"]].concat())?;
    Ok(place)
}

fn verify(bench: &Bench<'_>, place: &Path, file: &str, root: &str) -> Result<(Verdict, String)> {
    let mut command = bench.peers.command("openssl");
    command
        .current_dir(place)
        .args(["cms", "-verify", "-binary"]);
    command.args(["-inform", "DER", "-purpose", "any", "-in", file]);
    command.args(["-CAfile", root, "-out", "content"]);
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
