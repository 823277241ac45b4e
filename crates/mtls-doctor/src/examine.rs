//! The examination: files first, then configurations, then servers, since that is the order of causes.

use crate::files::Trust;
use crate::report::Report;
use crate::target::{Options, Role, Target};
use crate::{config, files, probe};

/// Examines `targets` together: what one of them holds is compared with what the others hold.
///
/// It reads files and, for URLs, opens connections. It blocks for as long as that takes.
#[must_use]
pub fn examine(targets: &[Target], options: &Options) -> Report {
    let mut report = Report::default();
    let (mut plain, mut configurations, mut urls) = (Vec::new(), Vec::new(), Vec::new());
    for target in targets {
        match target {
            Target::File { path, role } => {
                let is_any = *role == Role::Any;
                match is_any.then(|| config::of(path)).flatten() {
                    Some(configuration) => configurations.push(configuration),
                    None => plain.push((path.as_path(), *role)),
                }
            }
            Target::Url(url) => urls.push(url.as_str()),
        }
    }
    let trust = if urls.is_empty() {
        Trust::OtherSide
    } else {
        Trust::Ours
    };
    let given = files::examine(&plain, trust, options, &mut report);
    for configuration in &configurations {
        config::examine(configuration, &given, options, &mut report);
    }
    let of_files = report.facts().len();
    probe::examine(&urls, &given, options, &mut report);
    // Whether a server asks for a certificate, and takes ours, is what people want to read first.
    report.begin_with_facts_from(of_files);
    report
}
