//! What phones and computers get: the page in Chromium, and profiles by openssl and plistlib.

mod page;
mod profiles;

use crate::report::Report;
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

/// Takes pictures for the docs if `pictures` says so.
pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, pictures: bool, report: &mut Report) {
    profiles::check(bench, lab, report);
    page::check(bench, lab, pictures, report);
}
