//! EST clients at `mtls serve --enroll`, and its OpenAPI document.

mod bouncy_castle;
mod curl;
mod openapi;
mod site;
mod strongswan;

use self::site::Site;
use crate::report::group::EST as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

/// Runs the stories at one CA.
pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    let site = match Site::start(bench) {
        Ok(site) => site,
        Err(error) => {
            let case = "the CA starts";
            report.push(GROUP, "mtls serve", case, Verdict::Accepted, Err(error));
            return;
        }
    };
    for (subject, story) in STORIES {
        let told = story(&site, report);
        report.story(GROUP, subject, told);
    }
}

type Story = fn(&Site<'_>, &mut Report) -> anyhow::Result<()>;

const STORIES: [(&str, Story); 4] = [
    ("curl and openssl", curl::tell),
    ("strongSwan pki", strongswan::tell),
    ("BouncyCastle", bouncy_castle::tell),
    ("schemathesis", openapi::tell),
];
