//! A client's keys in SoftHSM.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;
use suite::Home;
use suite::peers::SOFTHSM;
use suite::process::Finished;
use suite::{Profile, example_of, process};

use super::ca::{Ca, PATIENCE};
use crate::pki::softhsm;
use crate::report::group::AGENT as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let ca = Ca::make(home)?;
    let _serving = ca.serve()?;
    let config = softhsm::make_token(bench, &ca.home.path("softhsm"), PIN)?;
    std::fs::write(ca.home.path("pin"), PIN)?;
    let program = example_of("pki-pkcs11", Profile::Dev, "token_client")?;
    ca.token("client", "sensor-7", "1")?;
    let url = format!("https://localhost:{}", ca.ports[1]);
    let run = || {
        let mut client = Command::new(&program);
        client
            .args([&url, "ca.crt", "sensor-7.token"])
            .arg(format!("pkcs11:token=ca?module-path={SOFTHSM}"))
            .arg("pin")
            .env("SOFTHSM2_CONF", &config)
            .current_dir(ca.home.directory());
        process::run(&mut client, None)
    };
    let seen = run().map(|ran| {
        let holds = ran.success() && ran.stdout.contains("renewed CN=sensor-7");
        (
            Verdict::accepted_if(holds),
            format!("{}{}", ran.stdout, ran.stderr),
        )
    });
    let case = "enrols, renews, and is accepted, by keys of a token";
    report.push(GROUP, "SoftHSM", case, Verdict::Accepted, seen);
    let seen = run().map(|ran| {
        let refused = ran.code == Some(1) && !ran.stdout.contains("enrolled");
        (Verdict::accepted_if(!refused), ran.stderr)
    });
    let case = "again, with the same enrolment token";
    report.push(GROUP, "SoftHSM", case, Verdict::Refused, seen);
    agent(&ca, &config, report)
}

/// `mtls agent --key`: enrols and renews, and `tls.key` has the URI of the key.
fn agent(ca: &Ca, config: &Path, report: &mut Report) -> Result<()> {
    ca.token("client", "sensor-8", "1")?;
    let uri = format!("pkcs11:token=ca?module-path={SOFTHSM}");
    let once = |more: &[&str]| {
        let mut agent = ca.once("sensor-8", "by-token");
        agent.args(more).env("SOFTHSM2_CONF", config);
        process::run(&mut agent, None)
    };
    let by_token = |pin: &str| once(&["--key", &uri, "--pin-file", pin]);
    let kept = || std::fs::read_to_string(ca.home.path("by-token/tls.key"));
    std::fs::write(ca.home.path("wrong"), "0000")?;
    let mut seen = |case: &str, expected: Verdict, ran: Finished, holds: bool| {
        let verdict = Verdict::accepted_if(ran.success() && holds);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        report.push(GROUP, "SoftHSM", case, expected, Ok((verdict, said)));
    };

    seen(
        "the agent, with the wrong PIN",
        Verdict::Refused,
        by_token("wrong")?,
        true,
    );
    let enrolled = by_token("pin")?;
    let first = kept()?;
    let holds = enrolled.stdout.contains("enrolled")
        && first.starts_with("pkcs11:token=ca;object=mtls-agent-");
    seen("the agent enrols", Verdict::Accepted, enrolled, holds);
    seen(
        "the agent, without its token",
        Verdict::Refused,
        once(&[])?,
        true,
    );
    // After this, every certificate is to be renewed at once.
    ca.home.ok(&["ca", "rotate"])?;
    let deadline = Instant::now() + PATIENCE;
    let renewed = loop {
        let ran = by_token("pin")?;
        // For a moment the CA follows, and says so.
        if ran.stdout.contains("renewed") || Instant::now() > deadline {
            break ran;
        }
    };
    let holds = renewed.stdout.contains("renewed") && kept()? != first;
    seen("the agent renews", Verdict::Accepted, renewed, holds);
    let names = std::fs::read_dir(ca.home.path("by-token"))?;
    let mut keys = 0;
    for entry in names {
        let text = std::fs::read_to_string(entry?.path())?;
        keys += usize::from(text.contains("PRIVATE KEY"));
    }
    let no_key = Ok((
        Verdict::accepted_if(keys == 0),
        format!("{keys} keys in files"),
    ));
    report.push(
        GROUP,
        "SoftHSM",
        "no key in a file",
        Verdict::Accepted,
        no_key,
    );
    Ok(())
}

const PIN: &str = "1234";
