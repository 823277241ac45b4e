//! Every `.p12` of the lab, opened by every program that may have to, with the right password and a wrong one.

use std::path::Path;

use anyhow::Result;
use suite::process::{self, Finished, Server};
use suite::{peers, workspace};

use crate::clients::curl;
use crate::report::group::BUNDLES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::{Lab, PASSWORD};

/// A program that opens a bundle.
pub(super) struct Reader {
    pub(super) name: &'static str,
    program: &'static str,
    /// Its arguments for a file and a password.
    arguments: fn(&str, &str) -> Vec<String>,
    /// Whether what it says shows exactly one private key, and no certificate that stands alone.
    complete: fn(&Finished) -> bool,
}

/// A scenario of the lab: its bundles, and the server that they are for.
struct Scenario {
    bundles: &'static [&'static str],
    /// The server's certificate, and the root that its clients trust.
    server: &'static str,
    server_ca: &'static str,
    client_ca: &'static str,
    crl: Option<&'static str>,
}

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    for scenario in SCENARIOS {
        let files = lab.server_files_of(scenario.server, scenario.client_ca, scenario.crl);
        let server = bench.own().and_then(|own| own.serve(&files));
        for file in scenario.bundles {
            for (password, expected, with) in PASSWORDS {
                let case = format!("{} {file}{with}", lab.name);
                for reader in READERS {
                    let seen = open(bench, reader, &lab.arg(file), password);
                    report.push(GROUP, reader.name, &case, *expected, seen);
                }
                let seen = connect(
                    bench,
                    &server,
                    &lab.path(scenario.server_ca),
                    &lab.arg(file),
                    password,
                );
                report.push(GROUP, "curl, connecting", &case, *expected, seen);
            }
        }
    }
}

/// Gets into our server with a bundle: what is in it is complete, its intermediate certificates too.
fn connect(
    bench: &Bench<'_>,
    server: &Result<Server>,
    server_ca: &Path,
    file: &str,
    password: &str,
) -> Result<(Verdict, String)> {
    let server = server
        .as_ref()
        .map_err(|error| anyhow::anyhow!("our server: {error:#}"))?;
    let url = format!("https://localhost:{}/", server.port());
    let (verdict, said) = curl::ask(bench, &url, server_ca, &curl::p12(file, password), &[])?;
    // Before it connects, so that no server has refused anything.
    let unopened = verdict == Verdict::NotRun && said.contains("could not parse PKCS12 file");
    Ok((if unopened { Verdict::Refused } else { verdict }, said))
}

pub(super) fn open(
    bench: &Bench<'_>,
    reader: &Reader,
    file: &str,
    password: &str,
) -> Result<(Verdict, String)> {
    anyhow::ensure!(Path::new(file).is_file(), "{file} is not there");
    let arguments = (reader.arguments)(file, password);
    let said = process::run(bench.peers.command(reader.program).args(arguments), None)?;
    let words = (said.stdout.clone() + &said.stderr).to_ascii_lowercase();
    // Each of them names what failed by one of these; a program that failed for another reason has refused nothing.
    let about_password = [
        "password",
        "passphrase",
        "mac verify",
        "mac could not",
        "decrypt",
        "mac",
    ]
    .iter()
    .any(|word| words.contains(word));
    Ok(match said.success() {
        true if (reader.complete)(&said) => (Verdict::Accepted, said.reason()),
        true => (
            Verdict::NotRun,
            format!("opened, but not one key entry alone: {}", said.reason()),
        ),
        false if about_password => (Verdict::Refused, said.reason()),
        false => (Verdict::NotRun, said.reason()),
    })
}

fn owned(arguments: &[&str]) -> Vec<String> {
    arguments
        .iter()
        .map(|argument| (*argument).to_owned())
        .collect()
}

/// How many lines of the output have `what` in them.
fn lines_with(said: &Finished, what: &str) -> usize {
    said.stdout
        .lines()
        .chain(said.stderr.lines())
        .filter(|line| line.contains(what))
        .count()
}

