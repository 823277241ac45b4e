//! What `mtls serve` publishes, as openssl, curl, nginx and our own server read it.

mod ca;
mod doctor;
mod fetch;
mod nginx;
mod openssl;
mod our_server;

use crate::report::group::PUBLISHED as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    let mut ca = match ca::Ca::start(bench) {
        Ok(ca) => ca,
        Err(error) => {
            return report.push(GROUP, "mtls serve", "set-up", Verdict::Accepted, Err(error));
        }
    };
    openssl::check(bench, &ca, report);
    nginx::check(bench, &ca, report);
    our_server::check(bench, &ca, report);
    let server = our_server::start(bench, &ca);
    doctor::check(&ca, &server, report);
    let stopped = ca.stop().map(|()| (Verdict::Accepted, String::new()));
    report.push(
        GROUP,
        "mtls serve",
        "stops when it is told",
        Verdict::Accepted,
        stopped,
    );
    doctor::check_without(&ca, &server, report);
}
