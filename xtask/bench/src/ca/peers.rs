//! The CAs of others over HTTP: cfssl, which keeps nothing, and OpenBao, which stores what it issues or not.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use suite::Peers;
use suite::process::{self, Server};

use super::plain_http::{Connection, Request};

/// A CA that runs, and how it is asked for a certificate.
pub(super) struct Peer {
    pub(super) name: &'static str,
    pub(super) server: Server,
    pub(super) request: Request,
}

/// What both are given.
pub(super) struct Material<'a> {
    pub(super) peers: &'a Peers,
    /// With `ca.crt`, `ca.key` and `client.csr`.
    pub(super) directory: &'a Path,
    pub(super) csr_pem: &'a str,
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
    let [port, cluster] = process::free_ports()?;
    let suffix = if is_stored { "stored" } else { "unstored" };
    let directory = material.directory.join(format!("openbao-{suffix}"));
    let raft = directory.join("raft");
    fs::create_dir_all(&raft)?;
    let config = directory.join("bao.hcl");
    fs::write(
        &config,
        format!(
            "storage \"raft\" {{ path = \"{}\" node_id = \"one\" }}\n\
             listener \"tcp\" {{ address = \"127.0.0.1:{port}\" tls_disable = true cluster_address = \"127.0.0.1:{cluster}\" }}\n\
             api_addr = \"http://127.0.0.1:{port}\"\ncluster_addr = \"http://127.0.0.1:{cluster}\"\n",
            raft.display()
        ),
    )?;
    let mut command: Command = material.peers.command("bao");
    command
        .arg("server")
        .arg(format!("-config={}", config.display()));
    let server = Server::start(&mut command, port)?;
    let token = unseal(port)?;
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
    let body = json!({ "csr": material.csr_pem, "common_name": "client1", "ttl": "24h" });
    let peer = Peer {
        name: if is_stored {
            STORED
        } else {
            "OpenBao, not stored"
        },
        server,
        request: Request::new("POST", "/v1/pki/sign/client", &[header], &body.to_string()),
    };
    Ok((peer, token))
}

/// Initialises and unseals it, and waits until it leads its cluster of one; the root token.
fn unseal(port: u16) -> Result<String> {
    let put = |path: &str, body: Value| {
        let request = Request::new("PUT", path, &[], &body.to_string());
        Connection::open(port)?.ask_json(&request)
    };
    let init = put(
        "/v1/sys/init",
        json!({ "secret_shares": 1, "secret_threshold": 1 }),
    )?;
    let key = init["keys"][0].as_str().context("an unseal key")?;
    let token = init["root_token"].as_str().context("a root token")?;
    put("/v1/sys/unseal", json!({ "key": key }))?;
    let deadline = Instant::now() + Duration::from_secs(30);
    let health = Request::new("GET", "/v1/sys/health", &[], "");
    while Connection::open(port)?.ask(&health).is_err() {
        ensure!(Instant::now() < deadline, "OpenBao does not become active");
        thread::sleep(Duration::from_millis(100));
    }
    Ok(token.to_owned())
}

/// The one that does the same as ours.
pub(super) const STORED: &str = "OpenBao, stored (raft)";
