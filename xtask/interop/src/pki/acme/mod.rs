//! ACME: our CA for the ACME clients that people have.

mod caddy;
mod certbot;
mod dehydrated;
mod issuer;
mod lego;
mod library;

use anyhow::Result;

use self::issuer::Issuer;
use crate::report::Report;
use crate::report::group::ACME as GROUP;
use crate::workbench::Bench;

/// Has each client get, renew and revoke certificates, and be refused.
pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    for (subject, story) in STORIES {
        let issuer = bench.home().and_then(|home| Issuer::start(bench, home));
        let told = issuer.and_then(|issuer| story(&issuer, report));
        report.story(GROUP, subject, told);
    }
}

type Story = fn(&Issuer<'_>, &mut Report) -> Result<()>;

const STORIES: [(&str, Story); 5] = [
    ("lego", lego::tell),
    ("certbot", certbot::tell),
    ("dehydrated", dehydrated::tell),
    ("Caddy", caddy::tell),
    ("instant-acme", library::tell),
];
