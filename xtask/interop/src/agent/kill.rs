//! Processes that are killed at each step, and begin again.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use suite::Home;
use suite::process;

use super::ca::{Ca, PATIENCE};
use super::running::Running;
use crate::report::group::AGENT as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let ca = Ca::make(home)?;
    let serving = ca.serve()?;
    for (number, step) in STEPS.iter().enumerate() {
        let name = format!("first-{number}");
        ca.token("client", &name, "1")?;
        let seen = killed(bench, &ca, &name, &name, step, ("enrolled", 1));
        let case = format!("the agent, enrolling: {}", step.what);
        report.push(GROUP, "kill -9", &case, Verdict::Accepted, seen);
    }

    // After this, every certificate is to be renewed at once.
    let devices: Vec<_> = (0..STEPS.len())
        .map(|number| format!("next-{number}"))
        .collect();
    for name in &devices {
        ca.token("client", name, "1")?;
        ca.outcome(name, name)?;
    }
    ca.token("client", "probe", "1")?;
    ca.outcome("probe", "probe")?;
    ca.home.ok(&["ca", "rotate"])?;
    let deadline = Instant::now() + PATIENCE;
    while ca.outcome("probe", "probe")? == "kept" {
        ensure!(
            Instant::now() < deadline,
            "no certificate has to be renewed"
        );
    }
    for (name, step) in devices.iter().zip(STEPS) {
        let seen = killed(bench, &ca, name, name, &step, ("renewed", 2));
        let case = format!("the agent, renewing: {}", step.what);
        report.push(GROUP, "kill -9", &case, Verdict::Accepted, seen);
    }

    let mut serving = Some(serving);
    for number in 0..MOMENTS {
        let name = format!("served-{number}");
        ca.token("client", &name, "1")?;
        let agent = ca.agent(&name, &name);
        let agent: Vec<_> = agent.iter().map(String::as_str).collect();
        let _agent = Running::start(&mut ca.home.command(&agent))?;
        std::thread::sleep(FIRST_MOMENT + BETWEEN * number);
        if let Some(server) = serving.take() {
            server.kill()?;
        }
        serving = Some(ca.serve()?);
        let seen = served(&ca, &name);
        let case = format!(
            "the server, {} ms after the agent began",
            (FIRST_MOMENT + BETWEEN * number).as_millis()
        );
        report.push(GROUP, "kill -9", &case, Verdict::Accepted, seen);
    }
    Ok(())
}

/// The agent is killed at the step, and then runs again: it has its certificate, and no other was issued.
fn killed(
    bench: &Bench<'_>,
    ca: &Ca,
    name: &str,
    out: &str,
    step: &Step,
    (outcome, issued): (&str, usize),
) -> Result<(Verdict, String)> {
    let agent = ca.once(name, out);
    let ran = process::run(&mut step.killing(bench, ca, out, &agent), None)?;
    ensure!(
        ran.code.is_none(),
        "it was not killed: {}{}",
        ran.stdout,
        ran.stderr
    );
    let after = ca.outcome(name, out)?;
    let issued_in_the_end = ca.issued(name)?;
    // With its certificate at hand it needs none any more, and puts it in its place.
    let wanted = if step.has_certificate {
        "kept"
    } else {
        outcome
    };
    let left = std::fs::read_dir(ca.home.path(out))?.count();
    let holds = after == wanted && issued_in_the_end == issued && left == 3;
    let said = format!("{after}, {issued_in_the_end} issued, {left} files");
    Ok((Verdict::accepted_if(holds), said))
}

fn served(ca: &Ca, name: &str) -> Result<(Verdict, String)> {
    let deadline = Instant::now() + PATIENCE;
    while !ca.home.path(name).join("tls.crt").exists() {
        ensure!(Instant::now() < deadline, "there is no certificate");
        std::thread::sleep(Duration::from_millis(20));
    }
    let issued = ca.issued(name)?;
    Ok((
        Verdict::accepted_if(issued == 1),
        format!("{issued} issued"),
    ))
}

/// A system call before which the agent is killed.
struct Step {
    what: &'static str,
    call: &'static str,
    /// The file that it is about.
    file: Option<&'static str>,
    /// Whether the certificate is on the disk by then.
    has_certificate: bool,
}

const fn step(what: &'static str, call: &'static str, file: Option<&'static str>) -> Step {
    Step {
        what,
        call,
        file,
        has_certificate: false,
    }
}

/// How a file that is written gets its name, and how one that has a name gets another: the latter is known to strace by
/// its old name.
const PERSIST: &str = "?renameat,?renameat2";
const RENAME: &str = "?rename";

/// The same, once the certificate is on the disk.
const fn later(what: &'static str, call: &'static str, file: &'static str) -> Step {
    Step {
        has_certificate: true,
        ..step(what, call, Some(file))
    }
}

const STEPS: [Step; 8] = [
    step("before the key is kept", PERSIST, Some("next.key")),
    step("before the request is kept", PERSIST, Some("next.csr")),
    step("before the CA is asked", "connect", None),
    step("after the CA has answered", PERSIST, Some("ca.crt")),
    step("before the certificate is kept", PERSIST, Some("next.crt")),
    later("before the key is in its place", RENAME, "next.key"),
    later("before the certificate is in its place", RENAME, "next.crt"),
    later(
        "before the request is removed",
        "?unlink,?unlinkat",
        "next.csr",
    ),
];

impl Step {
    /// The agent under strace, which kills it.
    fn killing(&self, bench: &Bench<'_>, ca: &Ca, out: &str, agent: &Command) -> Command {
        let mut strace = bench.peers.command("strace");
        let call = self.call;
        strace
            .args(["-f", "-o"])
            .arg(ca.home.path("strace.log"))
            .args(["-e", &format!("trace={call}")])
            .args(["-e", &format!("inject={call}:signal=KILL")]);
        if let Some(file) = self.file {
            strace.arg("-P").arg(ca.home.path(out).join(file));
        }
        strace.arg(agent.get_program()).args(agent.get_args());
        strace.current_dir(ca.home.directory());
        strace
    }
}

/// When the server is killed: from before the agent has asked until after it has its answer.
const MOMENTS: u32 = 6;
const FIRST_MOMENT: Duration = Duration::from_millis(50);
const BETWEEN: Duration = Duration::from_millis(40);
