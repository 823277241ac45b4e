//! The CAs of others over HTTP: cfssl, which keeps nothing, and OpenBao, which stores what it issues or not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use suite::Peers;
use suite::process::{self, Server};

use super::load::Asking;
use super::plain_http::{Connection, Request};

/// A CA that runs, and how it is asked for a certificate.
pub(crate) struct Peer {
    pub(super) name: &'static str,
    pub(crate) server: Server,
    pub(super) request: Request,
}

impl Peer {
    /// Whoever asks it, as `rate` and `latencies` take it.
    pub(crate) fn requester<'a>(&'a self) -> impl Fn(usize) -> Result<Asking<'a>> + Sync {
        |_| asking(self.server.port(), &self.request)
    }
}

/// A connection to this port, on which the request is sent again and again.
pub(super) fn asking(port: u16, request: &Request) -> Result<Asking<'_>> {
    let mut connection = Connection::open(port)?;
    Ok(Box::new(move || connection.ask(request).map(drop)))
}

/// What both are given.
pub(crate) struct Material<'a> {
    pub(crate) peers: &'a Peers,
    /// With `ca.crt`, `ca.key` and `client.csr`.
    pub(crate) directory: &'a Path,
    pub(crate) csr_pem: &'a str,
}

/// cfssl with the CA's files: one request, one certificate, nothing stored.
pub(super) fn cfssl(material: &Material<'_>) -> Result<Peer> {
    let [port] = process::free_ports()?;
    let config = material.directory.join("cfssl.json");
    let client = json!({ "expiry": "24h", "usages": ["digital signature", "client auth"] });
    let signing = json!({ "default": { "expiry": "24h" }, "profiles": { "client": client } });
    fs::write(&config, json!({ "signing": signing }).to_string())?;
    let mut command = material.peers.command("cfssl");
    command
        .args(["serve", "-loglevel", "3", "-address", "127.0.0.1", "-port"])
        .arg(port.to_string())
        .arg("-ca")
        .arg(material.directory.join("ca.crt"))
        .arg("-ca-key")
        .arg(material.directory.join("ca.key"))
        .arg("-config")
        .arg(&config);
    let body = json!({ "certificate_request": material.csr_pem, "profile": "client" });
    Ok(Peer {
        name: "cfssl, nothing stored",
        server: Server::start(&mut command, port)?,
        request: Request::new("POST", "/api/v1/cfssl/sign", &[], &body.to_string()),
    })
}

/// OpenBao with its raft storage on disk, as it runs in production, and a role that stores each certificate or not.
pub(super) fn openbao(material: &Material<'_>, is_stored: bool) -> Result<Peer> {
    openbao_with_token(material, is_stored).map(|(peer, _)| peer)
}

/// The same, and a token that may do everything.
pub(super) fn openbao_with_token(
    material: &Material<'_>,
    is_stored: bool,
) -> Result<(Peer, String)> {
    openbao_listening(material, is_stored, None)
}

/// Another listener, with TLS.
pub(crate) struct Listener {
    pub(crate) port: u16,
    /// Where its cluster would be.
    pub(crate) cluster: u16,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// The same on one core and with TLS, too: what is asked over that is stored.
pub(crate) fn openbao_over_tls(
    material: &Material<'_>,
    listener: &Listener,
) -> Result<(Peer, String)> {
    openbao_listening(material, true, Some(listener))
}

fn openbao_listening(
    material: &Material<'_>,
    is_stored: bool,
    tls: Option<&Listener>,
) -> Result<(Peer, String)> {
    let suffix = if is_stored { "stored" } else { "unstored" };
    let (server, port) = start(material, suffix, tls)?;
    let (token, key) = initialise(port)?;
    unseal(port, &key)?;
    wait_until_active(port)?;
    let header = set_up(port, &token, is_stored)?;
    let peer = Peer {
        name: if is_stored {
            STORED
        } else {
            "OpenBao, not stored"
        },
        server,
        request: sign(material, header),
    };
    Ok((peer, token))
}

/// Three of them that are one cluster: a certificate is on the disks of two. All are asked, and pass on to the one that
/// leads.
pub(super) fn openbao_raft(material: &Material<'_>) -> Result<(Vec<Server>, Request)> {
    let (first, port) = start(material, "raft-1", None)?;
    let (token, key) = initialise(port)?;
    unseal(port, &key)?;
    wait_until_active(port)?;
    let mut servers = vec![first];
    for name in ["raft-2", "raft-3"] {
        let (server, other) = start(material, name, None)?;
        let leader = json!({ "leader_api_addr": format!("http://127.0.0.1:{port}") });
        put(other, "/v1/sys/storage/raft/join", leader)?;
        unseal(other, &key)?;
        servers.push(server);
    }
    let header = format!("X-Vault-Token: {token}");
    let members = Request::new("GET", "/v1/sys/storage/raft/configuration", &[header], "");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let said = Connection::open(port)?.ask_json(&members)?;
        let all = said["data"]["config"]["servers"].as_array();
        let voters = all.into_iter().flatten().filter(|it| it["voter"] == true);
        if voters.count() == 3 {
            break;
        }
        ensure!(Instant::now() < deadline, "OpenBao's raft is not whole");
        thread::sleep(Duration::from_millis(200));
    }
    let header = set_up(port, &token, true)?;
    Ok((servers, sign(material, header)))
}

