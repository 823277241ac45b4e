//! OpenBao, in its mode for development.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use suite::Home;
use suite::process::{self, Server};

use crate::workbench::Bench;

/// A server for development, with TLS and a store in memory, that runs until this is dropped.
pub(crate) struct Bao<'a> {
    bench: &'a Bench<'a>,
    _server: Server,
    pub(crate) url: String,
    pub(crate) roots: PathBuf,
    token: PathBuf,
}

impl<'a> Bao<'a> {
    pub(crate) fn start(bench: &'a Bench<'a>, home: &Home) -> Result<Self> {
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

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask("POST", path, Some(body))
    }

    /// What curl gets, as JSON; null, where there is no body.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
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
    pub(crate) fn issue(&self, home: &Home, mount: &str, name: &str, role: &str) -> Result<String> {
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
    pub(crate) fn issue_everybody(&self, home: &Home, mount: &str) -> Result<()> {
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
    pub(crate) fn import(&self, mount: &str) -> Vec<String> {
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

/// A text of an answer.
pub(crate) fn text(data: &Value, name: &str) -> Result<String> {
    let text = data[name].as_str();
    Ok(text
        .with_context(|| format!("OpenBao gives no {name}"))?
        .to_owned())
}

/// The token that may do everything.
pub(crate) const TOKEN: &str = "interop-root-token";
