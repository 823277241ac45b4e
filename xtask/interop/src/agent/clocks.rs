//! Clocks that are a minute off, at the device and at the CA.

use std::process::Command;

use anyhow::Result;
use suite::Home;
use suite::process::{self, Server};

use super::ca::Ca;
use crate::report::group::AGENT as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let ca = Ca::make(home)?;
    for (at_ca, at_device) in [
        ("+0s", "+60s"),
        ("+0s", "-60s"),
        ("+60s", "+0s"),
        ("-60s", "+0s"),
    ] {
        let serve = ca.serving();
        let serve = serve.each_ref().map(String::as_str);
        let mut serve = at(bench, at_ca, &ca.home.command(&serve));
        let _serving = Server::start(&mut serve, ca.ports[1])?;
        let name = format!("ca{at_ca}device{at_device}");
        ca.token("client", &name, "1")?;
        let case = format!(
            "enrols, and sees that it is fresh: the CA's clock {at_ca}, its own {at_device}"
        );
        let seen = enrolled_and_kept(bench, &ca, &name, at_device);
        report.push(GROUP, "clocks", &case, Verdict::Accepted, seen);
    }
    // Too far off for the certificate of the CA's server, which begins a minute before it is issued.
    let _serving = ca.serve()?;
    ca.token("client", "late", "1")?;
    let mut agent = at(bench, "-3600s", &ca.once("late", "late"));
    let ran = process::run(&mut agent, None)?;
    let seen = match (ran.code, ran.stderr.contains("not valid")) {
        (Some(1), true) => (Verdict::Refused, ran.stderr),
        _ => (Verdict::Accepted, format!("{}{}", ran.stdout, ran.stderr)),
    };
    let case = "enrols with a clock that is an hour slow";
    report.push(GROUP, "clocks", case, Verdict::Refused, Ok(seen));
    Ok(())
}

fn enrolled_and_kept(
    bench: &Bench<'_>,
    ca: &Ca,
    name: &str,
    clock: &str,
) -> Result<(Verdict, String)> {
    let mut said = String::new();
    for outcome in ["enrolled", "kept"] {
        let ran = process::run(&mut at(bench, clock, &ca.once(name, name)), None)?;
        said = format!("{}{}", ran.stdout, ran.stderr);
        if !said.contains(outcome) {
            return Ok((Verdict::Refused, said));
        }
    }
    Ok((Verdict::Accepted, said))
}

/// The same command, for which it is earlier or later.
fn at(bench: &Bench<'_>, clock: &str, command: &Command) -> Command {
    let mut faked = Command::new(command.get_program());
    faked.args(command.get_args());
    bench.peers.fake_clock(&mut faked, clock);
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            faked.env(name, value);
        }
    }
    if let Some(directory) = command.get_current_dir() {
        faked.current_dir(directory);
    }
    faked
}
