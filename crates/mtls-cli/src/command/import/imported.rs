//! What was imported, as it is printed.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::output::{Fields, Outcome, Output, note};

#[derive(Debug, Serialize)]
pub(super) struct Imported {
    pub(super) name: String,
    pub(super) directory: String,
    pub(super) subject: String,
    pub(super) certificates: u64,
    pub(super) revoked: usize,
    pub(super) next_crl_number: u64,
    /// Certificates of issuers that are not there any more.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) left_out: usize,
    /// Where the key has to be put to sign CRLs, if it is not here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) missing_key: Option<PathBuf>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Imported {
    pub(super) fn report(&self, out: &mut Output) -> Result<Outcome> {
        if out.is_json() {
            out.json(self)?;
        } else {
            self.print(out)?;
        }
        Ok(Outcome::Done)
    }

    fn print(&self, out: &mut Output) -> Result<()> {
        out.line(format!("imported the CA `{}`", self.name))?;
        let mut fields = Fields::default();
        fields
            .add("directory", &self.directory)
            .add("subject", &self.subject)
            .add("certificates", self.certificates)
            .add("of them revoked", self.revoked)
            .add("next CRL number", self.next_crl_number);
        out.line(fields.to_string())?;
        let next = match self.missing_key {
            Some(_) => "\nnext:\n  mtls list",
            None => "\nnext:\n  mtls list\n  mtls crl",
        };
        out.line(next)?;
        if let Some(path) = &self.missing_key {
            note(format!(
                "the key is not here: what is revoked here is recorded, and on no CRL. To issue and to sign CRLs, import \
                 again with --key, or put the key into {}, encrypted with a passphrase (openssl pkcs8 -topk8)",
                path.display()
            ));
        } else if self.certificates == 0 {
            note(
                "what this CA has issued before is not known: it cannot be listed, and is revoked by `mtls revoke --cert`",
            );
        }
        if self.left_out > 0 {
            note(format!(
                "left out: {} certificates of issuers that the mount has no more",
                self.left_out
            ));
        }
        Ok(())
    }
}
