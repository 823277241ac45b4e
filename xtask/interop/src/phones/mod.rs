//! What phones and computers get: the page in Chromium, and profiles by openssl and plistlib.

mod page;
mod profiles;
mod visit;

use crate::Bench;
use crate::lab::Lab;
use crate::report::Report;

/// Takes pictures for the docs if `pictures` says so.
pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, pictures: bool, report: &mut Report) {
    profiles::check(bench, report);
    page::check(bench, lab, pictures, report);
}

const GROUP: &str = "phones";
