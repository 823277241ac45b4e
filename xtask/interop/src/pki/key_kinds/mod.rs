//! Kinds of keys that only recent programs know: P-521 and ML-DSA by pyca's cryptography, ML-DSA in TLS by Node 26 and Go.

mod pyca;

use anyhow::Result;

use crate::clients::call::Call;
use crate::clients::{self, CASES};
use crate::report::group::KEY_KINDS as GROUP;
use crate::report::{Report, Verdict};
use crate::servers;
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    pyca::check(bench, report);
    ask_ours(bench, lab, report);
    servers::check_ours(bench, lab, report, GROUP, &servers::NODE_26);
}

/// Other clients, with the lab's own files, at our server.
fn ask_ours(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let server = bench.own().and_then(|own| own.serve(&lab.server_files()));
    let ask = |words: &[&str], ca: &str, stem: &str| -> Result<_> {
        let p12 = lab.path("same-ca/client.p12"); // Node and Go read the PEM files
        let call = Call::to_ours(&server, lab, ca, stem, p12)?;
        clients::judge(&clients::emitted(bench, lab, &call, words)?)
    };
    for (client, words) in CLIENTS {
        for (case, ca, stem, expected) in CASES {
            report.push(GROUP, client, case, *expected, ask(words, ca, stem));
        }
    }
    let old = ["node26", "--tls-max-v1.2", "clients/client.mjs"];
    let seen = ask(&old, "same-ca/ca.crt", "same-ca/client");
    report.push(
        GROUP,
        CLIENTS[0].0,
        "good, TLS 1.2 alone",
        Verdict::Refused,
        seen,
    );
}

const CLIENTS: &[(&str, &[&str])] = &[
    ("client.mjs by Node 26", &["node26", "clients/client.mjs"]),
    ("client.go by Go", &["go", "run", "clients/client.go"]),
];
