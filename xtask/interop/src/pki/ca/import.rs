//! CAs of other software, taken over: everything is listed and revocable, and numbers go on.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use suite::Home;
use suite::peers::EASY_RSA;
use suite::process;

use crate::pki::verify::openssl_verify;
use crate::report::group::MTLS_COMMAND as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn easy_rsa(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let home = &home;
    let pki = home.path("pki");
    let run = |arguments: &[&str]| -> Result<()> {
        let mut easyrsa = bench.peers.command(EASY_RSA);
        easyrsa
            .args(arguments)
            .env("EASYRSA_BATCH", "1")
            .env("EASYRSA_ALGO", "ec")
            .env("EASYRSA_PKI", &pki)
            .current_dir(home.directory());
        let ran = process::run(&mut easyrsa, None)?;
        ensure!(
            ran.success(),
            "easyrsa {}: {}",
            arguments.join(" "),
            ran.reason()
        );
        Ok(())
    };
    run(&["init-pki"])?;
    run(&["--req-cn=Old CA", "build-ca", "nopass"])?;
    run(&["build-server-full", "api.example", "nopass"])?;
    for client in ["alice", "bob", "carol"] {
        run(&["build-client-full", client, "nopass"])?;
    }
    run(&["revoke", "bob", "keyCompromise"])?;
    run(&["gen-crl"])?;
    for (name, file) in [("alice", "alice.crt"), ("api.example", "api.crt")] {
        fs::copy(pki.join(format!("issued/{name}.crt")), home.path(file))?;
    }
    let by_serial = fs::read_dir(pki.join("revoked/certs_by_serial"))?;
    let bob = by_serial
        .flatten()
        .next()
        .context("easy-rsa keeps what it revoked")?;
    fs::copy(bob.path(), home.path("bob.crt"))?;
    // Somebody has tidied up: of carol's certificate only the line in index.txt is left.
    lose(&pki, &["issued", "certs_by_serial"], "CN=carol")?;

    home.ok(&["import", "easy-rsa", "pki"])?;
    afterwards(bench, home, report, "easy-rsa", &["issuing.crl"])
}

pub(super) fn openssl_ca(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let home = &home;
    let ca = home.path("demoCA");
    for directory in ["newcerts", "private"] {
        fs::create_dir_all(ca.join(directory))?;
    }
    fs::write(ca.join("index.txt"), "")?;
    fs::write(ca.join("serial"), "1000\n")?;
    fs::write(ca.join("crlnumber"), "1A\n")?;
    fs::write(home.path("openssl.cnf"), CONFIG)?;
    let run = |arguments: &[&str]| -> Result<()> {
        let mut openssl = bench.peers.command("openssl");
        openssl.args(arguments).current_dir(home.directory());
        let ran = process::run(&mut openssl, None)?;
        ensure!(
            ran.success(),
            "openssl {}: {}",
            arguments.join(" "),
            ran.reason()
        );
        Ok(())
    };
    let password = "pass:old secret";
    run(&[
        "req",
        "-x509",
        "-config",
        "openssl.cnf",
        "-extensions",
        "authority",
        "-newkey",
        "rsa:3072",
        "-passout",
        password,
        "-keyout",
        "demoCA/private/cakey.pem",
        "-out",
        "demoCA/cacert.pem",
        "-days",
        "3650",
        "-subj",
        "/C=DE/O=Old Ltd/CN=Old CA",
    ])?;
    for (name, kind) in [
        ("alice", "client"),
        ("bob", "client"),
        ("carol", "client"),
        ("api", "server"),
    ] {
        let (key, csr, crt) = (
            format!("{name}.key"),
            format!("{name}.csr"),
            format!("{name}.crt"),
        );
        let subject = format!("/C=DE/O=Old Ltd/CN={name}");
        run(&[
            "req",
            "-config",
            "openssl.cnf",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &csr,
            "-subj",
            &subject,
        ])?;
        run(&[
            "ca",
            "-batch",
            "-notext",
            "-config",
            "openssl.cnf",
            "-passin",
            password,
            "-extensions",
            kind,
            "-in",
            &csr,
            "-out",
            &crt,
        ])?;
    }
    run(&[
        "ca",
        "-config",
        "openssl.cnf",
        "-passin",
        password,
        "-revoke",
        "bob.crt",
        "-crl_reason",
        "keyCompromise",
    ])?;
    run(&[
        "ca",
        "-config",
        "openssl.cnf",
        "-passin",
        password,
        "-gencrl",
        "-out",
        "demoCA/crl.pem",
    ])?;
    lose(&ca, &["newcerts"], "CN=carol")?;
    fs::write(home.path("old"), "old secret\n")?;

    let refused = home.run(&[
        "import",
        "openssl-ca",
        "demoCA",
        "--key-password-file",
        "passphrase",
    ])?;
    let seen = match refused.code {
        Some(1) => (Verdict::Refused, refused.stderr),
        _ => (Verdict::NotRun, refused.stdout),
    };
    report.push(
        GROUP,
        "openssl ca",
        "wrong password of the key",
        Verdict::Refused,
        Ok(seen),
    );
    home.ok(&[
        "import",
        "openssl-ca",
        "demoCA",
        "--key-password-file",
        "old",
    ])?;
    afterwards(bench, home, report, "openssl ca", &["issuing.crl"])?;
    // `crlnumber` said that 1A was the next one, openssl has used it, and both CRLs here came after it.
    let number = home.json(&["inspect", "issuing.crl"])?[0]["number"].clone();
    let seen = match number.as_u64() {
        Some(number) if number >= 0x1b => (Verdict::Accepted, number.to_string()),
        _ => (Verdict::Refused, number.to_string()),
    };
    report.push(
        GROUP,
        "openssl ca",
        "CRL numbers go on",
        Verdict::Accepted,
        Ok(seen),
    );
    Ok(())
}

