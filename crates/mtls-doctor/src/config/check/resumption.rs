//! Sessions that outlive a revocation.

use crate::config::edit;
use crate::config::settings::{Server, ServerSettings, Setting};
use crate::finding::Finding;

/// A server with a CRL that resumes sessions, and does not look at the CRL then.
pub(super) fn check(settings: &ServerSettings) -> Option<Finding> {
    let first = settings
        .resumption
        .first()
        .filter(|_| settings.crl.is_some())?;
    let what = format!(
        "{} checks a CRL, and resumes sessions without looking at it again.",
        settings.server.name()
    );
    let finding = Finding::warning("sessions-outlive-revocation", first.at.place(), what).why(
        "A client that is revoked stays in for as long as it has a session: the certificate is verified in full handshakes \
         only (as in CVE-2025-23419).",
    );
    // A line that is added moves those behind it, so lines are changed first.
    let (written, added): (Vec<_>, Vec<_>) = settings
        .resumption
        .iter()
        .partition(|setting| setting.is_written);
    let commands: Option<Vec<String>> = written
        .into_iter()
        .chain(added)
        .map(|setting| command(settings, setting))
        .collect();
    let wanted = settings
        .resumption
        .iter()
        .map(|setting| format!("`{}`", line(settings.server, setting)));
    Some(match commands {
        Some(commands) => commands.into_iter().fold(finding, Finding::command),
        None => finding.step(format!("Set {}.", wanted.collect::<Vec<_>>().join(" and "))),
    })
}

/// The line, as its server reads it.
fn line(server: Server, setting: &Setting<&'static str>) -> String {
    let Setting { name, value, .. } = setting;
    match (server, *value) {
        (Server::Envoy, value) => format!("{name}: {value}"),
        (_, "") => (*name).to_owned(),
        (_, value) => format!("{name} {value}"),
    }
}

fn command(settings: &ServerSettings, setting: &Setting<&'static str>) -> Option<String> {
    let wanted = line(settings.server, setting);
    match settings.server {
        Server::Envoy if setting.is_written => {
            edit::replaced(&setting.at, &format!("{}: false", setting.name), &wanted)
        }
        Server::Envoy => {
            let required = Some(&settings.verify).filter(|verify| verify.is_written);
            edit::added_key(&required?.at, &wanted)
        }
        // A word of the line for tickets, and a line of the section `global` for the cache.
        Server::HaProxy if setting.value.is_empty() => {
            edit::replaced(&setting.at, " ssl ", &format!(" ssl {wanted} "))
        }
        Server::HaProxy if setting.is_written => edit::changed(&setting.at, &wanted),
        Server::HaProxy => edit::begins(&setting.at, "global")
            .then(|| edit::added(&setting.at, &format!("    {wanted}")))?,
        _ => edit::set(settings, setting, setting.value),
    }
}
