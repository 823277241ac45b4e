//! Configurations of servers: which files and settings they name.
//!
//! `read` makes [`ServerSettings`](settings::ServerSettings) of each server's file, and `check` knows what is wrong with
//! these.

mod accepts;
mod case;
mod check;
mod clients;
mod edit;
mod load;
mod presents;
mod read;
mod revocation;
mod settings;
mod versions;

use std::path::Path;

use self::read::{server_of, text_of};
use crate::files::Given;
use crate::finding::Finding;
use crate::report::Report;
use crate::target::Options;

/// Whether a file is the configuration of a server that is known.
pub(crate) fn is_configuration(path: &Path) -> bool {
    text_of(path).is_some_and(|text| server_of(path, &text).is_some())
}

/// Reads and checks a configuration.
pub(crate) fn examine(path: &Path, given: &Given, options: &Options, report: &mut Report) {
    let Some(text) = text_of(path) else { return };
    let Some(server) = server_of(path, &text) else {
        return;
    };
    let found = read::settings(server, path, &text);
    if found.is_empty() {
        let place = path.display().to_string();
        let what = format!(
            "The configuration of {} has no server that speaks TLS.",
            server.name()
        );
        report.finding(
            Finding::error("no-tls", place, what)
                .why("A client that speaks TLS gets an answer in plain text: `wrong version number`, `packet length too long`.")
                .step("Give the file that has the TLS settings, or add them."),
        );
        return;
    }
    check::all(&found, given, options, report);
}
