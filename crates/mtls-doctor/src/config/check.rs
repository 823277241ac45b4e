//! What is wrong with a server's TLS settings, whichever server it is.

use crate::files::Given;
use crate::report::Report;
use crate::target::Options;

use super::case::Case;
use super::settings::{ServerSettings, Verify};
use super::{revocation, versions};

/// Checks every virtual host of a configuration.
pub(crate) fn all(found: &[ServerSettings], given: &Given, options: &Options, report: &mut Report) {
    let some_ask = found
        .iter()
        .any(|settings| settings.verify.value != Verify::Off);
    for settings in found {
        let case = Case {
            settings,
            given,
            options,
        };
        report.findings_of(case.speaks());
        case.presents(report);
        let accepted = case.accepts(some_ask, report);
        report.findings_of(versions::check(settings));
        if let Some(accepted) = accepted {
            case.depth(&accepted, report);
            revocation::check(settings, &accepted, given, options, report);
            case.clients(&accepted, report);
        }
    }
}
