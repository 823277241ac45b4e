//! The same of OpenBao, as far as it has it.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::ca::peers::{Material, STORED, openbao_with_token};
use crate::ca::plain_http::{Connection, Request};
use crate::measuring::clock::milliseconds;

/// What it took, in milliseconds.
pub(super) struct Taken {
    /// Each with the CRL that follows it, as it is set up by default.
    pub(super) revoke_one: Vec<f64>,
    pub(super) revoke_many: f64,
    pub(super) crl: f64,
    /// The serial numbers of all at once: it has no pages.
    pub(super) list: f64,
    pub(super) lookup: Vec<f64>,
}

/// Issues `many` certificates, and revokes them.
pub(super) fn measure(material: &Material<'_>, many: u32, rounds: usize) -> Result<Taken> {
    let (peer, token) = openbao_with_token(material, true)?;
    let mut bao = Bao {
        connection: Connection::open(peer.server.port())?,
        headers: [format!("X-Vault-Token: {token}")],
    };
    let issue = |bao: &mut Bao| -> Result<String> {
        let answer = bao.connection.ask_json(&peer.request)?;
        let serial = answer["data"]["serial_number"].as_str();
        Ok(serial.context("a serial number")?.to_owned())
    };
    let mut serials = Vec::new();
    for _ in 0..many {
        serials.push(issue(&mut bao)?);
    }
    let list = milliseconds(|| bao.ask("LIST", "/v1/pki/certs", json!({})))?;
    let mut lookup = Vec::new();
    for serial in serials.iter().take(rounds) {
        let path = format!("/v1/pki/cert/{serial}");
        lookup.push(milliseconds(|| bao.ask("GET", &path, json!({})))?);
    }
    bao.rebuild_later(true)?;
    let revoke_many = milliseconds(|| serials.iter().try_for_each(|serial| bao.revoke(serial)))?;
    let crl = milliseconds(|| bao.ask("GET", "/v1/pki/crl/rotate", json!({})))?;
    bao.rebuild_later(false)?;
    let mut revoke_one = Vec::new();
    for _ in 0..rounds {
        let serial = issue(&mut bao)?;
        revoke_one.push(milliseconds(|| bao.revoke(&serial))?);
    }
    Ok(Taken {
        revoke_one,
        revoke_many,
        crl,
        list,
        lookup,
    })
}

/// As the report calls it.
pub(super) const NAME: &str = STORED;

struct Bao {
    connection: Connection,
    headers: [String; 1],
}

impl Bao {
    fn ask(&mut self, method: &str, path: &str, body: Value) -> Result<()> {
        let request = Request::new(method, path, &self.headers, &body.to_string());
        self.connection.ask_any(&request).context(path.to_owned())
    }

    fn revoke(&mut self, serial: &str) -> Result<()> {
        self.ask("POST", "/v1/pki/revoke", json!({ "serial_number": serial }))
    }

    /// Whether the CRL is signed now and then, and not with each revocation.
    fn rebuild_later(&mut self, later: bool) -> Result<()> {
        let config = json!({ "auto_rebuild": later, "expiry": "72h" });
        self.ask("POST", "/v1/pki/config/crl", config)
    }
}
