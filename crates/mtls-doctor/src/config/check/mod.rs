//! What is wrong with a server's TLS settings, whichever server it is.

mod accepts;
mod backends;
mod case;
mod ciphers;
mod clients;
mod hints;
mod presents;
mod resumption;
mod revocation;
mod versions;

pub(super) use self::backends::check as backends;

use self::case::Case;
use crate::config::settings::{ServerSettings, Verify};
use crate::files::Given;
use crate::report::Report;
use crate::target::Options;

/// Checks every virtual host of a configuration.
pub(crate) fn all(found: &[ServerSettings], given: &Given, options: &Options, report: &mut Report) {
    let some_ask = found
        .iter()
        .any(|settings| settings.verify.value != Verify::Off);
    let mut crl = None;
    for settings in found {
        let case = Case {
            settings,
            given,
            options,
        };
        report.findings_of(case.speaks());
        let key = case.presents(report);
        let accepted = case.accepts(some_ask, report);
        report.findings_of(versions::check(settings));
        report.findings_of(versions::highest(settings));
        report.findings_of(ciphers::check(settings, key));
        if let Some(accepted) = accepted {
            case.depth(&accepted, report);
            revocation::check(settings, &accepted, given, options, &mut crl, report);
            report.findings_of(resumption::check(settings));
            case.hints(&accepted, report);
            case.clients(&accepted, report);
        }
        case.matched(report);
    }
}
