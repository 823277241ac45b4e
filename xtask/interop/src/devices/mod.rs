//! The lab's sources for phones: what compiles here is compiled, and asks our server; the rest is parsed.

mod asker;
mod java;
mod kotlin;
mod parsed;
mod source;

use crate::report::Report;
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let there = bench.peers.install_readers_of_sources();
    if let Err(error) = &there {
        eprintln!("warning: {error:#}\nwarning: the rows of what is missing will fail");
    }
    let server = bench.own().and_then(|own| own.serve(&lab.server_files()));
    java::check(bench, lab, &server, report);
    kotlin::check(bench, lab, &server, report);
    parsed::check(bench, lab, report);
}
