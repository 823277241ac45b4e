//! OpenBao's `pki/sign` over TLS, with its raft storage on disk.

use std::sync::Arc;

use anyhow::Result;
use serde_json::json;
use suite::{Peers, process};

use super::load::Target;
use super::material::Material;
use super::peer::Peer;
use crate::ca::peers::{self, Listener};
use crate::report::Side;

pub(super) fn start(peers: &Peers, material: &Material) -> Result<Peer> {
    let [port, cluster] = process::free_ports()?;
    let of_ca = peers::Material {
        peers,
        directory: &material.directory,
        csr_pem: &material.requests[0],
    };
    let tls = Listener {
        port,
        cluster,
        certificate: material.directory.join("server.crt"),
        key: material.directory.join("server.key"),
    };
    let (peer, token) = peers::openbao_over_tls(&of_ca, &tls)?;
    let requests = Arc::clone(&material.requests);
    Ok(Peer {
        name: "OpenBao pki/sign",
        side: Side::Peer,
        server: peer.server,
        target: Target {
            port,
            tls: Arc::clone(&material.tls),
            status: 200,
            request: Box::new(move |number| {
                let csr = &requests[number % requests.len()];
                let name = format!("device-{}", number % requests.len());
                let body = json!({ "csr": csr, "common_name": name, "ttl": "24h" }).to_string();
                format!(
                    "POST /v1/pki/sign/client HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                     X-Vault-Token: {token}\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .into_bytes()
            }),
        },
    })
}
