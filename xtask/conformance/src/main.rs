//! `cargo xtask conformance`: whom do real servers accept that they must not, and whom do they refuse?
//!
//! Every case of `conformance` is presented to every server, which is configured with the roots and CRLs of the case. A
//! client that gets an answer with status 200 was accepted.
//!
//! Cases of the same roots and CRLs share a port, and the ports of one kind of server share a process; `hello` has
//! one port for each process.

mod config;
mod knock;
mod peer;
mod setting;
mod table;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use suite::{Peers, Tally, replace_section, workspace};
use time::OffsetDateTime;

use self::knock::{Client, Outcome};
use self::peer::{Host, Peer};
use self::setting::Setting;
use self::table::Table;

fn main() -> ExitCode {
    let conformance = Conformance::parse();
    suite::close(conformance.run(&Peers::installed()))
}

/// Present good and bad client certificates to real servers, and count which are accepted.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask conformance",
    after_help = "Example: cargo xtask conformance nginx envoy"
)]
struct Conformance {
    /// Which servers to try; all if left out.
    #[arg(value_name = "NAME")]
    servers: Vec<Peer>,

    /// Write the tables into docs/interop.md.
    #[arg(long, conflicts_with = "servers")]
    write: bool,
}

impl Conformance {
    /// Tries the servers, and says how many cases passed and failed: see [`Table::tally`].
    fn run(&self, peers: &Peers) -> Result<Tally> {
        let now = OffsetDateTime::now_utc().replace_nanosecond(0)?;
        let cases = conformance::cases(now);
        let identity = conformance::server(now);
        let scratch = tempfile::tempdir()?;
        let settings = Setting::of_cases(&cases, scratch.path())?;
        let host = Host::new(peers, &identity, scratch.path())?;
        let client = Client::new(peers, &identity, scratch.path())?;

        let mut table = Table::new(&cases);
        for peer in Peer::ALL {
            if !self.servers.is_empty() && !self.servers.contains(peer) {
                continue;
            }
            let mut outcomes = vec![None; cases.len()];
            let mut knock = |setting: &Setting, port: Option<u16>| {
                for index in &setting.cases {
                    outcomes[*index] = Some(match port {
                        Some(port) => client.knock(&cases[*index], port),
                        None => Outcome::NoServer,
                    });
                }
            };
            if let Err(error) = peer::try_all(*peer, &host, &settings, &mut knock) {
                eprintln!("warning: {} did not run: {error:#}", peer.name());
            }
            table.push(*peer, outcomes);
            println!("{}", table.summary_of_last());
        }
        println!("\n{}", table.to_markdown());
        if self.write {
            write(&table, peers)?;
        }
        Ok(table.tally())
    }
}

fn write(table: &Table<'_>, peers: &Peers) -> Result<()> {
    let versions: Vec<_> = Peer::ALL
        .iter()
        .filter_map(|peer| peer.program())
        .map(|program| format!("{program} {}", peers.version(program)))
        .collect();
    let text = format!("With {}.\n\n{}", versions.join(", "), table.to_markdown());
    replace_section(
        &workspace().join("docs/interop.md"),
        "conformance",
        text.trim_end(),
    )
}
