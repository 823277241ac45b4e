//! Mounts and roles, and a CA of ours in front of them.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use suite::Home;

use crate::pki::bao::{Bao, TOKEN, text};
use crate::workbench::Bench;

/// OpenBao with two mounts of the same names, and whoever asks it.
pub(super) struct Site<'a> {
    pub(super) bao: Bao<'a>,
    pub(super) home: Home,
}

impl<'a> Site<'a> {
    /// Mounts `pki` and `other`, each with a root and roles. The home has no CA yet.
    pub(super) fn new(bench: &'a Bench<'a>, home: Home) -> Result<Self> {
        let bao = Bao::start(bench, &home)?;
        for mount in ["pki", "other"] {
            bao.post(&format!("sys/mounts/{mount}"), &json!({ "type": "pki" }))?;
            let tune = format!("sys/mounts/{mount}/tune");
            bao.post(&tune, &json!({ "max_lease_ttl": "87600h" }))?;
            let ca = json!({ "common_name": "Bao Root", "key_type": "ec", "ttl": "87600h" });
            let root = bao.post(&format!("{mount}/root/generate/internal"), &ca)?;
            if mount == "pki" {
                fs::write(home.path("roots.crt"), text(&root, "certificate")?)?;
            }
            for (role, client, server) in [("devices", true, false), ("hosts", false, true)] {
                let rules = role_for(client, server);
                bao.post(&format!("{mount}/roles/{role}"), &rules)?;
            }
        }
        Ok(Self { bao, home })
    }

    /// A CA whose certificates the server at `url` signs.
    pub(super) fn init(&self, url: &str) -> Result<()> {
        fs::write(self.home.path("bao-token"), TOKEN)?;
        let settings = format!(
            "kind = \"openbao\"\nurl = \"{url}\"\nrole = \"devices\"\ntoken-file = \"bao-token\"\nca-file = \"{}\"\n\
             [roles]\nserver = \"hosts\"\nenrollment-server = \"hosts\"\n",
            self.bao.roots.display()
        );
        fs::write(self.home.path("bao.toml"), settings)?;
        self.home.ok(&["ca", "init", "--upstream", "bao.toml"])?;
        Ok(())
    }

    /// Whether a mount has revoked the certificate with this number, as `mtls` prints it.
    pub(super) fn is_revoked(&self, mount: &str, serial: &str) -> Result<bool> {
        let pairs = serial.as_bytes().chunks(2).map(String::from_utf8_lossy);
        let colons = pairs.collect::<Vec<_>>().join(":").to_lowercase();
        let stored = self
            .bao
            .ask("GET", &format!("{mount}/cert/{colons}"), None)?;
        Ok(stored["revocation_time"].as_i64().is_some_and(|at| at != 0))
    }

    /// The rows of the audit log of this kind.
    pub(super) fn audited(&self, event: &str) -> Result<Vec<Value>> {
        audited(&self.home, event)
    }
}

/// The rows of the audit log of a home of this kind.
pub(super) fn audited(home: &Home, event: &str) -> Result<Vec<Value>> {
    let log = home.ok(&["audit", "export"])?;
    let rows = log.lines().map(serde_json::from_str::<Value>);
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(rows
        .into_iter()
        .filter(|row| row["event"] == event)
        .collect())
}

/// A role that leaves names and the end to us, as docs/upstream.md has it.
fn role_for(client: bool, server: bool) -> Value {
    json!({
        "use_csr_common_name": false, "use_csr_sans": false, "allow_any_name": true, "enforce_hostnames": false,
        "allowed_uri_sans": "*", "key_type": "any", "key_usage": ["DigitalSignature"],
        "client_flag": client, "server_flag": server, "basic_constraints_valid_for_non_ca": true,
        "not_before_duration": "10s", "max_ttl": "8760h",
    })
}

/// Waits until it holds, for a minute at most.
pub(super) fn until(what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds()? {
        ensure!(Instant::now() < deadline, "{what} does not come");
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}