/// What has to hold after an import of alice, bob (revoked), carol (of whom only the record is left) and a server.
pub(super) fn afterwards(
    bench: &Bench<'_>,
    home: &Home,
    report: &mut Report,
    subject: &str,
    crls: &[&str],
) -> Result<()> {
    home.ok(&["ca", "export", "--out", "roots.crt"])?;
    let listed = home.json(&["list"])?;
    let listed = listed.as_array().context("a list")?.clone();
    let states = |state: &str| listed.iter().filter(|one| one["state"] == state).count();
    let seen = format!("{} valid, {} revoked", states("valid"), states("revoked"));
    let all = listed.len() == 4 && states("revoked") == 1 && states("valid") == 3;
    let verdict = Verdict::accepted_if(all);
    report.push(
        GROUP,
        subject,
        "every certificate is listed",
        Verdict::Accepted,
        Ok((verdict, seen)),
    );

    home.ok(&["crl"])?;
    let mut verify = |case: &str, file: &str, expected: Verdict| {
        let seen = openssl_verify(bench, home, file, crls);
        report.push(GROUP, subject, case, expected, seen);
    };
    verify("alice, valid", "alice.crt", Verdict::Accepted);
    verify("the server, valid", "api.crt", Verdict::Accepted);
    verify("bob, revoked before", "bob.crt", Verdict::Refused);
    home.ok(&["revoke", "--cert", "alice.crt", "--yes"])?;
    let carol = listed
        .iter()
        .find(|one| names(one, "carol"))
        .context("carol is not listed")?;
    home.ok(&[
        "revoke",
        carol["serial"].as_str().unwrap_or_default(),
        "--yes",
    ])?;
    home.ok(&["issue", "client", "dave"])?;
    home.ok(&["crl"])?;
    verify("alice, revoked now", "alice.crt", Verdict::Refused);
    verify("dave, issued now", "dave/client.crt", Verdict::Accepted);
    let crl = home.json(&["inspect", "issuing.crl"])?;
    let entries = crl[0]["revoked"].as_array().map_or(0, Vec::len);
    let seen = (
        Verdict::accepted_if(entries == 3),
        format!("{entries} entries"),
    );
    report.push(
        GROUP,
        subject,
        "carol, of whom a record is left",
        Verdict::Accepted,
        Ok(seen),
    );
    Ok(())
}

fn names(record: &Value, common_name: &str) -> bool {
    let subject = record["subject"].as_str().unwrap_or_default();
    subject.contains(&format!("CN={common_name}"))
}

/// Takes away the certificate of somebody, wherever it is.
fn lose(ca: &Path, directories: &[&str], subject: &str) -> Result<()> {
    for directory in directories {
        for entry in fs::read_dir(ca.join(directory))? {
            let path = entry?.path();
            let Ok(certificate) = x509_identity::Certificate::from_pem(&fs::read(&path)?) else {
                continue;
            };
            if certificate.subject().to_string().contains(subject) {
                fs::remove_file(&path)?;
            }
        }
    }
    Ok(())
}

const CONFIG: &str = "
[ca]
default_ca = demo
[demo]
dir = ./demoCA
database = $dir/index.txt
new_certs_dir = $dir/newcerts
certificate = $dir/cacert.pem
private_key = $dir/private/cakey.pem
serial = $dir/serial
crlnumber = $dir/crlnumber
default_md = sha256
default_days = 365
default_crl_days = 30
policy = any
unique_subject = no
[any]
countryName = optional
organizationName = optional
commonName = supplied
[req]
distinguished_name = dn
[dn]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[client]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
";
