//! The examination: files first, then configurations, then servers, since that is the order of causes.

use crate::report::Report;
use crate::target::{Options, Target};
use crate::{config, files, probe};

/// Examines `targets` together: what one of them holds is compared with what the others hold.
///
/// It reads files and, for URLs, opens connections. It blocks for as long as that takes.
#[must_use]
pub fn examine(targets: &[Target], options: &Options) -> Report {
    let mut report = Report::default();
    let given = files::examine(targets, options, &mut report);
    config::examine(&given, options, &mut report);
    for target in targets {
        if let Target::Url(url) = target {
            probe::examine(url, &given, options, &mut report);
        }
    }
    report
}
