//! nginx, which only reads files, and reads them again when `--exec` tells it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use suite::Home;
use suite::process::{self, Server};

use super::ca::{Ca, PATIENCE};
use super::running::Running;
use crate::report::group::AGENT as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let ca = Ca::make(home)?;
    ca.shorten("server", "default = \"90days\"", "10s")?;
    let _serving = ca.serve()?;
    ca.home
        .ok(&["issue", "client", "alice", "--out", "alice"])?;
    ca.token("server", "localhost", "1")?;

    let exec = "[ ! -e nginx.pid ] || kill -HUP $(cat nginx.pid)";
    let agent = ca.agent("localhost", "device");
    let agent: Vec<_> = agent.iter().map(String::as_str).collect();
    let _agent = Running::start(&mut ca.home.command(&[&agent[..], &["--exec", exec]].concat()))?;
    let device = ca.home.path("device");
    let deadline = Instant::now() + PATIENCE;
    while !device.join("tls.crt").exists() {
        ensure!(Instant::now() < deadline, "the agent gets no certificate");
        std::thread::sleep(PAUSE);
    }
    let nginx = start(bench, ca.home.directory(), &device)?;
    let first = presented(bench, &ca, nginx.port());
    let serial = first.as_ref().map(String::clone).unwrap_or_default();
    let seen = first.map(|serial| (Verdict::Accepted, serial));
    report.push(
        GROUP,
        "nginx",
        "with the agent's files",
        Verdict::Accepted,
        seen,
    );

    let renewed = || {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // Each of them has to be answered.
            let next = presented(bench, &ca, nginx.port())?;
            if next != serial {
                return Ok((Verdict::Accepted, next));
            }
            ensure!(Instant::now() < deadline, "the first one stays");
            std::thread::sleep(PAUSE);
        }
    };
    let case = "presents the next certificate, after --exec";
    report.push(GROUP, "nginx", case, Verdict::Accepted, renewed());

    std::fs::write(ca.home.path("broken.conf"), "listen nowhere;\n")?;
    ca.token("client", "beside", "1")?;
    let broken = format!(
        "nginx -t -p {} -c broken.conf",
        ca.home.directory().display()
    );
    let ran = process::run(ca.once("beside", "beside").args(["--exec", &broken]), None)?;
    let seen = match (ran.code, ran.stderr.contains("--exec has failed")) {
        (Some(1), true) => (Verdict::Refused, ran.stderr),
        _ => (Verdict::Accepted, ran.stdout),
    };
    let case = "--exec with a configuration that is broken";
    report.push(GROUP, "nginx", case, Verdict::Refused, Ok(seen));
    Ok(())
}

/// The serial number of the certificate that is presented to curl, with which the request succeeded.
fn presented(bench: &Bench<'_>, ca: &Ca, port: u16) -> Result<String> {
    let mut curl = bench.peers.command("curl");
    curl.args(["--silent", "--show-error", "--fail", "--cacert", "ca.crt"])
        .args(["--cert", "alice/client.crt", "--key", "alice/client.key"])
        .args(["--write-out", "%{certs}"])
        .arg(format!("https://localhost:{port}/"))
        .current_dir(ca.home.directory());
    let ran = process::run(&mut curl, None)?;
    ensure!(ran.success(), "curl: {}", ran.stderr);
    let mut lines = ran.stdout.lines();
    let serial = lines.find_map(|line| line.strip_prefix("Serial Number:"));
    Ok(serial
        .context("curl says the serial number")?
        .trim()
        .to_owned())
}

fn start(bench: &Bench<'_>, directory: &Path, device: &Path) -> Result<Server> {
    let [port] = process::free_ports()?;
    let config = include_str!("nginx.conf")
        .replace("PORT", &port.to_string())
        .replace("DEVICE", &device.to_string_lossy());
    std::fs::write(directory.join("nginx.conf"), config)?;
    let mut nginx = bench.peers.command("nginx");
    nginx.arg("-p").arg(directory);
    Server::start(nginx.args(["-e", "stderr", "-c", "nginx.conf"]), port)
}

const PAUSE: Duration = Duration::from_millis(100);
