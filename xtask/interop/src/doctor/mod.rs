//! The doctor before real servers: nothing is wrong with a healthy one, and what was done to the others is the first that
//! it finds.

mod change;
mod fault;
mod mends;
mod served;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use mtls_doctor::{Finding, Options, Role, Target, examine};
use pki_core::Password;
use suite::process;
use time::OffsetDateTime;

use self::change::Change;
use self::fault::{Fault, Identity};
use self::served::{SERVERS, ServerUnderTest};
use crate::report::group::DOCTOR as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::{Lab, PASSWORD};

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    for (case, changes, ids) in COMMANDS {
        let expected = ids
            .first()
            .map_or(Verdict::Healthy, |id| Verdict::Finding(id));
        report.push(GROUP, "nginx", case, expected, command(bench, lab, changes));
    }
    mends::check(bench, lab, report);
    for &server in SERVERS {
        for identity in [
            Identity::P12,
            Identity::P12Alone,
            Identity::Pem("same-ca/client"),
            Identity::None,
        ] {
            let seen = with_server(bench, lab, server, &[], |lab, url| {
                first(lab, url, identity, &[])
                    .map(|found| (verdict(found.as_ref()), told(found.as_ref())))
            });
            report.push(
                GROUP,
                server.name(),
                &format!("healthy, {identity}"),
                Verdict::Healthy,
                seen,
            );
        }
        for fault in fault::FAULTS {
            if server.can(fault.changes) {
                report.push(
                    GROUP,
                    server.name(),
                    fault.name,
                    fault.expected(server),
                    seen(bench, lab, server, fault),
                );
            }
        }
    }
}

/// A lab of another kind of key, at the servers that read such keys: healthy, and with another client CA.
pub(crate) fn check_keys(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    const IDENTITY: Identity = Identity::Pem("same-ca/client");
    let is_rsa = lab.path("same-ca/client_ios.p12").is_file();
    for &server in SERVERS {
        // Of the others, only those that are built with OpenSSL 3.5 or AWS-LC know ML-DSA.
        if !is_rsa && server.name() != "ours" {
            continue;
        }
        let another: &[Change] = &[Change::OtherClientCa];
        for (case, changes, expected) in [
            ("healthy", &[][..], Verdict::Healthy),
            (
                "another client CA",
                another,
                Verdict::Finding("client-ca-not-trusted"),
            ),
        ] {
            let seen = with_server(bench, lab, server, changes, |_, url| {
                let found = first(lab, url, IDENTITY, &[])?;
                Ok((verdict(found.as_ref()), told(found.as_ref())))
            });
            let case = format!("{} keys, {case}", lab.name);
            report.push(GROUP, server.name(), &case, expected, seen);
        }
    }
}

/// `mtls doctor URL --p12 FILE`, as somebody with a phone and a broken connection would call it: exit code and reason.
fn command(bench: &Bench<'_>, lab: &Lab, changes: &[Change]) -> Result<(Verdict, String)> {
    let password = bench.write("doctor-password", PASSWORD)?;
    let nginx = SERVERS.first().context("there is no server")?;
    with_server(bench, lab, *nginx, changes, |_, url| {
        let mut doctor = Command::new(bench.mtls()?);
        doctor.args(["--json", "doctor", url, "--p12"]);
        doctor.arg(lab.path("same-ca/client_ios.p12"));
        doctor.args(["--password-file", &password]);
        let said = process::run(&mut doctor, None)?;
        let report: serde_json::Value = serde_json::from_str(&said.stdout)
            .with_context(|| format!("no JSON: {}", said.reason()))?;
        let id = report["findings"][0]["id"].as_str();
        let found = id.map(|id| {
            COMMANDS
                .iter()
                .flat_map(|(_, _, ids)| *ids)
                .find(|known| **known == id)
        });
        Ok(match (said.code, found) {
            (Some(0), None) => (Verdict::Healthy, String::new()),
            (Some(1), Some(Some(id))) => (Verdict::Finding(id), said.stdout),
            _ => (Verdict::NotRun, said.stdout),
        })
    })
}

type Called = (&'static str, &'static [Change], &'static [&'static str]);

const COMMANDS: &[Called] = &[
    ("mtls doctor URL --p12, healthy", &[], &[]),
    (
        "mtls doctor URL --p12, another client CA",
        &[Change::OtherClientCa],
        &["client-ca-not-trusted"],
    ),
    (
        "mtls doctor URL --p12, verification off",
        &[Change::VerifyOff],
        &["certificate-not-requested"],
    ),
];

/// Does the fault to a copy of the lab and serves it; what the doctor finds first.
fn seen(
    bench: &Bench<'_>,
    lab: &Lab,
    server: &dyn ServerUnderTest,
    fault: &Fault,
) -> Result<(Verdict, String)> {
    with_server(bench, lab, server, fault.changes, |_, url| {
        let found = first(lab, url, fault.identity, fault.cas)?;
        let named = found
            .as_ref()
            .is_some_and(|found| fault.ids.contains(&found.id));
        let got = if named {
            fault.expected(server)
        } else {
            verdict(found.as_ref())
        };
        Ok((got, told(found.as_ref())))
    })
}

fn with_server<T>(
    bench: &Bench<'_>,
    lab: &Lab,
    server: &dyn ServerUnderTest,
    changes: &[Change],
    ask: impl FnOnce(&Lab, &str) -> Result<T>,
) -> Result<T> {
    let copy = Lab::copy_of(&lab.path(""))?;
    for change in changes {
        change
            .to_files(&copy)
            .with_context(|| format!("{change:?}"))?;
    }
    let running = server.start(bench, &copy, changes)?;
    ask(&copy, &format!("https://localhost:{}/", running.port()))
}

/// What the doctor says first.
fn first(lab: &Lab, url: &str, identity: Identity, cas: &[&str]) -> Result<Option<Finding>> {
    let mut options = Options::new(OffsetDateTime::now_utc());
    options.password = Some(Password::new(PASSWORD));
    options.timeout = Duration::from_secs(20);
    let file = |path: PathBuf, role| Target::file(path, role);
    let mut targets = vec![Target::parse(url)];
    if identity != Identity::P12Alone {
        targets.push(file(lab.path("same-ca/ca.crt"), Role::Ca));
    }
    targets.extend(cas.iter().map(|ca| file(lab.path(ca), Role::Ca)));
    match identity {
        Identity::None => {}
        Identity::P12 | Identity::P12Alone => {
            targets.push(file(lab.path("same-ca/client_ios.p12"), Role::P12))
        }
        Identity::Pem(stem) => {
            targets.push(file(lab.path(&format!("{stem}.crt")), Role::Certificate));
            targets.push(file(lab.path(&format!("{stem}.key")), Role::Key));
        }
        Identity::Chain { chain, key } => {
            targets.push(file(lab.path(chain), Role::Certificate));
            targets.push(file(lab.path(key), Role::Key));
        }
    }
    Ok(examine(&targets, &options).findings().first().cloned())
}

fn verdict(found: Option<&Finding>) -> Verdict {
    found.map_or(Verdict::Healthy, |found| Verdict::Finding(found.id))
}

fn told(found: Option<&Finding>) -> String {
    found.map_or_else(String::new, |found| {
        format!("{}: {} {}", found.place, found.what, found.why)
    })
}
