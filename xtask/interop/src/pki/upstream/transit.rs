//! A CA of our own whose keys are in the secrets engine `transit`.

use std::fs;

use anyhow::Result;
use serde_json::json;
use suite::Home;

use super::rows::{holds, refused};
use crate::pki::bao::{Bao, TOKEN};
use crate::pki::verify::openssl_verify;
use crate::report::group::UPSTREAM_CAS as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let home = &home;
    let bao = Bao::start(bench, home)?;
    bao.post("sys/mounts/transit", &json!({ "type": "transit" }))?;
    fs::write(home.path("bao-token"), TOKEN)?;
    for kind in ["ec", "rsa"] {
        let settings = format!(
            "url = \"{}\"\ntoken-file = \"bao-token\"\nca-file = \"{}\"\nkey = \"{kind}-issuing\"\nroot-key = \"{kind}-root\"\n",
            bao.url,
            bao.roots.display()
        );
        fs::write(home.path("transit.toml"), settings)?;
        home.ok(&[
            "ca",
            "init",
            kind,
            "--key-type",
            kind,
            "--transit",
            "transit.toml",
        ])?;
        let of_kind = |arguments: &[&str]| home.ok(&[&["--ca", kind], arguments].concat());
        of_kind(&["issue", "client", "alice", "--out", kind])?;
        of_kind(&["ca", "export", "--out", "roots.crt", "--force"])
            .or_else(|_| of_kind(&["ca", "export", "--out", "roots.crt"]))?;
        let certificate = format!("{kind}.crt");
        fs::copy(home.path(kind).join("client.crt"), home.path(&certificate))?;
        of_kind(&["crl"])?;
        let crls = ["root.crl", "issuing.crl"];
        let verified = openssl_verify(bench, home, &certificate, &crls);
        let case = format!("{kind}: signed by keys in transit, with its CRLs");
        report.push(GROUP, "openssl verify", &case, Verdict::Accepted, verified);
        of_kind(&["revoke", "--cert", &certificate, "--yes"])?;
        of_kind(&["crl"])?;
        let verified = openssl_verify(bench, home, &certificate, &crls);
        let case = format!("{kind}: revoked by a CRL that a key in transit has signed");
        report.push(GROUP, "openssl verify", &case, Verdict::Refused, verified);
        fs::remove_file(home.path("roots.crt"))?;
    }
    let rotated = home.run(&["--ca", "ec", "ca", "rotate"])?;
    let seen = (
        rotated.success(),
        format!("{}{}", rotated.stdout, rotated.stderr),
    );
    holds(
        report,
        "`mtls ca rotate` makes the next key in transit",
        Ok(seen),
    );
    fs::write(home.path("bao-token"), "s.expired")?;
    let issue = ["--ca", "ec", "issue", "client", "bob", "--out", "bob"];
    refused(
        report,
        "keys in transit without a token",
        "may not",
        home.run(&issue),
    );
    Ok(())
}
