//! `cargo xtask interop`: what we make against the programs that will read it, and the other way round.

mod clients;
mod devices;
mod doctor;
mod headers;
mod issued;
mod lab;
mod names;
mod our_client;
mod own;
mod page;
mod phones;
mod pki;
mod proxies;
mod recipe;
mod report;
mod resumption;
mod servers;
mod whoami;

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use mtls_lab::KeyType;
use suite::{Peers, Profile, Tally, workspace};

use self::lab::Lab;
use self::own::Own;
use self::report::Report;

fn main() -> ExitCode {
    let interop = Interop::parse();
    suite::close(interop.run(&Peers::installed()))
}

/// Check the lab against real servers, clients and readers, both ways.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask interop",
    after_help = "Example: cargo xtask interop servers clients"
)]
struct Interop {
    /// What to check; everything if left out.
    #[arg(value_name = "NAME")]
    groups: Vec<Group>,

    /// Check the lab in this directory, and not new ones.
    #[arg(long, value_name = "DIR")]
    lab: Option<PathBuf>,

    /// Write the tables of these groups into docs/interop.md.
    #[arg(long)]
    write: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Every certificate of the lab, by openssl, certtool and pkilint.
    Certificates,
    /// The `mtls` command: a CA from its first minute to a refused client, and CAs of other software taken over.
    Ca,
    /// Every .p12 of the lab, and bundles of each key type, encoding and length of chain, by all their readers.
    Bundles,
    /// The emitted server files, asked by curl and by our client.
    Servers,
    /// The emitted client files and other clients, asking our server.
    Clients,
    /// The sources for phones: Java and Kotlin compiled, and asking our server; Swift and XML parsed.
    Devices,
    /// Clients with awkward names, asking our server.
    Names,
    /// CSRs, CRLs, encrypted keys and cross-certificates, by openssl.
    Authority,
    /// OCSP questions and answers, with openssl on the other side.
    Ocsp,
    /// P-521 and ML-DSA by pyca, ML-DSA by Node 26 and Go.
    KeyKinds,
    /// HAProxy in front of our server, announcing its clients; a socket from systemd.
    ProxyProtocol,
    /// Proxies in front of our server and behind our gateway, with the headers they write.
    Proxies,
    /// Handshakes that no client should try, by tlslite-ng.
    Handshakes,
    /// Sessions that OpenSSL and Go offer again after something has changed.
    Resumption,
    /// The files that the OpenSSL recipe makes, with our server and client.
    Recipe,
    /// The onboarding page, in Chromium; profiles, by openssl and plistlib.
    Phones,
    /// What `mtls serve` publishes: CRLs and OCSP, for openssl, curl, nginx and our server.
    Published,
    /// The doctor before real servers, healthy and with one thing wrong each.
    Doctor,
    /// Every kind of failure that our client tells apart, and its sessions, with five TLS stacks.
    Refusals,
}

/// What every check needs.
struct Bench<'a> {
    peers: &'a Peers,
    /// For Java classes, keys, passwords: things that are not of the lab.
    scratch: tempfile::TempDir,
    own: OnceCell<Result<Own, String>>,
    mtls: OnceCell<Result<PathBuf, String>>,
}

impl Bench<'_> {
    /// Our server and client, built when first asked for.
    fn own(&self) -> Result<&Own> {
        once(&self.own, Own::build)
    }

    /// The `mtls` command, built when first asked for.
    fn mtls(&self) -> Result<&Path> {
        once(&self.mtls, || suite::mtls(Profile::Dev)).map(PathBuf::as_path)
    }

    fn scratch(&self, file: &str) -> PathBuf {
        self.scratch.path().join(file)
    }

    /// Writes a file there, and says where it is.
    fn write(&self, file: &str, text: impl AsRef<[u8]>) -> Result<String> {
        let path = self.scratch(file);
        fs::write(&path, text)?;
        Ok(path.to_string_lossy().into_owned())
    }
}

/// What is built once, or why it could not be.
fn once<T>(cell: &OnceCell<Result<T, String>>, build: impl FnOnce() -> Result<T>) -> Result<&T> {
    let built = cell.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    built.as_ref().map_err(|why| anyhow::anyhow!("{why}"))
}

impl Interop {
    /// Runs the checks, and says how many passed and failed.
    fn run(&self, peers: &Peers) -> Result<Tally> {
        let bench = Bench {
            peers,
            scratch: tempfile::tempdir()?,
            own: OnceCell::new(),
            mtls: OnceCell::new(),
        };
        let labs = match &self.lab {
            Some(directory) => vec![Lab::copy_of(directory)?],
            None => vec![Lab::make(KeyType::Ec)?, Lab::make(KeyType::Rsa)?],
        };
        let wants = |group| self.groups.is_empty() || self.groups.contains(&group);

        let mut report = Report::default();
        for lab in &labs {
            if wants(Group::Certificates) {
                issued::certificates::check(&bench, lab, &mut report);
            }
            if wants(Group::Bundles) {
                issued::bundles::check(&bench, lab, &mut report);
            }
        }
        if wants(Group::Bundles) {
            issued::bundle_matrix::check(&bench, &mut report);
        }
        if wants(Group::Servers) {
            servers::check(&bench, &labs[0], &mut report);
        }
        if wants(Group::Clients) {
            clients::check(&bench, &labs[0], &mut report);
        }
        if wants(Group::Devices) {
            devices::check(&bench, &labs[0], &mut report);
        }
        if wants(Group::Names) {
            names::check(&bench, &labs[0], &mut report);
        }
        if wants(Group::Authority) {
            pki::authority::check(&bench, &mut report);
        }
        if wants(Group::Ocsp) {
            pki::ocsp::check(&bench, &mut report);
        }
        if wants(Group::KeyKinds) {
            pki::key_kinds::check(&bench, &Lab::make(KeyType::MlDsa)?, &mut report);
        }
        if wants(Group::ProxyProtocol) {
            proxies::proxy_protocol::check(&bench, &labs[0], &mut report);
        }
        if wants(Group::Proxies) {
            proxies::check(&bench, &labs[0], &mut report);
        }
        if wants(Group::Handshakes) {
            clients::handshakes::check(&bench, &labs[0], &mut report);
        }
        if wants(Group::Resumption) {
            resumption::check(&bench, &labs[0], &mut report);
        }
        if wants(Group::Ca) {
            pki::ca::check(&bench, &mut report);
        }
        if wants(Group::Recipe) {
            recipe::check(&bench, &mut report);
        }
        if wants(Group::Phones) {
            phones::check(&bench, &labs[0], self.write, &mut report);
        }
        if wants(Group::Published) {
            pki::published::check(&bench, &mut report);
        }
        if wants(Group::Doctor) {
            doctor::check(&bench, &labs[0], &mut report);
        }
        if wants(Group::Refusals) {
            our_client::refusals::check(&bench, &mut report);
        }

        if self.write {
            page::write(&workspace().join("docs/interop.md"), peers, &report)?;
        }
        Ok(Tally {
            passed: report.passed(),
            failed: report.failed(),
        })
    }
}
