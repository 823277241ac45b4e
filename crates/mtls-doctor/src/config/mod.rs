//! Configurations of servers: which files and settings they name.

use std::path::Path;

use crate::files::Given;
use crate::report::Report;
use crate::target::Options;

/// Whether a file is the configuration of a server that is known.
pub(crate) fn is_configuration(_path: &Path) -> bool {
    false
}

/// Reads and checks a configuration.
pub(crate) fn examine(_path: &Path, _given: &Given, _options: &Options, _report: &mut Report) {}
