//! A CA whose keys are in a token (SoftHSM): made there, used for everything, and replaced.

use std::fs;

use anyhow::{Result, ensure};
use suite::Home;
use suite::peers::SOFTHSM;
use suite::process::{self, Server};

use crate::pki::verify::openssl_verify;
use crate::pki::{request, softhsm};
use crate::report::group::MTLS_COMMAND as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let config = softhsm::make_token(bench, home.directory(), PIN.trim())?;
    fs::write(home.path("pin"), PIN)?;
    fs::write(home.path("wrong"), "0000\n")?;

    // There is no passphrase: nothing is kept in a file.
    let home = &home
        .with("SOFTHSM2_CONF", config)
        .with("MTLS_PASSPHRASE_FILE", "/nowhere".into());
    let uri = |object: &str| format!("pkcs11:token=ca;object={object}?module-path={SOFTHSM}");
    let (root, issuing) = (uri("root"), uri("issuing"));
    let init = [
        "ca",
        "init",
        "--url",
        "http://127.0.0.1:1",
        "--root-key",
        &root,
    ];
    let with = |key: &str, pin: &str| {
        let all = [&init[..], &["--key", key, "--pin-file", pin]].concat();
        home.run(&all)
    };
    let mut refused =
        |case: &str, words: &str, ran| report.refused(GROUP, SUBJECT, case, words, ran);
    refused("the wrong PIN", "the PIN is wrong", with(&issuing, "wrong"));
    let pin_value = format!("{issuing}&pin-value=1234");
    refused(
        "the PIN in the URI",
        "the PIN in it",
        with(&pin_value, "pin"),
    );
    refused(
        "one key for both",
        "the two keys are the same",
        with(&root, "pin"),
    );
    let made = with(&issuing, "pin")?;
    ensure!(made.success(), "mtls ca init: {}", made.stderr);

    let kept = fs::read_dir(home.path("home/default/keys"))?.count();
    let settings = fs::read_to_string(home.path("home/default/ca.toml"))?;
    let verdict = Verdict::accepted_if(kept == 0 && !settings.contains(PIN.trim()));
    let case = "no key and no PIN in the home";
    let seen = (verdict, format!("{kept} files"));
    report.push(GROUP, SUBJECT, case, Verdict::Accepted, Ok(seen));

    let pin = |arguments: &[&str]| home.ok(&[arguments, &["--pin-file", "pin"]].concat());
    pin(&["issue", "client", "alice"])?;
    pin(&["issue", "client", "bob"])?;
    request::by_openssl(
        bench,
        home.directory(),
        "server",
        "/CN=api.example",
        &["-addext", "subjectAltName=DNS:api.example"],
    )?;
    pin(&[
        "sign",
        "server.csr",
        "--profile",
        "server",
        "--out",
        "server.crt",
    ])?;
    home.ok(&["revoke", "--name", "bob", "--yes"])?;
    pin(&["crl"])?;
    home.ok(&["ca", "export", "--out", "roots.crt"])?;
    let crls = ["root.crl", "issuing.crl"];
    for (case, file, expected) in [
        ("a client, issued", "alice/client.crt", Verdict::Accepted),
        ("a server, signed", "server.crt", Verdict::Accepted),
        ("a client, revoked", "bob/client.crt", Verdict::Refused),
    ] {
        let seen = openssl_verify(bench, home, file, &crls);
        report.push(GROUP, SUBJECT, case, expected, seen);
    }
    let seen = serve(bench, home);
    let case = "mtls serve, asked by openssl ocsp";
    report.push(GROUP, SUBJECT, case, Verdict::Accepted, seen);

    pin(&["ca", "rotate", "--root"])?;
    pin(&["issue", "client", "carol"])?;
    pin(&["crl"])?;
    home.ok(&["ca", "export", "--bundle", "new", "--out", "roots.crt"])?;
    let crls = ["root-2-0.crl", "issuing-2-0.crl"];
    let seen = openssl_verify(bench, home, "carol/client.crt", &crls);
    let case = "a client of new keys, after a rotation";
    report.push(GROUP, SUBJECT, case, Verdict::Accepted, seen);

    // The first CA is gone, and its keys are still in the token.
    fs::remove_dir_all(home.path("home/default"))?;
    let again = with(&issuing, "pin")?;
    let case = "a new CA with keys that are there";
    let seen = (Verdict::accepted_if(again.success()), again.stderr);
    report.push(GROUP, SUBJECT, case, Verdict::Accepted, Ok(seen));
    let audit = home.ok(&["audit", "verify"])?;
    let case = "the audit log";
    let seen = Ok((Verdict::Accepted, audit));
    report.push(GROUP, SUBJECT, case, Verdict::Accepted, seen);
    Ok(())
}

/// What OpenSSL's client is told about alice and bob by a responder that the token has appointed.
fn serve(bench: &Bench<'_>, home: &Home) -> Result<(Verdict, String)> {
    let [port] = process::free_ports()?;
    let listen = format!("127.0.0.1:{port}");
    let arguments = ["serve", "--listen", &listen, "--pin-file", "pin"];
    let _serving = Server::start(&mut home.command(&arguments), port)?;
    let mut said = String::new();
    for (client, status) in [("alice", "good"), ("bob", "revoked")] {
        let file = format!("{client}/client.crt");
        let mut openssl = bench.peers.command("openssl");
        openssl
            .args([
                "ocsp",
                "-url",
                &format!("http://{listen}/ocsp"),
                "-CAfile",
                "roots.crt",
            ])
            .args(["-issuer", "home/default/issuing.crt", "-cert", &file])
            .current_dir(home.directory());
        let ran = process::run(&mut openssl, None)?;
        let wanted = format!("{file}: {status}");
        let is_right = ran.stdout.contains(&wanted) && ran.stderr.contains("Response verify OK");
        ensure!(is_right, "{} {}", ran.stdout, ran.stderr);
        said.push_str(&wanted);
        said.push(' ');
    }
    Ok((Verdict::Accepted, said))
}

const PIN: &str = "1234\n";
const SUBJECT: &str = "keys in SoftHSM";