fn sign(material: &Material<'_>, header: String) -> Request {
    let body = json!({ "csr": material.csr_pem, "common_name": "client1", "ttl": "24h" });
    Request::new("POST", "/v1/pki/sign/client", &[header], &body.to_string())
}

/// One that has nothing yet, and its port.
fn start(material: &Material<'_>, suffix: &str, tls: Option<&Listener>) -> Result<(Server, u16)> {
    let [port, cluster] = process::free_ports()?;
    let directory = material.directory.join(format!("openbao-{suffix}"));
    let raft = directory.join("raft");
    fs::create_dir_all(&raft)?;
    let config = directory.join("bao.hcl");
    let more = tls.map(|tls| {
        let Listener { port, cluster, certificate, key } = tls;
        format!(
            "listener \"tcp\" {{ address = \"127.0.0.1:{port}\" cluster_address = \"127.0.0.1:{cluster}\" \
             tls_cert_file = \"{}\" tls_key_file = \"{}\" }}\n",
            certificate.display(),
            key.display()
        )
    });
    let more = more.unwrap_or_default();
    fs::write(
        &config,
        format!(
            "storage \"raft\" {{ path = \"{}\" node_id = \"{suffix}\" }}\n\
             listener \"tcp\" {{ address = \"127.0.0.1:{port}\" tls_disable = true cluster_address = \"127.0.0.1:{cluster}\" }}\n\
             {more}api_addr = \"http://127.0.0.1:{port}\"\ncluster_addr = \"http://127.0.0.1:{cluster}\"\n",
            raft.display()
        ),
    )?;
    let bao = material.peers.command("bao");
    let mut command = match tls {
        Some(_) => on_one_core(&bao),
        None => bao,
    };
    command
        .arg("server")
        .arg(format!("-config={}", config.display()));
    Ok((Server::start(&mut command, port)?, port))
}

/// Makes a CA with a role that stores each certificate or not; the header by which it is asked.
fn set_up(port: u16, token: &str, is_stored: bool) -> Result<String> {
    let header = format!("X-Vault-Token: {token}");
    let mut connection = Connection::open(port)?;
    let mut set_up = |path: &str, body: Value| {
        let headers = [header.clone()];
        let request = Request::new("POST", path, &headers, &body.to_string());
        // What makes no answer answers 204.
        connection.ask_any(&request)
    };
    set_up("/v1/sys/mounts/pki", json!({ "type": "pki" }))?;
    set_up(
        "/v1/pki/root/generate/internal",
        json!({ "common_name": "Bench CA", "key_type": "ec", "key_bits": 256, "ttl": "8760h" }),
    )?;
    set_up(
        "/v1/pki/roles/client",
        json!({
            "allow_any_name": true, "enforce_hostnames": false, "key_type": "any", "client_flag": true,
            "server_flag": false, "ttl": "24h", "max_ttl": "24h", "no_store": !is_stored,
        }),
    )?;
    Ok(header)
}

/// The program on the first core alone.
fn on_one_core(program: &Command) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program.get_program());
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
}

fn put(port: u16, path: &str, body: Value) -> Result<Value> {
    let request = Request::new("PUT", path, &[], &body.to_string());
    Connection::open(port)?.ask_json(&request)
}

/// The root token, and the key that unseals it.
fn initialise(port: u16) -> Result<(String, String)> {
    let shares = json!({ "secret_shares": 1, "secret_threshold": 1 });
    let init = put(port, "/v1/sys/init", shares)?;
    let key = init["keys"][0].as_str().context("an unseal key")?;
    let token = init["root_token"].as_str().context("a root token")?;
    Ok((token.to_owned(), key.to_owned()))
}

fn unseal(port: u16, key: &str) -> Result<()> {
    put(port, "/v1/sys/unseal", json!({ "key": key })).map(drop)
}

/// Until it leads.
fn wait_until_active(port: u16) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    let health = Request::new("GET", "/v1/sys/health", &[], "");
    while Connection::open(port)?.ask(&health).is_err() {
        ensure!(Instant::now() < deadline, "OpenBao does not become active");
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The one that does the same as ours.
pub(super) const STORED: &str = "OpenBao, stored (raft)";
/// The one that has it on more than one disk, as ours with a standby.
pub(super) const RAFT: &str = "OpenBao, raft of three";
