//! A mount of OpenBao, taken over from a real server, over TLS.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use suite::process::{self, Server};

use super::GROUP;
use super::import::afterwards;
use crate::Bench;
use crate::pki::home::Home;
use crate::report::{Report, Verdict};

/// A root in one mount, and in another the CA below it, whose key was exported when it was made.
pub(super) fn with_key(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let home = &home;
    let bao = Bao::start(bench, home)?;
    bao.post("sys/mounts/root", &json!({ "type": "pki" }))?;
    bao.post(
        "sys/mounts/root/tune",
        &json!({ "max_lease_ttl": "87600h" }),
    )?;
    bao.post("sys/mounts/team/pki", &json!({ "type": "pki" }))?;
    bao.post(
        "sys/mounts/team/pki/tune",
        &json!({ "max_lease_ttl": "43800h" }),
    )?;
    let ca =
        json!({ "common_name": "Bao Root", "key_type": "ec", "key_bits": 256, "ttl": "87600h" });
    let root = bao.post("root/root/generate/internal", &ca)?;
    let ca = json!({ "common_name": "Bao Issuing", "key_type": "ec", "key_bits": 256 });
    let made = bao.post("team/pki/intermediate/generate/exported", &ca)?;
    fs::write(home.path("issuing.key"), text(&made, "private_key")?)?;
    let csr = json!({ "csr": text(&made, "csr")?, "ttl": "43800h", "use_csr_values": true });
    let signed = bao.post("root/root/sign-intermediate", &csr)?;
    let certificate = text(&signed, "certificate")?;
    let chain = json!({ "certificate": certificate });
    bao.post("team/pki/intermediate/set-signed", &chain)?;
    fs::write(home.path("above.crt"), text(&root, "certificate")?)?;
    bao.issue_everybody(home, "team/pki")?;

    let import = bao.import("team/pki");
    let import = [&arguments(&import)[..], &["--key", "issuing.key"]].concat();
    let alone = [&import[..], &["--token-file", "token"]].concat();
    let case = "without the root above it";
    refused(home, report, &alone, case, "--chain");
    let wrong = [
        &import[..],
        &["--chain", "above.crt", "--token-file", "passphrase"],
    ]
    .concat();
    refused(home, report, &wrong, "the wrong token", "may not read");
    let import = [
        &import[..],
        &["--chain", "above.crt", "--token-file", "token"],
    ]
    .concat();
    home.ok(&import)?;
    let above = bao.ask("GET", "root/issuer/default/crl", None)?;
    fs::write(home.path("above.crl"), text(&above, "crl")?)?;
    let crls = ["above.crl", "issuing.crl"];
    afterwards(bench, home, report, "OpenBao", &crls)?;
    numbers_go_on(home, report, &bao, "team/pki", "OpenBao")
}

/// A root whose key OpenBao does not give away. A second one has taken its place before it is taken over.
pub(super) fn without_key(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let home = &home;
    let subject = "OpenBao, key elsewhere";
    let bao = Bao::start(bench, home)?;
    bao.post("sys/mounts/pki", &json!({ "type": "pki" }))?;
    bao.post("sys/mounts/pki/tune", &json!({ "max_lease_ttl": "87600h" }))?;
    for name in ["first", "second"] {
        let ca = json!({
            "common_name": format!("Bao Root {name}"), "issuer_name": name, "key_type": "rsa", "ttl": "87600h"
        });
        bao.post("pki/root/generate/internal", &ca)?;
        bao.post("pki/config/issuers", &json!({ "default": name }))?;
        match name {
            "first" => bao.issue_everybody(home, "pki")?,
            _ => bao.issue(home, "pki", "erin", "client").map(drop)?,
        }
    }
    let import = bao.import("pki");
    home.ok(&[&arguments(&import)[..], &["--token-file", "token"]].concat())?;
    let listed = home.json(&["list"])?;
    let states = |state: &str| {
        let listed = listed.as_array().map_or(&[][..], Vec::as_slice);
        listed.iter().filter(|one| one["state"] == state).count()
    };
    let seen = format!("{} valid, {} revoked", states("valid"), states("revoked"));
    let verdict = is(states("valid") == 4 && states("revoked") == 1);
    let case = "every certificate is listed";
    report.push(GROUP, subject, case, Verdict::Accepted, Ok((verdict, seen)));
    home.ok(&["revoke", "--cert", "alice.crt", "--yes"])?;
    let revoked = home.json(&["list", "--state", "revoked"])?;
    let count = revoked.as_array().map_or(0, Vec::len);
    let verdict = is(count == 2);
    let case = "alice, revoked here";
    let seen = (verdict, format!("{count} revoked"));
    report.push(GROUP, subject, case, Verdict::Accepted, Ok(seen));
    let issue = ["issue", "client", "dave"];
    refused(home, report, &issue, "a new certificate", "is not here");
    Ok(())
}

/// A server for development, with TLS and a store in memory, that runs until this is dropped.
struct Bao<'a> {
    bench: &'a Bench<'a>,
    _server: Server,
    url: String,
    roots: PathBuf,
    token: PathBuf,
}