const PASSWORDS: &[(&str, Verdict, &str)] = &[
    (PASSWORD, Verdict::Accepted, ""),
    ("not-the-password", Verdict::Refused, ", wrong password"),
];

const SCENARIOS: &[Scenario] = &[
    Scenario {
        bundles: &["same-ca/client.p12", "same-ca/client_ios.p12"],
        server: "same-ca/server.crt",
        server_ca: "same-ca/ca.crt",
        client_ca: "same-ca/ca.crt",
        crl: Some("same-ca/ca.crl"),
    },
    Scenario {
        bundles: &["different-ca/client.p12", "different-ca/client_ios.p12"],
        server: "different-ca/server.crt",
        server_ca: "different-ca/server-ca.crt",
        client_ca: "different-ca/client-ca.crt",
        crl: Some("different-ca/client-ca.crl"),
    },
    Scenario {
        bundles: &["intermediate/client.p12"],
        server: "intermediate/server-chain.crt",
        server_ca: "intermediate/root.crt",
        client_ca: "intermediate/root.crt",
        crl: None,
    },
];

pub(super) const READERS: &[Reader] = &[
    Reader {
        name: "OpenSSL",
        program: "openssl",
        arguments: |file, password| {
            owned(&[
                "pkcs12",
                "-info",
                "-noout",
                "-in",
                file,
                "-passin",
                &format!("pass:{password}"),
            ])
        },
        complete: |said| lines_with(said, "Shrouded Keybag") == 1,
    },
    Reader {
        name: "keytool",
        program: "keytool",
        arguments: |file, password| {
            owned(&[
                "-list",
                "-storetype",
                "PKCS12",
                "-keystore",
                file,
                "-storepass",
                password,
            ])
        },
        complete: |said| {
            lines_with(said, "PrivateKeyEntry") == 1 && lines_with(said, "trustedCertEntry") == 0
        },
    },
    Reader {
        name: "BouncyCastle",
        program: "java",
        arguments: |file, password| {
            let source = workspace().join("xtask/interop/src/issued/P12Entries.java");
            owned(&[
                "-cp",
                peers::BOUNCY_CASTLE,
                &source.to_string_lossy(),
                file,
                password,
            ])
        },
        complete: |said| said.stdout.starts_with("keys=1 certs=0 match=true"),
    },
    Reader {
        name: "NSS pk12util",
        program: "pk12util",
        arguments: |file, password| owned(&["-l", file, "-W", password]),
        complete: |said| lines_with(said, "has private key") == 1,
    },
    Reader {
        name: "GnuTLS certtool",
        program: "certtool",
        arguments: |file, password| {
            owned(&[
                "--p12-info",
                "--inder",
                "--infile",
                file,
                "--password",
                password,
            ])
        },
        complete: |said| {
            lines_with(said, "BEGIN ENCRYPTED PRIVATE KEY") + lines_with(said, "BEGIN PRIVATE KEY")
                == 1
        },
    },
    Reader {
        name: "Node",
        program: "node",
        arguments: |file, password| {
            let script = "const [pfx, passphrase] = process.argv.slice(1); \
                          require('tls').createSecureContext({ pfx: require('fs').readFileSync(pfx), passphrase });";
            owned(&["-e", script, file, password])
        },
        complete: |_| true,
    },
    Reader {
        name: "pyca cryptography",
        program: "python",
        arguments: |file, password| {
            let script = "import sys\n\
                          from cryptography.hazmat.primitives.serialization import pkcs12\n\
                          data = open(sys.argv[1], 'rb').read()\n\
                          key, cert, more = pkcs12.load_key_and_certificates(data, sys.argv[2].encode())\n\
                          assert key.public_key() == cert.public_key()";
            owned(&["-c", script, file, password])
        },
        complete: |_| true,
    },
];
