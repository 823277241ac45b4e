//! A CA in a place, and what it says.

use pki_core::Crl;
use x509_identity::Certificate;

use super::{Place, Ran};

/// The options of a command that needs the passphrase.
pub(crate) const WITH: [&str; 2] = ["--passphrase-file", "passphrase"];

impl Place {
    /// A place with a passphrase and a CA.
    pub(crate) fn with_ca() -> Self {
        let place = Self::new();
        place.write("passphrase", "correct horse\n");
        place
            .ca(&["ca", "init", "--url", "http://ca.example:8080"])
            .ok();
        place
    }

    /// Runs a command that may need the passphrase.
    pub(crate) fn ca(&self, arguments: &[&str]) -> Ran {
        self.run(&[&WITH[..], arguments].concat())
    }

    /// Has certificates of a profile be valid for so many seconds.
    pub(crate) fn shorten(&self, profile: &str, seconds: u32) {
        let path = format!("home/default/profiles/{profile}.toml");
        let text = self.text(&path).replace("min = \"1h\"", "min = \"1s\"");
        let short = format!("default = \"{seconds}s\"");
        let text = text.replace("default = \"24h\"", &short);
        self.write(&path, text.replace("default = \"90days\"", &short));
    }

    /// What the issuing CA has issued.
    pub(crate) fn list(&self) -> Vec<serde_json::Value> {
        let list = self.run(&["list", "--json"]).json();
        list.as_array().unwrap().clone()
    }

    /// What the audit log says was refused.
    pub(crate) fn refusals(&self) -> Vec<String> {
        let rows = self.run(&["audit", "export"]).ok();
        let rows = rows
            .lines()
            .map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap());
        rows.filter(|row| row["event"] == "refused")
            .map(|row| row["detail"].to_string())
            .collect()
    }

    pub(crate) fn crl(&self, name: &str) -> Crl {
        Crl::from_pem_or_der(&self.read(name)).unwrap()
    }
}

pub(crate) fn certificate(pem: &[u8]) -> Certificate {
    Certificate::from_pem(pem).unwrap()
}
