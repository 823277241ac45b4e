//! Reading a file that a configuration names.

use std::path::{Path, PathBuf};

use crate::files::{self, Item};
use crate::finding::Finding;
use crate::report::Report;
use crate::target::{Options, Role};

use super::read::directive::Line;
use super::settings::Setting;

/// Reads a file that a configuration names; that it is missing is the configuration's fault.
pub(crate) fn load(
    setting: &Setting<PathBuf>,
    role: Role,
    options: &Options,
    report: &mut Report,
) -> Option<Item> {
    if let Some(finding) = missing(setting.name, &setting.at, &setting.value) {
        report.finding(finding);
        return None;
    }
    files::read(&setting.value, role, options, report)
}

/// A file that a directive names and that is not there.
pub(super) fn missing(directive: &str, at: &Line, path: &Path) -> Option<Finding> {
    if path.exists() {
        return None;
    }
    let what = format!(
        "{directive} names {}, which does not exist.",
        path.display()
    );
    Some(
        Finding::error("file-missing", at.place(), what)
            .why("The server does not start: nginx and Apache `No such file or directory`, HAProxy `unable to stat`.")
            .step(near(path)),
    )
}

/// A file of that name somewhere near.
fn near(path: &Path) -> String {
    let name = path.file_name();
    let parents = path.ancestors().skip(1).take(3);
    let found = name.and_then(|name| {
        parents
            .map(|parent| parent.join(name))
            .find(|path| path.exists())
    });
    match found {
        Some(found) => format!("Correct the path: {} exists.", found.display()),
        None => "Correct the path, or put the file there; relative paths begin where the server's manual says.".to_owned(),
    }
}
