//! OpenBao and AWS behind our CA: they sign what was approved here, or keep the keys that sign.

mod aws;
mod issuing;
mod killed;
mod proxy;
mod rows;
mod site;
mod tampering;
mod transit;

use suite::Home;

use crate::report::Report;
use crate::report::group::UPSTREAM_CAS as GROUP;
use crate::workbench::Bench;

/// Runs the stories, each in a home of its own, with an OpenBao of its own.
pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    for (subject, story) in STORIES {
        let told = bench.home().and_then(|home| story(bench, home, report));
        report.story(GROUP, subject, told);
    }
}

type Story = fn(&Bench<'_>, Home, &mut Report) -> anyhow::Result<()>;

const STORIES: [(&str, Story); 6] = [
    ("OpenBao signs", issuing::tell),
    ("a proxy in between", tampering::tell),
    ("killed in between", killed::tell),
    ("keys in transit", transit::tell),
    ("AWS Private CA by moto", aws::tell_moto),
    ("AWS Private CA that takes its time", aws::tell_waiting),
];
