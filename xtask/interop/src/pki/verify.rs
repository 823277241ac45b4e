//! What OpenSSL says of a certificate of the `mtls` command.

use anyhow::Result;
use suite::{Home, process};

use crate::report::Verdict;
use crate::workbench::Bench;

/// What `openssl verify` says of a certificate, by the CRLs that the command has just signed.
pub(crate) fn openssl_verify(
    bench: &Bench<'_>,
    home: &Home,
    certificate: &str,
    crls: &[&str],
) -> Result<(Verdict, String)> {
    let mut all = String::new();
    for crl in crls {
        all.push_str(&std::fs::read_to_string(home.path(crl))?);
    }
    std::fs::write(home.path("all.crl"), all)?;
    let mut openssl = bench.peers.command("openssl");
    openssl
        .args(["verify", "-crl_check_all", "-CRLfile", "all.crl"])
        .args([
            "-CAfile",
            "roots.crt",
            "-untrusted",
            certificate,
            certificate,
        ])
        .current_dir(home.directory());
    let said = process::run(&mut openssl, None)?;
    Ok(
        match (said.success(), said.stderr.contains("certificate revoked")) {
            (true, _) => (Verdict::Accepted, said.stdout),
            (false, true) => (Verdict::Refused, "certificate revoked".to_owned()),
            (false, false) => (Verdict::NotRun, said.stderr),
        },
    )
}
