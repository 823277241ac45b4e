//! What can be changed in a copy of the lab.

use std::fs;

use anyhow::{Result, ensure};
use pki_core::{Authority, CrlBuilder, KeyPair};
use time::{Duration, OffsetDateTime};

use crate::workbench::lab::Lab;

/// One change, in the files of every server or in the configuration of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The server accepts certificates of CAs that nobody knows.
    Any,
    /// The server asks for some paths only, on the open connection.
    ByLocation,
    /// The server accepts no intermediate at all.
    Depth,
    /// The CRL has expired.
    ExpiredCrl,
    /// The server reads no CRL.
    NoCrl,
    /// The server asks, and does not insist.
    Optional,
    /// The server trusts another CA for clients.
    OtherClientCa,
    /// The server trusts the right CA, and names another.
    OtherHints,
    /// No TLS at that port.
    PlainHttp,
    /// The server trusts the root of the scenario with an intermediate.
    RootOfChain,
    /// The server presents this certificate.
    Server(&'static str),
    /// The server speaks TLS 1.2 alone.
    Tls12Only,
    /// The server asks for no certificate.
    VerifyOff,
}

impl Change {
    /// The part of the change that is the same for every server, in files of the lab.
    pub(super) fn to_files(self, lab: &Lab) -> Result<()> {
        let copy = |from: &str, to: &str| -> Result<()> {
            fs::copy(lab.path(from), lab.path(to))?;
            Ok(())
        };
        match self {
            Self::OtherClientCa => {
                copy("different-ca/client-ca.crt", "same-ca/ca.crt")?;
                copy("different-ca/client-ca.crl", "same-ca/ca.crl")
            }
            Self::RootOfChain => copy("intermediate/root.crt", "same-ca/ca.crt"),
            Self::Server(stem) => {
                copy(&format!("{stem}.crt"), "same-ca/server.crt")?;
                copy(&format!("{stem}.key"), "same-ca/server.key")
            }
            Self::ExpiredCrl => {
                let key = KeyPair::from_pem(&fs::read(lab.path("same-ca/ca.key"))?, None)?;
                let ca = Authority::from_pem(&fs::read(lab.path("same-ca/ca.crt"))?, key)?;
                let now = OffsetDateTime::now_utc();
                let crl =
                    CrlBuilder::new(7, now - 2 * Duration::DAY, now - Duration::DAY).sign(&ca)?;
                fs::write(lab.path("same-ca/ca.crl"), crl.pem()?)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// The same in a text that has to be there.
pub(super) fn replaced(mut text: String, edits: &[(&str, &str)]) -> Result<String> {
    for (old, new) in edits {
        ensure!(text.contains(old), "there is no `{old}` to change");
        text = text.replace(old, new);
    }
    Ok(text)
}
