//! The `mtls` command among real programs.

mod enrolment;
mod first_minutes;
mod import;
mod openbao;
mod token;

use suite::Home;

use crate::report::Report;
use crate::report::group::MTLS_COMMAND as GROUP;
use crate::workbench::Bench;

/// Runs the stories, each in a home of its own.
pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    for (subject, story) in STORIES {
        let told = bench.home().and_then(|home| story(bench, home, report));
        report.story(GROUP, subject, told);
    }
}

type Story = fn(&Bench<'_>, Home, &mut Report) -> anyhow::Result<()>;

const STORIES: [(&str, Story); 7] = [
    ("a new CA", first_minutes::tell),
    ("enrolment", enrolment::tell),
    ("easy-rsa", import::easy_rsa),
    ("openssl ca", import::openssl_ca),
    ("OpenBao", openbao::with_key),
    ("OpenBao, key elsewhere", openbao::without_key),
    ("keys in SoftHSM", token::tell),
];
