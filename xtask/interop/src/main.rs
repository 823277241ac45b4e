//! `cargo xtask interop`: what we make against the programs that will read it, and the other way round.

mod agent;
mod clients;
mod devices;
mod doctor;
mod issued;
mod our_client;
mod pages;
mod pki;
mod proxies;
mod recipe;
mod report;
mod servers;
mod workbench;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use mtls_lab::KeyType;
use suite::{Peers, Tally, workspace};

use self::report::{Report, page};
use self::workbench::Bench;
use self::workbench::lab::Lab;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Every certificate of the lab, by openssl, certtool and pkilint.
    Certificates,
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
    /// The `mtls` command: a CA from its first minute to a refused client, and CAs of other software taken over.
    Ca,
    /// `mtls agent` with nginx, wrong clocks, kills at each step, and systemd.
    Agent,
    /// EST for curl, openssl and strongSwan at `mtls serve --enroll`, and its OpenAPI document for schemathesis.
    Est,
    /// ACME: lego, certbot, dehydrated, Caddy and instant-acme get certificates of our CA.
    Acme,
    /// The files that the OpenSSL recipe makes, with our server and client.
    Recipe,
    /// The onboarding page, in Chromium; profiles, by openssl and plistlib.
    Phones,
    /// The operators' console, in Chromium with a client certificate.
    Console,
    /// What `mtls serve` publishes: CRLs and OCSP, for openssl, curl, nginx and our server.
    Published,
    /// OpenBao and AWS behind our CA: as the one that signs, also through a proxy that changes what it says, and as its
    /// keys.
    Upstream,
    /// The doctor before real servers, healthy and with one thing wrong each.
    Doctor,
    /// Every kind of failure that our client tells apart, and its sessions, with five TLS stacks.
    Refusals,
}

impl Group {
    /// `write`: pictures for the documentation, too.
    fn check(
        self,
        bench: &Bench<'_>,
        labs: &[Lab],
        write: bool,
        report: &mut Report,
    ) -> Result<()> {
        let lab = &labs[0];
        match self {
            Self::Certificates => {
                for lab in labs {
                    issued::certificates::check(bench, lab, report);
                }
            }
            Self::Bundles => {
                for lab in labs {
                    issued::bundles::check(bench, lab, report);
                }
                issued::bundle_matrix::check(bench, report);
            }
            Self::Servers => servers::check(bench, lab, report),
            Self::Clients => clients::check(bench, lab, report),
            Self::Devices => devices::check(bench, lab, report),
            Self::Names => clients::names::check(bench, lab, report),
            Self::Authority => pki::authority::check(bench, report),
            Self::Ocsp => pki::ocsp::check(bench, report),
            Self::KeyKinds => {
                pki::key_kinds::check(bench, &Lab::make(KeyType::MlDsa)?, report);
            }
            Self::ProxyProtocol => proxies::proxy_protocol::check(bench, lab, report),
            Self::Proxies => proxies::check(bench, lab, report),
            Self::Handshakes => clients::handshakes::check(bench, lab, report),
            Self::Resumption => clients::resumption::check(bench, lab, report),
            Self::Ca => pki::ca::check(bench, report),
            Self::Agent => agent::check(bench, report),
            Self::Est => pki::est::check(bench, report),
            Self::Acme => pki::acme::check(bench, report),
            Self::Recipe => recipe::check(bench, report),
            Self::Phones => pages::phones::check(bench, lab, write, report),
            Self::Console => pages::console::check(bench, write, report),
            Self::Published => pki::published::check(bench, report),
            Self::Upstream => pki::upstream::check(bench, report),
            Self::Doctor => {
                doctor::check(bench, lab, report);
                for other in [&labs[labs.len() - 1], &Lab::make(KeyType::MlDsa)?] {
                    doctor::check_keys(bench, other, report);
                }
            }
            Self::Refusals => our_client::refusals::check(bench, report),
        }
        Ok(())
    }
}

impl Interop {
    /// Runs the checks, and says how many passed and failed.
    fn run(&self, peers: &Peers) -> Result<Tally> {
        let bench = Bench::new(peers)?;
        let labs = match &self.lab {
            Some(directory) => vec![Lab::copy_of(directory)?],
            None => vec![Lab::make(KeyType::Ec)?, Lab::make(KeyType::Rsa)?],
        };
        let mut report = Report::default();
        let mut times = Vec::new();
        for group in Group::value_variants() {
            if self.groups.is_empty() || self.groups.contains(group) {
                let start = Instant::now();
                group.check(&bench, &labs, self.write, &mut report)?;
                times.push((group, start.elapsed()));
            }
        }
        println!();
        for (group, time) in times {
            println!("{:>6} s  {group:?}", time.as_secs());
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
