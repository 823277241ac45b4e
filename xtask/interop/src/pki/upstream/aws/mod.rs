//! AWS Private CA behind our CA: as moto has it, and one that takes its time, which botocore judges.

mod killed;
mod moto;
mod rows;
mod site;
mod waiting;

use anyhow::Result;
use suite::Home;

use self::rows::holds;
use crate::report::Report;
use crate::workbench::Bench;

pub(super) fn tell_moto(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    moto::tell(bench, home, report)
}

pub(super) fn tell_waiting(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let site = site::Site::new(bench, home)?;
    // First, as it takes a while until the reservation is taken for lost.
    let killed = killed::order(bench, &site)?;
    waiting::tell(bench, &site, report)?;
    killed::find(&site, killed, report)?;
    // What botocore has found wrong with any of the requests.
    let problems = site.lines("problems.txt").join("; ");
    let seen = (problems.is_empty(), problems);
    let case = "all requests are of the shape that botocore has for them";
    holds(report, case, Ok(seen));
    site.home.ok(&["audit", "verify"])?;
    Ok(())
}
