//! The `mtls` command among real programs.

mod enrolment;
mod first_minutes;
mod import;
mod openbao;
mod token;

use super::home::Home;
use crate::Bench;
use crate::report::{Report, Verdict};

/// Runs the stories, each in a home of its own.
pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    for (subject, story) in STORIES {
        let told = Home::make(bench).and_then(|home| story(bench, home, report));
        // What broke off has to be a row, too.
        let seen = told.map(|()| (Verdict::Accepted, "to its end".to_owned()));
        report.push(GROUP, subject, "the story", Verdict::Accepted, seen);
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

const GROUP: &str = "the mtls command";
