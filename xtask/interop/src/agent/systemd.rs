//! The unit that `mtls agent --print-unit` prints, by systemd-analyze.

use anyhow::Result;
use suite::Home;
use suite::process;

use crate::report::group::AGENT as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let unit = home.ok(&["agent", "--print-unit"])?;
    let program = bench.mtls()?.display().to_string();
    let unit = unit.replace("/usr/local/bin/mtls", &program);
    let misspelt = unit.replace("WatchdogSec", "WatchdogSeconds");
    for (case, text, arguments, expected) in [
        ("verify", &unit, VERIFY, Verdict::Accepted),
        (
            "verify, with a setting misspelt",
            &misspelt,
            VERIFY,
            Verdict::Refused,
        ),
        ("security, below 2.5", &unit, SECURITY, Verdict::Accepted),
    ] {
        std::fs::write(home.path(NAME), text)?;
        let mut analyze = bench.peers.command("systemd-analyze");
        analyze.args(arguments).arg(home.path(NAME));
        let seen = process::run(&mut analyze, None).map(|ran| {
            let holds = ran.success() && ran.stderr.is_empty();
            (
                Verdict::accepted_if(holds),
                format!("{}{}", ran.reason(), ran.stderr),
            )
        });
        report.push(GROUP, "systemd-analyze", case, expected, seen);
    }
    Ok(())
}

const NAME: &str = "mtls-agent@sensor.service";
const VERIFY: &[&str] = &["verify", "--man=no"];
/// What is left is the network, root's own files, and its group, which may read them.
const SECURITY: &[&str] = &["security", "--offline=true", "--no-pager", "--threshold=25"];
