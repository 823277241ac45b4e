//! A root's key in SoftHSM, by the example `token_ca` of pki-pkcs11, and what it signs, by OpenSSL.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use pki_core::{KeyKind, KeyPair};
use suite::peers::SOFTHSM;
use suite::{Profile, example_of, process};

use super::openssl::{openssl, verdict};
use crate::pki::softhsm;
use crate::report::group::AUTHORITY as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn check(bench: &Bench<'_>, report: &mut Report) {
    let token = match Token::make(bench) {
        Ok(token) => token,
        Err(error) => {
            report.push(GROUP, SUBJECT, "set-up", Verdict::Accepted, Err(error));
            return;
        }
    };
    for kind in ["p256", "p384", "p521", "rsa2048", "ed25519"] {
        let case = format!("a root with a new key, {kind}");
        let seen = token.run("ca", kind, RIGHT_PIN, kind, "");
        let seen = seen.and_then(|said| match said {
            (Verdict::Accepted, _) => token.what_was_signed(bench),
            refused => Ok(refused),
        });
        report.push(GROUP, SUBJECT, &case, Verdict::Accepted, seen);
    }
    for (case, label, object, pin, kind, reason) in [
        ("a key that is there", "ca", "p256", RIGHT_PIN, "open", ""),
        (
            "a new key of a name that is taken",
            "ca",
            "p256",
            RIGHT_PIN,
            "p256",
            "already has a key",
        ),
        (
            "the wrong PIN",
            "ca",
            "p256",
            "0000",
            "open",
            "the PIN is wrong",
        ),
        (
            "another token",
            "other",
            "p256",
            RIGHT_PIN,
            "open",
            "no token that is token=other",
        ),
        (
            "another key",
            "ca",
            "none",
            RIGHT_PIN,
            "open",
            "no key that is object=none",
        ),
    ] {
        let expected = match reason {
            "" => Verdict::Accepted,
            _ => Verdict::Refused,
        };
        let seen = token.run(label, object, pin, kind, reason);
        report.push(GROUP, SUBJECT, case, expected, seen);
    }
    let seen = token.with_another_public_key(bench);
    let case = "a key with the public key of another";
    report.push(GROUP, SUBJECT, case, Verdict::Refused, seen);
}

/// A token in files, with the label `ca`.
struct Token {
    program: PathBuf,
    directory: PathBuf,
}

impl Token {
    fn make(bench: &Bench<'_>) -> Result<Self> {
        let token = Self {
            program: example_of("pki-pkcs11", Profile::Dev, "token_ca")?,
            directory: bench.scratch("softhsm"),
        };
        softhsm::make_token(bench, &token.directory, RIGHT_PIN)?;
        Ok(token)
    }

    fn config(&self) -> PathBuf {
        self.directory.join("softhsm2.conf")
    }

    fn softhsm(&self, bench: &Bench<'_>, arguments: &[&str]) -> Result<()> {
        let all = [arguments, &["--pin", RIGHT_PIN]].concat();
        softhsm::run(bench, &self.config(), &all)
    }

    /// Refused, where the program says `reason`; accepted, where it succeeds.
    fn run(
        &self,
        label: &str,
        object: &str,
        pin: &str,
        kind: &str,
        reason: &str,
    ) -> Result<(Verdict, String)> {
        let pin_file = self.directory.join("pin");
        fs::write(&pin_file, pin)?;
        let uri = format!("pkcs11:token={label};object={object}?module-path={SOFTHSM}");
        let mut command = Command::new(&self.program);
        command
            .arg(uri)
            .arg(pin_file)
            .arg(kind)
            .arg(&self.directory)
            .env("SOFTHSM2_CONF", self.config());
        let said = process::run(&mut command, None)?;
        Ok(match said.success() {
            true => (Verdict::Accepted, said.stdout),
            false if !reason.is_empty() && said.stderr.contains(reason) => {
                (Verdict::Refused, reason.to_owned())
            }
            false => (Verdict::NotRun, said.stderr),
        })
    }

    fn file(&self, name: &str) -> String {
        self.directory.join(name).to_string_lossy().into_owned()
    }

    /// Root, client, CRL and CSR, by OpenSSL.
    fn what_was_signed(&self, bench: &Bench<'_>) -> Result<(Verdict, String)> {
        let (root, client) = (self.file("root.crt"), self.file("client.crt"));
        let verify = ["verify", "-x509_strict", "-CAfile", &root, &client];
        let (crl, csr) = (self.file("root.crl"), self.file("root.csr"));
        for (arguments, good) in [
            (&verify[..], "client.crt: OK"),
            (
                &["crl", "-noout", "-CAfile", &root, "-in", &crl],
                "verify OK",
            ),
            (&["req", "-noout", "-verify", "-in", &csr], "verify OK"),
        ] {
            let said = openssl(bench, arguments)?;
            let (verdict, reason) = verdict(&said, good, "failure");
            if verdict != Verdict::Accepted {
                return Ok((verdict, reason));
            }
        }
        Ok((Verdict::Accepted, String::new()))
    }

    /// Two keys with one id, so that the public key of one is found for the other.
    fn with_another_public_key(&self, bench: &Bench<'_>) -> Result<(Verdict, String)> {
        for label in ["first", "second"] {
            let file = self.directory.join("import.key");
            fs::write(
                &file,
                KeyPair::generate(KeyKind::P256)?
                    .secret_pkcs8_pem()
                    .as_bytes(),
            )?;
            let file = path(&file);
            let import = ["--import", &file, "--token", "ca", "--force"];
            self.softhsm(
                bench,
                &[&import[..], &["--label", label, "--id", "0a"]].concat(),
            )?;
        }
        let reason = "cannot be verified by its public key";
        let seen =
            ["first", "second"].map(|object| self.run("ca", object, RIGHT_PIN, "open", reason));
        let [first, second] = seen;
        let (first, second) = (first?, second?);
        // For one of them it is the right one.
        match (first.0, second.0) {
            (Verdict::Accepted, Verdict::Refused) => Ok(second),
            (Verdict::Refused, Verdict::Accepted) => Ok(first),
            _ => Ok((Verdict::NotRun, format!("{first:?} {second:?}"))),
        }
    }
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

const RIGHT_PIN: &str = "1234";
const SUBJECT: &str = "our signer with SoftHSM";
