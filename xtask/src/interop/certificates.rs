//! Every certificate of the lab, as three strangers read it.

use std::fs;

use anyhow::{Context, Result};

use super::Bench;
use super::lab::Lab;
use super::report::{Report, Verdict};
use crate::process;

/// A certificate that should be fine: its file, the CAs above it from the nearest to the root, and what it is for.
struct Good {
    file: &'static str,
    issuers: &'static [&'static str],
    purpose: Purpose,
}

/// A certificate that these judges should refuse. (The rest of the lab's bad ones only a server can tell.)
struct Bad {
    file: &'static str,
    purpose: Purpose,
    /// GnuTLS checks a chain without asking for a purpose, and without the CRL.
    by_certtool: bool,
}

#[derive(Clone, Copy)]
enum Purpose {
    Issuing,
    Server,
    Client,
}

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let (accepted, refused) = (Verdict::Accepted, Verdict::Refused);
    for good in GOOD {
        let case = format!("{} {}", lab.name, good.file);
        report.push(
            GROUP,
            "openssl verify -x509_strict",
            &case,
            accepted,
            openssl(bench, lab, good.file, good.issuers, good.purpose, false),
        );
        report.push(
            GROUP,
            "certtool --verify-chain",
            &case,
            accepted,
            certtool(bench, lab, good.file, good.issuers),
        );
        report.push(
            GROUP,
            "pkilint",
            &case,
            accepted,
            pkilint(bench, &lab.arg(good.file)),
        );
    }
    for bad in BAD {
        let case = format!("{} {}", lab.name, bad.file);
        let issuers = &["same-ca/ca.crt"];
        report.push(
            GROUP,
            "openssl verify -x509_strict",
            &case,
            refused,
            openssl(bench, lab, bad.file, issuers, bad.purpose, true),
        );
        if bad.by_certtool {
            report.push(
                GROUP,
                "certtool --verify-chain",
                &case,
                refused,
                certtool(bench, lab, bad.file, issuers),
            );
        }
    }
}

fn openssl(
    bench: &Bench<'_>,
    lab: &Lab,
    file: &str,
    issuers: &[&str],
    purpose: Purpose,
    crl: bool,
) -> Result<(Verdict, String)> {
    let mut arguments = vec!["verify".to_owned(), "-x509_strict".to_owned()];
    let (root, between) = issuers.split_last().unwrap_or((&file, &[]));
    arguments.extend(["-CAfile".to_owned(), lab.arg(root)]);
    for issuer in between {
        arguments.extend(["-untrusted".to_owned(), lab.arg(issuer)]);
    }
    match purpose {
        Purpose::Issuing => {}
        Purpose::Server => arguments.extend(["-purpose".to_owned(), "sslserver".to_owned()]),
        Purpose::Client => arguments.extend(["-purpose".to_owned(), "sslclient".to_owned()]),
    }
    if crl {
        arguments.extend([
            "-crl_check".to_owned(),
            "-CRLfile".to_owned(),
            lab.arg("same-ca/ca.crl"),
        ]);
    }
    arguments.push(lab.arg(file));
    let said = process::run(bench.peers.command("openssl").args(arguments), None)?;
    Ok(match said.success() {
        true => (Verdict::Accepted, said.stdout),
        // "error 10 at 0 depth lookup: certificate has expired": a file it cannot read gives no such line.
        false if said.stderr.contains("depth lookup") => (Verdict::Refused, said.reason()),
        false => (Verdict::NotRun, said.reason()),
    })
}

fn certtool(
    bench: &Bench<'_>,
    lab: &Lab,
    file: &str,
    issuers: &[&str],
) -> Result<(Verdict, String)> {
    let mut chain = Vec::new();
    for part in [file].iter().chain(issuers) {
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

const GROUP: &str = "certificates";

const GOOD: &[Good] = &[
    Good {
        file: "same-ca/ca.crt",
        issuers: &[],
        purpose: Purpose::Issuing,
    },
    Good {
        file: "same-ca/server.crt",
        issuers: &["same-ca/ca.crt"],
        purpose: Purpose::Server,
    },
    Good {
        file: "same-ca/client.crt",
        issuers: &["same-ca/ca.crt"],
        purpose: Purpose::Client,
    },
    Good {
        file: "different-ca/server-ca.crt",
        issuers: &[],
        purpose: Purpose::Issuing,
    },
    Good {
        file: "different-ca/client-ca.crt",
        issuers: &[],
        purpose: Purpose::Issuing,
    },
    Good {
        file: "different-ca/server.crt",
        issuers: &["different-ca/server-ca.crt"],
        purpose: Purpose::Server,
    },
    Good {
        file: "different-ca/client.crt",
        issuers: &["different-ca/client-ca.crt"],
        purpose: Purpose::Client,
    },
    Good {
        file: "intermediate/root.crt",
        issuers: &[],
        purpose: Purpose::Issuing,
    },
    Good {
        file: "intermediate/issuing.crt",
        issuers: &["intermediate/root.crt"],
        purpose: Purpose::Issuing,
    },
    Good {
        file: "intermediate/server.crt",
        issuers: &["intermediate/issuing.crt", "intermediate/root.crt"],
        purpose: Purpose::Server,
    },
    Good {
        file: "intermediate/client.crt",
        issuers: &["intermediate/issuing.crt", "intermediate/root.crt"],
        purpose: Purpose::Client,
    },
];

const BAD: &[Bad] = &[
    Bad {
        file: "refused/self-signed/client.crt",
        purpose: Purpose::Client,
        by_certtool: true,
    },
    Bad {
        file: "refused/untrusted-ca/client.crt",
        purpose: Purpose::Client,
        by_certtool: true,
    },
    Bad {
        file: "refused/expired/client.crt",
        purpose: Purpose::Client,
        by_certtool: true,
    },
    Bad {
        file: "refused/not-yet-valid/client.crt",
        purpose: Purpose::Client,
        by_certtool: true,
    },
    Bad {
        file: "refused/wrong-usage/client.crt",
        purpose: Purpose::Client,
        by_certtool: false,
    },
    Bad {
        file: "refused/revoked/client.crt",
        purpose: Purpose::Client,
        by_certtool: false,
    },
];