impl<'a> Bao<'a> {
    fn start(bench: &'a Bench<'a>, home: &Home) -> Result<Self> {
        let [port] = process::free_ports()?;
        let tls = home.path("bao");
        fs::create_dir_all(&tls)?;
        let mut command = bench.peers.command("bao");
        command
            .args(["server", "-dev", "-dev-tls", "-dev-no-store-token"])
            .arg(format!("-dev-tls-cert-dir={}", tls.display()))
            .arg(format!("-dev-root-token-id={TOKEN}"))
            .arg(format!("-dev-listen-address=127.0.0.1:{port}"))
            .current_dir(home.directory());
        let server = Server::start(&mut command, port)?;
        let roots = fs::read_dir(&tls)?.flatten().map(|it| it.path());
        let roots = roots
            .into_iter()
            .find(|path| path.to_string_lossy().ends_with("-ca.pem"))
            .context("OpenBao writes the root of its certificate")?;
        let token = home.path("token");
        fs::write(&token, TOKEN)?;
        let bao = Self {
            bench,
            _server: server,
            url: format!("https://127.0.0.1:{port}"),
            roots,
            token,
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while bao.ask("GET", "sys/mounts", None).is_err() {
            ensure!(Instant::now() < deadline, "OpenBao does not become active");
            thread::sleep(Duration::from_millis(100));
        }
        Ok(bao)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask("POST", path, Some(body))
    }

    /// What curl gets, as JSON; null, where there is no body.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let token = fs::read_to_string(&self.token)?;
        let mut curl = self.bench.peers.command("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--fail-with-body",
            "--request",
            method,
        ])
        .arg("--cacert")
        .arg(&self.roots)
        .args(["--header", &format!("X-Vault-Token: {token}")])
        .arg(format!("{}/v1/{path}", self.url));
        if let Some(body) = body {
            curl.args(["--data", &body.to_string()]);
        }
        let said = process::run(&mut curl, None)?;
        ensure!(
            said.success(),
            "{method} {path}: {}{}",
            said.stdout,
            said.stderr
        );
        match said.stdout.trim() {
            "" => Ok(Value::Null),
            text => {
                let answer: Value = serde_json::from_str(text)?;
                Ok(answer["data"].clone())
            }
        }
    }

    /// A certificate, whose chain goes into NAME.crt; its serial number.
    fn issue(&self, home: &Home, mount: &str, name: &str, role: &str) -> Result<String> {
        let issued = self.post(
            &format!("{mount}/issue/{role}"),
            &json!({ "common_name": name, "ttl": "8760h" }),
        )?;
        let mut chain = text(&issued, "certificate")?;
        for above in issued["ca_chain"].as_array().into_iter().flatten() {
            chain.push('\n');
            chain.push_str(above.as_str().unwrap_or_default());
        }
        fs::write(home.path(&format!("{name}.crt")), chain)?;
        text(&issued, "serial_number")
    }

    /// alice, a server, bob, who is revoked, and carol, of whom nobody has the certificate any more.
    fn issue_everybody(&self, home: &Home, mount: &str) -> Result<()> {
        for (role, client, server) in [("client", true, false), ("server", false, true)] {
            let rules = json!({
                "allow_any_name": true, "enforce_hostnames": false, "key_type": "ec", "key_bits": 256, "max_ttl": "8760h",
                "client_flag": client, "server_flag": server,
            });
            self.post(&format!("{mount}/roles/{role}"), &rules)?;
        }
        self.issue(home, mount, "alice", "client")?;
        self.issue(home, mount, "api", "server")?;
        let bob = self.issue(home, mount, "bob", "client")?;
        self.issue(home, mount, "carol", "client")?;
        self.post(&format!("{mount}/revoke"), &json!({ "serial_number": bob }))?;
        Ok(())
    }

    /// The arguments that all imports begin with.
    fn import(&self, mount: &str) -> Vec<String> {
        let roots = Path::display(&self.roots).to_string();
        [
            "import",
            "openbao",
            &self.url,
            "--mount",
            mount,
            "--ca-file",
            &roots,
        ]
        .map(str::to_owned)
        .to_vec()
    }
}

/// The next CRL has a higher number than those of OpenBao.
fn numbers_go_on(
    home: &Home,
    report: &mut Report,
    bao: &Bao<'_>,
    mount: &str,
    subject: &str,
) -> Result<()> {
    let last = bao.ask("GET", &format!("{mount}/issuer/default/crl"), None)?;
    fs::write(home.path("bao.crl"), text(&last, "crl")?)?;
    let number = |file: &str| -> Result<u64> {
        let crl = home.json(&["inspect", file])?;
        crl[0]["number"].as_u64().context("a CRL has a number")
    };
    let (before, now) = (number("bao.crl")?, number("issuing.crl")?);
    let seen = (is(now > before), format!("{before}, then {now}"));
    let case = "CRL numbers go on";
    report.push(GROUP, subject, case, Verdict::Accepted, Ok(seen));
    Ok(())
}

/// A command that has to refuse, with these words.
fn refused(home: &Home, report: &mut Report, arguments: &[&str], case: &str, words: &str) {
    let ran = home.run(arguments).map(|ran| match ran.code {
        Some(1) if ran.stderr.contains(words) => (Verdict::Refused, ran.stderr),
        Some(0) => (Verdict::Accepted, ran.stdout),
        _ => (Verdict::NotRun, ran.stderr),
    });
    report.push(GROUP, "OpenBao", case, Verdict::Refused, ran);
}

fn arguments(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

fn is(holds: bool) -> Verdict {
    match holds {
        true => Verdict::Accepted,
        false => Verdict::Refused,
    }
}

fn text(data: &Value, name: &str) -> Result<String> {
    let text = data[name].as_str();
    Ok(text
        .with_context(|| format!("OpenBao gives no {name}"))?
        .to_owned())
}

const TOKEN: &str = "interop-root-token";
