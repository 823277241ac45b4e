//! moto has AWS's API, and issues otherwise than it is asked to: usages, names and end are its own.

use anyhow::{Result, ensure};
use suite::Home;
use suite::process::{self, Server};

use super::rows::{holds, refused};
use super::site::{PROGRAM, init, with_keys};
use crate::pki::upstream::site::audited;
use crate::report::Report;
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let home = with_keys(home);
    let [port] = process::free_ports()?;
    let mut moto = bench.peers.command("moto_server");
    moto.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    let _server = Server::start(&mut moto, port)?;
    let url = format!("http://127.0.0.1:{port}");
    let mut python = bench.peers.command("python");
    let created = process::run(python.args(["-c", PROGRAM, "create", &url]), None)?;
    ensure!(created.success(), "boto3: {}", created.stderr);
    let arn = created.stdout.trim();
    let template = "template = \"EndEntityCertificate/V1\"\n";
    let made = init(&home, arn, port, template)?;
    let seen = (made.stdout.contains("Moto Root"), made.stdout);
    holds(report, "moto: a CA that boto3 has made", Ok(seen));
    let ran = home.run(&["issue", "client", "alice"]);
    let case = "moto: a certificate with other usages than were approved";
    refused(report, case, "key usage is not the approved one", ran);
    let told = audited(&home, "upstream-revoked")?;
    let is_known = told.iter().all(|row| row["detail"]["known"] == true) && told.len() == 1;
    let seen = (is_known, format!("{told:?}"));
    holds(report, "moto: it has revoked that", Ok(seen));
    let unknown = arn.replace("eu-central-1", "eu-west-1");
    let ran = init(&home, &unknown, port, "");
    let said = ran
        .err()
        .map_or(String::new(), |error| format!("{error:#}"));
    let seen = (said.contains("ResourceNotFoundException"), said);
    holds(
        report,
        "moto: a CA that is not there is told by name",
        Ok(seen),
    );
    Ok(())
}
