//! Making the lab: the recipe's PKI, the same with two CAs and with an intermediate, and every
//! certificate that has to be refused.

mod bundle;
mod csr;
mod error;
mod leaf;
mod names;
mod params;
mod refused;
mod root;
mod scenario;
mod with_rcgen;

use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::file::{FileKind, LabFile};
use crate::{Options, devices, emitted, readme, samples};

pub use error::MakeError;

/// Every file of a lab.
pub(crate) fn everything(
    options: &Options,
    now: OffsetDateTime,
) -> Result<Vec<LabFile>, MakeError> {
    let mut keys = leaf::Keys::generate(options.key_type)?;
    let mut files = scenario::same_ca(options, &mut keys, now)?;
    files.extend(scenario::different_ca(options, &mut keys, now)?);
    files.extend(scenario::intermediate(options, &mut keys, now)?);
    files.extend(
        emitted::servers()
            .chain(emitted::clients())
            .filter(|(path, _)| emitted::suits(path, options.key_type))
            .map(|(path, text)| {
                let kind = if path.starts_with("servers/") {
                    FileKind::ServerConfig
                } else {
                    FileKind::ClientSource
                };
                LabFile::new(path, kind, text)
            }),
    );
    if options.key_type.suits_devices() {
        files.push(LabFile::new(
            "devices/index.html",
            FileKind::Page,
            devices::page(),
        ));
        let sources = {
            let server = certificate(&files, "same-ca/server.crt")?;
            let ca = certificate(&files, "same-ca/ca.crt")?;
            samples::files(options, &server, &ca)
        };
        files.extend(sources);
    }
    files.push(LabFile::new(
        "README.md",
        FileKind::Readme,
        readme::text(options, now),
    ));
    let mut files: Vec<_> = files.into_iter().map(LabFile::with_scenario).collect();
    files.sort_by(|one, other| {
        position(&one.path)
            .cmp(&position(&other.path))
            .then_with(|| one.path.cmp(&other.path))
    });
    Ok(files)
}

/// A certificate among the files.
fn certificate(files: &[LabFile], path: &str) -> Result<Certificate, MakeError> {
    let mut found = files.iter().filter(|file| file.path == path);
    let pem = found.next().map_or(&[][..], |file| file.secret_contents());
    Ok(Certificate::from_pem(pem)?)
}

/// The README first, then the directories in the order in which they are read.
fn position(path: &str) -> usize {
    const ORDER: [&str; 7] = [
        "same-ca",
        "different-ca",
        "intermediate",
        "refused",
        "servers",
        "clients",
        "devices",
    ];
    match path.split_once('/') {
        None => 0,
        Some((directory, _)) => {
            1 + ORDER
                .iter()
                .position(|name| *name == directory)
                .unwrap_or(ORDER.len())
        }
    }
}
