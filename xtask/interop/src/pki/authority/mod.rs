//! What a CA writes besides certificates, and its key, with OpenSSL on the other side.

mod ca;
mod crls;
mod keys;
mod openssl;
mod requests;
mod roll_over;
mod tokens;

use crate::report::Report;
use crate::workbench::Bench;

pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    requests::check(bench, report);
    keys::check(bench, report);
    crls::check(bench, report);
    roll_over::check(bench, report);
    tokens::check(bench, report);
}
