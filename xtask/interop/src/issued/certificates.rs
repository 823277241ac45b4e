//! Every certificate of the lab, as three strangers read it.

use std::fs;

use anyhow::{Context, Result};
use suite::process;

use crate::report::group::CERTIFICATES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

/// A certificate: the CAs above it from the nearest to the root, and what it is for.
struct Case {
    file: &'static str,
    issuers: &'static [&'static str],
    purpose: Purpose,
    bad: Option<Bad>,
}

/// Why a certificate must be refused. (The rest of the lab's bad ones only a server can tell.)
struct Bad {
    /// What openssl has to say.
    reason: &'static str,
    /// GnuTLS checks a chain for no purpose in particular, and without the CRL.
    seen_by_certtool: bool,
}

enum Purpose {
    Issuing,
    Server,
    Client,
}

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    for case in GOOD.iter().chain(BAD) {
        let name = format!("{} {}", lab.name, case.file);
        let expected = if case.bad.is_some() {
            Verdict::Refused
        } else {
            Verdict::Accepted
        };
        let mut push = |subject, seen| report.push(GROUP, subject, &name, expected, seen);
        push("openssl verify -x509_strict", openssl(bench, lab, case));
        if case.bad.as_ref().is_none_or(|bad| bad.seen_by_certtool) {
            push("certtool --verify-chain", certtool(bench, lab, case));
        }
        if case.bad.is_none() {
            push("pkilint", pkilint(bench, &lab.arg(case.file)));
        }
    }
}

fn openssl(bench: &Bench<'_>, lab: &Lab, case: &Case) -> Result<(Verdict, String)> {
    let mut arguments = vec!["verify".to_owned(), "-x509_strict".to_owned()];
    let (root, between) = case.issuers.split_last().unwrap_or((&case.file, &[]));
    arguments.extend(["-CAfile".to_owned(), lab.arg(root)]);
    for issuer in between {
        arguments.extend(["-untrusted".to_owned(), lab.arg(issuer)]);
    }
    match case.purpose {
        Purpose::Issuing => {}
        Purpose::Server => arguments.extend(["-purpose".to_owned(), "sslserver".to_owned()]),
        Purpose::Client => arguments.extend(["-purpose".to_owned(), "sslclient".to_owned()]),
    }
    if case.bad.is_some() {
        let crl = lab.arg("same-ca/ca.crl");
        arguments.extend(["-crl_check".to_owned(), "-CRLfile".to_owned(), crl]);
    }
    arguments.push(lab.arg(case.file));
    let said = process::run(bench.peers.command("openssl").args(arguments), None)?;
    let reason = case.bad.as_ref().map(|bad| bad.reason);
    Ok(match said.success() {
        true => (Verdict::Accepted, said.stdout),
        // Any other reason is a refusal too, but not of what is tried here.
        false if reason.is_none_or(|reason| said.stderr.contains(reason)) => {
            (Verdict::Refused, said.reason())
        }
        false => (Verdict::NotRun, said.reason()),
    })
}

fn certtool(bench: &Bench<'_>, lab: &Lab, case: &Case) -> Result<(Verdict, String)> {
    let mut chain = Vec::new();
    for part in [case.file].iter().chain(case.issuers) {
        chain.extend(fs::read(lab.path(part)).with_context(|| format!("reading {part}"))?);
    }
    let joined = bench.scratch("chain.pem");
    fs::write(&joined, chain)?;
    let said = process::run(
        bench
            .peers
            .command("certtool")
            .args(["--verify-chain", "--infile"])
            .arg(joined),
        None,
    )?;
    let verdict = said
        .stdout
        .lines()
        .find(|line| line.starts_with("Chain verification output:"))
        .unwrap_or_default();
    Ok(match (said.success(), verdict.contains("Not verified")) {
        (true, false) if !verdict.is_empty() => (Verdict::Accepted, verdict.to_owned()),
        (false, true) => (Verdict::Refused, verdict.to_owned()),
        _ => (Verdict::NotRun, said.reason()),
    })
}

/// Lints one certificate; only findings at WARNING and above count.
pub(crate) fn pkilint(bench: &Bench<'_>, file: &str) -> Result<(Verdict, String)> {
    let said = bench.peers.run(
        "lint_pkix_cert",
        &["lint", "-s", "WARNING", "-f", "json", file],
    )?;
    let report: serde_json::Value =
        serde_json::from_str(&said.stdout).with_context(|| said.reason())?;
    let results = report["results"]
        .as_array()
        .context("pkilint's report has no results")?;
    let findings: Vec<String> = results
        .iter()
        .flat_map(|result| {
            result["finding_descriptions"]
                .as_array()
                .into_iter()
                .flatten()
        })
        .filter(|finding| !is_false_alarm(finding))
        .map(|finding| format!("{} {}", finding["code"], finding["message"]))
        .collect();
    Ok(if findings.is_empty() {
        (Verdict::Accepted, String::new())
    } else {
        (Verdict::Refused, findings.join("; "))
    })
}

/// pkilint takes a single label for bad syntax of a dNSName, which RFC 1034 3.5 allows and every client accepts.
fn is_false_alarm(finding: &serde_json::Value) -> bool {
    finding["code"] == "pkix.invalid_domain_name_syntax"
        && finding["message"]
            .as_str()
            .is_some_and(|message| message.ends_with("\"localhost\""))
}

const GOOD: &[Case] = &[
    good("same-ca/ca.crt", &[], Purpose::Issuing),
    good("same-ca/server.crt", &["same-ca/ca.crt"], Purpose::Server),
    good("same-ca/client.crt", &["same-ca/ca.crt"], Purpose::Client),
    good("different-ca/server-ca.crt", &[], Purpose::Issuing),
    good("different-ca/client-ca.crt", &[], Purpose::Issuing),
    good(
        "different-ca/server.crt",
        &["different-ca/server-ca.crt"],
        Purpose::Server,
    ),
    good(
        "different-ca/client.crt",
        &["different-ca/client-ca.crt"],
        Purpose::Client,
    ),
    good("intermediate/root.crt", &[], Purpose::Issuing),
    good(
        "intermediate/issuing.crt",
        &["intermediate/root.crt"],
        Purpose::Issuing,
    ),
    good(
        "intermediate/server.crt",
        &["intermediate/issuing.crt", "intermediate/root.crt"],
        Purpose::Server,
    ),
    good(
        "intermediate/client.crt",
        &["intermediate/issuing.crt", "intermediate/root.crt"],
        Purpose::Client,
    ),
];

const BAD: &[Case] = &[
    bad(
        "refused/self-signed/client.crt",
        "self-signed certificate",
        true,
    ),
    bad(
        "refused/untrusted-ca/client.crt",
        "unable to get local issuer certificate",
        true,
    ),
    bad(
        "refused/expired/client.crt",
        "certificate has expired",
        true,
    ),
    bad(
        "refused/not-yet-valid/client.crt",
        "certificate is not yet valid",
        true,
    ),
    bad(
        "refused/wrong-usage/client.crt",
        "unsuitable certificate purpose",
        false,
    ),
    bad("refused/revoked/client.crt", "certificate revoked", false),
];

const fn good(file: &'static str, issuers: &'static [&'static str], purpose: Purpose) -> Case {
    Case {
        file,
        issuers,
        purpose,
        bad: None,
    }
}

const fn bad(file: &'static str, reason: &'static str, seen_by_certtool: bool) -> Case {
    let bad = Some(Bad {
        reason,
        seen_by_certtool,
    });
    Case {
        file,
        issuers: &["same-ca/ca.crt"],
        purpose: Purpose::Client,
        bad,
    }
}
