//! Configurations of servers: which files and settings they name.
//!
//! `read` makes [`ServerSettings`](settings::ServerSettings) of each server's file, and `check` knows what is wrong with
//! these.

mod check;
mod edit;
mod load;
mod read;
pub(crate) mod settings;
mod syntax;
mod words;

use std::path::Path;

use zeroize::Zeroizing;

use self::read::{server_of, text_of};
use self::settings::Server;
use crate::files::Given;
use crate::finding::Finding;
use crate::report::Report;
use crate::target::Options;

/// The configuration of a server that is known.
pub(crate) struct Configuration<'a> {
    path: &'a Path,
    server: Server,
    text: Zeroizing<String>,
}

/// Reads a file, and recognises the server by it.
pub(crate) fn of(path: &Path) -> Option<Configuration<'_>> {
    let text = text_of(path)?;
    let server = server_of(path, &text)?;
    Some(Configuration { path, server, text })
}

/// Checks a configuration.
pub(crate) fn examine(
    configuration: &Configuration<'_>,
    given: &Given,
    options: &Options,
    report: &mut Report,
) {
    let Configuration { path, server, text } = configuration;
    let fault = syntax::check(*server, path, text);
    let is_whole = fault.is_none();
    report.findings_of(fault);
    if is_whole {
        report.findings_of(words::check(*server, path, text));
    }
    let found = read::settings(*server, path, text);
    let backends = read::backends(*server, path, text);
    if found.is_empty() && is_whole {
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
    check::backends(&backends, options, report);
}
