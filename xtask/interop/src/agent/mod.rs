//! `mtls agent` among real programs: nginx that takes its files, clocks that are wrong, kills at every step, systemd.

mod ca;
mod clocks;
mod device;
mod kill;
mod nginx;
mod running;
mod systemd;
mod token;

use anyhow::Result;
use suite::Home;

use crate::report::Report;
use crate::report::group::AGENT as GROUP;
use crate::workbench::Bench;

/// Runs the stories, each in a home of its own.
pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    for (subject, story) in STORIES {
        let told = bench.home().and_then(|home| story(bench, home, report));
        report.story(GROUP, subject, told);
    }
}

type Story = fn(&Bench<'_>, Home, &mut Report) -> Result<()>;

const STORIES: [(&str, Story); 6] = [
    ("device", device::tell),
    ("nginx", nginx::tell),
    ("clocks", clocks::tell),
    ("kill -9", kill::tell),
    ("systemd", systemd::tell),
    ("SoftHSM", token::tell),
];
