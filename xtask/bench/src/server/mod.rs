//! Servers with mutual TLS: what `hello` and others cost on the same machine, in the same run.
//!
//! Those of a table run at once and are asked in turn. What is compared is the server's own CPU time, as the rate
//! depends on the client, too.

pub(crate) mod cost;
pub(crate) mod crl;
pub(crate) mod full;
pub(crate) mod http2;
pub(crate) mod memory;
pub(crate) mod resumed;
mod rivals;
pub(crate) mod workers;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use suite::Peers;
use suite::process::Server;

use self::rivals::{Builds, Rival, Rivals, Setup};
use crate::load::{Client, Pattern};
use crate::measuring::clock::{Effort, Samples};
use crate::measuring::machine::{Cores, cpu_seconds, on_cores};
use crate::recipe::set::{self, Keys};
use crate::report::Contender;

/// Where servers are started: certificates, programs, cores.
struct Arena<'a> {
    peers: &'a Peers,
    scratch: tempfile::TempDir,
    builds: Builds,
    cores: Cores,
}

impl<'a> Arena<'a> {
    /// With `workers` for each server.
    fn new(peers: &'a Peers, workers: usize) -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        Ok(Self {
            peers,
            builds: Builds::new(peers, scratch.path())?,
            cores: Cores::for_workers(workers)?,
            scratch,
        })
    }

    /// The recipe's set, and the one file that HAProxy wants.
    fn make_certificates(&self, keys: Keys) -> Result<PathBuf> {
        let directory = self.scratch.path().join(keys.argument());
        fs::create_dir(&directory)?;
        set::write(&directory, keys)?;
        let read = |name: &str| fs::read_to_string(directory.join(name));
        let both = read("server.crt")? + &read("server.key")?;
        fs::write(directory.join("server.pem"), both)?;
        Ok(directory)
    }

    /// The server of `rival` on its cores, with these certificates.
    fn start(&self, rival: Rival, certs: &Path, setup: &Setup) -> Result<Server> {
        let rivals = Rivals {
            peers: self.peers,
            builds: &self.builds,
            certs,
        };
        on_cores(&self.cores.server, || rivals.start(rival, setup))
    }

    /// All of `rivals`; others than ours that do not start are left out.
    fn start_all(
        &self,
        rivals: &[Rival],
        certs: &Path,
        setup: &Setup,
    ) -> Result<Vec<(Rival, Server)>> {
        let mut servers = Vec::new();
        for rival in rivals {
            match self.start(*rival, certs, setup) {
                Ok(server) => servers.push((*rival, server)),
                Err(error) if *rival == Rival::Ours => return Err(error),
                Err(error) => eprintln!("warning: {} is left out: {error:#}", rival.name()),
            }
        }
        Ok(servers)
    }
}

/// One that is asked: a server that runs, its client, and what is asked of it.
struct Runner<'a> {
    name: String,
    rival: Rival,
    server: &'a Server,
    client: Client,
    pattern: Pattern,
}

/// Those that are asked in turn.
struct Field<'a> {
    cores: &'a Cores,
    runners: Vec<Runner<'a>>,
}

/// The CPU time of an operation (ms of a handshake, µs of a request), and the rate; each beside the other.
struct Measured {
    costs: Vec<Contender>,
    rates: Vec<Contender>,
}

impl<'a> Field<'a> {
    fn new(
        arena: &'a Arena<'_>,
        certs: &Path,
        servers: &'a [(Rival, Server)],
        pattern: Pattern,
    ) -> Result<Self> {
        let runners = servers.iter().map(|(rival, server)| {
            Ok(Runner {
                name: rival.name().to_owned(),
                rival: *rival,
                server,
                client: Client::of(certs, server.port())?,
                pattern,
            })
        });
        Ok(Self {
            cores: &arena.cores,
            runners: runners.collect::<Result<_>>()?,
        })
    }

    fn measure(&self, effort: Effort) -> Result<Measured> {
        let mut results = vec![(Samples::default(), Samples::default()); self.runners.len()];
        for round in 0..=effort.rounds(1, 5) {
            for (runner, (costs, rates)) in self.runners.iter().zip(&mut results) {
                let span = if round == 0 {
                    WARM_UP
                } else {
                    effort.span(Duration::from_secs(2))
                };
                let (cost, rate) = self.ask(runner, span)?;
                if round > 0 {
                    costs.push(cost);
                    rates.push(rate);
                }
            }
        }
        let measured = self.runners.iter().zip(results);
        let (costs, rates) = measured
            .map(|(runner, (costs, rates))| {
                let (cost_unit, rate_unit, _) = units(runner.pattern);
                let contender = |samples: &Samples, unit, besides: &Samples| Contender {
                    samples: samples.clone(),
                    besides: Some((unit, besides.clone())),
                    ..Contender::new(runner.name.clone(), runner.rival.side())
                };
                (
                    contender(&costs, rate_unit, &rates),
                    contender(&rates, cost_unit, &costs),
                )
            })
            .unzip();
        Ok(Measured { costs, rates })
    }

    /// The CPU time of an operation and how many a second there were.
    fn ask(&self, runner: &Runner<'_>, span: Duration) -> Result<(f64, f64)> {
        let asking = || format!("asking {}", runner.name);
        on_cores(&self.cores.client, || {
            if runner.pattern == Pattern::Resumed {
                let resumes = runner.client.resumes().with_context(asking)?;
                ensure!(resumes, "{} does not resume sessions any more", runner.name);
            }
            let before = cpu_seconds(runner.server.id())?;
            let done = runner.client.load(runner.pattern, span);
            let done = done.with_context(asking)?;
            let used = cpu_seconds(runner.server.id())? - before;
            let (_, _, scale) = units(runner.pattern);
            let operations = done.operations as f64;
            Ok((used * scale / operations, operations / done.seconds))
        })
    }
}

/// What costs and rates are counted in, and how many of the former a second is.
fn units(pattern: Pattern) -> (&'static str, &'static str, f64) {
    match pattern {
        Pattern::Handshakes | Pattern::Resumed => ("CPU ms", "handshakes/s", 1e3),
        Pattern::KeepAlive | Pattern::Http2 => ("CPU µs", "requests/s", 1e6),
    }
}

/// Asked before anything counts: code is compiled, caches are filled.
const WARM_UP: Duration = Duration::from_millis(300);

/// The libraries that ours is made of.
const LIBRARIES: &[&str] = &["rustls", "aws-lc-rs", "axum"];
